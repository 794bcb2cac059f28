"""What hosts do by hand, on both engines: make event types, set hours, and help a meeting that does not come."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.errors import InvalidInput, NotPossible
from hub.forms import InvalidForm
from hub.meetings import repair
from hub.scheduling import bookings, event_types, hours
from hub.scheduling.event_type_form import Typed, TypedLocation
from hub.store.models import MeetingRow
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SLOT = "2026-12-01T09:00:00+00:00"
CALL = TypedLocation("phone", {"mode": "host_calls"})


def test_retry_makes_the_meeting_once(ada: Host, bob: Invitee, world: World) -> None:
    """Retry makes a meeting that was refused, once however often it is pressed, and mails its link."""
    ada.connects("zoom")
    world.breaks_zoom("error", "create", status=400, code=300)
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    ref = world.booking().ref
    assert repair.retry(world.hub, ada.id, ref)
    with pytest.raises(NotPossible):
        repair.retry(world.hub, ada.id, ref)
    world.work()
    assert len(world.meetings_at_zoom()) == 1
    assert world.link() in world.mails(bob.email)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_retry_of_a_move(ada: Host, bob: Invitee, world: World) -> None:
    """Where only the move was refused, retry moves the meeting that there is; it makes no second one."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    (made,) = world.meetings_at_zoom()
    world.breaks_zoom("error", "update", status=400, code=300)
    bookings.move(world.hub, world.booking().id, at("2026-12-02T09:00:00+00:00"), by="host")
    world.work()
    assert world.meeting().error
    world.mends_zoom()
    assert repair.retry(world.hub, ada.id, world.booking().ref)
    row = world.meeting()
    assert (row.n, row.state, row.synced_version, row.attempts, row.error) == (1, "ready", 0, 0, "")
    assert (world.timeline()[-1], world.told()[-1]) == ("retried", "You asked for the meeting once more.")
    world.work()
    (moved,) = world.meetings_at_zoom()
    assert (moved["id"], moved["start_time"]) == (made["id"], "2026-12-02T09:00:00Z")


def test_retry_of_one_deleted_there(ada: Host, bob: Invitee, world: World) -> None:
    """For a meeting that the host deleted in Zoom, retry makes another one; the former is done with."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    with world.hub.store.write() as session:
        session.query(MeetingRow).one().noticed = {"deleted": True}
    assert repair.retry(world.hub, ada.id, world.booking().ref)
    assert [(row.n, row.state, row.attempts) for row in world.booking().meetings] == [
        (1, "deleted", 0),
        (2, "pending", 0),
    ]


@pytest.mark.parametrize(
    ("state", "more", "possible"),
    [
        ("pending", {}, False),
        ("pending", {"error": "It was busy."}, True),
        ("ready", {}, False),
        ("ready", {"error": "It did not follow."}, True),
        ("ready", {"noticed": {"deleted": True}}, True),
        ("failed", {}, True),
        ("skipped", {}, True),
        ("closed", {}, True),
        ("deleted", {"error": "x"}, False),
        ("left", {"error": "x"}, False),
        ("manual", {"error": "x"}, False),
    ],
)
def test_what_can_be_tried_again(
    ada: Host, bob: Invitee, world: World, state: str, more: dict[str, object], possible: bool
) -> None:
    """A meeting that was not made, did not follow, or is gone at the vendor; not that of a cancelled booking."""
    bob.books(ada.offers("phone"), SLOT, location="phone")
    with world.hub.store.write() as session:
        row = session.query(MeetingRow).one()
        row.state = state
        for name, value in more.items():
            setattr(row, name, value)
    assert repair.can_retry(world.booking()) is possible
    bookings.cancel(world.hub, world.booking().id, by="host")
    assert not repair.can_retry(world.booking())
    with world.hub.store.write() as session:
        session.query(MeetingRow).delete()
    assert not repair.can_retry(world.booking())


def test_a_pasted_link_stays(ada: Host, bob: Invitee, world: World) -> None:
    """A pasted link replaces the meeting, which is deleted, and is never touched again."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    assert repair.paste_link(world.hub, ada.id, world.booking().ref, "https://meet.example.com/ada")
    world.work()
    world.work()
    assert world.meetings_at_zoom() == []
    assert world.meeting().state == "manual"
    assert not repair.paste_link(world.hub, ada.id + 1, world.booking().ref, "https://meet.example.com/eve")


def test_a_pasted_link_is_the_bookings_own(ada: Host, bob: Invitee, world: World) -> None:
    """It stands as a meeting of its own after those before, in step with its booking, and both people get it."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    bob.books(offered, "2026-12-03T09:00:00+00:00", location="zoom")
    bob.books(offered, SLOT, location="zoom")
    world.work()
    bookings.move(world.hub, 2, at("2026-12-02T09:00:00+00:00"), by="host")
    world.work()
    assert repair.paste_link(world.hub, ada.id, world.booking(2).ref, " https://meet.example.com/ada ")
    row = world.meeting(2)
    link = "https://meet.example.com/ada"
    assert (row.n, row.state, row.synced_version, row.attempts) == (2, "manual", world.booking(2).version, 0)
    assert (row.value["join_url"], row.value["where"], row.provider) == (link, link, "zoom")
    assert (world.timeline(2)[-1], world.told(2)[-1]) == ("manual", "You gave the booking a link of your own.")
    world.work()
    for address in (ada.email, bob.email):
        assert link in world.mails(address)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert world.meeting(1).state == "ready"
    with pytest.raises(InvalidInput) as told:
        repair.paste_link(world.hub, ada.id, world.booking(2).ref, "javascript:x")
    assert told.value.field == "link"
    assert repair.paste_link(world.hub, ada.id, world.booking(2).ref, "https://meet.example.com/another")
    world.work()
    for address in (ada.email, bob.email):
        assert "com/another" in world.mails(address)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_link_for_a_booking_that_never_had_a_meeting(ada: Host, bob: Invitee, world: World) -> None:
    """Where there was no meeting at all, the pasted link is the first."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    with world.hub.store.write() as session:
        session.query(MeetingRow).delete()
    assert repair.paste_link(world.hub, ada.id, world.booking().ref, "https://meet.example.com/ada")
    assert world.meeting().n == 1


def test_what_can_not_be_helped_is_said(ada: Host, bob: Invitee, world: World) -> None:
    """A retry that makes no sense is refused with the reason: all is well, cancelled, over, or Zoom can't be used."""

    def refused(booking: int = 0) -> str:
        with pytest.raises(NotPossible) as told:
            repair.retry(world.hub, ada.id, world.booking(booking).ref)
        return told.value.message

    ada.connects("zoom")
    offered = ada.offers("zoom")
    bob.books(offered, "2026-12-03T09:00:00+00:00", location="zoom")
    bob.books(offered, SLOT, location="zoom")
    world.work()
    assert refused() == "There is nothing to try again: the meeting is as it should be."
    bookings.cancel(world.hub, 1, by="host")
    assert refused(1) == "This booking is cancelled; it needs no meeting."
    stuck = world.meeting(2).id
    with world.hub.store.write() as session:
        session.get_one(MeetingRow, stuck).state = "failed"
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    assert refused().startswith("Zoom is not connected: ")
    world.clock.now = world.booking(2).ends_at
    assert refused() == "This booking is over."
    assert not repair.retry(world.hub, ada.id + 1, world.booking(2).ref)


def test_two_forms_at_once_get_two_addresses(ada: Host, world: World) -> None:
    """Event types of one title made at the same time get addresses of their own."""
    typed = Typed(title="Intro", locations=(CALL,))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: event_types.create(world.hub, ada.id, typed), range(8)))
    with world.hub.store.read() as session:
        slugs = {row.slug for row in event_types.all_of(session, ada.id)}
    assert len(set(made)) == len(slugs) == 8


def test_a_faulty_form_changes_nothing(ada: Host, world: World) -> None:
    """A form with a fault leaves the event type and its locations as they were."""
    number = event_types.create(world.hub, ada.id, Typed(title="Intro", locations=(CALL,)))
    with pytest.raises(InvalidForm) as caught:
        event_types.update(world.hub, ada.id, number, Typed(title="Other", minutes="0"))
    assert set(caught.value.errors) == {"minutes", "locations"}
    with world.hub.store.read() as session:
        row = event_types.find(session, ada.id, number)
    assert row
    assert (row.title, len(row.locations)) == ("Intro", 1)


def test_hours_come_back_as_typed(ada: Host, world: World) -> None:
    """Hours and dates of their own are kept and shown again as they were typed, only sorted."""
    week: list[hours.Rows] = [()] * 7
    week[2] = (("13:00", "24:00"), ("9:00", "12:00"))
    dates = (hours.TypedDate("2026-12-24", off=True), hours.TypedDate("2026-12-05", rows=(("10:00", "11:00"),)))
    hours.save(world.hub, ada.id, hours.TypedHours("Europe/Vienna", tuple(week), dates))
    kept = hours.typed_of(world.host(), world.clock())
    assert kept.week[2] == (("09:00", "12:00"), ("13:00", "24:00"))
    assert kept.dates == (dates[1], dates[0])
