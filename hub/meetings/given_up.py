"""Says so, to host and invitee, where an outbox row was given up: what it was to do does not happen by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub.connections.readiness import standing
from hub.meetings import outcome
from hub.meetings.decide import CALLS, decide
from hub.meetings.step import facts_of
from hub.notify import announce
from hub.outbox.outbox import Delivery
from hub.store.models import Booking

if TYPE_CHECKING:
    from hub.container import Hub


def given_up(hub: Hub, delivery: Delivery) -> None:
    """Handle the row that tells of a parked one: its ids, and as `parked` its topic."""
    ids = delivery.ids
    if "booking" not in ids:
        return
    with hub.store.write() as session:
        booking = session.get(Booking, int(ids["booking"]), with_for_update={"of": Booking})
        if booking is None:
            return
        if ids.get("parked") == "sync":
            _meetings(session, hub, booking)
        elif ids.get("parked") == "mail":
            announce.note(
                session, hub, booking, "mail_failed", "A mail could not be written, however often it was tried."
            )


def _meetings(session: Session, hub: Hub, booking: Booking) -> None:
    known = standing(session, hub, booking.host)
    for row in list(booking.meetings):
        action = decide(facts_of(hub, known, booking, row))
        if action in CALLS:
            outcome.abandoned(session, hub, booking, row, action)
