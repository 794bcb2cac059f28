"""Which upcoming bookings have no link: one query for the banners, the list, and the act that makes the missing ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from hub.store.models import Booking, MeetingRow

MISSING = ("skipped", "failed")  # nothing will come by itself


def upcoming(host_id: int | Any, now: datetime | Any, states: tuple[str, ...] = MISSING) -> Select[Booking]:
    """Select the host's confirmed bookings, joined with their wanted meeting row, that are not over and in a state."""
    other = aliased(MeetingRow)
    newest = select(func.max(other.n)).where(other.booking_id == Booking.id, other.stray.is_(False)).scalar_subquery()
    return (
        select(Booking)
        .join(MeetingRow, (MeetingRow.booking_id == Booking.id) & (MeetingRow.n == newest))
        .where(Booking.host_id == host_id, Booking.status == "confirmed", Booking.ends_at > now)
        .where(MeetingRow.state.in_(states))
    )


def counts(session: Session, host_id: int, now: datetime) -> dict[str, dict[str, int]]:
    """Return how many bookings of each provider's key are in each state: skipped, failed, or pending."""
    found: dict[str, dict[str, int]] = {}
    for provider, state, number in session.execute(_COUNTS, {"host_id": host_id, "now": now}):
        found.setdefault(provider, {})[state] = number
    return found


# Built once: it is on every page of a host, and building it takes longer than running it.
_COUNTS = (
    upcoming(bindparam("host_id"), bindparam("now"), (*MISSING, "pending"))
    .with_only_columns(MeetingRow.provider, MeetingRow.state, func.count())
    .group_by(MeetingRow.provider, MeetingRow.state)
)
