"""Attempts whose answers were lost may have made more than one meeting: one is kept."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub import Listed
from hub.connections import service
from hub.connections.api import ConnectionApi
from hub.meetings import doubles
from hub.meetings.step import request_of
from hub.meetings.sync import QUIET
from hub.outbox.outbox import Delivery
from hub.provider import Provider
from hub.providers import Registry
from hub.scheduling import bookings
from hub.store.models import Connection, MeetingRow, OutboxRow
from tests.support.people import Host, Invitee, at
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


@pytest.fixture(name="second")
def _second(ada: Host, bob: Invitee, world: World) -> str:
    """The number of the first of two meetings: Zoom listed it only after a second one had been made, which is the booking's."""
    world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:list_meetings"], list_delay_s=120)
    ada.connects("zoom")
    world.breaks_zoom("reset_after", "create")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    passes(world, minutes=3)
    first, linked = sorted(numbers(world), key=lambda number: number == own(world))
    assert linked == own(world)
    return first


def passes(world: World, *, minutes: int) -> None:
    for _ in range(minutes * 4):
        world.work()
        world.clock.advance(seconds=15)


def numbers(world: World) -> list[str]:
    return [str(meeting["id"]) for meeting in world.meetings_at_zoom()]


def own(world: World) -> str:
    return str((world.meeting().value or {})["external_id"])


def strays(world: World) -> list[MeetingRow]:
    return [row for row in world.booking().meetings if row.stray]


def looks(world: World) -> int:
    return len(world.calls_at_zoom("list"))


@pytest.mark.usefixtures("second")
def test_one_that_comes_to_light_is_deleted(world: World) -> None:
    """Fault row 13: what Zoom lists minutes later is found by the booking's marker and deleted; the link that went out stays."""
    passes(world, minutes=6)
    assert numbers(world) == [own(world)]
    (stray,) = strays(world)
    assert (stray.state, stray.provider, stray.n) == ("deleted", "zoom", 2)
    assert stray.account == world.meeting().account
    assert stray.value["where"] == "Zoom"


@pytest.mark.usefixtures("second")
def test_looks_to_come(world: World) -> None:
    """Two looks are ordered once the meeting is there, each with the time at which the lost attempt was to begin."""
    with world.hub.store.read() as session:
        rows = session.query(OutboxRow).filter_by(topic="doubles").order_by(OutboxRow.due_at).all()
    assert [row.due_at - row.created_at for row in rows] == [timedelta(minutes=5), timedelta(hours=1)]
    starts = int(at(SLOT).timestamp())
    assert [row.ids for row in rows] == [{"booking": world.booking().id, "n": 1, "starts": starts}] * 2


@pytest.mark.usefixtures("second")
def test_of_a_cancelled_booking(world: World) -> None:
    """A booking that is cancelled before the look loses both."""
    bookings.cancel(world.hub, world.booking().id, by="invitee")
    passes(world, minutes=6)
    assert numbers(world) == []


@pytest.mark.usefixtures("second")
def test_looked_for_again(world: World) -> None:
    """A look that finds no answer is left to the next one, an hour after the meeting was made."""
    world.breaks_zoom("503", "list", times=None)
    passes(world, minutes=6)
    assert len(numbers(world)) == 2
    world.mends_zoom()
    asked = looks(world)
    passes(world, minutes=1)
    assert looks(world) == asked
    world.clock.advance(hours=1)
    world.work()
    assert numbers(world) == [own(world)]
    world.clock.advance(hours=5)
    world.work()
    assert looks(world) == asked + 1


@pytest.mark.parametrize("gone", ["disconnected", "another account", "no permission", "broken"])
def test_not_where_nobody_can_look(ada: Host, world: World, second: str, gone: str) -> None:
    """Without the connection that made it, or the permission to list, nothing is asked and nothing is touched."""
    if gone == "disconnected":
        ada.opens("/integrations/zoom/disconnect")
        ada.sends("/integrations/zoom/disconnect")
    elif gone == "another account":
        ada.connects("zoom", user="grace@example.com")
    elif gone == "no permission":
        world.control("PATCH", "/switches", scopes=SCOPES)
        ada.connects("zoom")
    else:
        with world.hub.store.write() as session:
            session.query(Connection).one().broken_reason = "It was taken back."
    asked = looks(world)
    passes(world, minutes=6)
    assert looks(world) == asked
    assert sorted(numbers(world)) == sorted([second, own(world)])
    assert strays(world) == []
    with world.hub.store.read() as session:
        looked = session.query(OutboxRow).filter_by(topic="doubles").order_by(OutboxRow.due_at).first()
    assert looked is not None
    assert looked.done_at is not None, "to find nothing is no error"


@pytest.mark.usefixtures("second")
def test_looked_for_while_paused(ada: Host, world: World) -> None:
    """A pause stops new meetings only; what is double still goes."""
    service.set_enabled(world.hub, world.hub.registry.get("zoom"), host_id=ada.id, enabled=False)  # type: ignore[arg-type]
    passes(world, minutes=6)
    assert numbers(world) == [own(world)]


def test_without_the_permission_no_look_is_ordered(ada: Host, bob: Invitee, world: World) -> None:
    """Where meetings can't be listed at all, nobody is to look for any."""
    world.control("PATCH", "/switches", scopes=SCOPES)
    ada.connects("zoom")
    world.breaks_zoom("reset_after", "create")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    passes(world, minutes=3)
    assert len(numbers(world)) == 2
    with world.hub.store.read() as session:
        assert session.query(OutboxRow).filter_by(topic="doubles").count() == 0


def look(world: World, **ids: object) -> None:
    """Look once, as the outbox row of the first look would have it, but for these ids."""
    row = world.meeting()
    starts = int(world.booking().starts_at.timestamp())
    given = {"booking": row.booking_id, "n": row.n, "starts": starts, **ids}
    doubles.look(world.hub, Delivery("doubles", given, 1, world.clock()))


@pytest.mark.parametrize("missing", ["booking", "row", "its meeting", "plugin", "connection to look with"])
@pytest.mark.usefixtures("second")
def test_nothing_to_look_for(ada: Host, world: World, missing: str) -> None:
    """A look whose booking, meeting or plugin is not there (any more) asks nobody, changes nothing and is no error."""
    ids: dict[str, object] = {}
    asked = looks(world)
    provider = world.hub.registry.get("zoom")
    assert provider
    if missing == "booking":
        ids = {"booking": 0}
    elif missing == "row":
        ids = {"n": 2}
    elif missing == "its meeting":
        booking, ids = world.booking().id, {"n": 2}
        with world.hub.store.write() as session:
            session.add(MeetingRow(booking_id=booking, n=2, provider="zoom"))
    elif missing == "plugin":
        world.hub = dataclasses.replace(world.hub, registry=Registry([]))
    else:
        provider.facts = dataclasses.replace(provider.facts, oauth=None)
    look(world, **ids)
    assert looks(world) == asked
    assert strays(world) == []


@pytest.mark.usefixtures("second")
def test_what_is_asked(ada: Host, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor is asked for a day around the booking's first time; all that carry the marker and nothing else are strays."""
    asked: list[tuple[datetime, datetime, Any]] = []
    ref = request_of(world.hub, world.booking(), world.meeting()).ref
    listed = [
        Listed("1", ref, data={"passcode": "one"}),
        Listed("2", "another's"),
        Listed("3", ref),
        Listed(own(world), ref),
        Listed("4"),
    ]

    def lists(_self: Provider, start: datetime, end: datetime, _api: object, settings: Any) -> list[Listed]:
        asked.append((start, end, settings))
        return listed

    monkeypatch.setattr(Provider, "list_meetings", lists)
    look(world)
    ((start, end, settings),) = asked
    provider = world.hub.registry.get("zoom")
    assert provider
    first = world.booking().starts_at
    assert (start, end) == (first - timedelta(days=1), first + timedelta(days=1))
    assert settings == world.hub.settings.provider(provider.facts)
    assert settings is not None
    found = [(row.n, (row.value or {})["external_id"], (row.value or {})["data"]) for row in strays(world)]
    assert found == [(2, "1", {"passcode": "one"}), (3, "3", {})]
