"""Sets right what is safe, through the outbox: nothing is called here, and what changed meanwhile is left alone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub.connections.readiness import Standing, standing
from hub.meetings import outcome
from hub.meetings.sync import QUIET
from hub.notify import announce
from hub.outbox import outbox
from hub.reconcile.drift import Drift, Kind
from hub.reconcile.look import Place, known_of
from hub.store.models import Booking, MeetingRow

if TYPE_CHECKING:
    from hub.container import Hub

MAKES = (Kind.MISSING, Kind.UNLINKED)  # what may make a meeting needs a provider that may be used for it


def mend(hub: Hub, place: Place, drift: Drift) -> bool:
    """Have the workers set one difference right. False where it is not safe, or has changed since it was looked at."""
    known = drift.known
    if known is None or not drift.safe:
        return False
    with hub.store.write() as session:
        booking = session.get(Booking, known.booking, with_for_update={"of": Booking})
        row = next((row for row in booking.meetings if row.id == known.row), None) if booking else None
        if booking is None or row is None:
            return False
        if known_of(hub, place, booking, row, hub.clock() - QUIET) != known:
            return False
        current = standing(session, hub, booking.host)
        if drift.kind is Kind.WAITING:
            _be_careful(current, row)
            return False
        if drift.kind in MAKES and not current.ready(place.provider):
            return False
        _set_right(session, hub, booking, row, drift)
        key = f"sync:{booking.id}:{booking.version}:reconcile-{secrets.token_hex(6)}"
        outbox.add(session, hub, "sync", key, booking=booking.id)
    return True


def _set_right(session: Session, hub: Hub, booking: Booking, row: MeetingRow, drift: Drift) -> None:
    label = hub.registry.label(row.provider)
    row.error, row.attempts, row.next_try_at = "", 0, None
    if drift.kind is Kind.MOVED and drift.listed:
        value = row.value or {}
        # What the vendor has takes the place of what was last sent: only so is the difference sent.
        row.value = {**value, "data": {**value.get("data", {}), **drift.listed.data}}
        row.synced_version = 0
        announce.note(
            session, hub, booking, "compared", f"At {label} the meeting was at another time; it is moved back."
        )
    elif drift.kind is Kind.MISSING:
        if drift.listed and drift.known and drift.listed.ref == drift.known.marker:
            _look_for(hub, row)
        else:
            row.state = "deleted"
            _look_for(hub, outcome.renew(session, booking, row))
        announce.note(
            session, hub, booking, "compared", f"The meeting was no longer there at {label}; it is made anew."
        )
    elif drift.kind is Kind.LEFTOVER and drift.listed and drift.known:
        if drift.listed.external_id == drift.known.external_id:
            row.state = "ready"  # it exists, and is unwanted
        else:
            _look_for(hub, row)
        announce.note(
            session, hub, booking, "compared", f"At {label} there was still a meeting of this booking; it is deleted."
        )
    else:
        _look_for(hub, row)


def _be_careful(current: Standing, row: MeetingRow) -> None:
    """Have what waits looked for before it is made, where nothing could be listed but can be found."""
    provider, connection = current.hub.registry.get(row.provider), current.connections[row.provider]
    if provider and provider.can("find_meeting", connection.scopes) and row.attempted_at is None:
        row.attempted_at = current.hub.clock() - QUIET


def _look_for(hub: Hub, row: MeetingRow) -> None:
    """Have the row look for its meeting before one is made: it may have been made after the backup."""
    row.state, row.attempted_at = "pending", hub.clock() - QUIET
