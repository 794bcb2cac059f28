"""Webex, Microsoft Teams and Google Meet from connecting to cancelling, each against its local stand-in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from hub import config
from hub.app import create_app
from hub.connections import service
from hub.container import Hub
from hub.scheduling import bookings
from hub.store.models import Connection
from hub.testing.vendor import CLIENT, Vendor, running
from tests.flows.test_rooms import text_of
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee, at
from tests.support.world import World

START, LATER = "2026-12-02T10:00:00+00:00", "2026-12-02T14:00:00+00:00"
VENDORS = ("webex", "teams", "googlemeet")


@pytest.fixture(name="key", params=VENDORS)
def _key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(name="vendor")
def _vendor(hub: Hub, key: str) -> Iterator[Vendor]:
    provider = hub.registry.get(key)
    assert provider
    with running(provider.sandbox_app) as found:
        yield found


@pytest.fixture(name="world")
def _world(world: World, vendor: Vendor, key: str) -> World:
    """The world with a hub that knows this vendor."""
    provider = world.hub.registry.get(key)
    assert provider
    assert provider.oauth
    name = f"HUB_{key.upper()}"
    environ = {
        **world.hub.settings.environ,
        f"{name}_CLIENT_ID": CLIENT[0],
        f"{name}_CLIENT_SECRET": CLIENT[1],
        f"{name}_OAUTH_URL": vendor.url + urlsplit(provider.oauth.base_url).path,
        f"{name}_API_URL": vendor.url + urlsplit(provider.oauth.api_url).path,
    }
    world.hub = dataclasses.replace(world.hub, settings=config.load(environ))
    return world


@pytest.fixture(name="app")
def _app(world: World) -> Flask:
    return create_app(hub=world.hub)


def values(vendor: Vendor) -> dict[str, Any]:
    """Return what the one meeting at the vendor is."""
    (meeting,) = [m for m in vendor.control("GET", "/state")["meetings"] if not m["deleted_at"]]
    return dict(meeting["values"])


def test_a_bookings_life(ada: Host, bob: Invitee, world: World, vendor: Vendor, key: str) -> None:
    """Connect, book, move, cancel: link and numbers reach both sides, and the vendor has what the booking is."""
    page = ada.connects(key)
    assert "Connected" in page
    assert ada.reads("ada@example.com")
    event_type = ada.offers(key)
    bob.books(event_type, START, location=key)
    world.work()
    link = world.meeting().value["join_url"]  # type: ignore[index]
    assert link.startswith(f"{vendor.url}/")
    texts = [text_of(mail) for mail in world.mails()]
    assert [link in text for text in texts] == [True, True]
    assert all("202" in text and "555" in text for text in texts), "a number to call"
    bookings.move(world.hub, world.booking().id, at(LATER), by="invitee")
    world.work()
    assert world.meeting().value["join_url"] == link  # type: ignore[index]
    if key != "googlemeet":  # whose spaces have no time
        told = values(vendor)
        assert told.get("start", told.get("startDateTime")) == "2026-12-02T14:00:00Z"
    bookings.cancel(world.hub, world.booking().id, by="host")
    world.work()
    assert len(vendor.meetings()) == (1 if key == "googlemeet" else 0), "a space can't be deleted"
    assert world.meeting().state == ("left" if key == "googlemeet" else "deleted")


def test_hour_after_hour(ada: Host, bob: Invitee, world: World, vendor: Vendor, key: str) -> None:
    """A token that has run out is refreshed by itself, also where the vendor sends no new refresh token."""
    ada.connects(key)
    for hours in (2, 4):
        world.clock.advance(hours=2)
        vendor.control("POST", "/clock", advance_s=7200)
        bob.books(ada.offers(key, title=f"After {hours}"), f"2026-12-02T{8 + hours:02}:00:00+00:00", location=key)
        world.work()
        assert world.meeting().state == "ready"


def test_lost_answer(ada: Host, bob: Invitee, world: World, vendor: Vendor, key: str) -> None:
    """A meeting whose making was not confirmed is found again; where a vendor can't be asked, the host is told."""
    ada.connects(key)
    vendor.breaks("create", "lost")
    bob.books(ada.offers(key), START, location=key)
    for _ in range(4):
        world.work()
        world.clock.advance(minutes=2)
    assert world.meeting().state == "ready"
    assert len(vendor.meetings()) == (2 if key == "googlemeet" else 1)


def test_disconnect(ada: Host, world: World, vendor: Vendor, key: str) -> None:
    """Nothing of the account stays; the grant is given back where the vendor has a way to."""
    ada.connects(key)
    provider = world.hub.registry.get(key)
    assert provider
    assert service.disconnect(world.hub, provider, host_id=ada.id) is (key == "googlemeet")
    with world.hub.store.read() as session:
        (kept,) = session.query(Connection).all()
    assert (kept.tokens, kept.account_label, kept.scopes) == ("", "", [])
