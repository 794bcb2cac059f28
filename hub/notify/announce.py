"""Adds, inside a change's transaction, the mails and timeline entries that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.outbox import outbox
from hub.store.models import Activity, Booking, OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub

RECIPIENTS = ("invitee", "host")
CHANGES = ("booked", "moved", "relocated")  # the mails that wait a little for the meeting


def note(session: Session, hub: Hub, booking: Booking, what: str, text: str) -> None:
    """Add a line to the booking's timeline."""
    session.add(Activity(booking_id=booking.id, at=hub.clock(), what=what, text=text[:1000]))


def change(session: Session, hub: Hub, booking: Booking, kind: str) -> None:
    """Mail both sides that the booking was `kind`: booked, moved, relocated or cancelled.

    All but the last wait for the meeting, up to the operator's deadline.
    """
    wait = timedelta(seconds=hub.settings.link_deadline if kind in CHANGES else 0)
    for to in RECIPIENTS:
        _add(session, hub, booking, kind, to, due_at=hub.clock() + wait)


def remind(session: Session, hub: Hub, booking: Booking, minutes: Iterable[int]) -> None:
    """Remind both sides so many minutes before the start; times that have passed are left out.

    A reminder of an earlier version of the booking is not sent.
    """
    for before in minutes:
        due_at = booking.starts_at - timedelta(minutes=before)
        if due_at <= hub.clock():
            continue
        for to in RECIPIENTS:
            _add(session, hub, booking, "reminder", to, due_at=due_at, suffix=str(before), minutes=before)


def hasten(session: Session, hub: Hub, booking: Booking) -> None:
    """Send the mails of the booking's present version now: there is nothing more to wait for."""
    for kind in CHANGES:
        for to in RECIPIENTS:
            outbox.hasten(session, hub, _key(booking, kind, to))


def link(session: Session, hub: Hub, booking: Booking, n: int) -> None:
    """Announce the link of meeting number `n`: in the mails that wait for it, else in mails of its own."""
    booking.sequence += 1
    session.flush()  # takes the booking's row lock, so a mail being sent meanwhile is seen as sent or not
    for to in RECIPIENTS:
        keys = [_key(booking, kind, to) for kind in CHANGES]
        waiting = session.scalar(select(OutboxRow.key).where(OutboxRow.key.in_(keys), OutboxRow.done_at.is_(None)))
        if waiting:
            outbox.hasten(session, hub, waiting)
        else:
            late_link(session, hub, booking, n, to)


def late_link(session: Session, hub: Hub, booking: Booking, n: int, to: str) -> None:
    """Mail the link to one who has a mail without it."""
    _add(session, hub, booking, "link", to, suffix=str(n), n=n)


def problem(session: Session, hub: Hub, booking: Booking, n: int, what: str) -> None:
    """Tell the host that the meeting needs a hand; once for each `what`."""
    _add(session, hub, booking, "problem", "host", suffix=f"{n}-{what}", n=n, what=what)


def _add(
    session: Session,
    hub: Hub,
    booking: Booking,
    kind: str,
    to: str,
    *,
    due_at: datetime | None = None,
    suffix: str = "",
    **ids: int | str,
) -> None:
    if to == "host" and booking.host.deleted_at:
        return
    outbox.add(
        session,
        hub,
        "mail",
        _key(booking, f"{kind}{suffix}", to),
        due_at=due_at,
        kind=kind,
        booking=booking.id,
        version=booking.version,
        to=to,
        **ids,
    )


def _key(booking: Booking, kind: str, to: str) -> str:
    return f"mail:{booking.id}:{booking.version}:{kind}:{to}"
