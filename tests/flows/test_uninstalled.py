"""A provider's plugin that is taken away while bookings refer to it, and comes back (faults, row 41)."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask

from hub.app import create_app
from hub.container import Hub
from hub.providers import Registry
from hub.scheduling import bookings
from plugins import inperson, phone
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import PASSWORD, Host, Invitee, Person, at
from tests.support.world import World

SLOTS = [f"2026-12-01T{hour:02}:00:00+00:00" for hour in (9, 10, 11, 12)]


@pytest.fixture(name="without")
def _without(hub: Hub) -> Hub:
    """The same hub after `pip uninstall` of one plugin and a restart."""
    return dataclasses.replace(hub, registry=Registry([("phone", phone, "1"), ("inperson", inperson, "1")]))


def signs_in(app: Flask, email: str) -> Person:
    person = Person(app)
    person.opens("/login")
    assert person.sends("/login", email=email, password=PASSWORD, next="/bookings").status_code == 200
    return person


def test_all_pages_load(ada: Host, bob: Invitee, world: World, without: Hub) -> None:
    """Without the plugin every page loads, says in words what is missing, and keeps the links that were given out."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    ada.offers("zoom", "phone", title="Two ways")
    token = bob.books(offered, SLOTS[0], location="zoom")
    world.work()
    link, ref = world.link(), world.booking().ref
    host = signs_in(create_app(hub=without), ada.email)
    own = [f"/bookings/{ref}{part}" for part in ("", "/move", "/location", "/cancel")]
    settings = ["/settings/integrations", "/availability", "/profile", *(f"/onboarding/{step}" for step in range(1, 6))]
    public = ["/ada-lovelace", "/ada-lovelace/intro-call", "/ada-lovelace/two-ways"]
    invitee = [f"/b/{token}{part}" for part in ("", "/reschedule", "/location", "/cancel", "/calendar.ics")]
    for path in ["/event-types", "/event-types/1", "/bookings", *own, *settings, *public]:
        host.opens(path)
    for path in invitee:
        assert host.browser.get(path, follow_redirects=True).status_code == 200, path
    host.opens("/event-types")
    assert host.reads("The plugin for “zoom” is not installed.")
    assert link in host.opens(f"/b/{token}")
    assert host.browser.post("/integrations/zoom/connect").status_code in (400, 404)
    assert host.browser.get("/integrations/zoom/callback?code=x&state=y").status_code == 404


def test_bookings_go_on(ada: Host, bob: Invitee, world: World, without: Hub) -> None:
    """Cancelling works without the plugin; what was booked without it gets its link once it is back."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    for slot in SLOTS[:2]:
        bob.books(offered, slot, location="zoom")
        world.work()
    bob.books(offered, SLOTS[2], location="zoom")
    bare = World(without, world.clock, world.zoom, world.mails_folder)
    bookings.cancel(without, 1, by="invitee")
    bookings.move(without, 2, at(SLOTS[3]), by="invitee")
    bare.work()
    calls = len(world.calls_at_zoom())
    assert [bare.meeting(n).state for n in (1, 2, 3)] == ["left", "ready", "skipped"]
    assert len([m for m in world.mails(bob.email) if m["Subject"].startswith("Cancelled")]) == 1
    host = signs_in(create_app(hub=without), ada.email)
    assert host.reads("1 upcoming booking has no link: the plugin for zoom is not installed. See which")
    assert len(world.calls_at_zoom()) == calls
    ada.opens("/bookings")
    ada.sends("/bookings/missing-links")
    ada.opens(f"/bookings/{world.booking(2).ref}")
    ada.sends(f"/bookings/{world.booking(2).ref}/retry")
    world.work()
    assert world.link(3)
    assert world.meetings_at_zoom()[1]["start_time"] == "2026-12-01T12:00:00Z"
