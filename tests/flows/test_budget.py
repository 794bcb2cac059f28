"""The day's budget of a Zoom account: never exceeded, and said to everybody with the time at which it ends."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hub import Limits
from hub.scheduling import bookings
from hub.store.account_limits import AccountUse
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SLOTS = [f"2026-12-02T{hour:02}:00:00+00:00" for hour in range(9, 16)]
NEXT_DAY = datetime(2026, 12, 1, 0, 3, tzinfo=UTC)


@pytest.fixture(name="small", autouse=True)
def _small(world: World) -> None:
    """A Zoom that allows three creates and moves a day, one of them kept for moves."""
    provider = world.hub.registry.get("zoom")
    assert provider
    provider.facts = dataclasses.replace(provider.facts, limits=Limits(per_day=3, reserve=1))


def used(world: World) -> int:
    with world.hub.store.read() as session:
        return session.scalars(select(AccountUse.used)).one()


def books(world: World, ada: Host, bob: Invitee, count: int) -> tuple[list[int], str]:
    offered, found, token = ada.offers("zoom"), [], ""
    for slot in SLOTS[:count]:
        token = bob.books(offered, slot, location="zoom")
        found.append(world.booking().id)
    world.work()
    return found, token


def states(world: World, ids: list[int]) -> list[str]:
    return sorted(world.meeting(booking).state for booking in ids)


def test_counted_and_resumed(ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 15: Zoom is not called over the limit; bookings stand, say when the link comes, and get it on the new day."""
    ada.connects("zoom")
    ids, token = books(world, ada, bob, 4)
    world.clock.advance(seconds=30)
    world.work()
    assert states(world, ids) == ["pending", "pending", "ready", "ready"]
    assert len(world.calls_at_zoom("create")) == 2
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads("It is made after Tue 1 Dec 01:0")
    assert ada.reads("daily limit is reached")
    page = ada.browser.get(f"/b/{token}").get_data(as_text=True)
    assert "comes after Tue 1 Dec, 00:0" in page.replace("\N{NO-BREAK SPACE}", " ")
    world.clock.now = NEXT_DAY
    world.work()
    assert states(world, ids) == ["ready"] * 4
    assert used(world) == 2


def test_reserve(ada: Host, bob: Invitee, world: World) -> None:
    """Where creates have to wait a move still goes, out of the reserve; a deletion always goes."""
    ada.connects("zoom")
    ids, _ = books(world, ada, bob, 3)
    first = next(booking for booking in ids if world.meeting(booking).state == "ready")
    bookings.move(world.hub, first, at("2026-12-03T09:00:00+00:00"), by="host")
    world.work()
    assert [call["status"] for call in world.calls_at_zoom("update")] == [204]
    bookings.cancel(world.hub, first, by="host")
    world.work()
    assert world.booking(first).meetings[0].state == "deleted"
    assert used(world) == 3


def test_learned(ada: Host, bob: Invitee, world: World) -> None:
    """Where Zoom says that the day is used up nobody asks for more, though less was counted."""
    ada.connects("zoom")
    world.breaks_zoom("429_daily", "create")
    ids, _ = books(world, ada, bob, 2)
    assert len(world.calls_at_zoom("create")) == 1
    assert used(world) == 3
    world.clock.now = NEXT_DAY
    world.work()
    assert states(world, ids) == ["ready"] * 2


def test_one_account_of_two_hosts(ada: Host, bob: Invitee, world: World) -> None:
    """A vendor's account has one budget, whoever of its hosts uses it."""
    ada.connects("zoom")
    books(world, ada, bob, 2)
    grace = Host(ada.browser.application, world, "Grace Hopper", "grace@example.com")
    grace.connects("zoom")
    ids, _ = books(world, grace, bob, 1)
    assert states(world, ids) == ["pending"]
    assert len(world.calls_at_zoom("create")) == 2
