"""One step of sync: the facts that it is decided on, and what it takes along for its call."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from hub import Location, MeetingRequest, Person
from hub.connections.api import ConnectionApi
from hub.meetings import outcome, step
from hub.meetings.decide import Action, Facts
from hub.meetings.step import Step
from hub.store.models import Connection
from hub.values import Readiness
from tests.support.stage import MEETING, Stage
from tests.support.world import Clock

MOMENT = timedelta(microseconds=1)
NEW = Facts(
    wanted=True,
    state="pending",
    behind=True,
    attempted=False,
    readiness=Readiness.READY,
    same_account=True,
    can_move=True,
    can_delete=True,
)


def facts(stage: Stage, n: int = 1) -> Facts:
    found: Facts = stage.asks(lambda _, known, booking, row: step.facts_of(stage.hub, known, booking, row), n)
    return found


def differs(stage: Stage, n: int = 1) -> dict[str, object]:
    """Return in what the facts differ from those of a new booking."""
    found, new = dataclasses.asdict(facts(stage, n)), dataclasses.asdict(NEW)
    return {name: value for name, value in found.items() if value != new[name]}


def test_of_a_new_booking(stage: Stage) -> None:
    """Its meeting is wanted, and can be made."""
    assert differs(stage) == {}


def test_of_what_is_wanted(stage: Stage) -> None:
    """Only the newest row of a booking that stands is wanted."""
    stage.told(outcome.decided, Action.RENEW)
    assert differs(stage, 1) == {"wanted": False}
    assert differs(stage, 2) == {}
    stage.changes(status="cancelled")
    assert differs(stage, 2) == {"wanted": False}


@pytest.mark.parametrize(("synced", "behind"), [(6, True), (7, False), (8, False)])
def test_of_versions(stage: Stage, synced: int, behind: bool) -> None:
    """A row is behind where the booking has changed since."""
    stage.changes(version=7)
    stage.has(synced_version=synced)
    assert facts(stage).behind is behind


def test_of_an_attempt(stage: Stage, clock: Clock) -> None:
    """What was begun and has no outcome is told."""
    stage.has(attempted_at=clock())
    assert differs(stage) == {"attempted": True}


@pytest.mark.parametrize(
    ("state", "account", "same"),
    [
        ("ready", "mine", True),
        ("ready", "other", False),
        ("ready", "", False),
        ("pending", "mine", True),
        ("pending", "other", False),
        ("failed", "", True),
    ],
)
def test_of_the_account(stage: Stage, state: str, account: str, same: bool) -> None:
    """A meeting is of the connected account or of another; what was never made may be made in any."""
    stage.has(state=state, account=stage.connection.account if account == "mine" else account)
    assert (facts(stage).state, facts(stage).same_account) == (state, same)


@pytest.mark.parametrize(("hook", "fact"), [("update_meeting", "can_move"), ("delete_meeting", "can_delete")])
def test_of_hooks(stage: Stage, hook: str, fact: str) -> None:
    """What the plugin does not do, or has no permission for, can't be done."""
    oauth = stage.provider.oauth
    assert oauth
    scope = dataclasses.replace(oauth.optional_scopes[0], name="more", enables=hook)
    stage.provider.facts = dataclasses.replace(
        stage.provider.facts, oauth=dataclasses.replace(oauth, optional_scopes=(scope,))
    )
    assert differs(stage) == {fact: False}
    stage.grants(scopes=[*stage.connection.scopes, "more"])
    assert differs(stage) == {}
    stage.provider._hooks = frozenset(stage.provider.hooks) - {hook}
    assert differs(stage) == {fact: False}


def test_of_a_connection_that_is_gone(stage: Stage) -> None:
    """Without a connection nothing optional is permitted, and no meeting of an account is within reach."""
    stage.has(account=stage.connection.account)
    with stage.hub.store.write() as session:
        session.delete(session.get_one(Connection, stage.connection.id))
    assert differs(stage) == {"readiness": Readiness.NOT_CONNECTED, "same_account": False}


def test_of_a_plugin_that_is_gone(stage: Stage) -> None:
    """It can do nothing."""
    stage.has(provider="gone")
    assert differs(stage) == {"readiness": Readiness.NOT_INSTALLED, "can_move": False, "can_delete": False}


def test_of_the_time(stage: Stage, clock: Clock) -> None:
    """From its start on a booking has begun, from its end on it is over."""
    begins, ends = stage.booking().starts_at, stage.booking().ends_at
    for moment, started, over in (
        (begins - MOMENT, False, False),
        (begins, True, False),
        (ends - MOMENT, True, False),
        (ends, True, True),
    ):
        clock.now = moment
        assert (facts(stage).started, facts(stage).over) == (started, over)


def prepared(stage: Stage, action: Action, n: int = 1) -> Step:
    made: Step = stage.asks(lambda _, known, booking, row: step.prepare(stage.hub, known, booking, row, action), n)
    return made


def test_to_create(stage: Stage, clock: Clock) -> None:
    """A step takes along all that its call needs; that it is about to create is written down with whose it will be."""
    stage.changes(version=7, sync_lease="ours", answers={"topic": "Engines"})
    made, row, booking = prepared(stage, Action.CREATE), stage.row(), stage.booking()
    assert isinstance(made.api, ConnectionApi)
    assert made.api._connection_id == stage.connection.id
    assert made.api._provider is stage.provider
    assert made.api._hub is stage.hub
    ref = stage.hub.vault.fingerprint(f"meeting:{booking.ref}:1")
    assert dataclasses.replace(made, api=None) == Step(
        action=Action.CREATE,
        wanted=True,
        row_id=row.id,
        version=7,
        lease="ours",
        provider=stage.provider,
        api=None,
        scopes=tuple(stage.connection.scopes),
        request=MeetingRequest(
            ref=ref,
            title=booking.title,
            starts_at=booking.starts_at,
            minutes=30,
            timezone=booking.host.timezone,
            host=Person("Ada Lovelace", "ada@example.com"),
            invitee=Person("Bob Invitee", "bob@example.net"),
            location=Location("zoom"),
            answers={"topic": "Engines"},
        ),
        meeting=None,
        attempted_at=clock(),
        connection_id=stage.connection.id,
        connected_at=stage.connection.connected_at,
        account=stage.connection.account,
    )
    assert stage.connection.scopes
    assert (row.attempted_at, row.account) == (clock(), stage.connection.account)


@pytest.mark.parametrize("action", [Action.FIND, Action.MOVE, Action.DELETE])
def test_to_do_anything_else(stage: Stage, clock: Clock, action: Action) -> None:
    """Only a creation is written down before; what was tried and what there is go along."""
    tried = clock() - timedelta(hours=1)
    stage.has(attempted_at=tried, account="another", value=MEETING.to_json())
    made = prepared(stage, action)
    assert (made.action, made.meeting, made.attempted_at) == (action, MEETING, tried)
    assert made.account == stage.connection.account
    assert (stage.row().attempted_at, stage.row().account) == (tried, "another")


def test_for_nobody(stage: Stage) -> None:
    """An earlier row is unwanted, as is any of a cancelled booking; each has a marker of its own."""
    stage.told(outcome.decided, Action.RENEW)
    first, second = prepared(stage, Action.FIND), prepared(stage, Action.FIND, 2)
    assert (first.wanted, second.wanted) == (False, True)
    assert second.row_id == stage.row(2).id
    assert first.request.ref != second.request.ref == step.marker(stage.hub, stage.booking().ref, 2)
    stage.changes(status="cancelled")
    assert not prepared(stage, Action.FIND, 2).wanted


@pytest.mark.parametrize("left", [False, True])
def test_without_a_connection(stage: Stage, clock: Clock, left: bool) -> None:
    """A provider that needs no connection gets none, though one may be left of when it did."""
    if left:
        stage.grants(provider="phone")
    stage.has(provider="phone", account="another")
    made = prepared(stage, Action.CREATE)
    assert (made.api, made.scopes, made.connection_id, made.connected_at, made.account) == (None, (), 0, None, "")
    assert (stage.row().account, stage.row().attempted_at) == ("", clock())
