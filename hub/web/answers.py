"""Reads what an invitee typed into the booking page, and which place they chose."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from hub import inputs
from hub.errors import InvalidInput
from hub.scheduling.offers import Option

TRAP = "contact_again"  # a field that people do not see: who fills it in is a machine
WHERE = "Please choose one of the places offered."


@dataclass(frozen=True)
class Person:
    """Who books, cleaned, and what was wrong, by field."""

    name: str = ""
    email: str = ""
    notes: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Where:
    """The chosen option with the clean answers to its fields, and what was wrong, by field."""

    option: Option | None
    answers: Mapping[str, str]
    errors: Mapping[str, str]


def prefix(option: Option) -> str:
    """Return what the names of an option's fields begin with."""
    return f"loc{option.id}-"


def read_person(form: Mapping[str, str]) -> Person:
    """Return who books, with all that is wrong at once."""
    clean: dict[str, str] = {}
    errors: dict[str, str] = {}
    readers: dict[str, Callable[[str], str]] = {
        "name": lambda text: inputs.one_line(text, "name", label="your name"),
        "email": inputs.email,
        "notes": lambda text: inputs.many_lines(text, "notes"),
    }
    for name, read in readers.items():
        try:
            clean[name] = read(form.get(name, ""))
        except InvalidInput as fault:
            errors[name] = fault.message
    return Person(**clean, errors=errors)


def read_where(options: Sequence[Option], form: MultiDict[str, str], *, zone: str) -> Where:
    """Return the chosen option and the answers to its own fields; what other options ask is not read.

    Numbers without a country code are read as ones of the country of the time zone `zone`.
    """
    chosen = set(form.getlist("location"))
    option = next((o for o in options if chosen == {str(o.id)}), None)
    if option is None:
        return Where(None, {}, {"location": WHERE})
    answers, errors = inputs.read_fields(option.fields, form, prefix=prefix(option), zone=zone)
    return Where(option, answers, errors)


def new_nonce() -> str:
    """Return what makes all copies of one form one booking."""
    return secrets.token_urlsafe(16)


def is_nonce(text: str) -> bool:
    """Tell whether the text can have come from `new_nonce`."""
    return re.fullmatch(r"[A-Za-z0-9_-]{16,64}", text, re.ASCII) is not None
