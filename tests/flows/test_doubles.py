"""Attempts whose answers were lost may have made more than one meeting: one is kept."""

from __future__ import annotations

from datetime import timedelta

from hub.connections.api import ConnectionApi
from hub.meetings.step import request_of
from hub.meetings.sync import QUIET
from hub.store.models import Connection
from tests.support.people import Host, Invitee
from tests.support.world import World

SCOPES = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
SLOT = "2026-12-01T09:00:00+00:00"


def test_the_oldest_is_kept(ada: Host, bob: Invitee, world: World) -> None:
    """Row 13: of several meetings with a booking's marker the oldest becomes its meeting, and the others are deleted."""
    world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:list_meetings"])
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.breaks_zoom("reset_after", "create")
    world.work()
    first = world.meetings_at_zoom()[0]["id"]
    provider, booking = world.hub.registry.get("zoom"), world.booking()
    assert provider
    with world.hub.store.read() as session:
        api = ConnectionApi(world.hub, provider, session.query(Connection.id).scalar())
    world.clock.advance(seconds=1)
    provider.create_meeting(request_of(world.hub, booking, world.meeting()), api, {})
    assert len(world.meetings_at_zoom()) == 2
    world.clock.now += QUIET + timedelta(seconds=1)
    world.work()
    assert [meeting["id"] for meeting in world.meetings_at_zoom()] == [first]
    assert str(first) in world.link()
