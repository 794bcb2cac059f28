"""What hosts do by hand, on both engines: make event types, set hours, and help a meeting that does not come."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.errors import NotPossible
from hub.forms import InvalidForm
from hub.meetings import repair
from hub.scheduling import event_types, hours
from hub.scheduling.event_type_form import Typed, TypedLocation
from tests.support.people import Host, Invitee
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
