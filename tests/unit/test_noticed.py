"""What vendors tell of meetings and accounts: taken once, which of it concerns us, and what is known after it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.connections.service import fingerprint
from hub.container import Hub
from hub.events import AccountRemoved, MeetingDeleted, MeetingMoved, MeetingRestored, VendorEvent, WebhookReply
from hub.meetings import incoming, noticed
from hub.store.deliveries import WebhookDelivery
from hub.store.models import Booking, Connection, MeetingRow
from tests.support.people import Invitee
from tests.support.stage import MEETING, Stage, problem
from tests.support.world import START, Clock, World

MOMENT = timedelta(microseconds=1)
LATER = START + timedelta(days=1)


@pytest.mark.parametrize(
    ("ahead", "minutes", "sane"),
    [
        (None, None, True),
        (timedelta(0), 1, True),
        (noticed.FARTHEST, 1440, True),
        (-noticed.FARTHEST, 30, True),
        (noticed.FARTHEST + MOMENT, 30, False),
        (-noticed.FARTHEST - MOMENT, 30, False),
        (timedelta(0), 0, False),
        (timedelta(0), -1, False),
        (timedelta(0), 1441, False),
    ],
)
def test_what_can_be_reckoned_with(hub: Hub, ahead: timedelta | None, minutes: int | None, sane: bool) -> None:
    """Ten years to either side, and a day at most: beyond that no page could show it."""
    starts_at = None if ahead is None else hub.clock() + ahead
    event = MeetingMoved(at=START, account="", meeting="1", starts_at=starts_at, minutes=minutes)
    assert noticed._sane(hub, event) is sane


def test_what_is_known() -> None:
    """Each event adds to what was known; a meeting that is there again is where it was before it was deleted."""
    moved = {"starts_at": LATER.isoformat(), "minutes": 45}
    assert noticed._known({}, MeetingMoved(at=START, account="", meeting="1", starts_at=LATER, minutes=45)) == moved
    assert noticed._known({"minutes": 45}, MeetingMoved(at=START, account="", meeting="1", starts_at=LATER)) == moved
    assert (
        noticed._known({"starts_at": LATER.isoformat()}, MeetingMoved(at=START, account="", meeting="1", minutes=45))
        == moved
    )
    assert noticed._known(moved, MeetingDeleted(at=START, account="", meeting="1")) == {**moved, "deleted": True}
    assert noticed._known({**moved, "deleted": True}, MeetingRestored(at=START, account="", meeting="1")) == moved
    assert noticed._known({**moved, "deleted": True}, MeetingMoved(at=START, account="", meeting="1")) == moved


@pytest.fixture(name="stage")
def _stage(app: object, world: World) -> Stage:
    """A booking whose meeting at Zoom is there."""
    stage = Stage(app, world)
    stage.has(
        state="ready", value=MEETING.to_json(), account=fingerprint(stage.hub, stage.provider, "z1"), synced_version=1
    )
    return stage


def deleted(stage: Stage, **more: Any) -> MeetingDeleted:
    return dataclasses.replace(MeetingDeleted(account="", at=stage.hub.clock(), meeting="1"), **more)


def concerns(stage: Stage, event: MeetingDeleted | MeetingMoved) -> bool:
    with stage.hub.store.read() as session:
        booking = session.get_one(Booking, stage.id)
        return noticed._concerns(stage.hub, stage.provider, booking, booking.meetings[0], event)


def test_what_concerns_a_meeting(stage: Stage, clock: Clock) -> None:
    """An event is about the meeting that a booking has now, and not older than what is known of it."""
    assert concerns(stage, deleted(stage))
    assert not concerns(stage, deleted(stage, meeting="2"))
    assert concerns(stage, deleted(stage, account="z1"))
    assert not concerns(stage, deleted(stage, account="z2"))
    stage.has(known_at=clock())
    assert concerns(stage, deleted(stage))
    assert not concerns(stage, deleted(stage, at=clock() - MOMENT))
    moved = MeetingMoved(account="", at=clock(), meeting="1", minutes=30)
    assert concerns(stage, moved)
    assert not concerns(stage, dataclasses.replace(moved, minutes=0))
    clock.now = stage.booking().ends_at - MOMENT
    assert concerns(stage, deleted(stage))
    clock.advance(microseconds=1)
    assert not concerns(stage, deleted(stage))


@pytest.mark.parametrize("changed", [{"state": "pending"}, {"value": None}, {"provider": "jitsi"}, {}])
def test_what_concerns_no_meeting(stage: Stage, changed: dict[str, object]) -> None:
    """Nothing is noticed of a meeting that is not made, or is another provider's, or of a booking that is cancelled."""
    stage.has(**changed)
    if not changed:
        stage.changes(status="cancelled")
    assert not concerns(stage, deleted(stage))


def notices(stage: Stage, event: Any) -> tuple[bool, list[tuple[str, str]], list[str]]:
    """Return whether it was news, the new lines of the timeline, and the keys of the mails."""
    news: list[bool] = []
    lines, mails = stage.told(lambda session, hub, *_: news.append(noticed.notice(session, hub, stage.provider, event)))
    return news[0], lines, mails


def test_news(stage: Stage, clock: Clock) -> None:
    """What is not as it should be is told once, by page and mail; so is that it is again, by page only."""
    ts = int(clock().timestamp())
    text = "The meeting was deleted in Zoom, so its link leads nowhere any more."
    mail = problem(stage, f"noticed-deleted-{ts}")
    assert notices(stage, deleted(stage)) == (True, [("noticed", text)], [mail])
    assert notices(stage, deleted(stage)) == (True, [], [])
    assert (stage.row().noticed, stage.row().known_at) == ({"deleted": True}, clock())
    again = [("in_step", "The Zoom meeting is as it should be again.")]
    clock.advance(seconds=1)
    assert notices(stage, MeetingRestored(account="", at=clock(), meeting="1")) == (True, again, [])
    assert stage.row().noticed == {}
    later = stage.booking().starts_at + timedelta(hours=1)
    moved = MeetingMoved(account="", at=clock(), meeting="1", starts_at=later)
    when = "Wed 2 Dec 2026, 12:00–12:30 (Europe/Vienna, CET)"
    text = f"The meeting was moved in Zoom: {when}. The booking did not change."
    assert notices(stage, moved) == (True, [("noticed", text)], [problem(stage, f"noticed-moved-{ts + 1}")])


def test_no_news(stage: Stage, world: World) -> None:
    """What is about no meeting that a booking has now changes nothing: it is nobody's, history, or another provider's."""
    nothing = (False, [], [])
    assert notices(stage, deleted(stage, meeting="2")) == nothing
    stage.has(known_at=stage.hub.clock())
    assert notices(stage, deleted(stage, at=START - MOMENT)) == nothing
    assert (stage.row().noticed, stage.row().known_at) == (None, stage.hub.clock())
    stage.has(provider="jitsi")
    assert notices(stage, deleted(stage)) == nothing
    stage.has(provider="zoom", state="left")
    with stage.hub.store.write() as session:
        session.add(MeetingRow(booking_id=stage.id, n=2, provider="zoom", state="ready", value={"external_id": "3"}))
    assert notices(stage, deleted(stage)) == nothing, "the former of two meetings"


def test_the_right_one_of_two(stage: Stage, world: World) -> None:
    """Of two bookings that is told to have lost its meeting whose it was."""
    Invitee(world, email="eve@example.net").books(stage.link, "2026-12-03T10:00:00+00:00", location="zoom")
    other = world.booking().id
    assert other != stage.id
    with stage.hub.store.write() as session:
        row = session.get_one(Booking, other).meetings[0]
        row.state, row.value, row.account = "ready", {**MEETING.to_json(), "external_id": "2"}, ""
    assert notices(stage, deleted(stage, meeting="2"))[0]
    assert stage.row().noticed is None
    assert world.meeting(other).noticed == {"deleted": True}


def test_the_right_one_of_two_vendors(stage: Stage, world: World) -> None:
    """Two vendors may number their meetings alike."""
    Invitee(world, email="eve@example.net").books(stage.link, "2026-12-03T10:00:00+00:00", location="zoom")
    other = world.booking().id
    with stage.hub.store.write() as session:
        row = session.get_one(Booking, other).meetings[0]
        row.state, row.value, row.account = "ready", MEETING.to_json(), ""
    stage.has(provider="jitsi")
    assert notices(stage, deleted(stage))[0]
    assert (stage.row().noticed, world.meeting(other).noticed) == (None, {"deleted": True})


def take(stage: Stage, *events: Any, body: bytes = b"{}", number: str = "") -> str:
    """Take a webhook with these events; `number` is by what its vendor knows it again."""
    return incoming.take(stage.hub, stage.provider, WebhookReply(events=events, dedupe_id=number), body).value


def test_taken_once(stage: Stage) -> None:
    """A webhook has its effects once, whether its body or its number comes again; one without effect says so."""
    assert take(stage, deleted(stage), number="a") == "news"
    assert take(stage, deleted(stage), body=b"[]", number="a") == "repeated"
    assert take(stage, deleted(stage)) == "repeated"
    assert take(stage, body=b"no events") == "no effect"
    assert (
        take(stage, VendorEvent("z1", stage.hub.clock()), body=b"of a kind that a later version knows") == "no effect"
    )
    assert take(stage, deleted(stage, meeting="2"), deleted(stage), body=b"two events") == "news"
    assert take(stage, deleted(stage, meeting="2"), body=b"nobody's") == "no effect"


def test_an_account_that_was_removed(stage: Stage, clock: Clock) -> None:
    """A grant that was taken back is news where somebody has it, and has no effect where nobody has, or it is newer."""
    with stage.hub.store.read() as session:
        connection = session.get_one(Connection, stage.connection.id)
        mine = str(connection.account_data["external_id"])
        connected_at = connection.connected_at
    assert connected_at
    at = clock()
    assert take(stage, AccountRemoved("", at), body=b"1") == "no effect"
    assert take(stage, AccountRemoved("another", at), body=b"2") == "no effect"
    assert take(stage, AccountRemoved(mine, connected_at - MOMENT), body=b"3") == "no effect"
    assert take(stage, AccountRemoved(mine, at), body=b"4") == "news"


def test_what_is_remembered_for_a_day(stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook that comes again within a day is a repeated one; what is older is forgotten, some of it at a time."""
    monkeypatch.setattr(incoming, "MOST_FORGOTTEN", 2)
    for n in range(3):
        take(stage, body=b"%d" % n)
    clock.advance(hours=24)
    assert take(stage, body=b"0") == "repeated"

    def kept() -> int:
        with stage.hub.store.read() as session:
            return len(session.scalars(select(WebhookDelivery)).all())

    clock.advance(microseconds=1)
    assert take(stage, body=b"a new one") == "no effect"
    assert kept() == 2
    assert take(stage, body=b"another") == "no effect"
    assert kept() == 2
