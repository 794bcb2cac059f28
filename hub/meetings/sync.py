"""One pass of sync for a booking: read and decide, call one hook outside any transaction, write the result."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub import crash, logs
from hub.connections import breaker
from hub.connections.broken import mark_broken
from hub.connections.readiness import Standing, standing
from hub.errors import MeetingGone, ProviderError, Temporary
from hub.meetings import gate, outcome
from hub.meetings.decide import CALLS, Action, decide
from hub.meetings.step import Step, facts_of, prepare
from hub.notify import unmade
from hub.outbox import lease
from hub.outbox.outbox import Delivery, Later
from hub.store import counters
from hub.store.models import Booking, MeetingRow
from hub.values import Meeting

if TYPE_CHECKING:
    from hub.container import Hub

QUIET = timedelta(seconds=60)  # vendors' lists may lag behind; before that, absence proves nothing
BUSY_AGAIN = timedelta(seconds=1)
MOST_STEPS = 6  # a booking that needs more steps than this in one go goes round again through the outbox

log = logging.getLogger(__name__)


def sync_booking(hub: Hub, delivery: Delivery) -> Later | None:
    """Bring the meetings of a booking into step. Returns when to look again, None when all is well."""
    booking_id, token = int(delivery.ids["booking"]), secrets.token_hex(8)
    if _taken_by_other(hub, booking_id, token):
        return Later(hub.clock() + BUSY_AGAIN, "another worker is at it")
    crash.point("after_booking_lease")
    try:
        with lease.kept(hub, lease.BOOKING, booking_id, token) as keeper:
            for _ in range(MOST_STEPS):
                step = _next(hub, booking_id, token)
                if step is None or isinstance(step, Later):
                    return step
                if not keeper.lost:  # else whoever has it now acts; the next look finds that out
                    _run(hub, booking_id, step)
        return Later(hub.clock() + BUSY_AGAIN, "more steps than one pass takes")
    finally:
        _give_back(hub, booking_id, token)


def _taken_by_other(hub: Hub, booking_id: int, token: str) -> bool:
    """Take the booking's lease, which lets one worker at a time act on it; True where another one holds it."""
    now = hub.clock()
    with hub.store.write() as session:
        taken = session.execute(
            update(Booking)
            .where(Booking.id == booking_id)
            .where(lease.free(lease.BOOKING, now))
            .values(sync_lease=token, sync_lease_until=now + lease.LEASE)
        )
        return not taken.rowcount and session.get(Booking, booking_id) is not None  # type: ignore[attr-defined]


def _locked(session: Session, booking_id: int) -> Booking | None:
    """Return the booking as it is now; whoever moves or cancels it waits until this transaction ends."""
    return session.get(Booking, booking_id, with_for_update={"of": Booking})


def _give_back(hub: Hub, booking_id: int, token: str) -> None:
    with hub.store.write() as session:
        session.execute(
            update(Booking)
            .where(Booking.id == booking_id, Booking.sync_lease == token)
            .values(sync_lease="", sync_lease_until=None)
        )


def _next(hub: Hub, booking_id: int, token: str) -> Step | Later | None:
    """Decide the next step in one transaction; what needs no call is done right there."""
    with hub.store.write() as session:
        booking = _locked(session, booking_id)
        if booking is None:
            return None
        if booking.sync_lease != token:
            return Later(hub.clock() + BUSY_AGAIN, "another worker took over")
        known = standing(session, hub, booking.host)
        _note_unreadable(session, known, booking)
        for _ in range(MOST_STEPS):
            row, action, waits = _first_action(hub, known, booking)
            if row is None:
                return Later(min(waits), "waits for its next try") if waits else None
            if action not in CALLS:
                outcome.decided(session, hub, booking, row, action)
                session.refresh(booking, ["meetings"])
                continue
            later = gate.wait(session, hub, known, booking, row, action)
            if later:
                return later
            counters.count(session, "sync_attempts", provider=row.provider, action=action)
            return prepare(hub, known, booking, row, action)
    return Later(hub.clock() + BUSY_AGAIN, "more decisions than one pass takes")


def _note_unreadable(session: Session, known: Standing, booking: Booking) -> None:
    """Have the host told, once, of a connection whose tokens can't be read any more."""
    for key in {row.provider for row in booking.meetings}:
        connection, reason = known.connections.get(key), known.broken(key)
        if connection is not None and reason:
            at = connection.connected_at
            mark_broken(session, known.hub, connection.id, reason=reason, connected_at=at, explained=True)


def _first_action(hub: Hub, known: Standing, booking: Booking) -> tuple[MeetingRow | None, Action, list[datetime]]:
    """Return the first row that something is to be done about now, and when the others are to be tried again."""
    waits = []
    for row in booking.meetings:
        action = decide(facts_of(hub, known, booking, row))
        if action is Action.NOTHING or (action is Action.PARK and row.error == unmade.PARKED):
            continue
        if action in CALLS and row.next_try_at and row.next_try_at > hub.clock():
            waits.append(row.next_try_at)
            continue
        shut = breaker.shut(known.connections.get(row.provider), hub.clock()) if action in CALLS else None
        if shut:
            row.error = row.error or outcome.AWAY
            waits.append(shut + timedelta(seconds=row.booking_id % 10))  # not all at once
            continue
        return row, action, waits
    return None, Action.NOTHING, waits


def _run(hub: Hub, booking_id: int, step: Step) -> None:
    """Call the hook, outside any transaction, and write what came of it."""
    crash.point("after_attempt_commit")
    logs.bind(provider=step.provider.key)
    result: Meeting | ProviderError | None
    try:
        result = _call(hub, step)
    except ProviderError as fault:
        log.info("booking %s: %s at %s: %s", booking_id, step.action, step.provider.key, type(fault).__name__)
        result = fault
    crash.point("after_http_before_commit")
    with hub.store.write() as session:
        booking = _locked(session, booking_id)
        if booking is None:
            return
        row = next(row for row in booking.meetings if row.id == step.row_id)
        word = type(result).__name__ if isinstance(result, ProviderError) else "done"
        counters.count(session, "sync_outcomes", provider=row.provider, action=step.action, outcome=word)
        gate.note(session, hub, step, result)
        if booking.sync_lease != step.lease:
            outcome.too_late(session, hub, booking, row, step, result)
        elif isinstance(result, ProviderError):
            outcome.failed(session, hub, booking, row, step, result)
        else:
            outcome.done(session, hub, booking, row, step, result)
    crash.point("after_commit_before_mail")


def _call(hub: Hub, step: Step) -> Meeting | None:
    """Run the step's hook; returns the meeting, or None where there is none (deleted, not found)."""
    provider, settings = step.provider, hub.settings.provider(step.provider.facts)
    if step.action is Action.DELETE:
        assert step.meeting
        try:
            provider.delete_meeting(step.meeting, step.api, settings)
        except MeetingGone:
            return None
        return None
    if step.action is Action.MOVE:
        assert step.meeting
        return provider.update_meeting(step.request, step.meeting, step.api, settings)
    if step.action is Action.FIND:
        found = None
        if provider.can("find_meeting", step.scopes):
            found = provider.find_meeting(step.request, step.api, settings)
            quiet_until = (step.attempted_at or hub.clock()) + QUIET
            if not found and hub.clock() < quiet_until:
                raise Temporary("It is not known yet whether the meeting was made.", retry_at=quiet_until)
        if found or not step.wanted:
            return found
    return provider.create_meeting(step.request, step.api, settings)
