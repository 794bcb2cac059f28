"""A vendor that is away: it is left in peace, everybody knows, and all is made when it is back."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import select

from hub.connections import breaker
from hub.connections.breaker import ASK_AGAIN
from hub.store.models import Connection
from tests.support.people import Host, Invitee
from tests.support.world import World

SLOTS = [f"2026-12-{day:02}T{hour:02}:00:00+00:00" for day in (1, 2, 3) for hour in range(9, 16)]


def connection(world: World) -> Connection:
    with world.hub.store.read() as session:
        return session.scalars(select(Connection)).one()


def books(world: World, ada: Host, bob: Invitee, count: int) -> list[int]:
    offered, found = ada.offers("zoom"), []
    for slot in SLOTS[:count]:
        bob.books(offered, slot, location="zoom")
        found.append(world.booking().id)
    return found


def passes(world: World, *, minutes: int, step: int = 30) -> None:
    """Let time pass, with the work done every `step` seconds."""
    for _ in range(minutes * 60 // step):
        world.clock.advance(seconds=step)
        world.work()


@pytest.mark.thorough
def test_away_for_two_hours(ada: Host, bob: Invitee, world: World, engine: str) -> None:
    """Fault row 16: twenty bookings wait for two hours with a call a minute between them, and are made within minutes."""
    # Each takes long, and the engines do not differ in how Zoom fails.
    kind = {"embedded": "503", "production": "reset_before"}[engine]
    ada.connects("zoom")
    world.breaks_zoom(kind, "create", times=None)
    world.breaks_zoom(kind, "list", times=None)
    ids = books(world, ada, bob, 20)
    world.work()
    passes(world, minutes=10)
    calls = len(world.calls_at_zoom("create"))
    passes(world, minutes=110, step=60)
    assert len(world.calls_at_zoom("create")) - calls <= 112
    assert max(world.meeting(booking).attempts for booking in ids) <= 12
    world.mends_zoom()
    passes(world, minutes=2)
    assert [world.meeting(booking).state for booking in ids] == ["ready"] * 20
    assert not connection(world).outage_since


def test_one_call_asks(ada: Host, bob: Invitee, world: World) -> None:
    """While the breaker is open nobody calls or counts a try; when its time is up one call goes, and no other."""
    ada.connects("zoom")
    world.breaks_zoom("503", "create", times=None)
    ids = books(world, ada, bob, 6)
    world.work()
    assert len(world.calls_at_zoom("create")) == 3
    assert sum(world.meeting(booking).attempts for booking in ids) == 3
    world.clock.advance(seconds=ASK_AGAIN.total_seconds() + 11)
    world.work()
    assert len(world.calls_at_zoom("create")) == 4
    row = connection(world)
    world.clock.advance(seconds=61)
    with world.hub.store.write() as session:
        assert breaker.enter(session, world.hub, row)
    with world.hub.store.write() as session:
        assert not breaker.enter(session, world.hub, row)


def test_told(ada: Host, bob: Invitee, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The card says since when, each side reads that the link comes later, and the log has one line for each edge."""
    caplog.set_level(logging.WARNING, "hub.connections.breaker")
    ada.connects("zoom")
    world.breaks_zoom("503", "create", times=None)
    token = ""
    offered = ada.offers("zoom")
    for slot in SLOTS[:5]:
        token = bob.books(offered, slot, location="zoom")
    world.work()
    ada.opens("/settings/integrations")
    assert ada.reads("Not answering")
    assert ada.reads("has not answered since")
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads("seen to as soon as it does")
    assert "we will mail you the link" in ada.browser.get(f"/b/{token}").get_data(as_text=True)
    world.mends_zoom()
    passes(world, minutes=3)
    ada.opens("/settings/integrations")
    assert ada.reads("Connected")
    assert len(world.meetings_at_zoom()) == 5
    lines = [record.getMessage() for record in caplog.records if record.name == "hub.connections.breaker"]
    assert [("is away" in line, "answers again" in line) for line in lines] == [(True, False), (False, True)]


@pytest.mark.parametrize("kind", ["429_second", "429_user_daily"])
def test_a_limit_is_no_outage(ada: Host, bob: Invitee, world: World, kind: str) -> None:
    """A vendor that says too many is there."""
    ada.connects("zoom")
    world.breaks_zoom(kind, "create", times=None)
    books(world, ada, bob, 5)
    world.work()
    assert not connection(world).failures


def test_a_refusal_closes(ada: Host, bob: Invitee, world: World) -> None:
    """Two faults with an answer between them are no outage, whatever the answer was."""
    ada.connects("zoom")
    world.breaks_zoom("503", "create", times=2)
    world.breaks_zoom("error", "create", times=1)
    books(world, ada, bob, 3)
    world.work()
    assert not connection(world).failures


def test_a_new_grant(ada: Host, bob: Invitee, world: World) -> None:
    """Who connects again is not made to wait for what the old connection met."""
    ada.connects("zoom")
    world.breaks_zoom("503", "create", times=None)
    ids = books(world, ada, bob, 4)
    world.work()
    assert connection(world).open_until
    world.mends_zoom()
    ada.sends("/integrations/zoom/disconnect")
    ada.connects("zoom")
    world.clock.advance(seconds=61)
    world.work()
    passes(world, minutes=2)
    assert {world.meeting(booking).state for booking in ids} == {"ready"}
