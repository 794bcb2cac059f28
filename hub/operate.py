"""What an operator does to a hub's accounts and keys: switch providers for an account, seal everything anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.accounts import links
from hub.errors import InvalidInput
from hub.store.account_mail import AccountMail
from hub.store.models import Booking, Connection, Host, OAuthFlow
from hub.store.vault import Unreadable

if TYPE_CHECKING:
    from hub.container import Hub


def switch_provider(hub: Hub, key: str, email: str, *, on: bool) -> str:
    """Enable or disable a provider for one host's account. Returns the host's name. Raises InvalidInput."""
    if hub.registry.get(key) is None:
        known = ", ".join(provider.key for provider in hub.registry.all())
        raise InvalidInput("key", f"There is no provider {key}; there are {known}.")
    with hub.store.write() as session:
        host = session.scalar(select(Host).where(Host.email == email.strip().lower()).with_for_update())
        if host is None:
            raise InvalidInput("host", f"There is no account with the address {email}.")
        off = set(host.providers_off)
        host.providers_off = sorted(off - {key} if on else off | {key})
        return host.name


def reseal(hub: Hub) -> tuple[int, int]:
    """Seal with the newest key whatever an older one sealed. Returns how many values, and how many can't be read."""
    done = lost = 0
    for session_rows in (_connections, _bookings, _flows, _account_mails):
        with hub.store.write() as session:
            for row, column, place in session_rows(session):
                sealed = getattr(row, column)
                if not sealed or hub.vault.current(sealed):
                    continue
                try:
                    setattr(row, column, hub.vault.seal(hub.vault.open(sealed, place), place))
                    done += 1
                except Unreadable:
                    lost += 1
    return done, lost


def _connections(session: Session) -> Iterable[tuple[Any, str, str]]:
    for row in session.scalars(select(Connection).with_for_update()):
        yield row, "tokens", f"connection:{row.id}:tokens"


def _bookings(session: Session) -> Iterable[tuple[Any, str, str]]:
    for row in session.scalars(select(Booking).with_for_update(of=Booking)):
        yield row, "manage_token", f"booking:{row.ref}:manage"
        yield row, "view_token", f"booking:{row.ref}:view"


def _flows(session: Session) -> Iterable[tuple[Any, str, str]]:
    for row in session.scalars(select(OAuthFlow).with_for_update()):
        yield row, "verifier", f"oauth_flow:{row.state_digest}"


def _account_mails(session: Session) -> Iterable[tuple[Any, str, str]]:
    for row in session.scalars(select(AccountMail).with_for_update()):
        yield row, "token", links.place(row, "token")
        yield row, "data", links.place(row, "data")
