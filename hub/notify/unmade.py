"""What becomes of a meeting that can't be made now: none is made, or it waits until the host has reconnected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub.notify import announce
from hub.store.models import Booking, MeetingRow
from hub.values import Readiness

if TYPE_CHECKING:
    from hub.container import Hub

PARKED = "It waits until the provider is reconnected."


def settle(session: Session, hub: Hub, booking: Booking, row: MeetingRow, readiness: Readiness) -> None:
    """Skip or park the meeting of a booking that is being made, so that its page tells the truth from the start."""
    if readiness is Readiness.BROKEN:
        park(session, hub, booking, row)
    elif readiness is not Readiness.READY:
        skip(session, hub, booking, row)


def skip(session: Session, hub: Hub, booking: Booking, row: MeetingRow) -> None:
    """Give the booking no meeting unless the host asks for it; the host is told, and no mail waits for it."""
    label = hub.registry.label(row.provider)
    row.state = "skipped"
    text = f"No {label} meeting was made: {label} could not be used."
    if row.attempted_at:
        text = row.error = f"{_unsure(label)} It is looked for before another one is made."
    announce.note(session, hub, booking, "skipped", text)
    announce.problem(session, hub, booking, row.n, "skipped")
    announce.hasten(session, hub, booking)


def may_exist(session: Session, hub: Hub, booking: Booking, row: MeetingRow) -> None:
    """Tell the host of a meeting that nobody wants any more, and of which it is not known whether it was made."""
    label = hub.registry.label(row.provider)
    row.error = (
        f"{_unsure(label)} It is looked for and deleted once the account that was to make it is connected again."
    )
    announce.note(session, hub, booking, "unsure", row.error)
    if not booking.confirmed:
        announce.problem(session, hub, booking, row.n, "unsure")


def park(session: Session, hub: Hub, booking: Booking, row: MeetingRow) -> None:
    """Have the meeting wait for a reconnect; the mails go without it."""
    label = hub.registry.label(row.provider)
    row.error = PARKED
    announce.note(session, hub, booking, "parked", f"{label} needs to be reconnected; the meeting waits for that.")
    announce.hasten(session, hub, booking)


def _unsure(label: str) -> str:
    return f"A {label} meeting may exist: {label} did not say whether it was made, and can't be asked now."
