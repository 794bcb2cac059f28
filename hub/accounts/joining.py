"""Sign-up where addresses are confirmed by mail: the same answer whether an address has an account or not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from hub import accounts
from hub.accounts import Newcomer, links
from hub.errors import NotPossible
from hub.forms import InvalidForm

if TYPE_CHECKING:
    from hub.container import Hub

STALE = "This link has been used, or is older than a day, or is not whole."


def ask(hub: Hub, newcomer: Newcomer) -> None:
    """Mail a link that makes the account; an address that has one is told so, by mail only."""
    with hub.store.write() as session:
        host = accounts.find(session, newcomer.email)
        kind = "known" if host else "signup"
        data = asdict(newcomer)  # for either, so that both take the same time
        links.write(session, hub, kind, newcomer.email, host_id=host.id if host else None, data=data)


def look(hub: Hub, token: str) -> bool:
    """Tell whether the link still works; looking does not use it up."""
    with hub.store.write() as session:
        return links.find(session, hub, token, "signup") is not None


def join(hub: Hub, token: str) -> int:
    """Make the account of this link and return its id. Raises NotPossible; never touches an account that exists."""
    with hub.store.write() as session:
        row = links.find(session, hub, token, "signup")
        data = links.opened(hub, row) if row else {}
        if row is None or not data:
            raise NotPossible(STALE)
        session.delete(row)
        try:
            return accounts.welcome(session, hub, Newcomer(**data))
        except InvalidForm as fault:
            raise NotPossible(str(fault)) from None
