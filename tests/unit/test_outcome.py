"""What is written once a step came to its end, on a real booking: row, timeline, mails."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import select

from hub import Meeting
from hub.errors import ConnectionLost, MeetingGone, MissingScopes, PluginFault, ProviderError, Rejected, Temporary
from hub.meetings import outcome
from hub.meetings.decide import Action
from hub.store.models import Connection, MeetingRow, OutboxRow
from tests.support.stage import MEETING, Stage, problem
from tests.support.world import Clock

LATE = timedelta(hours=2)
MAY_EXIST = (
    "A Zoom meeting may exist: Zoom did not say whether it was made, and can't be asked now. "
    "It is looked for and deleted once the account that was to make it is connected again."
)


def test_decided_without_a_call(stage: Stage) -> None:
    """Parked, skipped and kept: each is told in the timeline, the mails wait no longer, and the host has a mail of it."""
    assert stage.waiting() == 2
    lines, mails = stage.told(outcome.decided, Action.PARK)
    assert lines == [("parked", "Zoom needs to be reconnected; the meeting waits for that.")]
    assert (stage.row().state, mails, stage.waiting()) == ("pending", [], 0)
    lines, mails = stage.told(outcome.decided, Action.SKIP)
    assert lines == [("skipped", "No Zoom meeting was made: Zoom could not be used.")]
    assert (stage.row().state, mails) == ("skipped", [problem(stage, "skipped")])


def test_kept(stage: Stage) -> None:
    """A meeting that can't follow its booking is in step with it from then on, and says so."""
    stage.has(state="ready", value=MEETING.to_json())
    stage.changes(version=1)
    lines, mails = stage.told(outcome.decided, Action.KEEP)
    assert lines == [("kept", "The time at Zoom did not change; the link still works.")]
    assert mails == [problem(stage, "kept")]
    assert stage.row().error == "The time changed here, but could not be changed at Zoom. The link still works."
    assert (stage.row().synced_version, stage.row().state, stage.waiting()) == (1, "ready", 0)


@pytest.mark.parametrize(
    ("cancelled", "value", "told"),
    [
        (True, MEETING.to_json(), True),
        (False, MEETING.to_json(), False),
        (True, {"where": "x"}, False),
        (True, None, False),
    ],
)
def test_left(stage: Stage, cancelled: bool, value: dict[str, object] | None, told: bool) -> None:
    """A meeting that stays is told to the host as a task only where there is one to delete and nobody wants it."""
    stage.has(state="ready", value=value)
    stage.changes(status="cancelled" if cancelled else "confirmed")
    lines, mails = stage.told(outcome.decided, Action.LEAVE)
    assert lines == [("left", "The Zoom meeting stays as it is.")]
    assert stage.row().state == "left"
    assert mails == ([problem(stage, "left")] if told else [])


@pytest.mark.parametrize(("provider", "told"), [("gone", True), ("phone", False), ("zoom", True)])
def test_left_where_nobody_could_delete(stage: Stage, provider: str, told: bool) -> None:
    """Of a plugin that never deletes there is nothing to do; of one that is gone there may be."""
    stage.has(state="ready", value=MEETING.to_json(), provider=provider)
    stage.changes(status="cancelled")
    assert bool(stage.told(outcome.decided, Action.LEAVE)[1]) is told


def test_closed_and_renewed(stage: Stage) -> None:
    """What is not wanted any more is closed silently; a new row is asked for beside one that can't be moved."""
    stage.has(attempted_at=stage.hub.clock(), next_try_at=stage.hub.clock())
    assert stage.told(outcome.decided, Action.CLOSE) == ([], [])
    assert (stage.row().state, stage.row().attempted_at, stage.row().next_try_at) == ("closed", None, None)
    assert stage.told(outcome.decided, Action.NOTHING) == ([], [])
    assert stage.told(outcome.decided, Action.RENEW) == ([], [])
    new = stage.row(2)
    assert (new.provider, new.attempts, new.state, new.booking_id) == ("zoom", 0, "pending", stage.id)
    stage.told(outcome.decided, Action.RENEW)
    assert stage.row(3).n == 3


@pytest.mark.parametrize("why", ["cancelled", "an earlier row"])
def test_closed_while_nobody_knows(stage: Stage, clock: Clock, why: str) -> None:
    """What was tried without an answer, and is wanted no more, may exist: the host reads so, and the trace is kept."""
    stage.has(attempted_at=clock(), next_try_at=clock())
    if why == "cancelled":
        stage.changes(status="cancelled")
    else:
        stage.told(outcome.decided, Action.RENEW)
    lines, mails = stage.told(outcome.decided, Action.CLOSE)
    assert lines == [("unsure", MAY_EXIST)]
    assert mails == ([problem(stage, "unsure")] if why == "cancelled" else [])
    assert (stage.row().state, stage.row().attempted_at, stage.row().next_try_at) == ("closed", clock(), None)


def test_closed_in_time(stage: Stage, clock: Clock) -> None:
    """Of a booking that stands, and is over, nobody has to know what its last attempt did."""
    stage.has(attempted_at=clock())
    assert stage.told(outcome.decided, Action.CLOSE) == ([], [])
    assert (stage.row().state, stage.row().attempted_at) == ("closed", None)


def test_made(stage: Stage, clock: Clock) -> None:
    """A meeting that was made is kept with whose it is and for which version, and announced in the mails that wait."""
    stage.has(error="was away", attempts=3, next_try_at=clock(), attempted_at=clock(), noticed={"deleted": True})
    clock.advance(minutes=5)
    lines, mails = stage.told(outcome.done, stage.step(Action.CREATE, version=7), MEETING)
    assert (lines, mails, stage.waiting()) == ([("made", "The Zoom meeting was made.")], [], 0)
    row = stage.row()
    assert (row.state, row.value, row.account) == ("ready", MEETING.to_json(), stage.connection.account)
    assert (row.synced_version, row.error, row.attempts) == (7, "", 0)
    assert (row.next_try_at, row.attempted_at, row.noticed, row.known_at) == (None, None, None, clock())
    assert stage.booking().sequence == 1
    with stage.hub.store.read() as session:
        assert session.scalars(select(Connection.last_success_at)).one() == clock()


def test_made_late(stage: Stage) -> None:
    """Where the mails of the booking went out without a link, it has mails of its own."""
    with stage.hub.store.write() as session:
        for waits in session.scalars(select(OutboxRow).where(OutboxRow.topic == "mail")):
            waits.done_at = stage.hub.clock()
    mails = stage.told(outcome.done, stage.step(Action.CREATE), MEETING)[1]
    assert mails == [f"mail:{stage.id}:1:link1:{whom}" for whom in ("invitee", "host")]


def test_made_for_nobody(stage: Stage) -> None:
    """A meeting made for a booking that was cancelled meanwhile is announced to nobody."""
    stage.changes(status="cancelled")
    assert stage.told(outcome.done, stage.step(Action.CREATE), MEETING)[0] == [("made", "The Zoom meeting was made.")]
    assert stage.booking().sequence == 0


def test_found(stage: Stage) -> None:
    """What was found of a lost attempt is brought into step; where nobody could search, a second one may exist."""
    blind = stage.step(Action.FIND, scopes=())
    stage.provider._hooks = frozenset(stage.provider._hooks) - {"find_meeting"}  # type: ignore[attr-defined]
    more = " An earlier attempt got no answer, so a second meeting may exist."
    assert stage.told(outcome.done, blind, MEETING)[0] == [("made", f"The Zoom meeting was made.{more}")]
    assert stage.row().synced_version == 0
    assert stage.told(outcome.done, stage.step(Action.CREATE), MEETING)[0][0][1] == "The Zoom meeting was made."
    stage.provider._hooks = frozenset(stage.provider.hooks) | {"find_meeting"}
    unpermitted, permitted = stage.step(Action.FIND), stage.step(Action.FIND, scopes=("meeting:read:list_meetings",))
    assert stage.told(outcome.done, unpermitted, MEETING)[0][0][1] == f"The Zoom meeting was made.{more}"
    assert stage.told(outcome.done, permitted, MEETING)[0][0][1] == "The Zoom meeting was made."


def test_found_nothing(stage: Stage) -> None:
    """Where there was nothing of a lost attempt, and nothing is wanted, the row is closed."""
    assert stage.told(outcome.done, stage.step(Action.FIND), None) == ([], [])
    assert stage.row().state == "closed"


def test_deleted_and_moved(stage: Stage, clock: Clock) -> None:
    """Both are told; a move keeps what the vendor answered, and knows when that was only if it changed something."""
    stage.has(state="ready", value=MEETING.to_json(), noticed={"deleted": True})
    moved = stage.step(Action.MOVE, version=4)
    assert stage.told(outcome.done, moved, MEETING) == ([("moved", "The Zoom meeting was moved.")], [])
    assert (stage.row().synced_version, stage.row().known_at, stage.waiting()) == (4, None, 0)
    other = dataclasses.replace(MEETING, passcode="7")
    stage.told(outcome.done, moved, other)
    assert (stage.row().value, stage.row().known_at, stage.row().noticed) == (other.to_json(), clock(), None)
    assert stage.told(outcome.done, stage.step(Action.DELETE), None) == (
        [("deleted", "The Zoom meeting was deleted.")],
        [],
    )
    assert stage.row().state == "deleted"


def strays(stage: Stage) -> list[MeetingRow]:
    return [row for row in stage.booking().meetings if row.stray]


def test_too_late(stage: Stage) -> None:
    """What a worker made after its lease had run out is kept as a stray that is deleted at once."""
    stage.told(outcome.too_late, stage.step(Action.CREATE), MEETING)
    (stray,) = strays(stage)
    assert (stray.n, stray.provider, stray.account) == (2, "zoom", stage.connection.account)
    assert (stray.value, stray.state, stray.attempts, stray.booking_id) == (MEETING.to_json(), "ready", 0, stage.id)
    with stage.hub.store.read() as session:
        order = session.scalars(select(OutboxRow).where(OutboxRow.key == f"sync:{stage.id}:1:stray2")).one()
        assert (order.topic, order.ids) == ("sync", {"booking": stage.id})
    stage.told(outcome.done, stage.step(Action.CREATE), MEETING)
    assert strays(stage)[0].state == "closed"


@pytest.mark.parametrize(
    ("action", "result", "left"),
    [
        (Action.FIND, MEETING, 1),
        (Action.MOVE, MEETING, 0),
        (Action.DELETE, None, 0),
        (Action.CREATE, Rejected("no"), 0),
        (Action.CREATE, None, 0),
    ],
)
def test_what_leaves_a_stray(stage: Stage, action: Action, result: Meeting | ProviderError | None, left: int) -> None:
    """Only a meeting that this worker made or took up can be too many."""
    stage.told(outcome.too_late, stage.step(action), result)
    assert len(strays(stage)) == left


def test_no_stray_of_itself(stage: Stage) -> None:
    """A late worker that reports the very meeting that the row has leaves nothing; another stray stays as it is."""
    stage.has(value=MEETING.to_json(), state="ready")
    stage.told(outcome.too_late, stage.step(Action.CREATE), MEETING)
    assert strays(stage) == []
    other = dataclasses.replace(MEETING, external_id="2")
    stage.told(outcome.too_late, stage.step(Action.CREATE), other)
    stage.told(outcome.done, stage.step(Action.CREATE), MEETING)
    assert [row.state for row in strays(stage)] == ["ready"]


def test_tried_again(stage: Stage, clock: Clock) -> None:
    """What passes is tried again after 5 s, 1, 5, then each 20 minutes, or when the vendor says; the first is told."""
    for attempt, wait in enumerate((5, 60, 300, 1200, 1200)):
        lines, mails = stage.told(outcome.failed, stage.step(Action.CREATE), Temporary("It was busy."))
        assert lines == ([("retrying", "Zoom: It was busy. It is tried again.")] if attempt == 0 else [])
        assert mails == []
        assert stage.row().next_try_at == clock() + timedelta(seconds=wait)
        assert (stage.row().attempts, stage.row().error, stage.row().state) == (attempt + 1, "It was busy.", "pending")
    stage.told(outcome.failed, stage.step(Action.CREATE), Temporary("x" * 600, retry_at=clock() + LATE))
    assert (stage.row().next_try_at, stage.row().error) == (clock() + LATE, "x" * 500)
    stage.told(outcome.failed, stage.step(Action.CREATE), Temporary("soon", retry_at=clock()))
    assert stage.row().next_try_at == clock() + timedelta(seconds=1200)


@pytest.mark.parametrize(
    ("action", "known", "ends"),
    [
        (Action.CREATE, True, "none"),
        (Action.CREATE, False, "before"),
        (Action.FIND, False, "now"),
        (Action.FIND, True, "before"),
        (Action.MOVE, True, "before"),
        (Action.MOVE, False, "before"),
    ],
)
def test_whether_it_was_made(stage: Stage, clock: Clock, action: Action, known: bool, ends: str) -> None:
    """Only where the vendor surely made nothing is the attempt forgotten; a new one without answer counts anew."""
    before = clock()
    stage.has(attempted_at=before)
    clock.advance(minutes=1)
    stage.told(outcome.failed, stage.step(action), Temporary("x", outcome_known=known))
    assert stage.row().attempted_at == {"none": None, "before": before, "now": clock()}[ends]


@pytest.mark.parametrize("fault", [ConnectionLost("The grant is gone."), MissingScopes(("meeting:write",))])
@pytest.mark.parametrize("action", [Action.CREATE, Action.MOVE])
def test_the_grant_is_dead(stage: Stage, clock: Clock, fault: ProviderError, action: Action) -> None:
    """A dead grant breaks the connection, once; what was to be made waits."""
    stage.has(attempted_at=clock())
    lines, mails = stage.told(outcome.failed, stage.step(action), fault)
    assert (lines, mails) == ([], [f"mail:broken:{stage.connection.id}:1"])
    settled = action in (Action.CREATE, Action.FIND)  # what was looked for in vain, and told, is not looked for again
    assert stage.row().attempted_at == (None if settled else clock())
    assert (stage.row().state, stage.row().error) == ("pending", fault.message)
    with stage.hub.store.read() as session:
        assert session.scalars(select(Connection.broken_reason)).one() == fault.message


def test_a_dead_grant_of_nobody(stage: Stage) -> None:
    """Where no connection was used there is none to break, and the meeting has failed; an earlier grant's end is nothing."""
    lines, _ = stage.told(outcome.failed, stage.step(Action.CREATE, connection_id=0), ConnectionLost("Gone."))
    assert (lines, stage.row().state) == ([("failed", "Zoom: Gone.")], "failed")
    stage.told(outcome.failed, stage.step(Action.MOVE, connected_at=None), ConnectionLost("Gone."))
    with stage.hub.store.read() as session:
        assert session.scalars(select(Connection.broken_reason)).one() == ""


def test_gone(stage: Stage) -> None:
    """A meeting that is to be moved and no longer exists is made anew."""
    stage.has(state="ready", value=MEETING.to_json())
    lines, mails = stage.told(outcome.failed, stage.step(Action.MOVE), MeetingGone())
    assert (lines, mails) == ([("gone", "The Zoom meeting no longer existed; a new one is made.")], [])
    assert (stage.row().state, stage.row(2).state) == ("deleted", "pending")


@pytest.mark.parametrize(
    ("action", "wanted", "state", "synced"),
    [
        (Action.CREATE, True, "failed", 5),
        (Action.FIND, False, "closed", 0),
        (Action.MOVE, True, "pending", 5),
        (Action.DELETE, False, "left", 0),
    ],
)
def test_refused(stage: Stage, clock: Clock, action: Action, wanted: bool, state: str, synced: int) -> None:
    """What the vendor refuses is not tried again by itself; the host reads its words and no mail waits any longer."""
    stage.has(next_try_at=clock(), attempted_at=clock())
    lines, mails = stage.told(outcome.failed, stage.step(action, version=5, wanted=wanted), Rejected("Not allowed."))
    assert lines == [("failed", "Zoom: Not allowed.")]
    assert mails == [problem(stage, f"failed-{action}-5")]
    assert (stage.row().state, stage.row().synced_version, stage.row().next_try_at) == (state, synced, None)
    settled = action in (Action.CREATE, Action.FIND)  # what was looked for in vain, and told, is not looked for again
    assert stage.row().attempted_at == (None if settled else clock())
    assert stage.waiting() == 0


def test_a_plugin_that_broke(stage: Stage, clock: Clock) -> None:
    """A plugin that broke may have made the meeting before: the attempt stays of unknown outcome."""
    stage.has(attempted_at=clock())
    stage.told(outcome.failed, stage.step(Action.CREATE), PluginFault("It broke."))
    assert stage.row().attempted_at == clock()


@pytest.mark.parametrize(("cancelled", "state"), [(False, "failed"), (True, "closed")])
def test_abandoned(stage: Stage, cancelled: bool, state: str) -> None:
    """A pass that broke its worker too often is given up for the booking's present version."""
    stage.changes(status="cancelled" if cancelled else "confirmed", version=3)
    lines, mails = stage.told(outcome.abandoned, Action.CREATE)
    assert lines == [("failed", f"Zoom: {outcome.BROKE}")]
    assert mails == [problem(stage, "failed-create-3", version=3)]
    assert (stage.row().state, stage.row().error) == (state, outcome.BROKE)
    assert stage.row().synced_version == (0 if cancelled else 3)


def test_an_abandoned_stray(stage: Stage) -> None:
    """An older row is wanted by nobody, though the booking stands."""
    stage.told(outcome.decided, Action.RENEW)
    stage.told(outcome.abandoned, Action.FIND)
    assert stage.row().state == "closed"


@pytest.mark.parametrize("why", ["other grant", "no tokens", "no connection"])
def test_no_success_of_another_grant(stage: Stage, clock: Clock, why: str) -> None:
    """A success with an earlier grant says nothing of the present one."""
    before = stage.connection.last_success_at
    clock.advance(minutes=1)
    if why == "no tokens":
        with stage.hub.store.write() as session:
            session.get_one(Connection, stage.connection.id).tokens = ""
    changed = {"other grant": {"connected_at": None}, "no connection": {"connection_id": 0}}.get(why, {})
    stage.told(outcome.done, stage.step(Action.CREATE, **changed), MEETING)
    with stage.hub.store.read() as session:
        assert session.scalars(select(Connection.last_success_at)).one() == before
