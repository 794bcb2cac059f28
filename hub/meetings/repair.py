"""What a host does by hand about a booking's meeting: ask for it again, for all that are missing, or paste a link."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import inputs
from hub.connections.readiness import standing
from hub.errors import NotPossible
from hub.meetings import outcome
from hub.notify import announce, linkless
from hub.notify.details import deleted_there
from hub.outbox import outbox
from hub.store.models import Booking, Host, MeetingRow
from hub.values import Meeting, Readiness

if TYPE_CHECKING:
    from hub.container import Hub

STUCK = ("failed", "skipped", "closed")


def can_retry(booking: Booking) -> bool:
    """Tell whether there is something to try again about the booking's meeting."""
    row = booking.meeting
    if row is None or not booking.confirmed:
        return False
    return row.state in STUCK or deleted_there(row) or (row.state in ("pending", "ready") and bool(row.error))


def retry(hub: Hub, host_id: int, ref: str) -> bool:
    """Ask once more for the meeting of this host's booking. False where there is no such booking.

    Raises NotPossible where nothing can come of it, with the reason.
    """
    with hub.store.write() as session:
        booking = _open(session, hub, host_id, ref)
        if booking is None:
            return False
        row = booking.meeting
        if row is None or not can_retry(booking):
            raise NotPossible("There is nothing to try again: the meeting is as it should be.")
        known = standing(session, hub, booking.host)
        if known.readiness(row.provider) not in (Readiness.READY, Readiness.BROKEN):
            raise NotPossible(known.warning(row.provider))
        _ask_again(session, hub, booking, row)
    return True


def create_missing(hub: Hub, host_id: int) -> int:
    """Ask for the meetings of all upcoming bookings of this host that have none and could have one; return how many.

    Asked again, it finds nothing left to do.
    """
    with hub.store.write() as session:
        known = standing(session, hub, session.get_one(Host, host_id))
        query = linkless.upcoming(host_id, hub.clock()).order_by(Booking.id).with_for_update(of=Booking)
        count = 0
        for booking in session.scalars(query).all():
            row = booking.meeting
            if row is not None and row.state in linkless.MISSING and known.ready(row.provider):
                _ask_again(session, hub, booking, row)
                count += 1
    return count


def paste_link(hub: Hub, host_id: int, ref: str, address: str) -> bool:
    """Give this host's booking a link of the host's own, mail it, and leave it alone from then on.

    A meeting that was made before is unwanted then, and is removed. False where there is no such booking. Raises
    InvalidInput for the field `link`, and NotPossible where the booking's state forbids it.
    """
    link = inputs.web_address(address, "link")
    with hub.store.write() as session:
        booking = _open(session, hub, host_id, ref)
        if booking is None:
            return False
        n = max((row.n for row in booking.meetings), default=0) + 1
        row = MeetingRow(
            booking_id=booking.id,
            n=n,
            provider=booking.place.provider,
            value=Meeting(where=link, join_url=link).to_json(),
            state="manual",
            synced_version=booking.version,
        )
        session.add(row)
        session.flush()
        announce.note(session, hub, booking, "manual", "You gave the booking a link of your own.")
        announce.link(session, hub, booking, n)
        _sync(session, hub, booking)
    return True


def _open(session: Session, hub: Hub, host_id: int, ref: str) -> Booking | None:
    """Return the host's booking, locked. Raises NotPossible for one that is cancelled or over."""
    query = select(Booking).where(Booking.ref == ref, Booking.host_id == host_id).with_for_update(of=Booking)
    booking = session.scalar(query)
    if booking is None:
        return None
    if not booking.confirmed:
        raise NotPossible("This booking is cancelled; it needs no meeting.")
    if booking.ends_at <= hub.clock():
        raise NotPossible("This booking is over.")
    return booking


def _ask_again(session: Session, hub: Hub, booking: Booking, row: MeetingRow) -> None:
    if deleted_there(row):
        row.state = "deleted"
        row = outcome.renew(session, booking, row)
    elif row.state == "ready":
        row.synced_version = 0  # it exists, but did not follow the booking
    else:
        row.state = "pending"
    row.error, row.attempts, row.next_try_at = "", 0, None
    announce.note(session, hub, booking, "retried", "You asked for the meeting once more.")
    _sync(session, hub, booking)


def _sync(session: Session, hub: Hub, booking: Booking) -> None:
    key = f"sync:{booking.id}:{booking.version}:by-hand-{secrets.token_hex(6)}"
    outbox.add(session, hub, "sync", key, booking=booking.id)
