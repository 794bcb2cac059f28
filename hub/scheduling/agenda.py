"""What a host sees of their bookings: lists by page, one booking, and its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.notify import linkless
from hub.store.models import Activity, Booking

if TYPE_CHECKING:
    from hub.container import Hub

TABS = ("upcoming", "past", "cancelled", "unlinked")
PAGE = 25


def bookings(session: Session, hub: Hub, host_id: int, tab: str, page: int) -> tuple[list[Booking], bool]:
    """Return one page (from 1) of the host's bookings of a tab, and whether there are more.

    What is upcoming comes soonest first, the others newest first; "unlinked" are upcoming ones that have no link.
    """
    now = hub.clock()
    query = select(Booking).where(Booking.host_id == host_id)
    if tab == "unlinked":
        query = linkless.upcoming(host_id, now)
    elif tab == "cancelled":
        query = query.where(Booking.status == "cancelled")
    else:
        query = query.where(Booking.status == "confirmed")
        query = query.where(Booking.ends_at > now if tab == "upcoming" else Booking.ends_at <= now)
    order = (Booking.starts_at, Booking.id)
    if tab in ("past", "cancelled"):
        order = (Booking.starts_at.desc(), Booking.id.desc())  # type: ignore[assignment]
    rows = session.scalars(query.order_by(*order).offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return list(rows[:PAGE]), len(rows) > PAGE


def find(session: Session, host_id: int, ref: str) -> Booking | None:
    """Return the booking with this reference if it is this host's."""
    return session.scalar(select(Booking).where(Booking.ref == ref, Booking.host_id == host_id))


def timeline(session: Session, booking_id: int) -> Sequence[Activity]:
    """Return what happened to the booking, oldest first."""
    return session.scalars(select(Activity).where(Activity.booking_id == booking_id).order_by(Activity.id)).all()
