"""Whether each provider can make a meeting for a host now: the one truth for cards, warnings, options and workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections import tokens
from hub.provider import Provider
from hub.store import sealed
from hub.store.models import Connection, Host
from hub.values import Account, Readiness

if TYPE_CHECKING:
    from hub.container import Hub


@dataclass(frozen=True)
class Standing:
    """A host's standing with all providers, as it was when it was read."""

    hub: Hub
    host: Host
    connections: Mapping[str, Connection]

    def readiness(self, key: str) -> Readiness:
        """Return whether the provider with this key can make a meeting for the host now."""
        provider = self.hub.registry.get(key)
        if provider is None:
            return Readiness.NOT_INSTALLED
        if not self.hub.settings.configured(provider.facts):
            return Readiness.NOT_CONFIGURED
        if key in self.host.providers_off or not self.host.active:
            return Readiness.NOT_ENABLED
        if provider.oauth is None:
            return Readiness.READY
        connection = self.connections.get(key)
        if connection is None or not (connection.tokens or connection.broken_reason):
            return Readiness.NOT_CONNECTED
        if self.broken(key):
            return Readiness.BROKEN
        return Readiness.READY if connection.enabled else Readiness.PAUSED

    def broken(self, key: str) -> str:
        """Return why the connection no longer works, an empty text where it does or there is none."""
        connection = self.connections.get(key)
        if connection is None or connection.broken_reason or not connection.tokens:
            return connection.broken_reason if connection else ""
        readable = self.hub.vault.opens(connection.tokens, sealed.connection_tokens(connection.id))
        return "" if readable else tokens.UNREADABLE

    def ready(self, key: str) -> bool:
        """Whether a booking made now would get its meeting."""
        return self.readiness(key) is Readiness.READY

    def reachable(self, key: str, account: str) -> bool:
        """Whether existing meetings of this account (its fingerprint) can be moved and deleted."""
        if self.readiness(key) not in (Readiness.READY, Readiness.PAUSED):
            return False
        return self.same_account(key, account)

    def same_account(self, key: str, account: str) -> bool:
        """Whether the connection is the account that made a meeting."""
        connection = self.connections.get(key)
        return (connection.account if connection else "") == account

    def away(self, key: str) -> datetime | None:
        """Since when the provider has not answered this host's connection, None where it does (or nobody knows yet)."""
        connection = self.connections.get(key)
        return connection.outage_since if connection and connection.open_until else None

    def account(self, key: str) -> Account | None:
        """Return the connected account, None where there is none."""
        connection = self.connections.get(key)
        if connection is None or not connection.tokens:
            return None
        data = connection.account_data
        return Account(
            external_id=data.get("external_id", ""),
            label=connection.account_label,
            notes=data.get("notes", {}),
            max_minutes=data.get("max_minutes"),
            warning=data.get("warning", ""),
        )

    def warning(self, key: str, minutes: int | None = None) -> str:
        """Return one sentence on why a location can't (or can't fully) be used by the host, or an empty text."""
        provider = self.hub.registry.get(key)
        if provider is None:
            return f"The plugin for “{key}” {self.hub.registry.absence(key)}."
        if not self.host.active:
            return ""  # not a fault of this location: each page says at its top that the account is not active
        text = _WARNINGS.get(self.readiness(key), "").format(label=provider.facts.label)
        account = self.account(key)
        if not text and minutes and account and account.max_minutes and minutes > account.max_minutes:
            return account.warning or f"{provider.facts.label} ends meetings after {account.max_minutes} minutes."
        return text


_WARNINGS = {
    Readiness.NOT_CONFIGURED: "{label} has not been set up on this server. Ask the operator.",
    Readiness.NOT_ENABLED: "{label} is not enabled for your account.",
    Readiness.NOT_CONNECTED: "{label} is not connected: it is offered only where there is no other place, and then without a link. Connect it or change the location.",
    Readiness.BROKEN: "{label} needs to be reconnected: it is offered only where there is no other place, and then its link waits for that.",
    Readiness.PAUSED: "{label} is paused: it is offered only where there is no other place, and then without a link. Enable it or change the location.",
}


def standing(session: Session, hub: Hub, host: Host) -> Standing:
    """Read the host's standing with all providers, in one query."""
    rows = session.scalars(select(Connection).where(Connection.host_id == host.id))
    return Standing(hub, host, {row.provider: row for row in rows})


def missing_scopes(provider: Provider, granted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the required scopes that were not granted; a vendor that names none is believed."""
    if not provider.oauth or not granted:
        return ()
    return tuple(scope.name for scope in provider.oauth.scopes if scope.name not in granted)
