"""What hosts change about how they sign in, and how they leave: here the password, and where they are signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import accounts
from hub.accounts import links
from hub.errors import InvalidInput
from hub.forms import Faults
from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub


def change_password(hub: Hub, host_id: int, *, current: str, new: str) -> None:
    """Change the password and end all sessions. Raises InvalidForm where the current one is wrong or the new unusable."""
    faults = Faults()
    with hub.store.read() as session:
        host = _host(session, host_id)
    if not accounts.check_password(host, current):
        faults.add("current", "This is not your current password.")
    hashed = faults.read("", _hash, new, (host.name, host.email, host.handle))
    faults.check()
    with hub.store.write() as session:
        host = _host(session, host_id)
        host.password_hash = hashed
        host.session_epoch += 1
        links.drop(session, host_id, "reset", "invite")


def sign_out_everywhere(hub: Hub, host_id: int) -> None:
    """End all sessions of the host, in every browser."""
    with hub.store.write() as session:
        _host(session, host_id).session_epoch += 1


def _hash(password: str, about: tuple[str, ...]) -> str:
    if not password:
        raise InvalidInput("new", "Please give a new password.")
    return accounts.hash_password(password, "new", about=about)


def _host(session: Session, host_id: int) -> Host:
    return session.scalars(select(Host).where(Host.id == host_id)).one()
