"""Many at once: one time is sold once, one meeting is made once, and the last word of a booking wins."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.app import handlers
from hub.errors import NotPossible, SlotTaken
from hub.outbox import outbox
from hub.scheduling import bookings
from hub.store.models import Booking, MeetingRow, OutboxRow
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SLOT, LATER, LAST = "2026-12-01T09:00:00+00:00", "2026-12-02T10:30:00+00:00", "2026-12-03T12:00:00+00:00"
SCOPES = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
CALL = {"location": "phone", "phone": "+431234567"}


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all at the same moment in threads of their own; returns each one's result or exception, in order."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(n: int) -> None:
        barrier.wait(30)
        try:
            results[n] = works[n]()
        except Exception as fault:
            results[n] = fault  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    return results


def confirmed(world: World) -> list[Booking]:
    with world.hub.store.read() as session:
        return list(session.scalars(select(Booking).where(Booking.status == "confirmed").order_by(Booking.starts_at)))


def no_overlap(world: World) -> bool:
    rows = confirmed(world)
    return all(a.busy_to <= b.busy_from for a, b in itertools.pairwise(rows))


def sync_row(world: World, booking_id: int, *, newest: bool = True) -> int:
    with world.hub.store.read() as session:
        found = session.scalars(
            select(OutboxRow.id).where(OutboxRow.topic == "sync", OutboxRow.key.startswith(f"sync:{booking_id}:"))
        ).all()
    return max(found) if newest else min(found)


def delivers(world: World, booking_id: int) -> Callable[[], bool]:
    """Return a call that delivers the newest sync row of the booking, as a worker would."""
    row = sync_row(world, booking_id)
    return lambda: outbox.deliver(world.hub, handlers(world.hub), row)


def settles(world: World) -> None:
    """Let everything that is still due happen, retries included."""
    for _ in range(6):
        world.work()
        world.clock.advance(seconds=61)
    world.work()


@pytest.mark.parametrize("turn", range(3))
def test_one_time_is_sold_once(ada: Host, world: World, turn: int) -> None:
    """Fault row 58: of 32 invitees who want one time at the same moment, one gets it and 31 read that it was just taken."""
    offered = ada.offers("phone")
    crowd = [Invitee(world, f"Invitee {n}", f"i{n}@example.net") for n in range(32)]
    found = together([lambda one=one: one.books(offered, SLOT, **CALL) for one in crowd])  # type: ignore[misc]
    assert Counter(type(one).__name__ for one in found) == {"str": 1, "SlotTaken": 31}
    assert len(confirmed(world)) == 1


def test_overlapping_times(ada: Host, world: World) -> None:
    """Times that only overlap, and times with buffers, are sold so that no two touch."""
    short = ada.offers("phone", interval=10)
    padded = ada.offers("phone", title="Long talk", minutes=60, interval=10, buffer_before=10, buffer_after=20)
    starts = [f"2026-12-01T{h:02}:{m:02}:00+00:00" for h in (9, 10) for m in (0, 10, 20, 30, 40, 50)]
    works = []
    for n, start in enumerate(starts):
        for kind in (short, padded):
            one = Invitee(world, "Somebody", f"i{n}{kind.slug}@example.net")
            works.append(lambda one=one, kind=kind, start=start: one.books(kind, start, **CALL))
    found = together(works)
    assert {type(one) for one in found} == {str, SlotTaken}
    assert no_overlap(world)


def test_one_form_at_once(ada: Host, world: World) -> None:
    """Fault row 57: a form sent twenty times at once gives one booking, and every copy gets the same link."""
    offered = ada.offers("phone")
    found = together([lambda: Invitee(world).books(offered, SLOT, nonce="one", **CALL)] * 20)
    assert len(set(found)) == 1
    assert isinstance(found[0], str)
    assert len(confirmed(world)) == 1
    world.clock.advance(minutes=2)
    world.work()
    assert len(world.mails("bob@example.net")) == 1


@pytest.mark.parametrize("turn", range(5))
def test_moving_into_a_time_being_booked(ada: Host, bob: Invitee, world: World, turn: int) -> None:
    """Fault row 59: a reschedule and new bookings race for one time: one of them gets it, and the loser stays where it was."""
    offered = ada.offers("phone")
    bob.books(offered, SLOT, **CALL)
    moved = world.booking().id
    others = [Invitee(world, "Other", f"o{n}@example.net") for n in range(3)]
    works: list[Callable[[], Any]] = [lambda: bookings.move(world.hub, moved, at(LATER), by="invitee")]
    works += [lambda one=one: one.books(offered, LATER, **CALL) for one in others]
    random.Random(turn).shuffle(works)
    found = together(works)
    assert sum(isinstance(one, SlotTaken) for one in found) == 3
    assert no_overlap(world)
    assert sum(row.starts_at == at(LATER) for row in confirmed(world)) == 1
    assert world.booking(moved).starts_at in (at(SLOT), at(LATER))


def test_two_bookings_change_places(ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 59: two bookings that want each other's time at once both stay, as neither is free."""
    offered = ada.offers("phone")
    bob.books(offered, SLOT, **CALL)
    bob.books(offered, LATER, **CALL)
    first, second = (row.id for row in confirmed(world))
    found = together(
        [
            lambda: bookings.move(world.hub, first, at(LATER), by="invitee"),
            lambda: bookings.move(world.hub, second, at(SLOT), by="invitee"),
        ]
    )
    assert [type(one) for one in found] == [SlotTaken, SlotTaken]


def test_changes_of_one_booking_at_once(ada: Host, bob: Invitee, world: World) -> None:
    """Changes of one booking at the same moment happen one after the other, and each is counted."""
    offered = ada.offers("phone")
    bob.books(offered, SLOT, **CALL)
    booking = world.booking().id
    starts = [f"2026-12-02T{hour:02}:00:00+00:00" for hour in range(9, 15)]
    found = together(
        [lambda start=start: bookings.move(world.hub, booking, at(start), by="invitee") for start in starts]  # type: ignore[misc]
    )
    assert found == [None] * 6
    row = world.booking(booking)
    assert (row.version, row.sequence, row.changes) == (7, 6, 6)
    assert row.starts_at in [at(start) for start in starts]
    found = together([lambda: bookings.cancel(world.hub, booking, by="host")] * 4)
    assert found == [None] * 4
    assert world.booking(booking).version == 8
    with pytest.raises(NotPossible):
        bookings.move(world.hub, booking, at(SLOT), by="host")


def test_one_row_many_workers(ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 9: eight workers that are woken for the same row make one meeting."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.breaks_zoom("latency", "create", seconds=0.3)
    found = together([delivers(world, world.booking().id)] * 8)
    assert Counter(found) == {True: 1, False: 7}
    assert len(world.calls_at_zoom("create")) == 1
    assert world.link()


def test_many_rows_of_one_booking(ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 9: workers with different rows of the same booking make one meeting too, and take no turn from each other."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    booking = world.booking().id
    with world.hub.store.write() as session:
        rows = [outbox.add(session, world.hub, "sync", f"sync:{booking}:more{n}", booking=booking) for n in range(7)]
        ids = [row.id for row in rows if row]
    ids.append(sync_row(world, booking, newest=False))
    world.breaks_zoom("latency", "create", seconds=0.3)
    works = [lambda i=i: outbox.deliver(world.hub, handlers(world.hub), i) for i in ids]  # type: ignore[misc]
    assert together(works) == [True] * 8
    settles(world)
    assert len(world.calls_at_zoom("create")) == 1
    with world.hub.store.read() as session:
        assert session.scalar(select(func.count()).where(OutboxRow.done_at.is_(None), OutboxRow.topic == "sync")) == 0


def while_creating(world: World, booking: int, then: Callable[[], Any], *, kind: str = "latency") -> None:
    """Have `then` happen while a worker waits for Zoom's answer to a create."""
    world.breaks_zoom(kind, "create", seconds=30)
    worker = threading.Thread(target=delivers(world, booking))
    worker.start()
    waits_for(lambda: world.calls_at_zoom("create"))
    then()
    world.mends_zoom()
    worker.join(60)
    assert not worker.is_alive()


def waits_for(condition: Callable[[], Any]) -> None:
    """Wait until the local Zoom has noted something; it says so nowhere else."""
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come")


@pytest.mark.parametrize("kind", ["latency", "slow_answer"])
def test_moved_while_creating(ada: Host, bob: Invitee, world: World, kind: str) -> None:
    """Fault row 23: a booking moved while its meeting is being made ends with one meeting at the new time."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    booking = world.booking().id
    while_creating(world, booking, lambda: bookings.move(world.hub, booking, at(LATER), by="invitee"), kind=kind)
    settles(world)
    (meeting,) = world.meetings_at_zoom()
    assert meeting["start_time"] == "2026-12-02T10:30:00Z"
    assert world.link(booking)
    assert world.meeting(booking).synced_version == world.booking(booking).version
    texts = [mail.get_body(("plain",)).get_content() for mail in world.mails(bob.email)]
    assert all("2 Dec" in words for words in texts)


@pytest.mark.parametrize("kind", ["latency", "slow_answer"])
def test_cancelled_while_creating(ada: Host, bob: Invitee, world: World, kind: str) -> None:
    """Fault row 24: a booking cancelled while its meeting is being made leaves no meeting, and its last mail says cancelled."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    booking = world.booking().id
    while_creating(world, booking, lambda: bookings.cancel(world.hub, booking, by="invitee"), kind=kind)
    settles(world)
    assert world.meetings_at_zoom() == []
    assert world.meeting(booking).state == "deleted"
    assert [str(mail["Subject"]).split(":")[0] for mail in world.mails(bob.email)] == ["Cancelled"]


def test_relocated_while_creating(ada: Host, bob: Invitee, world: World) -> None:
    """A booking given another place while its meeting is being made leaves no meeting at the first place."""
    ada.connects("zoom")
    offered = ada.offers("zoom", "inperson")
    bob.books(offered, SLOT, location="zoom")
    booking, place = world.booking().id, offered.locations[1].id
    while_creating(world, booking, lambda: bookings.relocate(world.hub, booking, place, {}, by="invitee"))
    settles(world)
    assert world.meetings_at_zoom() == []
    assert world.meeting(booking).provider == "inperson"
    assert world.meeting(booking).state == "ready"


@pytest.mark.parametrize("seed", range(8))
def test_any_order(ada: Host, bob: Invitee, world: World, seed: int) -> None:
    """Fault row 26: workers, moves and cancels in any order, with answers lost on the way: in the end Zoom has what is booked."""
    chance = random.Random(seed)
    world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:list_meetings"])
    ada.connects("zoom")
    offered = ada.offers("zoom")
    starts = [SLOT, LATER, LAST, "2026-12-04T09:00:00+00:00"]
    for start in starts[:3]:
        bob.books(offered, start, location="zoom")
    ids = [row.id for row in confirmed(world)]
    for _ in range(4):
        for route in ("create", "update", "delete", "list"):
            if chance.random() < 0.5:
                fault = chance.choice(["reset_after", "slow_answer", "latency", "503", "cut", "html", "429_second"])
                world.breaks_zoom(fault, route, seconds=0.05)
        works: list[Callable[[], Any]] = []
        for booking in ids:
            works += [delivers(world, booking)] * 2
            change = chance.random()
            if change < 0.2:
                works.append(lambda b=booking: bookings.cancel(world.hub, b, by="invitee"))
            elif change < 0.7:
                to = at(chance.choice(starts))
                works.append(lambda b=booking, to=to: bookings.move(world.hub, b, to, by="host"))
        chance.shuffle(works)
        for outcome in together(works):
            assert outcome in (None, True, False) or isinstance(outcome, SlotTaken | NotPossible), outcome
        world.clock.advance(seconds=chance.choice([0, 1, 6, 61]))
    world.mends_zoom()
    for _ in range(8):
        world.work()
        world.clock.advance(minutes=21)
    world.work()
    booked = {row.id: row.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ") for row in confirmed(world)}
    made = {str(m["id"]): m["start_time"] for m in world.meetings_at_zoom()}
    linked = {b: world.meeting(b).value["external_id"] for b in booked}  # type: ignore[index]
    assert sorted(made) == sorted(linked.values())
    assert {b: made[linked[b]] for b in booked} == booked


def test_a_worker_that_was_away(ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 10: a worker that comes back after its lease has run out harms nothing: one meeting, and its link works."""
    world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:list_meetings"])
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    booking = world.booking().id

    def another_worker() -> None:
        world.clock.advance(seconds=61)
        assert delivers(world, booking)() is True

    while_creating(world, booking, another_worker, kind="slow_answer")
    settles(world)
    assert len(world.meetings_at_zoom()) == 1
    assert world.link(booking)


def test_both_report_one_meeting(ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 10: where a late worker and the one who found its meeting both report it, the meeting is kept."""
    world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:list_meetings"])
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    booking = world.booking().id
    create = world.control("POST", "/faults", route="create", kind="slow_answer", count=1, seconds=30)
    first = threading.Thread(target=delivers(world, booking))
    first.start()
    waits_for(lambda: world.calls_at_zoom("create"))
    world.clock.advance(seconds=61)
    world.control("POST", "/faults", route="list", kind="slow_answer", count=1, seconds=30)
    second = threading.Thread(target=delivers(world, booking))
    second.start()
    waits_for(lambda: world.calls_at_zoom("list") or world.calls_at_zoom("upcoming"))
    world.control("DELETE", f"/faults/{create['id']}")
    first.join(30)
    world.mends_zoom()
    second.join(30)
    assert not first.is_alive()
    assert not second.is_alive()
    with world.hub.store.read() as session:
        assert session.scalar(select(func.count()).select_from(MeetingRow)) == 2, "the late worker reported nothing"
    settles(world)
    assert len(world.meetings_at_zoom()) == 1
    assert world.link(booking)


def test_a_zombie_made_another(ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 10: where a late worker did make a second meeting, as Zoom can't be searched, the second one is removed."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    booking = world.booking().id

    def another_worker() -> None:
        world.clock.advance(seconds=61)
        assert delivers(world, booking)() is True

    while_creating(world, booking, another_worker)
    settles(world)
    assert len(world.calls_at_zoom("create")) == 2
    assert len(world.meetings_at_zoom()) == 1
    assert world.link(booking)
    assert world.clock() - at("2026-11-30T08:00:00+00:00") < timedelta(hours=1)
