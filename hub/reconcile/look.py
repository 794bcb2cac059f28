"""Asks vendors for the meetings of one connected account after the other, and compares them with the bookings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.connections.api import ConnectionApi
from hub.connections.readiness import Standing, standing
from hub.errors import InvalidInput, ProviderError
from hub.meetings.step import marker
from hub.meetings.sync import QUIET
from hub.notify.details import details
from hub.provider import Provider
from hub.reconcile.drift import Drift, Known, compare, waiting
from hub.store.models import Booking, Connection, Host, MeetingRow
from hub.values import Listed, Readiness

if TYPE_CHECKING:
    from hub.container import Hub

BACK, AHEAD = timedelta(days=1), timedelta(days=3650)  # a host may have moved a meeting anywhere


@dataclass(frozen=True)
class Place:
    """One connected account to compare: whose it is, at which provider, and its fingerprint."""

    host: int
    email: str
    timezone: str
    connection: int
    provider: str
    label: str
    account: str


@dataclass(frozen=True)
class Look:
    """What came of comparing one account. `unseen` says in a sentence why its meetings could not be listed."""

    place: Place
    drifts: tuple[Drift, ...]
    bookings: int
    meetings: int = 0
    unseen: str = ""


def places(hub: Hub, email: str = "") -> list[Place]:
    """Return what hosts have connected, of all or of the one with this address. Raises InvalidInput for an unknown one."""
    with hub.store.read() as session:
        mine = Host.email == email.strip().lower() if email else Host.deleted_at.is_(None)
        if email and session.scalar(select(Host.id).where(mine, Host.deleted_at.is_(None))) is None:
            raise InvalidInput("account", f"There is no account with the address {email}.")
        query = (
            select(Host, Connection)
            .join(Connection, Connection.host_id == Host.id)
            .where(mine, or_(Connection.tokens != "", Connection.broken_reason != ""))
            .order_by(Host.email, Connection.provider)
        )
        return [
            Place(
                host.id,
                host.email,
                host.timezone,
                connection.id,
                connection.provider,
                hub.registry.label(connection.provider),
                connection.account,
            )
            for host, connection in session.execute(query)
        ]


def look(hub: Hub, place: Place) -> Look:
    """Compare one account's meetings with the bookings. Nothing is changed, but a token that expired is renewed."""
    with hub.store.read() as session:
        known = standing(session, hub, session.get_one(Host, place.host))
        unseen, provider = _unseen(known, place), hub.registry.get(place.provider)
    before = hub.clock()
    listed: tuple[Listed, ...] = ()
    if provider and not unseen:
        try:
            listed = _listed(hub, provider, place)
        except ProviderError as fault:
            unseen = fault.message
    # Read only now: what is made while the vendor answers is known here, and too young for its list to be held against it.
    with hub.store.read() as session:
        rows = list(_rows(session, hub, place, before - QUIET))
        others = set(_markers(session, hub, place)) if listed else set()
    upcoming = sum(row.confirmed and row.wanted and row.starts_at > before for row in rows)
    drifts = list(waiting(rows, before)) if unseen else compare(rows, listed, others, before)
    return Look(place, tuple(drifts), upcoming, len(listed), unseen)


def _unseen(known: Standing, place: Place) -> str:
    """Return why the account's meetings can't be listed, an empty text where they can."""
    readiness, provider = known.readiness(place.provider), known.hub.registry.get(place.provider)
    if readiness is Readiness.BROKEN:
        return f"{place.label} needs to be reconnected. {known.broken(place.provider)}"
    if provider is None or readiness not in (Readiness.READY, Readiness.PAUSED):
        return known.warning(place.provider) or "The account is not active."
    if not provider.can("list_meetings"):
        return f"{place.label} can't list meetings."
    if not provider.can("list_meetings", known.connections[place.provider].scopes):
        return f"{place.label} lets only those list meetings who have granted its optional permission for it."
    return ""


def _listed(hub: Hub, provider: Provider, place: Place) -> tuple[Listed, ...]:
    api = ConnectionApi(hub, provider, place.connection)
    since, until = hub.clock() - BACK, hub.clock() + AHEAD
    return provider.list_meetings(since, until, api, hub.settings.provider(provider.facts))


def _rows(session: Session, hub: Hub, place: Place, quiet: datetime) -> Iterator[Known]:
    """Yield what is known of the host's meetings at this provider."""
    query = select(Booking).where(
        Booking.host_id == place.host,
        Booking.id.in_(select(MeetingRow.booking_id).where(MeetingRow.provider == place.provider)),
    )
    for booking in session.scalars(query.order_by(Booking.starts_at, Booking.id)):
        for row in booking.meetings:
            if row.provider == place.provider:
                yield known_of(hub, place, booking, row, quiet)


def known_of(hub: Hub, place: Place, booking: Booking, row: MeetingRow, quiet: datetime) -> Known:
    """Return the row as it is compared; what changed after `quiet` is recent."""
    newest = max(other.n for other in booking.meetings)
    moments = [at for at in (booking.updated_at, row.known_at) if at is not None]
    busy = booking.sync_lease_until is not None and booking.sync_lease_until > hub.clock()
    return Known(
        booking=booking.id,
        version=booking.version,
        starts_at=booking.starts_at,
        minutes=booking.minutes,
        confirmed=booking.confirmed,
        wanted=row is booking.meeting,
        row=row.id,
        state=row.state,
        external_id=str((row.value or {}).get("external_id") or ""),
        marker=marker(hub, booking.ref, row.n),
        next_marker=marker(hub, booking.ref, newest + 1),
        same_account=row.account in ("", place.account),
        recent=busy or max(moments) > quiet,
        told=details(hub, booking).noticed if row is booking.meeting else "",
        error=row.error,
    )


def _markers(session: Session, hub: Hub, place: Place) -> Iterator[str]:
    """Yield the markers of other hosts' bookings that use the same account of the vendor's."""
    hosts = select(Connection.host_id).where(
        Connection.provider == place.provider, Connection.account == place.account, Connection.host_id != place.host
    )
    query = select(Booking.ref, MeetingRow.n).join(MeetingRow, MeetingRow.booking_id == Booking.id)
    for ref, n in session.execute(query.where(Booking.host_id.in_(hosts), MeetingRow.provider == place.provider)):
        yield marker(hub, ref, n)
        yield marker(hub, ref, n + 1)
