"""The breaker of a connection: once its vendor is away, one call at a time asks whether it is back; all others wait."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.connections.broken import locked
from hub.errors import ConnectionLost, PluginFault, Temporary
from hub.outbox import outbox
from hub.store.models import Booking, Connection, MeetingRow

if TYPE_CHECKING:
    from hub.container import Hub

OPENS_AFTER = 3  # calls in a row that found the vendor away
ASK_AGAIN = timedelta(seconds=60)

log = logging.getLogger(__name__)


def shut(connection: Connection | None, now: datetime) -> datetime | None:
    """Return until when no call may be made, None where one may be tried."""
    until = connection.open_until if connection else None
    return until if until and now < until <= now + 2 * ASK_AGAIN else None  # later: the clock was set back


def enter(session: Session, hub: Hub, connection: Connection) -> bool:
    """Whether this call may be made: any while the breaker is closed, else the one that is to find out."""
    if connection.open_until is None:
        return True
    taken = session.execute(
        update(Connection)
        .where(Connection.id == connection.id, Connection.open_until == connection.open_until)
        .values(open_until=hub.clock() + ASK_AGAIN)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def note(session: Session, hub: Hub, connection_id: int, connected_at: datetime | None, result: object) -> None:
    """Take in what came of a call for the grant of `connected_at`: the breaker opens or closes; the edges are logged.

    Where it closes, all bookings that waited are due at once, and what they were told to wait is forgotten.
    """
    if isinstance(result, PluginFault | ConnectionLost):
        return  # says nothing of the vendor's servers
    away = isinstance(result, Temporary) and result.away
    connection = session.get(Connection, connection_id)
    if connection is None or not (away or connection.failures):
        return
    connection = locked(session, connection_id)
    if connection is None or connection.connected_at != connected_at:
        return
    now = hub.clock()
    if away:
        connection.failures += 1
        connection.outage_since = connection.outage_since or now
        if connection.failures >= OPENS_AFTER:
            if connection.open_until is None:
                away_since = connection.outage_since
                log.warning("connection %s: %s is away since %s", connection_id, connection.provider, away_since)
            connection.open_until = now + ASK_AGAIN
        return
    opened, since = connection.open_until is not None, connection.outage_since
    reset(connection)
    if opened:
        log.warning(
            "connection %s: %s answers again, after %s", connection_id, connection.provider, now - (since or now)
        )
        _wake(session, hub, connection, since or now)


def reset(connection: Connection) -> None:
    """Close the breaker; for a new grant, too."""
    connection.failures, connection.outage_since, connection.open_until = 0, None, None


def _wake(session: Session, hub: Hub, connection: Connection, since: datetime) -> None:
    """Give every booking that waits for this connection a sync row, due now."""
    waiting = session.execute(
        select(MeetingRow, Booking.version)
        .join(Booking)
        .where(Booking.host_id == connection.host_id, MeetingRow.provider == connection.provider)
        .where(MeetingRow.state.in_(("pending", "ready")), MeetingRow.error != "")
        .with_for_update(of=MeetingRow, skip_locked=True)  # who holds one is at it anyway, and may wait for us
    )
    for row, version in waiting:
        row.next_try_at = None
        key = f"sync:{row.booking_id}:{version}:back{int(since.timestamp())}"
        outbox.add(session, hub, "sync", key, booking=row.booking_id)
