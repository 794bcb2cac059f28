"""Cleans and checks what people type; every fault is one sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import phonenumbers
from babel.core import get_global
from email_validator import EmailNotValidError, validate_email

from hub.errors import InvalidInput
from hub.facts import Field

NAME_LENGTH = 200
NOTES_LENGTH = 5000
RESERVED = frozenset(
    [
        "admin",
        "api",
        "about",
        "account",
        "app",
        "assets",
        "auth",
        "availability",
        "b",
        "bookings",
        "callback",
        "docs",
        "email",
        "event-types",
        "favicon.ico",
        "forgot",
        "healthz",
        "help",
        "hub",
        "integrations",
        "login",
        "logout",
        "mail",
        "mailbox",
        "me",
        "metrics",
        "new",
        "onboarding",
        "ops",
        "password",
        "privacy",
        "profile",
        "readyz",
        "register",
        "reset",
        "robots.txt",
        "root",
        "sandbox",
        "security",
        "settings",
        "signup",
        "static",
        "status",
        "support",
        "system",
        "terms",
        "theme",
        "user",
        "users",
        "verify",
        "webhooks",
        "www",
    ]
)
# Marks that reorder or hide text; kept out of names, where they only serve to deceive.
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def one_line(text: str, name: str, *, label: str, longest: int = NAME_LENGTH, required: bool = True) -> str:
    """Return the text as one trimmed line without control characters. Raises InvalidInput."""
    cleaned = " ".join(HIDDEN.sub("", _without_controls(text)).split())
    if not cleaned and required:
        raise InvalidInput(name, f"Please fill in {label}.")
    if len(cleaned) > longest:
        raise InvalidInput(name, f"Please use at most {longest} characters ({len(cleaned)} now).")
    return cleaned


def many_lines(text: str, name: str, *, longest: int = NOTES_LENGTH) -> str:
    """Return the text with its line breaks, without other control characters. Raises InvalidInput."""
    lines = re.split("\r\n|[\r\n\u2028\u2029]", text)
    cleaned = "\n".join(_without_controls(line).rstrip() for line in lines).strip()
    if len(cleaned) > longest:
        raise InvalidInput(name, f"Please use at most {longest} characters ({len(cleaned)} now).")
    return cleaned


def email(text: str, name: str = "email") -> str:
    """Return one email address as typed, trimmed. Raises InvalidInput."""
    typed = text.strip()
    if not typed:
        raise InvalidInput(name, "Please fill in an email address.")
    if any(mark in typed for mark in ",; \t"):
        raise InvalidInput(name, "Please give one email address only.")
    try:
        validate_email(typed, check_deliverability=False)
    except EmailNotValidError:
        raise InvalidInput(name, "This does not look like an email address, such as ada@example.com.") from None
    if len(typed) > 254:
        raise InvalidInput(name, "This email address is too long.")
    return typed


def tel(text: str, name: str, *, zone: str = "") -> str:
    """Return a telephone number in E.164, read with the country of the time zone `zone` where it has no prefix."""
    region = str(get_global("zone_territories").get(zone, "")) or None
    typed = text.strip()
    hint = "Please give a telephone number with its country code, such as +43 1 234567."
    if not re.fullmatch(r"[+\d\s()./-]{3,40}", typed) or not typed.isascii():
        raise InvalidInput(name, hint)
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise InvalidInput(name, hint) from None
    if not phonenumbers.is_possible_number(number):
        raise InvalidInput(name, "This number is too short or too long for its country.")
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise InvalidInput(name, "Numbers with extra charges can't be used.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def web_address(text: str, name: str) -> str:
    """Return an https address. Raises InvalidInput."""
    typed = text.strip()
    parts = urlsplit(typed) if typed.isascii() and not re.search(r"[\s<>\"]", typed) else None
    if parts is None or parts.scheme != "https" or not parts.hostname or "." not in parts.hostname or parts.username:
        raise InvalidInput(name, "Please give a full address that begins with https://.")
    if len(typed) > 1000:
        raise InvalidInput(name, "This address is too long.")
    return typed


def whole_number(text: str, name: str, *, least: int, most: int) -> int:
    """Return a whole number within the bounds. Raises InvalidInput that names them."""
    typed = text.strip()
    if not re.fullmatch(r"\d{1,9}", typed) or not typed.isascii() or not least <= int(typed) <= most:
        raise InvalidInput(name, f"Please give a whole number from {least} to {most}.")
    return int(typed)


def slug(text: str, name: str, *, what: str, reserved: Iterable[str] = ()) -> str:
    """Return a lower-case name for an address: letters, digits and hyphens. Raises InvalidInput."""
    typed = text.strip().lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", typed):
        raise InvalidInput(
            name, f"{what} may have up to 60 letters a–z, digits and hyphens, and begins and ends without one."
        )
    if typed in reserved:
        raise InvalidInput(name, f"“{typed}” is taken. Please choose another.")
    return typed


def slug_from(text: str) -> str:
    """Return a slug made of a title, empty where nothing of it can be used."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def read_fields(
    fields: Iterable[Field], typed: Mapping[str, str], *, prefix: str = "", zone: str = ""
) -> tuple[dict[str, str], dict[str, str]]:
    """Return (clean values by field name, sentences by prefixed name); what is not asked for is left out."""
    clean: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field in fields:
        if field.when and typed.get(prefix + field.when[0], "") != field.when[1]:
            continue
        name = prefix + field.name
        try:
            value = read_field(field, typed.get(name, ""), name, zone=zone)
        except InvalidInput as fault:
            errors[name] = fault.message
        else:
            if value:
                clean[field.name] = value
    return clean, errors


def read_field(field: Field, text: str, name: str, *, zone: str = "") -> str:
    """Return the clean value of one provider's field. Raises InvalidInput."""
    if not text.strip():
        if field.required:
            raise InvalidInput(name, f"Please fill in: {field.label}.")
        return ""
    if field.kind == "choice":
        if text not in {choice.value for choice in field.choices}:
            raise InvalidInput(name, f"Please choose one: {field.label}.")
        return text
    if field.kind == "tel":
        return tel(text, name, zone=zone)
    if field.kind == "url":
        return web_address(text, name)
    if field.kind in ("multiline", "address"):
        return many_lines(text, name, longest=1000)
    return one_line(text, name, label=field.label)


def _without_controls(text: str) -> str:
    return "".join(c for c in text.replace("\t", " ") if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp"))
