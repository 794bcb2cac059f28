"""The card of a provider for a host: one function for every readiness, with one sentence and one step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub import words
from hub.connections.readiness import Standing
from hub.connections.shared import others
from hub.errors import HubError
from hub.notify.connection_mail import earlier
from hub.provider import Provider
from hub.store.models import Connection
from hub.values import Card, Readiness
from hub.web.banners import Banner

if TYPE_CHECKING:
    from hub.container import Hub

BADGES = {
    Readiness.READY: ("Connected", "ok"),
    Readiness.PAUSED: ("Paused", "warn"),
    Readiness.BROKEN: ("Needs reconnect", "bad"),
    Readiness.NOT_CONNECTED: ("Not connected", "muted"),
    Readiness.NOT_ENABLED: ("Not enabled", "muted"),
    Readiness.NOT_CONFIGURED: ("Not set up", "muted"),
    Readiness.NOT_INSTALLED: ("Not installed", "muted"),
}


@dataclass(frozen=True)
class CardView:
    """A card with what its template shows around it.

    `permissions` are (label, purpose) and, once connected, whether the vendor granted it. `shared`: another host has
    connected the same account. `earlier`: how many upcoming meetings an account made that is not connected any more.
    """

    provider: Provider
    card: Card
    badge: tuple[str, str]
    permissions: list[tuple[str, ...]]
    account_label: str = ""
    account_id: str = ""
    since: str = ""
    last_success: str = ""
    broken_reason: str = ""
    broken_since: str = ""
    shared: bool = False
    earlier: int = 0
    missing: Banner | None = None


def card_view(
    session: Session, hub: Hub, known: Standing, provider: Provider, *, missing: Banner | None = None
) -> CardView:
    """Return the card of one provider; a plugin that breaks while drawing it leaves the core's card."""
    readiness = known.readiness(provider.key)
    card = Card(provider.key, provider.facts.label, provider.facts.blurb, readiness, _text(readiness, provider, hub))
    try:
        card = provider.settings_card(card, known.account(provider.key), _public_settings(hub, provider))
    except HubError as fault:
        card = Card(card.key, card.label, card.blurb, readiness, card.text, (fault.message,))
    badge = BADGES[readiness]
    away = known.away(provider.key)
    if away and readiness in (Readiness.READY, Readiness.PAUSED):
        since = words.short(away, known.host.timezone)
        told = f"{card.label} has not answered since {since}; meetings are made as soon as it does."
        card, badge = replace(card, text=told), ("Not answering", "warn")
    if provider.oauth is None and readiness is Readiness.READY:
        badge = ("Ready", "ok")
    connection = known.connections.get(provider.key)
    if connection is None:
        return CardView(provider, card, badge, _permissions(provider), missing=missing)
    zone, live = known.host.timezone, bool(connection.tokens)
    return CardView(
        provider,
        card,
        badge,
        _permissions(provider, connection),
        account_label=connection.account_label,
        account_id=str(connection.account_data.get("external_id", ""))[-4:],
        since=words.short(connection.connected_at, zone) if connection.connected_at else "",
        last_success=words.short(connection.last_success_at, zone) if connection.last_success_at else "",
        broken_reason=known.broken(provider.key),
        broken_since=words.short(connection.broken_at, zone) if connection.broken_at else "",
        shared=live and bool(others(session, connection)),
        earlier=len(earlier(session, hub, connection)),
        missing=missing,
    )


def _text(readiness: Readiness, provider: Provider, hub: Hub) -> str:
    label, support = provider.facts.label, hub.settings.support_email
    whom = f" Contact support: {support}." if support else " Ask the operator of this hub."
    if provider.oauth is None and readiness is Readiness.READY:
        return ""
    return {
        Readiness.NOT_ENABLED: f"{label} is not enabled for your account.{whom}",
        Readiness.NOT_CONFIGURED: f"{label} has not been set up on this server yet.{whom}",
        Readiness.NOT_CONNECTED: f"Connect your {label} account, and every booking with {label} gets a meeting of its own.",
        Readiness.READY: f"New bookings with {label} get a meeting of their own.",
        Readiness.PAUSED: "New bookings get no meeting, and it is not offered where there is another place. Existing meetings still move and are deleted with their bookings.",
    }.get(readiness, "")


def _permissions(provider: Provider, connection: Connection | None = None) -> list[tuple[str, ...]]:
    """Return what is asked for; where the vendor said what it granted, with that, and with what is optional."""
    if provider.oauth is None:
        return []
    scopes, granted = provider.oauth.scopes, tuple(connection.scopes) if connection else ()
    if not granted:
        return [(scope.label, scope.purpose) for scope in scopes]
    more = [scope for scope in provider.oauth.optional_scopes if scope.name in granted]
    return [(s.label, s.purpose, "Yes" if s.name in granted else "No") for s in (*scopes, *more)]


def _public_settings(hub: Hub, provider: Provider) -> dict[str, str]:
    secret = {setting.name for setting in provider.facts.settings if setting.secret} | {"client_secret"}
    return {name: value for name, value in hub.settings.provider(provider.facts).items() if name not in secret}
