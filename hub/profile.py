"""What hosts change about their own account: name, handle, zone, password, and where they are signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub import accounts, inputs, words
from hub.errors import InvalidInput
from hub.forms import Faults, InvalidForm
from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub

TAKEN = "Somebody has this handle already. Please choose another."


def change_details(hub: Hub, host_id: int, *, name: str, handle: str, timezone: str) -> None:
    """Change name, handle and time zone. Raises InvalidForm with a sentence for each field at fault."""
    faults = Faults()
    name = faults.read("", inputs.one_line, name, "name", label="your name")
    handle = faults.read("", inputs.slug, handle, "handle", what="A handle", reserved=inputs.RESERVED)
    try:
        words.zone(timezone)
    except ValueError:
        faults.add("timezone", "Please choose a time zone from the list.")
    try:
        with hub.store.write() as session:
            if session.scalar(select(Host.id).where(Host.handle == handle, Host.id != host_id)):
                faults.add("handle", TAKEN)
            faults.check()
            host = _host(session, host_id)
            host.name, host.handle, host.timezone = name, handle, timezone
    except IntegrityError:
        raise InvalidForm({"handle": TAKEN}) from None  # somebody else was faster


def change_password(hub: Hub, host_id: int, *, current: str, new: str) -> None:
    """Change the password and end all sessions. Raises InvalidForm where the current one is wrong or the new unusable."""
    faults = Faults()
    with hub.store.read() as session:
        host = _host(session, host_id)
    if not accounts.check_password(host, current):
        faults.add("current", "This is not your current password.")
    hashed = faults.read("", _hash, new)
    faults.check()
    with hub.store.write() as session:
        host = _host(session, host_id)
        host.password_hash = hashed
        host.session_epoch += 1


def sign_out_everywhere(hub: Hub, host_id: int) -> None:
    """End all sessions of the host, in every browser."""
    with hub.store.write() as session:
        _host(session, host_id).session_epoch += 1


def _hash(password: str) -> str:
    if not password:
        raise InvalidInput("new", "Please give a new password.")
    return accounts.hash_password(password, "new")


def _host(session: Session, host_id: int) -> Host:
    return session.scalars(select(Host).where(Host.id == host_id)).one()
