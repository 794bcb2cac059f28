"""One pass of sync, with a plugin whose answers are the test's: which hooks it calls, and when it looks again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from hub import Limits, Meeting, logs
from hub.connections import breaker, readiness
from hub.connections.api import ConnectionApi
from hub.errors import ConnectionLost, MeetingGone, Rejected, Temporary
from hub.meetings import outcome, sync
from hub.meetings.decide import Action
from hub.notify import unmade
from hub.outbox import lease
from hub.outbox.outbox import Delivery, Later
from hub.store import counters
from hub.store.models import Booking, Connection, OutboxRow
from tests.support.connected import connect, sign_up
from tests.support.people import Invitee
from tests.support.running import wait_for
from tests.support.stage import MEETING, Stage
from tests.support.world import Clock

SECOND = timedelta(seconds=1)
OTHER = Meeting(where="https://zoom.example/j/2", external_id="2", join_url="https://zoom.example/j/2")


def passes(stage: Stage, booking: int | None = None) -> Later | None:
    """Run one pass for the booking."""
    ids = {"booking": stage.id if booking is None else booking}
    return sync.sync_booking(stage.hub, Delivery("sync:1", ids, 1, stage.hub.clock()))


def counted(stage: Stage) -> dict[tuple[str, ...], int]:
    with stage.hub.store.read() as session:
        return {
            (name, *labels.values()): times
            for name, labels, times in counters.totals(session)
            if name.startswith("sync_")
        }


def makes(**_: object) -> Meeting:
    return MEETING


def refuses(fault: Exception) -> Callable[..., Meeting]:
    def hook(**_: object) -> Meeting:
        raise fault

    return hook


def ready(stage: Stage, **more: object) -> None:
    """Let the meeting exist, in step with its booking."""
    values = {"state": "ready", "value": MEETING.to_json(), "account": stage.connection.account}
    stage.has(**{**values, "synced_version": stage.booking().version, **more})


def searchable(stage: Stage, **more: object) -> None:
    """Let the host have permitted the search, and an attempt be without an answer."""
    stage.grants(scopes=[*stage.connection.scopes, "meeting:read:list_meetings"])
    stage.has(**{"attempted_at": stage.hub.clock(), "account": stage.connection.account, **more})


def test_made(stage: Stage, clock: Clock) -> None:
    """A pass makes the meeting by one call, counts it, and gives the booking's lease back."""
    held: list[tuple[str, datetime | None, datetime | None]] = []

    def creates(**_: object) -> Meeting:
        booking = stage.booking()
        held.append((booking.sync_lease, booking.sync_lease_until, stage.row().attempted_at))
        return MEETING

    calls = stage.plays(create_meeting=creates)
    assert passes(stage) is None
    ((hook, given),) = calls
    assert (hook, sorted(given)) == ("create_meeting", ["api", "request", "settings"])
    assert given["request"].title == stage.booking().title
    assert isinstance(given["api"], ConnectionApi)
    assert given["settings"] == stage.hub.settings.provider(stage.provider.facts) != {}
    ((lease, until, attempted),) = held
    assert len(lease) == 16
    assert (until, attempted) == (clock() + timedelta(seconds=12), clock())
    assert (stage.row().state, stage.row().value) == ("ready", MEETING.to_json())
    assert (stage.booking().sync_lease, stage.booking().sync_lease_until) == ("", None)
    assert counted(stage) == {
        ("sync_attempts", "create", "zoom"): 1,
        ("sync_outcomes", "create", "done", "zoom"): 1,
    }
    assert passes(stage) is None
    assert len(calls) == 1
    with stage.hub.store.read() as session:
        mails = session.scalars(select(OutboxRow.key).where(OutboxRow.topic == "mail")).all()
    assert not [key for key in mails if "broken" in key]


def test_refused(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """What a hook raises is written down and counted by its kind; there is nothing to wait for."""
    caplog.set_level(logging.INFO, "hub.meetings.sync")
    stage.plays(create_meeting=refuses(Rejected("Not allowed.")))
    assert passes(stage) is None
    assert (stage.row().state, stage.row().error) == ("failed", "Not allowed.")
    assert counted(stage)["sync_outcomes", "create", "Rejected", "zoom"] == 1
    assert [record.message for record in caplog.records] == [f"booking {stage.id}: create at zoom: Rejected"]


def test_another_worker_is_at_it(stage: Stage, clock: Clock) -> None:
    """While another worker has the booking nothing is done, and it is looked at again in a second."""
    calls = stage.plays(create_meeting=makes)
    theirs = clock() + timedelta(seconds=5)
    stage.changes(sync_lease="theirs", sync_lease_until=theirs)
    assert passes(stage) == Later(clock() + SECOND, "another worker is at it")
    assert (stage.booking().sync_lease, stage.booking().sync_lease_until, calls) == ("theirs", theirs, [])
    clock.advance(seconds=6)
    assert passes(stage) is None
    assert len(calls) == 1


def test_no_such_booking(stage: Stage) -> None:
    """Of a booking that is gone there is nothing to do."""
    calls = stage.plays(create_meeting=makes)
    assert passes(stage, 4711) is None
    assert calls == []


def test_another_worker_took_over(stage: Stage, clock: Clock) -> None:
    """Whoever loses the booking during a call leaves the row to the other, and only keeps what it made as a stray."""

    def creates(**_: object) -> Meeting:
        stage.changes(sync_lease="theirs")
        return MEETING

    stage.plays(create_meeting=creates)
    assert passes(stage) == Later(clock() + SECOND, "another worker took over")
    assert (stage.booking().sync_lease, stage.row().state) == ("theirs", "pending")
    assert [row.value for row in stage.booking().meetings if row.stray] == [MEETING.to_json()]


def test_deleted_meanwhile(stage: Stage) -> None:
    """A booking that goes during the call leaves nothing to write to."""

    def creates(**_: object) -> Meeting:
        with stage.hub.store.write() as session:
            session.delete(session.get_one(Booking, stage.id))
        return MEETING

    stage.plays(create_meeting=creates)
    assert passes(stage) is None
    assert ("sync_outcomes", "create", "done", "zoom") not in counted(stage)


def test_waits_for_its_next_try(stage: Stage, clock: Clock) -> None:
    """A row whose next try comes later is left until then, the earliest of several; at that moment it is tried."""
    calls = stage.plays(create_meeting=makes, find_meeting=lambda **_: None)
    soon, late = clock() + timedelta(minutes=1), clock() + timedelta(minutes=5)
    stage.told(outcome.decided, Action.RENEW)
    searchable(stage, next_try_at=late)
    with stage.hub.store.write() as session:
        session.get_one(Booking, stage.id).meetings[1].next_try_at = soon
    assert passes(stage) == Later(soon, "waits for its next try")
    assert calls == []
    clock.now = soon
    assert passes(stage) == Later(late, "waits for its next try")
    assert [hook for hook, _ in calls] == ["create_meeting"]
    clock.now = late
    assert passes(stage) is None
    assert [hook for hook, _ in calls] == ["create_meeting", "find_meeting"]


def test_waits_while_the_vendor_is_away(stage: Stage, clock: Clock) -> None:
    """Behind a breaker that is open no call is made; bookings come back spread over ten seconds, and say why."""
    calls = stage.plays(create_meeting=makes)
    until = clock() + breaker.ASK_AGAIN
    stage.grants(open_until=until, failures=3)
    again = Later(until + timedelta(seconds=stage.id % 10), "waits for its next try")
    assert passes(stage) == again
    assert stage.id % 10
    assert (stage.row().error, calls) == (outcome.AWAY, [])
    stage.has(error="It was busy.")
    assert passes(stage) == again
    assert stage.row().error == "It was busy."
    stage.changes(status="cancelled")
    assert passes(stage) is None, "what needs no call is done"
    assert stage.row().state == "closed"


def test_parked_once(stage: Stage, clock: Clock) -> None:
    """Without a working connection the meeting waits, which is told once; the host hears of tokens that can't be read."""
    calls = stage.plays(create_meeting=makes)
    stage.grants(tokens="damaged")
    connect(
        stage.hub, stage.provider, sign_up(stage.hub, "grace@example.com"), stage.connection.account_data["external_id"]
    )
    for _ in range(2):
        assert passes(stage) is None
    assert [what for what, _ in stage.lines()].count("parked") == 1
    assert (stage.row().error, calls) == (unmade.PARKED, [])
    with stage.hub.store.read() as session:
        connection = session.get_one(Connection, stage.connection.id)
        told = session.scalars(select(OutboxRow.key).where(OutboxRow.key.contains("broken"))).all()
    assert connection.broken_reason == readiness.tokens.UNREADABLE, "which no other host's connection has caused"
    assert (connection.broken_at, told) == (clock(), [f"mail:broken:{connection.id}:1"])


def test_others_wait_for_no_parked_one(stage: Stage) -> None:
    """Beside a row that waits for a reconnect another one is seen to."""
    calls = stage.plays()
    stage.told(outcome.decided, Action.RENEW)
    stage.grants(broken_reason="dead")
    stage.has(error=unmade.PARKED)
    assert passes(stage) is None
    assert (stage.row(1).state, stage.row(2).error, calls) == ("closed", unmade.PARKED, [])


def test_a_lost_grant(stage: Stage) -> None:
    """A grant that dies in a call parks the meeting in the same pass."""
    calls = stage.plays(create_meeting=refuses(ConnectionLost("The grant is gone.")))
    assert passes(stage) is None
    assert (len(calls), stage.row().state, stage.row().error) == (1, "pending", unmade.PARKED)


def test_a_budget_that_is_used_up(stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to wait before its call is not counted as an attempt."""
    calls = stage.plays(create_meeting=makes)
    later = Later(clock() + SECOND, "the day's budget is used up")
    monkeypatch.setattr(sync.gate, "wait", lambda *_: later)
    assert passes(stage) == later
    assert (calls, counted(stage), stage.row().attempted_at) == ([], {}, None)


def test_more_steps_than_one_pass_takes(stage: Stage, clock: Clock) -> None:
    """A booking that moves during each call is given back after six of them, and comes again in a second."""

    def moves(**_: object) -> Meeting:
        stage.changes(version=stage.booking().version + 1)
        return MEETING

    calls = stage.plays(create_meeting=moves, update_meeting=moves)
    assert passes(stage) == Later(clock() + SECOND, "more steps than one pass takes")
    assert [hook for hook, _ in calls] == ["create_meeting"] + 5 * ["update_meeting"]
    assert stage.booking().sync_lease == ""


def test_more_decisions_than_one_pass_takes(stage: Stage, clock: Clock) -> None:
    """Decisions that need no call are taken together, six at a time."""
    calls = stage.plays(create_meeting=makes)
    for _ in range(7):
        stage.told(outcome.decided, Action.RENEW)
    assert passes(stage) == Later(clock() + SECOND, "more decisions than one pass takes")
    assert [row.state for row in stage.booking().meetings] == 6 * ["closed"] + 2 * ["pending"]
    assert calls == []
    assert passes(stage) is None
    assert [row.state for row in stage.booking().meetings] == 7 * ["closed"] + ["ready"]


@pytest.mark.parametrize("fault", [None, MeetingGone()])
def test_deleted(stage: Stage, fault: Exception | None) -> None:
    """The meeting of a cancelled booking is deleted; one that is gone already was what was wanted."""
    calls = stage.plays(delete_meeting=refuses(fault) if fault else lambda **_: "whatever")
    ready(stage)
    stage.changes(status="cancelled")
    assert passes(stage) is None
    ((hook, given),) = calls
    assert (hook, sorted(given), given["meeting"]) == ("delete_meeting", ["api", "meeting", "settings"], MEETING)
    assert given["settings"] == stage.hub.settings.provider(stage.provider.facts)
    assert isinstance(given["api"], ConnectionApi)
    assert stage.row().state == "deleted"
    assert counted(stage)["sync_outcomes", "delete", "done", "zoom"] == 1


def test_moved(stage: Stage) -> None:
    """A meeting follows its booking, and keeps what the vendor answered."""
    calls = stage.plays(update_meeting=lambda **_: OTHER)
    ready(stage, synced_version=0)
    stage.changes(version=4)
    assert passes(stage) is None
    ((hook, given),) = calls
    assert (hook, sorted(given)) == ("update_meeting", ["api", "meeting", "request", "settings"])
    assert (given["meeting"], given["request"].starts_at) == (MEETING, stage.booking().starts_at)
    assert given["settings"] == stage.hub.settings.provider(stage.provider.facts)
    assert isinstance(given["api"], ConnectionApi)
    assert (stage.row().value, stage.row().synced_version) == (OTHER.to_json(), 4)


def test_found(stage: Stage) -> None:
    """The result of a lost attempt is taken up, and brought into step by a move."""
    calls = stage.plays(find_meeting=lambda **_: OTHER, update_meeting=lambda **_: OTHER)
    searchable(stage)
    assert passes(stage) is None
    assert [hook for hook, _ in calls] == ["find_meeting", "update_meeting"]
    given = calls[0][1]
    assert sorted(given) == ["api", "request", "settings"]
    assert (given["request"].title, given["settings"]) == (
        stage.booking().title,
        stage.hub.settings.provider(stage.provider.facts),
    )
    assert isinstance(given["api"], ConnectionApi)
    assert stage.row().value == OTHER.to_json()


def test_not_found(stage: Stage, clock: Clock) -> None:
    """Before a minute has passed nobody knows; from then on what was not found is made."""
    calls = stage.plays(create_meeting=makes, update_meeting=makes, find_meeting=lambda **_: None)
    attempted = clock()
    searchable(stage)
    assert passes(stage) == Later(attempted + sync.QUIET, "waits for its next try")
    assert stage.row().error == "It is not known yet whether the meeting was made."
    assert stage.row().attempted_at == attempted
    clock.now = attempted + sync.QUIET - timedelta(microseconds=1)
    stage.has(next_try_at=None)
    passes(stage)
    assert [hook for hook, _ in calls] == 2 * ["find_meeting"]
    stage.has(next_try_at=None)
    clock.now = attempted + sync.QUIET
    assert passes(stage) is None
    assert [hook for hook, _ in calls] == [*3 * ["find_meeting"], "create_meeting", "update_meeting"]
    assert stage.row().value == MEETING.to_json()


@pytest.mark.parametrize("left", [False, True])
def test_found_for_nobody(stage: Stage, clock: Clock, left: bool) -> None:
    """What a lost attempt may have left of a cancelled booking is looked for, never made, and deleted where it is."""
    calls = stage.plays(find_meeting=lambda **_: MEETING if left else None, delete_meeting=lambda **_: None)
    searchable(stage)
    stage.changes(status="cancelled")
    clock.advance(minutes=2)
    assert passes(stage) is None
    assert [hook for hook, _ in calls] == ["find_meeting"] + left * ["delete_meeting"]
    assert stage.row().state == ("deleted" if left else "closed")


@pytest.mark.parametrize("cancelled", [False, True])
def test_nobody_can_search(stage: Stage, clock: Clock, cancelled: bool) -> None:
    """Where the plugin can't search, what is wanted is made at once, and what is not stays unknown."""
    calls = stage.plays(create_meeting=makes)
    stage.has(attempted_at=clock(), account=stage.connection.account)
    stage.changes(status="cancelled" if cancelled else "confirmed")
    assert passes(stage) is None
    assert [hook for hook, _ in calls][:1] == ([] if cancelled else ["create_meeting"])
    assert stage.row().state == ("closed" if cancelled else "ready")


def test_tried_again(stage: Stage, clock: Clock) -> None:
    """What passes is waited for, and said to the outbox."""
    stage.plays(create_meeting=refuses(Temporary("It was busy.")))
    assert passes(stage) == Later(clock() + timedelta(seconds=5), "waits for its next try")
    assert stage.row().attempts == 1


def test_learned_from(stage: Stage) -> None:
    """What a call found tells the connection's breaker how the vendor is; log lines meanwhile say whose call it is."""
    about: list[object] = []

    def away(**_: object) -> Meeting:
        about.append(logs._about.get().get("provider"))
        raise Temporary("Nobody answers.", away=True)

    stage.plays(create_meeting=away)
    with logs.bound(outbox=1):
        passes(stage)
    assert about == ["zoom"]
    with stage.hub.store.read() as session:
        assert session.scalars(select(Connection.failures)).one() == 1


def test_kept_while_it_works(stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a hook works the booking's lease is renewed."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.01)

    def creates(**_: object) -> Meeting:
        clock.advance(seconds=5)
        wait_for(lambda: stage.booking().sync_lease_until == clock() + lease.LEASE)
        return MEETING

    stage.plays(create_meeting=creates)
    assert passes(stage) is None
    assert stage.row().state == "ready"


def test_gives_back_its_own_lease_only(stage: Stage) -> None:
    """A lease of the same name on another booking is not ours to give back."""
    Invitee(stage.world, email="eve@example.net").books(stage.link, "2026-12-03T10:00:00+00:00", location="zoom")
    other = stage.world.booking().id

    def creates(**_: object) -> Meeting:
        held = stage.booking().sync_lease
        with stage.hub.store.write() as session:
            session.get_one(Booking, other).sync_lease = held
        return MEETING

    stage.plays(create_meeting=creates)
    assert passes(stage) is None
    assert (stage.booking().sync_lease, bool(stage.world.booking(other).sync_lease)) == ("", True)


def test_a_day_that_is_used_up(stage: Stage, clock: Clock) -> None:
    """Where the account's day is used up, the meeting waits for the next one and says so; a deletion does not wait."""
    limits = Limits(per_day=1, reserve=1)
    stage.provider.facts = dataclasses.replace(stage.provider.facts, limits=limits)
    calls = stage.plays(create_meeting=makes, delete_meeting=lambda **_: None)
    assert passes(stage) == Later(clock() + SECOND, "the day's budget is used up")
    assert stage.lines()[-1] == ("retrying", "Zoom's daily limit is reached; this comes after 00:00 UTC.")
    assert calls == []
    ready(stage, next_try_at=None)
    stage.changes(status="cancelled")
    assert passes(stage) is None
    assert [hook for hook, _ in calls] == ["delete_meeting"]


def test_others_do_not_wait_for_an_outage(stage: Stage, clock: Clock) -> None:
    """Behind one row that waits for its vendor, another provider's is seen to."""
    stage.told(outcome.decided, Action.RENEW)
    stage.grants(open_until=clock() + breaker.ASK_AGAIN, failures=3)
    searchable(stage)
    with stage.hub.store.write() as session:
        session.get_one(Booking, stage.id).meetings[1].provider = "jitsi"
    assert passes(stage) == Later(
        clock() + breaker.ASK_AGAIN + timedelta(seconds=stage.id % 10), "waits for its next try"
    )
    assert (stage.row(1).state, stage.row(2).state) == ("pending", "ready")
