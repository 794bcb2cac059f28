"""Adds outbox rows inside a change's transaction, and delivers each to its handler under a lease."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from hub import crash, logs
from hub.outbox import lease
from hub.store import counters
from hub.store.db import after_commit
from hub.store.models import OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub

POKE_AGAIN = timedelta(seconds=5)
PARK_AFTER = 8
LONGEST_WAIT = timedelta(minutes=15)
PARKED = (
    "parked"  # topic of the rows that tell of others, given up; they carry the other's ids, and its topic as `parked`
)
GATHERING = "outbox_gathering"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Later:
    """A handler's answer that the row is not done: deliver it again at `due_at` (aware). `why` is for the operator."""

    due_at: datetime
    why: str = ""


@dataclass(frozen=True)
class Delivery:
    """What a handler gets: the row's key and ids, which try this is (from 1), and when the row was made."""

    key: str
    ids: Mapping[str, Any]
    attempt: int
    created_at: datetime


Handler = Callable[[Delivery], Later | None]


def add(
    session: Session, hub: Hub, topic: str, key: str, *, due_at: datetime | None = None, **ids: int | str
) -> OutboxRow | None:
    """Add a row for `topic`, due now or at `due_at` (aware); after commit a worker is woken if it is due.

    `key` is unique over all time: a second row with it is not added, and None is returned.
    """
    now, gathering = hub.clock(), session.info.get(GATHERING, False)
    if not gathering and session.scalar(select(OutboxRow.id).where(OutboxRow.key == key)) is not None:
        return None
    row = OutboxRow(topic=topic, key=key, ids=ids, created_at=now, due_at=due_at or now, poked_at=now)
    session.add(row)
    if not gathering:
        session.flush()
    _poke_after_commit(session, hub, row, now)
    return row


@contextmanager
def gathered(session: Session) -> Iterator[None]:
    """Write what `add` adds in this block together, at commit, without looking whether its keys are taken.

    Only for keys that name something made in this very transaction: nobody else can have used those.
    """
    session.info[GATHERING] = True
    try:
        yield
    finally:
        del session.info[GATHERING]


def hasten(session: Session, hub: Hub, key: str) -> None:
    """Make the open row with this key due now."""
    row = session.scalar(select(OutboxRow).where(OutboxRow.key == key, OutboxRow.done_at.is_(None)))
    now = hub.clock()
    if row is None or row.due_at <= now:
        return
    row.due_at, row.poked_at = now, now
    _poke_after_commit(session, hub, row, now)


def deliver(hub: Hub, handlers: Mapping[str, Handler], outbox_id: int) -> bool:
    """Run the row's handler if the row is open, due and not leased; record the outcome. Returns whether it ran.

    The lease is a compare-and-set in the database, so a wake-up that comes twice or late does no harm.
    """
    with logs.bound(outbox=outbox_id):
        return _deliver(hub, handlers, outbox_id)


def _deliver(hub: Hub, handlers: Mapping[str, Handler], outbox_id: int) -> bool:
    token = secrets.token_hex(8)
    row = _lease(hub, outbox_id, token)
    if row is None:
        return False
    logs.bind(topic=row.topic, booking=row.ids.get("booking"))
    crash.point("after_outbox_lease")
    if row.faults > PARK_AFTER:
        _park(hub, handlers, row, token)
        return True
    try:
        with lease.kept(hub, lease.ROW, row.id, token):
            later = handlers[row.topic](Delivery(row.key, row.ids, row.attempts, row.created_at))
    except Exception as fault:
        log.exception("outbox %s (%s) failed", row.id, row.key)
        due_at = hub.clock() + backoff(row.faults)
        _finish(hub, row, token, "failed", due_at=due_at, error=logs.mask(f"{type(fault).__name__}: {fault}")[:500])
        return True
    crash.point("after_handler_before_done")
    if later is None:
        _finish(hub, row, token, "done", done_at=hub.clock(), error="", faults=0)
    else:
        _finish(hub, row, token, "later", due_at=later.due_at, error=later.why[:500], faults=0)
    return True


def due(session: Session, now: datetime, *, woken: bool = False, limit: int = 500) -> list[int]:
    """Return the ids of open rows that are due, those that wait longest for a wake-up first.

    Rows for which a worker was woken in the last seconds are left out unless `woken`; then the order is of due times.
    """
    rows = (
        select(OutboxRow.id)
        .where(OutboxRow.done_at.is_(None), OutboxRow.parked_at.is_(None), OutboxRow.due_at <= now)
        .where(lease.free(lease.ROW, now))
        .limit(limit)
    )
    if woken:
        rows = rows.order_by(OutboxRow.due_at)
    else:
        rows = rows.order_by(OutboxRow.poked_at.nulls_first(), OutboxRow.due_at)
        never = or_(OutboxRow.poked_at.is_(None), OutboxRow.poked_at < OutboxRow.due_at)
        rows = rows.where(or_(never, OutboxRow.poked_at < now - POKE_AGAIN, OutboxRow.poked_at > now))
    return list(session.scalars(rows))


def mark_woken(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Note that workers have been woken for these rows."""
    session.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(poked_at=now))


def backoff(attempts: int, first: float = 2.0) -> timedelta:
    """Return how long to wait after `attempts` failures: doubling, at most 15 minutes, with a quarter of jitter."""
    seconds = min(first * 2 ** min(attempts - 1, 20), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * (1 + secrets.randbelow(1000) / 4000))


def _poke_after_commit(session: Session, hub: Hub, row: OutboxRow, now: datetime) -> None:
    if row.due_at <= now:
        after_commit(session, lambda: _poke(hub, row.id))


def _poke(hub: Hub, outbox_id: int) -> None:
    crash.point("before_poke")
    hub.queue.poke(outbox_id)


def _lease(hub: Hub, outbox_id: int, token: str) -> OutboxRow | None:
    now = hub.clock()
    with hub.store.write() as session:
        taken = session.execute(
            update(OutboxRow)
            .where(OutboxRow.id == outbox_id, OutboxRow.done_at.is_(None), OutboxRow.parked_at.is_(None))
            .where(OutboxRow.due_at <= now)
            .where(lease.free(lease.ROW, now))
            .values(
                lease=token,
                lease_until=now + lease.LEASE,
                attempts=OutboxRow.attempts + 1,
                faults=OutboxRow.faults + 1,
            )
        )
        return session.get(OutboxRow, outbox_id) if taken.rowcount else None  # type: ignore[attr-defined]


def _park(hub: Hub, handlers: Mapping[str, Handler], row: OutboxRow, token: str) -> None:
    """Give a row up, until an operator retries it; whom it concerns is told by a row of the topic PARKED."""
    log.error("outbox %s (%s) is parked after %s faults", row.id, row.key, PARK_AFTER)
    with hub.store.write() as session:
        error = row.error or "It broke its worker each time."
        parked = _let_go(session, row, token, "parked", parked_at=hub.clock(), error=error)
        if parked and PARKED in handlers and row.topic != PARKED:
            add(session, hub, PARKED, f"{PARKED}:{row.id}:{row.attempts}", parked=row.topic, **row.ids)


def _finish(hub: Hub, row: OutboxRow, token: str, outcome: str, **values: Any) -> None:
    with hub.store.write() as session:
        _let_go(session, row, token, outcome, **values)


def _let_go(session: Session, row: OutboxRow, token: str, outcome: str, **values: Any) -> bool:
    """Give the lease back with an outcome, if it is still ours. Returns whether it was."""
    finished = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row.id, OutboxRow.lease == token)
        .values(lease="", lease_until=None, **values)
    )
    if finished.rowcount:  # type: ignore[attr-defined]
        counters.count(session, "outbox_deliveries", topic=row.topic, outcome=outcome)
    return bool(finished.rowcount)  # type: ignore[attr-defined]
