"""The gate before a call, and what it learns from the outcome: the account's budget and breaker."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from hub import Limits, Meeting
from hub.connections import budget
from hub.connections.readiness import standing
from hub.errors import ProviderError, Rejected, Temporary
from hub.meetings import gate
from hub.meetings.decide import Action
from hub.outbox.outbox import Later
from hub.store.account_limits import AccountPace, AccountUse
from hub.store.models import Booking, Connection
from tests.support.stage import MEETING, Stage
from tests.support.world import Clock

LATE = timedelta(hours=2)


def waits(stage: Stage, action: Action = Action.CREATE) -> Later | None:
    found: Later | None = stage.asks(
        lambda session, known, booking, row: gate.wait(session, stage.hub, known, booking, row, action), 1
    )
    return found


def used(stage: Stage) -> int:
    with stage.hub.store.read() as session:
        return sum(session.scalars(select(AccountUse.used)))


def limited(stage: Stage, per_second: float = 0) -> None:
    limits = Limits(per_day=2, reserve=1, per_second=per_second)
    stage.provider.facts = dataclasses.replace(stage.provider.facts, limits=limits)


def test_passes(stage: Stage) -> None:
    """A call that may be made is counted for its account; a deletion on nobody's; without a connection nothing is."""
    limited(stage)
    assert waits(stage, Action.DELETE) is None
    assert used(stage) == 0
    assert waits(stage) is None
    assert used(stage) == 1
    stage.has(provider="phone")
    assert waits(stage) is None
    stage.has(provider="gone")
    assert waits(stage) is None
    assert used(stage) == 1


def test_waits_for_the_new_day(stage: Stage, clock: Clock) -> None:
    """Where the day is used up the row says so, and until when; a move has its reserve."""
    limited(stage)
    assert waits(stage) is None
    assert waits(stage) == Later(clock() + gate.SOON, "the day's budget is used up")
    said = "Zoom's daily limit is reached; this comes after 00:00 UTC."
    row = stage.row()
    assert row.error == said
    assert row.next_try_at
    assert row.next_try_at.date() == clock().date() + timedelta(days=1)
    assert stage.lines()[-1] == ("retrying", said)
    assert waits(stage, Action.MOVE) is None
    assert waits(stage, Action.MOVE)
    assert waits(stage, Action.DELETE) is None


def test_waits_for_a_turn(stage: Stage, clock: Clock) -> None:
    """Where the account's next seconds are taken, the call comes back when it is its turn, and counts only then."""
    limited(stage, per_second=1)
    stage.grants(account_data={})
    turn = clock() + timedelta(seconds=1)
    with stage.hub.store.write() as session:
        free_at = clock().timestamp() + 30
        session.add(AccountPace(account=stage.connection.account, free_at=free_at, turn_at=0.0))
    said = "other calls for this account come first"
    assert waits(stage) == Later(turn, said)
    assert waits(stage, Action.DELETE) == Later(turn + timedelta(seconds=1.25), said)
    assert used(stage) == 0
    clock.advance(seconds=40)
    assert waits(stage) is None
    assert used(stage) == 1


def test_waits_for_who_asks(stage: Stage, clock: Clock) -> None:
    """While another call asks whether the vendor is back, this one looks again in a second."""
    with stage.hub.store.write() as session:
        session.get_one(Connection, stage.connection.id).open_until = clock()
    with stage.hub.store.write() as session:
        booking = session.get_one(Booking, stage.id)
        known = standing(session, stage.hub, booking.host)
        known.connections["zoom"].open_until = clock() - LATE
        session.expunge(known.connections["zoom"])
        later = gate.wait(session, stage.hub, known, booking, booking.meetings[0], Action.CREATE)
    assert later == Later(clock() + gate.SOON, "another call asks whether the provider is back")
    assert used(stage) == 0


def learns(stage: Stage, result: Meeting | ProviderError | None, action: Action = Action.CREATE, **more: object) -> int:
    """Return how much of two is used after one call was spent and came out so."""
    limited(stage)
    with stage.hub.store.write() as session:
        assert budget.spend(session, stage.hub, stage.provider, stage.connection.account, create=True) is None
        gate.note(session, stage.hub, stage.step(action, **more), result)
    return used(stage)


@pytest.mark.parametrize(
    ("result", "action", "count"),
    [
        (MEETING, Action.CREATE, 1),
        (None, Action.CREATE, 1),
        (Rejected("no"), Action.CREATE, 1),
        (Temporary("away", away=True), Action.CREATE, 0),
        (Temporary("away", away=True, outcome_known=False), Action.MOVE, 0),
        (Temporary("away", away=True), Action.DELETE, 1),
        (Temporary("busy"), Action.CREATE, 1),
        (Temporary("lost", outcome_known=False), Action.CREATE, 1),
    ],
)
def test_what_an_outcome_costs(
    stage: Stage, result: Meeting | ProviderError | None, action: Action, count: int
) -> None:
    """Only a call that found the vendor away is given back; a deletion was never counted."""
    assert learns(stage, result, action) == count


@pytest.mark.parametrize(
    ("seconds", "more", "action", "count"),
    [
        (3601, {}, Action.CREATE, 2),
        (3600, {}, Action.CREATE, 1),
        (3601, {"outcome_known": False}, Action.CREATE, 1),
        (3601, {"away": True}, Action.CREATE, 0),
        (3601, {}, Action.DELETE, 1),
    ],
)
def test_the_day_is_used_up(
    stage: Stage, clock: Clock, seconds: int, more: dict[str, bool], action: Action, count: int
) -> None:
    """A vendor that sends everybody away for more than an hour means the day, not the second."""
    until: datetime = clock() + timedelta(seconds=seconds)
    assert learns(stage, Temporary("limit", retry_at=until, **more), action) == count


def test_nothing_to_learn(stage: Stage) -> None:
    """Without a connection nothing is learned; with one its breaker hears of the outcome."""
    away = Temporary("away", away=True)
    assert learns(stage, away, connection_id=0) == 1
    with stage.hub.store.read() as session:
        assert session.scalars(select(Connection.failures)).one() == 0
    with stage.hub.store.write() as session:
        gate.note(session, stage.hub, stage.step(Action.CREATE), away)
        gate.note(session, stage.hub, stage.step(Action.CREATE, connected_at=None), away)
    with stage.hub.store.read() as session:
        assert session.scalars(select(Connection.failures)).one() == 1
