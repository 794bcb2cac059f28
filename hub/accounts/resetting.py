"""A password that was forgotten, or never set: a link by mail, and the new password by that link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub import accounts
from hub.accounts import links
from hub.accounts.passwords import hash_password
from hub.errors import NotPossible
from hub.forms import Faults
from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub

STALE = "This link has been used, or is too old, or is not whole."


def ask(hub: Hub, email: str) -> None:
    """Mail a link for a new password, if the address has an account; it takes the same time if not."""
    with hub.store.write() as session:
        host = accounts.find(session, email)
        # The address as it was typed goes into no table: it may be anybody's.
        links.write(session, hub, "reset", host.email if host else "", host_id=host.id if host else None)


def look(hub: Hub, token: str) -> bool:
    """Tell whether the link still works; looking does not use it up."""
    with hub.store.write() as session:
        return links.find(session, hub, token, "reset", "invite") is not None


def reset(hub: Hub, token: str, new: str) -> int:
    """Set the password by a link, end all sessions and return the host's id.

    Raises InvalidForm for a password that can't be used, which leaves the link as it was, and NotPossible.
    """
    with hub.store.write() as session:
        row = links.find(session, hub, token, "reset", "invite")
        if row is None or row.host_id is None:
            raise NotPossible(STALE)
        host = session.get_one(Host, row.host_id)
    faults = Faults()
    hashed = faults.read("", hash_password, new, "new", about=(host.name, host.email, host.handle))
    faults.check()
    with hub.store.write() as session:
        row = links.find(session, hub, token, "reset", "invite")  # hashing took its time: somebody may have been faster
        if row is None or row.host_id is None:
            raise NotPossible(STALE)
        host = session.get_one(Host, row.host_id, with_for_update=True)
        host.password_hash = hashed
        host.session_epoch += 1
        links.drop(session, host.id, "reset", "invite")
        return host.id
