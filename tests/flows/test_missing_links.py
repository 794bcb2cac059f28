"""Bookings without a link, and the one button that makes the missing ones; docstrings quote what the pages promise."""

from __future__ import annotations

from flask import Flask

from hub.meetings import repair
from hub.scheduling import bookings
from hub.store.models import EventType
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SLOTS = [f"2026-12-0{day}T{hour:02}:00:00+00:00" for day in (1, 2, 3) for hour in (9, 10, 11)]
BANNER = "3 upcoming bookings have no link"


def pauses(host: Host) -> None:
    host.opens("/settings/integrations")
    host.sends("/integrations/zoom/enabled")


def resumes(host: Host) -> None:
    host.opens("/settings/integrations")
    host.sends("/integrations/zoom/enabled", enabled="1")


def skipped(ada: Host, bob: Invitee, world: World, count: int = 3) -> EventType:
    """Have bookings that were made while Zoom was paused."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    pauses(ada)
    for slot in SLOTS[:count]:
        bob.books(offered, slot, location="zoom")
    world.work()
    return offered


def test_create_the_missing_links(ada: Host, bob: Invitee, world: World) -> None:
    """After Zoom can be used again, one button creates the missing links, and each is mailed."""
    skipped(ada, bob, world)
    assert world.meetings_at_zoom() == []
    ada.opens("/event-types")
    assert ada.reads(f"{BANNER}: Zoom is paused. Enable Zoom")
    resumes(ada)
    assert ada.reads(BANNER + ".")
    ada.opens("/bookings")
    assert ada.reads(f"{BANNER}. Create the missing links")
    ada.sends("/bookings/missing-links")
    assert ada.reads("3 meetings are being made; the links go out by mail.")
    assert not ada.reads(BANNER)
    world.work()
    assert len(world.meetings_at_zoom()) == 3
    for number in (1, 2, 3):
        link = world.link(number)
        for address in (ada.email, bob.email):
            assert any(link in m.get_body(("plain",)).get_content() for m in world.mails(address))  # type: ignore[union-attr]
        assert world.timeline(number)[-4:-2] == ["retried", "made"]


def test_pressed_twice(ada: Host, bob: Invitee, world: World) -> None:
    """Pressed twice, the button makes no meeting twice; what is over, cancelled or has its link stays as it is."""
    offered = skipped(ada, bob, world)
    bookings.cancel(world.hub, 3, by="invitee")
    resumes(ada)
    bob.books(offered, SLOTS[5], location="zoom")
    world.work()
    world.clock.advance(days=1, hours=1, minutes=40)
    assert repair.create_missing(world.hub, ada.id) == 1
    assert repair.create_missing(world.hub, ada.id) == 0
    world.work()
    assert sorted(m["start_time"] for m in world.meetings_at_zoom()) == ["2026-12-01T10:00:00Z", "2026-12-02T11:00:00Z"]
    ada.opens("/bookings")
    ada.sends("/bookings/missing-links")
    assert ada.reads("There is no link to create any more.")


def test_only_ones_own(ada: Host, bob: Invitee, world: World, app: Flask) -> None:
    """Nobody creates another host's links."""
    skipped(ada, bob, world)
    resumes(ada)
    mallory = Host(app, world, "Mallory", "mallory@example.com")
    mallory.opens("/bookings")
    mallory.sends("/bookings/missing-links")
    assert mallory.reads("There is no link to create any more.")
    assert world.meeting().state == "skipped"


def test_not_connected(ada: Host, bob: Invitee, world: World) -> None:
    """While Zoom is not connected the banner says what mends it, and the button does nothing."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    bob.books(offered, SLOTS[0], location="zoom")
    ada.opens("/availability")
    assert ada.reads("1 upcoming booking has no link: Zoom is not connected. Connect Zoom")
    assert repair.create_missing(world.hub, ada.id) == 0
    ada.opens("/bookings?tab=unlinked")
    assert ada.reads("Bob Invitee")
    ada.connects("zoom")
    world.work()
    assert world.meetings_at_zoom() == []
    assert ada.reads("1 upcoming booking has no link.")
    ada.sends("/bookings/missing-links")
    world.work()
    assert world.link()


def test_needs_reconnect(ada: Host, bob: Invitee, world: World) -> None:
    """While Zoom needs to be reconnected the banner says so, and waiting bookings get their meeting by themselves."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    world.control("POST", "/users/ada@example.com/revoke")
    world.clock.advance(hours=1)
    for slot in SLOTS[:2]:
        bob.books(offered, slot, location="zoom")
        world.work()
    ada.opens("/bookings")
    assert ada.reads("Zoom needs to be reconnected. 2 upcoming bookings wait for their links until then. Reconnect")
    ada.connects("zoom")
    world.work()
    assert len(world.meetings_at_zoom()) == 2
    ada.opens("/bookings")
    assert not ada.reads("upcoming bookings")


def test_refused_ones_too(ada: Host, bob: Invitee, world: World) -> None:
    """A meeting that Zoom refused is among the missing ones, and is tried again by the same button."""
    ada.connects("zoom")
    world.breaks_zoom("error", "create", status=400, code=300)
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    ada.opens("/event-types")
    assert ada.reads("1 upcoming booking has no link. Create the missing links")
    ada.sends("/bookings/missing-links")
    world.work()
    assert world.link()


def test_the_page_is_true_at_once(ada: Host, bob: Invitee, world: World) -> None:
    """A booking page that was open while the host disconnected leads to a page that says the truth from the start."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    pauses(ada)
    token = bob.books(offered, SLOTS[0], location="zoom")
    ada.opens(f"/b/{token}")
    assert ada.reads("Ada has been told and will send you the details")
    assert not ada.reads("Creating your Zoom meeting")
    world.work()
    assert (
        len([m for m in world.mails(bob.email) if "There is no link yet" in str(m.get_body(("plain",)).get_content())])
        == 1
    )  # type: ignore[union-attr]
    assert len(world.mails(ada.email)) == 2
    assert world.timeline().count("skipped") == 1


def test_waiting_is_true_at_once(ada: Host, bob: Invitee, world: World) -> None:
    """Where the connection is known to be broken, the page after booking says at once that the link comes by mail."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    world.control("POST", "/users/ada@example.com/revoke")
    world.clock.advance(hours=1)
    bob.books(offered, SLOTS[0], location="zoom")
    world.work()
    token = bob.books(offered, SLOTS[1], location="zoom")
    ada.opens(f"/b/{token}")
    assert ada.reads("we will mail you the link")
    world.work()
    assert world.timeline().count("parked") == 1


def test_changed_to_a_location_that_cannot_be_used(ada: Host, bob: Invitee, world: World) -> None:
    """A booking that is moved while it has no link mails its new time at once, for there is nothing to wait for."""
    skipped(ada, bob, world, 1)
    sent = len(world.mails(bob.email))
    bookings.move(world.hub, world.booking().id, at(SLOTS[4]), by="invitee")
    world.work()
    assert len(world.mails(bob.email)) == sent + 1


def test_what_could_not_move_is_brought_into_step(ada: Host, bob: Invitee, world: World) -> None:
    """Reconnecting brings everything back: a meeting that could not follow its booking is moved then."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    bookings.move(world.hub, world.booking().id, at(SLOTS[3]), by="invitee")
    world.work()
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads("Not in step")
    assert ada.reads("The time changed here, but could not be changed at Zoom. The link still works.")
    assert world.meetings_at_zoom()[0]["start_time"] == "2026-12-01T09:00:00Z"
    ada.connects("zoom")
    world.work()
    assert world.meetings_at_zoom()[0]["start_time"] == "2026-12-02T09:00:00Z"
    assert world.meeting().error == ""
