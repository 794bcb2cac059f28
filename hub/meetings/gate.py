"""What a call to a vendor has to pass, and what its outcome tells of the next: the account's pace, breaker and budget."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub.connections import breaker, budget, pace
from hub.connections.readiness import Standing
from hub.errors import ProviderError, Temporary
from hub.meetings.decide import Action
from hub.meetings.step import Step
from hub.notify import announce
from hub.outbox.outbox import Later
from hub.store.models import Booking, MeetingRow
from hub.values import Meeting

if TYPE_CHECKING:
    from hub.container import Hub

LONG_WAIT = timedelta(hours=1)  # who asks for as much does not mean the calls of one second
SOON = timedelta(seconds=1)


def wait(
    session: Session, hub: Hub, known: Standing, booking: Booking, row: MeetingRow, action: Action
) -> Later | None:
    """Return None where the call may be made now, else when to look again; the row then says why."""
    connection, provider = known.connections.get(row.provider), hub.registry.get(row.provider)
    if connection is None or provider is None:
        return None
    turn = pace.crowded(session, hub, provider, connection)
    if turn:
        return Later(turn, "other calls for this account come first")
    if not breaker.enter(session, hub, connection):
        return Later(hub.clock() + SOON, "another call asks whether the provider is back")
    if action is Action.DELETE:
        return None  # deletions are on nobody's account
    until = budget.spend(session, hub, provider, connection.account, create=action is not Action.MOVE)
    if until is None:
        return None
    row.next_try_at = until
    row.error = f"{provider.facts.label}'s daily limit is reached; this comes after 00:00 UTC."
    announce.note(session, hub, booking, "retrying", row.error)
    return Later(hub.clock() + SOON, "the day's budget is used up")


def note(session: Session, hub: Hub, step: Step, result: Meeting | ProviderError | None) -> None:
    """Take in what came of the step's call."""
    if not step.connection_id:
        return
    breaker.note(session, hub, step.connection_id, step.connected_at, result)
    if not isinstance(result, Temporary):
        return
    if result.away and step.action is not Action.DELETE:
        budget.give_back(session, hub, step.account)
    if not result.outcome_known or result.away:
        return
    until = result.retry_at
    if until and until - hub.clock() > LONG_WAIT and step.action is not Action.DELETE:
        budget.exhausted(session, hub, step.provider, step.account)
