"""Rows 11-13, 16 and 28-33: what Zoom answers, or does not, and what has become of the meetings there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from hub.scheduling import bookings
from hub.store.models import EventType
from tests.faults.stage import LATER, SLOT, Guest, Stage
from tests.support.people import Host, at

DONE = ("slow_answer", "reset_after", "cut", "truncated", "empty", "html", "no_join_url")
NOT_DONE = ("reset_before", "500", "502", "503", "429_second", "429_4001", "429_concurrent", "redirect")

DAYS = [
    f"2026-12-{day:02}T{8 + n // 2:02}:{n % 2 * 30:02}:00+00:00" for day in (1, 2, 3, 4, 7, 8, 9, 10) for n in range(14)
]


def some(kinds: Iterable[str], *quick: str) -> list[Any]:
    """Return all kinds as parameters, of which the quick run takes these."""
    return [kind if kind in quick else pytest.param(kind, marks=pytest.mark.faults) for kind in kinds]


@pytest.fixture(name="offered")
def _offered(ada: Host) -> EventType:
    return ada.offers("zoom")


def books(stage: Stage, bob: Guest, offered: EventType, start: str = SLOT) -> int:
    bob.books(offered, start, location="zoom")
    return stage.booking().id


@pytest.mark.parametrize("kind", some(DONE, "slow_answer", "reset_after", "no_join_url"))
def test_made_and_not_told(stage: Stage, bob: Guest, offered: EventType, kind: str) -> None:
    """Row 11: where Zoom makes the meeting and its answer is late, broken or lost, that meeting is found and kept."""
    stage.patient(0.2)
    stage.breaks_zoom(kind, "create", seconds=1)
    books(stage, bob, offered)
    stage.work()
    stage.holds()
    assert len(stage.watch.of("create")) == 1


@pytest.mark.parametrize("kind", some(NOT_DONE, "reset_before", "503", "redirect"))
def test_not_made(stage: Stage, bob: Guest, offered: EventType, kind: str) -> None:
    """Row 12: where Zoom did not make it, whatever it said, the meeting is made in the end, once."""
    stage.breaks_zoom(kind, "create")
    books(stage, bob, offered)
    stage.work()
    stage.holds()
    assert len(stage.watch.of("create")) == 2
    assert len(stage.zoom.gate.sandbox.data.meetings) == 1


def test_visible_later(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 13: a meeting that Zoom lists half a minute late is waited for; no second one is made meanwhile."""
    stage.control("PATCH", "/switches", list_delay_s=30)
    stage.breaks_zoom("reset_after", "create")
    books(stage, bob, offered)
    for _ in range(8):
        stage.work()
        stage.clock.advance(seconds=10)
    stage.holds()
    assert len(stage.watch.of("create")) == 1


@pytest.mark.parametrize("cancelled", [False, True], ids=["stands", "cancelled"])
def test_visible_much_later(stage: Stage, bob: Guest, offered: EventType, cancelled: bool) -> None:
    """Row 13: where Zoom lists a meeting only after a second one was made, the one nobody has the link of is deleted."""
    stage.control("PATCH", "/switches", list_delay_s=120)
    stage.breaks_zoom("reset_after", "create")
    booking = books(stage, bob, offered)
    stage.worked_over(minutes=3)
    assert len(stage.watch.of("create")) == 2
    linked = str(stage.meeting(booking).value["external_id"])  # type: ignore[index]
    if cancelled:
        bookings.cancel(stage.hub, booking, by="invitee")
    stage.worked_over(minutes=6)
    assert [str(meeting["id"]) for meeting in stage.meetings_at_zoom()] == ([] if cancelled else [linked])
    stage.holds()


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["503", "reset_before"], ids=["5xx", "unreachable"])
def test_down_for_hours(stage: Stage, bob: Guest, offered: EventType, kind: str, figure: Callable[[str], None]) -> None:
    """Row 16: while Zoom is down bookings are taken and say so, Zoom is asked rarely, and all is made on its return."""
    stage.breaks_zoom(kind, times=None)
    for start in DAYS[:20]:
        books(stage, bob, offered, start)
    before = len(stage.watch.calls)
    stage.worked_over(hours=2)
    asked = len(stage.watch.calls) - before
    assert stage.broken(quiet=False) == []
    assert all("follow" in mail.text for mail in stage.received(bob.email))
    stage.mends_zoom()
    minutes = 0
    while len(stage.meetings_at_zoom()) < 20:
        stage.worked_over(minutes=1)
        minutes += 1
        assert minutes <= 5
    stage.holds()
    figure(f"20 waiting for 2 h, {asked} calls; all made {minutes} min after its return")


@pytest.mark.faults
def test_hundred_a_day(stage: Stage, bob: Guest, offered: EventType, figure: Callable[[str], None]) -> None:
    """Row 15: beyond the hundred changes of a day bookings stand and say that the link follows; it does the next day."""
    times = DAYS[:106]
    for start in times:
        bob.books(offered, start, location="zoom")
    stage.worked_over(minutes=30)
    made = len(stage.meetings_at_zoom())
    refused = sum(call.status == 429 for call in stage.watch.of("create"))
    assert made <= 100
    assert stage.broken(quiet=False) == []
    waiting = [mail for mail in stage.received(bob.email) if "follow" in mail.text]
    assert len(waiting) == len(times) - made
    stage.clock.advance(hours=16)
    stage.worked_over(hours=1)
    assert len(stage.meetings_at_zoom()) == len(times)
    stage.holds()
    figure(f"{len(times)} bookings: {made} made that day, {refused} calls refused, all the next day")


@pytest.mark.parametrize("kind", some([*DONE[:6], *NOT_DONE[:4]], "reset_after"))
def test_move_of_unknown_outcome(stage: Stage, bob: Guest, offered: EventType, kind: str) -> None:
    """Row 28: a move whose answer is lost is made again, which does no harm."""
    booking = books(stage, bob, offered)
    stage.calms()
    stage.patient(0.2)
    stage.breaks_zoom(kind, "update", seconds=1)
    bookings.move(stage.hub, booking, at(LATER), by="invitee")
    stage.work()
    stage.holds()


@pytest.mark.parametrize("kind", some(["reset_after", "slow_answer", "reset_before", "503"], "reset_after"))
def test_deleted_twice(stage: Stage, bob: Guest, offered: EventType, kind: str) -> None:
    """Row 29: a delete that is repeated finds nothing any more, and that is what was wanted."""
    booking = books(stage, bob, offered)
    stage.calms()
    stage.patient(0.2)
    stage.breaks_zoom(kind, "delete", seconds=1)
    bookings.cancel(stage.hub, booking, by="invitee")
    stage.work()
    stage.holds()
    assert stage.meeting(booking).state == "deleted"


def test_deleted_by_hand_then_moved(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 30: a meeting that its host deleted in Zoom is made anew when the booking moves; its link is mailed once."""
    booking = books(stage, bob, offered)
    stage.calms()
    old = stage.link()
    stage.in_zoom("delete")
    bookings.move(stage.hub, booking, at(LATER), by="invitee")
    stage.holds()
    new = stage.link()
    assert new != old
    assert sum(new in mail.text for mail in stage.received(bob.email)) == 1


def test_deleted_by_hand_then_cancelled(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 31: cancelling a booking whose meeting the host has deleted already is no error, and nobody hears of one."""
    booking = books(stage, bob, offered)
    stage.calms()
    stage.in_zoom("delete")
    bookings.cancel(stage.hub, booking, by="invitee")
    stage.holds()
    assert stage.timeline(booking)[-2:].count("failed") == 0
    assert [mail for mail in stage.received() if "hand" in str(mail.message["Subject"])] == []


def test_moved_by_hand(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 32: a meeting that its host moved in Zoom stays there until the booking moves; then ours wins."""
    booking = books(stage, bob, offered)
    stage.calms()
    number = str(stage.meeting().value["external_id"])  # type: ignore[index]
    stage.control("PATCH", f"/meetings/{number}", start_time="2026-12-05T12:00:00Z")
    stage.by_hand.add(number)
    stage.holds()
    bookings.move(stage.hub, booking, at(LATER), by="invitee")
    stage.calms()
    stage.by_hand.clear()
    assert stage.broken() == []


def test_cancelled_while_it_runs(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 33: a meeting in progress can't be deleted; it is tried again, and done once it has ended."""
    booking = books(stage, bob, offered)
    stage.calms()
    stage.in_zoom("start")
    stage.by_hand.clear()
    bookings.cancel(stage.hub, booking, by="invitee")
    stage.worked_over(minutes=30)
    assert stage.meeting(booking).state == "ready"
    assert "progress" in stage.meeting(booking).error
    stage.control("POST", f"/meetings/{stage.meeting(booking).value['external_id']}/end")  # type: ignore[index]
    stage.worked_over(minutes=21)
    stage.holds()


def test_runs_past_its_end(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 33: a meeting that goes on after its booking's end is asked about a few times an hour, until it can be deleted."""
    booking = books(stage, bob, offered)
    stage.calms()
    stage.in_zoom("start")
    stage.by_hand.clear()
    bookings.cancel(stage.hub, booking, by="invitee")
    stage.work()
    stage.clock.now = stage.booking(booking).ends_at + timedelta(hours=1)
    before = len(stage.watch.of("delete"))
    stage.worked_over(hours=1)
    assert stage.meeting(booking).state == "ready"
    assert 1 <= len(stage.watch.of("delete")) - before <= 6
    stage.control("POST", f"/meetings/{stage.meeting(booking).value['external_id']}/end")  # type: ignore[index]
    stage.worked_over(minutes=21)
    assert stage.meeting(booking).state == "deleted"


def test_cancelled_when_it_is_over(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 33: where Zoom says that a meeting is over already, nothing is left to delete, and nobody hears of an error."""
    booking = books(stage, bob, offered)
    stage.calms()
    stage.breaks_zoom("error", "delete", times=None, status=400, code=3007, message="Meeting has ended.")
    bookings.cancel(stage.hub, booking, by="invitee")
    stage.worked_over(minutes=30)
    assert stage.meeting(booking).state == "deleted"
    assert len(stage.watch.of("delete")) == 1
    assert "failed" not in stage.timeline(booking)
    assert [mail for mail in stage.received() if "hand" in str(mail.message["Subject"])] == []


def test_over_before_it_was_made(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 27: a booking whose time has passed before Zoom was back asks Zoom for nothing any more."""
    stage.breaks_zoom("503", times=None)
    booking = books(stage, bob, offered, "2026-11-30T09:00:00+00:00")
    stage.worked_over(hours=2)
    stage.mends_zoom()
    before = len(stage.watch.of("create"))
    stage.worked_over(hours=1)
    assert stage.meeting(booking).state == "closed"
    assert len(stage.watch.of("create")) == before
    assert stage.broken() == []


def test_moved_too_late_for_zoom(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 27: a move that reaches Zoom when its new time has begun is not sent: the link works, the host is told."""
    booking = books(stage, bob, offered, "2026-11-30T12:00:00+00:00")
    stage.calms()
    stage.breaks_zoom("503", times=None)
    soon = stage.clock().replace(minute=0, second=0) + timedelta(hours=2)
    bookings.move(stage.hub, booking, soon, by="invitee")
    stage.worked_over(hours=2, minutes=10)
    stage.mends_zoom()
    stage.worked_over(minutes=21)
    assert stage.broken() == []
    assert "kept" in stage.timeline(booking)


def test_to_nobody_else(stage: Stage, bob: Guest, offered: EventType, zoom_elsewhere: Any) -> None:
    """Row 70: where an answer leads to another server no token is sent there, and nothing is taken from it."""
    stage.breaks_zoom("redirect", to=zoom_elsewhere.url + "/v2/users/me/meetings")
    books(stage, bob, offered)
    stage.work()
    stage.holds()
    assert zoom_elsewhere.asked == []


@pytest.fixture(name="zoom_elsewhere")
def _zoom_elsewhere() -> Any:
    """A server that is not Zoom, and notes who comes."""
    from plugins.zoom.sandbox.server import serve

    asked: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        asked.append(environ.get("HTTP_AUTHORIZATION", ""))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b"{}"]

    with serve(app) as server:
        server.asked = asked  # type: ignore[attr-defined]
        yield server
