"""The pace of a Zoom account: its calls are spread over the seconds, for all who share it, and nobody waits for long."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from hub import Limits
from hub.connections import pace, service
from hub.connections.api import ConnectionApi
from hub.errors import ConnectionLost
from hub.store.account_limits import AccountPace
from hub.store.models import Connection, OutboxRow
from tests.support.people import Host, Invitee
from tests.support.world import World

APART = timedelta(seconds=pace.MARGIN / 4)  # at four calls a second


@pytest.fixture(name="connected", autouse=True)
def _connected(ada: Host, world: World) -> None:
    """Ada's connection to a Zoom that takes four calls a second, two of them reading; nothing has been called yet."""
    ada.connects("zoom")
    allows(world, Limits(per_second=4, reads_per_second=2))


def allows(world: World, limits: Limits) -> None:
    provider = world.hub.registry.get("zoom")
    assert provider
    provider.facts = dataclasses.replace(provider.facts, limits=limits)


def calls(world: World, host_id: int, method: str = "POST") -> timedelta:
    """Make one call for the host's connection, a failing one; returns how long it waited for its moment."""
    provider, before = world.hub.registry.get("zoom"), world.clock()
    assert provider
    with world.hub.store.read() as session:
        found = session.scalars(select(Connection.id).where(Connection.host_id == host_id)).one()
    pace.wait(world.hub, provider, found, reading=method == "GET")
    return world.clock() - before


def test_apart(world: World, ada: Host) -> None:
    """Fault row 14: the first call goes at once, each further one a quarter of a second, and some, after the one before."""
    assert [calls(world, ada.id) for _ in range(4)] == [timedelta(0), APART, APART, APART]
    world.clock.advance(seconds=5)
    assert calls(world, ada.id) == timedelta(0)


def test_fewer_reads(world: World, ada: Host) -> None:
    """After a call that reads, the next one waits for longer where the vendor allows fewer of them."""
    calls(world, ada.id, "GET")
    assert calls(world, ada.id) == 2 * APART


def test_no_limit(world: World, ada: Host) -> None:
    """Where a vendor names no limit nobody waits, and nothing is counted."""
    allows(world, Limits())
    assert [calls(world, ada.id) for _ in range(9)] == [timedelta(0)] * 9
    with world.hub.store.read() as session:
        assert session.scalars(select(AccountPace)).all() == []


def test_clock_set_back(world: World, ada: Host) -> None:
    """A moment that was written by a clock ahead of ours holds nobody up."""
    world.clock.advance(hours=2)
    calls(world, ada.id)
    world.clock.advance(hours=-2)
    assert calls(world, ada.id) == timedelta(0)


def test_shared_by_a_company(world: World, ada: Host, app: Flask) -> None:
    """Hosts in one company's Zoom account share its pace; those of different accounts do not wait for each other."""
    grace = Host(app, world, "Grace Hopper", "grace@example.com")
    grace.connects("zoom", user="grace@example.com")
    with world.hub.store.read() as session:
        pools = [row.account_data["pool"] for row in session.scalars(select(Connection))]
    assert all(pools)
    assert len(set(pools)) == 2
    calls(world, ada.id)
    assert calls(world, grace.id) == timedelta(0)
    with world.hub.store.write() as session:
        session.execute(update(Connection).values(account_data={"pool": pools[0]}))
    assert calls(world, ada.id) == APART
    assert calls(world, grace.id) == APART


def test_disconnected_while_it_waits(world: World, ada: Host) -> None:
    """Fault row 34: a host who disconnects while a call waits for its moment: that one is not made."""
    provider = world.hub.registry.get("zoom")
    assert provider

    def disconnects(_seconds: float) -> None:
        service.disconnect(world.hub, provider, host_id=ada.id)

    calls(world, ada.id)
    before = len(world.calls_at_zoom())
    with world.hub.store.read() as session:
        found = session.scalars(select(Connection.id)).one()
    with pytest.raises(ConnectionLost):
        ConnectionApi(dataclasses.replace(world.hub, sleep=disconnects), provider, found).get("/users/me")
    assert [call["route"] for call in world.calls_at_zoom()[before:]] == ["revoke"]


def test_calls_of_a_hook(world: World) -> None:
    """Whatever a hook calls is paced, by the method that it uses."""
    provider = world.hub.registry.get("zoom")
    assert provider
    with world.hub.store.read() as session:
        api = ConnectionApi(world.hub, provider, session.scalars(select(Connection.id)).one())
    before = world.clock()
    api.get("/users/me")
    api.get("/users/me")
    api.get("/users/me")
    assert world.clock() - before == 4 * APART


def test_turns(world: World, ada: Host, bob: Invitee) -> None:
    """Whoever finds an account crowded has a turn later, one after the other, and leaves its worker to other accounts."""
    with world.hub.store.write() as session:
        session.execute(update(OutboxRow).values(done_at=world.clock()))
        account = session.scalars(select(Connection)).one().account_data["pool"]
        session.add(AccountPace(account=account, free_at=world.clock().timestamp() + 60, turn_at=0.0))
    offered = ada.offers("zoom")
    for slot in ("2026-12-02T09:00:00+00:00", "2026-12-02T10:00:00+00:00", "2026-12-02T11:00:00+00:00"):
        bob.books(offered, slot, location="zoom")
    world.work()
    assert world.calls_at_zoom("create") == []
    with world.hub.store.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.topic == "sync").order_by(OutboxRow.due_at)).all()
    first = world.clock() + timedelta(seconds=pace.PATIENCE_SECONDS)
    assert [row.due_at for row in rows] == [first, first + APART, first + 2 * APART]
    world.clock.advance(seconds=61)
    world.work()
    assert len(world.calls_at_zoom("create")) == 3
