"""Hosts' accounts: signing up, and what a new host starts with."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub import inputs, words
from hub.accounts.passwords import check_password as check_password
from hub.accounts.passwords import hash_password as hash_password
from hub.errors import InvalidInput
from hub.forms import Faults, InvalidForm
from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub

KNOWN = "This address has an account already. Please sign in instead."
USUAL_HOURS = {str(day): [[9 * 60, 17 * 60]] for day in range(5)}


@dataclass(frozen=True)
class Newcomer:
    """Who asks for an account, cleaned; the password is a hash already."""

    name: str
    email: str
    password_hash: str = field(repr=False)
    timezone: str


def sign_up(hub: Hub, *, name: str, email: str, password: str, timezone: str, handle: str = "") -> int:
    """Make an account and return its id. Raises InvalidForm; never touches an account that exists."""
    return open_account(hub, read(name=name, email=email, password=password, timezone=timezone), handle=handle)


def open_account(hub: Hub, newcomer: Newcomer, *, handle: str = "") -> int:
    """Make the account and return its id. Raises InvalidForm where the address has one."""
    with hub.store.write() as session:
        return welcome(session, hub, newcomer, handle=handle)


def read(*, name: str, email: str, password: str, timezone: str) -> Newcomer:
    """Return who asks for an account. Raises InvalidForm with a sentence for each field at fault."""
    faults = Faults()
    name = faults.read("", inputs.one_line, name, "name", label="your name")
    email = faults.read("", address, email)
    hashed = faults.read("", hash_password, password, about=(name, email))
    if timezone not in words.zone_names():
        faults.add("timezone", "Please choose a time zone from the list.")
    faults.check()
    return Newcomer(name, email, hashed, timezone)


def address(text: str, name: str = "email") -> str:
    """Return the one spelling under which an email address is an account's. Raises InvalidInput."""
    return inputs.email(unicodedata.normalize("NFKC", text), name).lower()


def find(session: Session, email: str) -> Host | None:
    """Return the host with this address, however it is spelled; None for any other text."""
    return session.scalar(select(Host).where(Host.email == unicodedata.normalize("NFKC", email).strip().lower()[:320]))


def welcome(session: Session, hub: Hub, newcomer: Newcomer, *, handle: str = "") -> int:
    """Make the account and return its id. Raises InvalidForm where the address has one."""
    known = InvalidForm({"email": KNOWN})
    if find(session, newcomer.email):
        raise known
    host = Host(
        email=newcomer.email,
        name=newcomer.name,
        handle=free_handle(session, handle or inputs.slug_from(newcomer.name) or "host"),
        password_hash=newcomer.password_hash,
        timezone=newcomer.timezone,
        session_epoch=secrets.randbelow(2**30),  # no session of a deleted account with this id fits
        hours=USUAL_HOURS,
        overrides={},
        providers_off=[],
        created_at=hub.clock(),
    )
    session.add(host)
    try:
        session.flush()
    except IntegrityError:  # somebody else has just signed up with the same address or handle
        raise known from None
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
