"""What an operator sees and does while the hub runs: what is stuck and why, trying it again, and marking it as done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from hub.errors import InvalidInput
from hub.notify import announce
from hub.store.db import after_commit
from hub.store.models import Activity, Booking, Connection, OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub

OVERDUE = timedelta(minutes=1)
LONGEST_REASON = 300


@dataclass(frozen=True)
class Stuck:
    """An outbox row that has failed, is parked, or is overdue. `due_at` is aware; `booking` is its ref, if it has one."""

    id: int
    topic: str
    key: str
    booking: str
    due_at: datetime
    attempts: int
    parked: bool
    error: str


@dataclass(frozen=True)
class MailFailure:
    """A mail that was given up; `text` says to whom, and why."""

    at: datetime
    booking: str
    text: str


@dataclass(frozen=True)
class HeldUp:
    """Connections that can't be used now, alike in provider and state: how many, since when (aware), one reason."""

    provider: str
    state: str
    count: int
    since: datetime | None
    reason: str


def stuck(hub: Hub, limit: int | None = None) -> list[Stuck]:
    """Return what has failed and will be tried again, what is given up, and what nobody has picked up in time."""
    now = hub.clock()
    with hub.store.read() as session:
        rows = session.scalars(
            select(OutboxRow)
            .where(OutboxRow.done_at.is_(None))
            .where(or_(OutboxRow.parked_at.is_not(None), OutboxRow.error != "", OutboxRow.due_at < now - OVERDUE))
            .order_by(OutboxRow.id)
            .limit(limit)
        ).all()
        refs = _refs(session, rows)
    return [
        Stuck(
            row.id,
            row.topic,
            row.key,
            refs.get(int(row.ids.get("booking", 0)), ""),
            row.due_at,
            row.attempts,
            row.parked_at is not None,
            row.error or "No worker has taken it.",
        )
        for row in rows
    ]


def retry(hub: Hub, ids: Iterable[int] | None) -> int:
    """Make these open rows (None: all that failed or are parked) due now. Returns how many there were."""
    chosen = _failed() if ids is None else OutboxRow.id.in_(list(ids))
    now = hub.clock()
    with hub.store.write() as session:
        found = list(session.scalars(select(OutboxRow.id).where(OutboxRow.done_at.is_(None), chosen)))
        session.execute(
            update(OutboxRow).where(OutboxRow.id.in_(found)).values(due_at=now, poked_at=now, parked_at=None, faults=0)
        )
        for outbox_id in found:
            after_commit(session, partial(hub.queue.poke, outbox_id))
    return len(found)


def mark_done(hub: Hub, ids: Iterable[int], reason: str) -> int:
    """Close these open rows without what they stand for, and keep why. Returns how many there were.

    A worker that has one of them under way can't open it again. The timeline of a booking says so too. Raises
    InvalidInput where no reason is given.
    """
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason:
        raise InvalidInput("reason", "Please say why: whoever looks at it later will ask.")
    with hub.store.write() as session:
        open_rows = select(OutboxRow).where(OutboxRow.id.in_(list(ids)), OutboxRow.done_at.is_(None))
        concerned = {int(row.ids.get("booking", 0)) for row in session.scalars(open_rows)}
        # Bookings are locked first, as by workers: in the other order each could wait for the other.
        locked = select(Booking).where(Booking.id.in_(concerned)).order_by(Booking.id).with_for_update(of=Booking)
        bookings = {booking.id: booking for booking in session.scalars(locked)}
        rows = session.scalars(open_rows.with_for_update().execution_options(populate_existing=True)).all()
        for row in rows:
            row.done_at, row.parked_at, row.error = hub.clock(), None, reason
            row.lease, row.lease_until = "", None
            booking = bookings.get(int(row.ids.get("booking", 0)))
            if booking is not None:
                what = "A mail" if row.topic == "mail" else "A step"
                announce.note(session, hub, booking, "closed", f"{what} was closed by the operator: {reason}")
    return len(rows)


def held_up(hub: Hub) -> list[HeldUp]:
    """Return what connections can't be used now: broken ones wait for their hosts, others for a vendor that is away."""
    count = (Connection.provider, func.count())
    broken = select(*count, func.min(Connection.broken_at), func.max(Connection.broken_reason))
    broken = broken.where(Connection.broken_reason != "")
    away = select(*count, func.min(Connection.outage_since))
    away = away.where(Connection.open_until.is_not(None), Connection.broken_reason == "")
    each = Connection.provider
    with hub.store.read() as session:
        found = [
            HeldUp(key, "broken", number, since, reason)
            for key, number, since, reason in session.execute(broken.group_by(each).order_by(each))
        ]
        for key, number, since in session.execute(away.group_by(each).order_by(each)):
            found.append(HeldUp(key, "away", number, since, "The vendor does not answer; it is asked once a minute."))
    return found


def mail_failures(hub: Hub, limit: int = 20) -> list[MailFailure]:
    """Return the newest mails that were given up."""
    newest = (
        select(Activity.at, Booking.ref, Activity.text)
        .join(Booking, Activity.booking_id == Booking.id)
        .where(Activity.what == "mail_failed")
        .order_by(Activity.id.desc())
        .limit(limit)
    )
    with hub.store.read() as session:
        return [MailFailure(at, ref, text) for at, ref, text in session.execute(newest)]


def _failed() -> ColumnElement[bool]:
    return or_(OutboxRow.parked_at.is_not(None), OutboxRow.error != "")


def _refs(session: Session, rows: Sequence[OutboxRow]) -> dict[int, str]:
    wanted = {int(row.ids["booking"]) for row in rows if "booking" in row.ids}
    found = session.execute(select(Booking.id, Booking.ref).where(Booking.id.in_(wanted)))
    return {row.id: row.ref for row in found}
