"""Mails to hosts about their connections: one that broke, or works again, and meetings that another account has left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import words
from hub.notify.message import Draft, compose
from hub.notify.render import render
from hub.outbox.outbox import Delivery
from hub.store.models import Booking, Connection, Host, MeetingRow
from hub.values import Person

if TYPE_CHECKING:
    from hub.container import Hub

MOST_LISTED = 20


def connection_draft(session: Session, hub: Hub, delivery: Delivery) -> Draft | None:
    """Return the mail of this kind; None where it has become untrue."""
    connection = session.get(Connection, int(delivery.ids["connection"]))
    if connection is None:
        return None
    host = session.get_one(Host, connection.host_id)
    kind = str(delivery.ids["kind"])
    more = KINDS[kind](session, hub, connection, host)
    if more is None:
        return None
    context = {
        "host": host,
        "label": hub.registry.label(connection.provider),
        "settings_url": f"{hub.settings.public_url}/settings/integrations",
        **more,
    }
    return Draft(compose(hub, delivery, Person(host.name, host.email), render(kind, context)))


def earlier(session: Session, hub: Hub, connection: Connection) -> list[tuple[Booking, MeetingRow]]:
    """Return upcoming bookings whose meeting another account made than the one that is connected now."""
    if not connection.tokens:
        return []
    found = session.execute(
        select(Booking, MeetingRow)
        .join(MeetingRow, MeetingRow.booking_id == Booking.id)
        .where(Booking.host_id == connection.host_id, Booking.status == "confirmed", Booking.ends_at > hub.clock())
        .where(MeetingRow.provider == connection.provider, MeetingRow.state == "ready")
        .where(MeetingRow.account != connection.account)
        .order_by(Booking.starts_at)
    )
    return [(booking, row) for booking, row in found if row.value]


def _broken(session: Session, hub: Hub, connection: Connection, host: Host) -> dict[str, Any] | None:
    if not connection.broken_reason:
        return None
    return {
        "reason": connection.broken_reason,
        "since": words.short(connection.broken_at or hub.clock(), host.timezone),
        **_upcoming(session, hub, connection, host),
    }


def _healed(session: Session, hub: Hub, connection: Connection, host: Host) -> dict[str, Any] | None:
    if connection.broken_reason or not connection.tokens:
        return None
    return {"account": connection.account_label, **_upcoming(session, hub, connection, host)}


def _upcoming(session: Session, hub: Hub, connection: Connection, host: Host) -> dict[str, Any]:
    upcoming = session.scalars(
        select(Booking)
        .where(Booking.host_id == host.id, Booking.status == "confirmed", Booking.starts_at > hub.clock())
        .order_by(Booking.starts_at)
    )
    affected = [b for b in upcoming if b.location["provider"] == connection.provider]
    return {
        "bookings": [(b, words.short(b.starts_at, host.timezone)) for b in affected[:MOST_LISTED]],
        "count": len(affected),
    }


def _earlier(session: Session, hub: Hub, connection: Connection, host: Host) -> dict[str, Any] | None:
    left = earlier(session, hub, connection)
    if not left:
        return None
    listed = [(b, words.short(b.starts_at, host.timezone), row.value or {}) for b, row in left[:MOST_LISTED]]
    url = f"{hub.settings.public_url}/integrations/{connection.provider}/earlier"
    return {"account": connection.account_label, "count": len(left), "bookings": listed, "list_url": url}


KINDS = {"broken": _broken, "healed": _healed, "earlier": _earlier}
