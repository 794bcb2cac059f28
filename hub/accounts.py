"""Hosts' accounts: signing up, passwords, and what a new host starts with."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub import inputs, words
from hub.errors import InvalidInput
from hub.forms import Faults, InvalidForm
from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub

# OWASP's figures for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
SHORTEST, LONGEST = 8, 1024
USUAL_HOURS = {str(day): [[9 * 60, 17 * 60]] for day in range(5)}


def hash_password(password: str, name: str = "password") -> str:
    """Return the argon2id hash. Raises InvalidInput for a password that can't be used."""
    if len(password) < SHORTEST:
        raise InvalidInput(name, f"Please use at least {SHORTEST} characters.")
    if len(password) > LONGEST or "\0" in password:
        raise InvalidInput(name, f"Please use at most {LONGEST} characters.")
    if password.lower() in _common() or len(set(password)) < 3:
        raise InvalidInput(name, "This password is among those that are tried first. Please choose another.")
    return _hasher.hash(password)


def check_password(host: Host | None, password: str) -> bool:
    """Tell whether the password is the host's; takes the same time where there is no such host."""
    try:
        known = _hasher.verify(host.password_hash if host else _nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return known and host is not None and len(password) <= LONGEST


def sign_up(hub: Hub, *, name: str, email: str, password: str, timezone: str, handle: str = "") -> int:
    """Make an account and return its id. Raises InvalidInput; never touches an account that exists."""
    name = inputs.one_line(name, "name", label="your name")
    email = inputs.email(email).lower()
    try:
        words.zone(timezone)
    except ValueError:
        raise InvalidInput("timezone", "Please choose a time zone from the list.") from None
    hashed = hash_password(password)
    with hub.store.write() as session:
        if session.scalar(select(Host.id).where(Host.email == email)):
            raise InvalidInput("email", "This address has an account already. Please sign in instead.")
        host = Host(
            email=email,
            name=name,
            handle=free_handle(session, handle or inputs.slug_from(name) or "host"),
            password_hash=hashed,
            timezone=timezone,
            hours=USUAL_HOURS,
            overrides={},
            providers_off=[],
            created_at=hub.clock(),
        )
        session.add(host)
        try:
            session.flush()
        except IntegrityError:  # somebody else has just signed up with the same address or handle
            raise InvalidInput("email", "This address has an account already. Please sign in instead.") from None
        return host.id


def introduce(hub: Hub, host_id: int, *, name: str, handle: str, timezone: str) -> None:
    """Change how a host is called and addressed, and the host's zone. Raises InvalidForm; keeps all or nothing."""
    faults = Faults()
    name = faults.read("", inputs.one_line, name, "name", label="your name")
    handle = faults.read("", inputs.slug, handle, "handle", what="The handle", reserved=inputs.RESERVED)
    if timezone not in words.zone_names():
        faults.add("timezone", "Please choose a time zone from the list.")
    with hub.store.write() as session:
        taken = session.scalar(select(Host.id).where(Host.handle == handle, Host.id != host_id)) if handle else None
        if taken:
            faults.add("handle", f"“{handle}” is taken. Please choose another.")
        faults.check()
        host = session.get_one(Host, host_id)
        host.name, host.handle, host.timezone = name, handle, timezone
        try:
            session.flush()
        except IntegrityError:  # somebody else has just taken it
            faults.add("handle", f"“{handle}” is taken. Please choose another.")
            raise InvalidForm(faults.errors) from None


def free_handle(session: Session, wanted: str) -> str:
    """Return `wanted`, or with a number behind it, such that nobody has it."""
    base, handle = wanted[:50], wanted[:50]
    for _ in range(50):
        taken = session.scalar(select(Host.id).where(Host.handle == handle))
        if not taken and handle not in inputs.RESERVED:
            return handle
        handle = f"{base}-{secrets.randbelow(9000) + 1000}"
    raise InvalidInput("handle", "Please choose a handle.")


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))


@cache
def _common() -> frozenset[str]:
    return frozenset(
        [
            "password",
            "password1",
            "password12",
            "password123",
            "passw0rd",
            "12345678",
            "123456789",
            "1234567890",
            "87654321",
            "11111111",
            "00000000",
            "qwertyui",
            "qwerty123",
            "qwertyuiop",
            "qwerty12",
            "1q2w3e4r",
            "1qaz2wsx",
            "iloveyou",
            "sunshine",
            "princess",
            "football",
            "baseball",
            "superman",
            "michael1",
            "jennifer",
            "computer",
            "trustno1",
            "letmein1",
            "welcome1",
            "admin123",
            "administrator",
            "abc12345",
            "abcd1234",
            "changeme",
            "dragon12",
            "monkey12",
            "starwars",
            "whatever",
            "internet",
            "samantha",
            "victoria",
            "corvette",
            "mercedes",
            "maverick",
            "liverpool",
            "chelsea1",
            "arsenal1",
            "charlie1",
            "schedule",
            "scheduling",
            "schedulinghub",
            "hubhubhub",
        ]
    )
