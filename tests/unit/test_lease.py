"""Leases: kept alive by a keeper, known as lost by who lost them, free soon after their holder's death."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from hub.container import Hub
from hub.outbox import lease, outbox
from hub.outbox.lease import JOB_SECONDS, LATEST, LEASE, RENEW_SECONDS, Keeper
from hub.store.models import OutboxRow
from tests.support.running import wait_for
from tests.support.world import Clock

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(name="leased")
def _leased(hub: Hub, clock: Clock) -> int:
    """An outbox row that we have."""
    with hub.store.write() as session:
        row = outbox.add(session, hub, "test", "a")
        assert row
        row.lease, row.lease_until = "ours", clock() + LEASE
        return row.id


def until(hub: Hub, row_id: int) -> datetime:
    with hub.store.read() as session:
        return session.get_one(OutboxRow, row_id).lease_until or datetime.min.replace(tzinfo=UTC)


def is_free(hub: Hub, now: datetime) -> bool:
    with hub.store.read() as session:
        return bool(session.scalars(select(OutboxRow.id).where(lease.free(lease.ROW, now))).all())


def take(hub: Hub, row_id: int) -> None:
    with hub.store.write() as session:
        session.execute(update(OutboxRow).where(OutboxRow.id == row_id).values(lease="theirs"))


class Steady:
    """The steady clock of this machine, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("hub.outbox.lease.time.monotonic", lambda: self.now)


def test_numbers() -> None:
    """Two renewals may fail and the lease holds; after a death it is free in time for a recovery within 20 seconds."""
    assert RENEW_SECONDS * 2 < LEASE.total_seconds() <= 16
    assert LEASE.total_seconds() < JOB_SECONDS


def test_renewed(hub: Hub, clock: Clock, leased: int) -> None:
    """Each renewal moves the lease's end on."""
    keeper = Keeper(hub, lease.ROW, leased, "ours")
    for _ in range(3):
        clock.advance(seconds=5)
        assert keeper.renew()
        assert until(hub, leased) == clock() + LEASE
        assert not is_free(hub, clock())
    assert not keeper.lost


def test_renewed_by_itself(hub: Hub, clock: Clock, leased: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the work lasts the renewals come by themselves, and none after it."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.01)
    with lease.kept(hub, lease.ROW, leased, "ours") as keeper:
        clock.advance(seconds=5)
        wait_for(lambda: until(hub, leased) == clock() + LEASE)
    before = until(hub, leased)
    clock.advance(seconds=5)
    assert until(hub, leased) == before
    assert not keeper.lost


def test_taken(hub: Hub, leased: int) -> None:
    """Who has lost a lease learns it at the next renewal, and does not take it back."""
    keeper = Keeper(hub, lease.ROW, leased, "ours")
    before = until(hub, leased)
    take(hub, leased)
    assert not keeper.renew()
    assert keeper.lost
    assert until(hub, leased) == before


def test_frozen(hub: Hub, leased: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was frozen for longer than the lease knows so before anything else, also if nobody took it."""
    steady = Steady(monkeypatch)
    keeper = Keeper(hub, lease.ROW, leased, "ours")
    steady.now += LEASE.total_seconds() - 0.1
    assert not keeper.lost
    steady.now += 0.2
    assert keeper.lost
    assert keeper.renew()
    assert not keeper.lost


def test_hangs(hub: Hub, leased: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hangs for longer than a job may run is not kept alive by its keeper."""
    steady = Steady(monkeypatch)
    keeper = Keeper(hub, lease.ROW, leased, "ours")
    steady.now += JOB_SECONDS
    assert keeper.renew()
    steady.now += 1
    before = until(hub, leased)
    assert not keeper.renew()
    assert until(hub, leased) == before


def test_database_away(hub: Hub, leased: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renewal that the database did not take is tried again; the lease counts as lost once it may have run out."""
    steady = Steady(monkeypatch)
    keeper = Keeper(hub, lease.ROW, leased, "ours")

    def away(*_: Any) -> Any:
        raise OperationalError("BEGIN", {}, Exception("gone"))

    monkeypatch.setattr(hub.store, "_open", away)
    steady.now += 8
    assert keeper.renew()
    assert not keeper.lost
    steady.now += 5
    assert keeper.lost


def test_clock_set_back(hub: Hub, clock: Clock, leased: int) -> None:
    """Fault row 55: a lease that ends later than anybody takes one was taken before the clock was set back, and is free."""
    assert not is_free(hub, clock())
    assert is_free(hub, clock() - timedelta(hours=1))
    assert not is_free(hub, clock() - LEASE / 2)


def test_of_version_0_1(hub: Hub, clock: Clock, leased: int) -> None:
    """Fault row 60: the lease of a minute that version 0.1 takes is no sign of a clock set back: its worker is at it."""
    with hub.store.write() as session:
        session.get_one(OutboxRow, leased).lease_until = clock() + timedelta(seconds=60)
    assert not is_free(hub, clock())
    assert not is_free(hub, clock() + timedelta(seconds=60))
    assert is_free(hub, clock() + timedelta(seconds=61))


def test_one_lease_only(hub: Hub, clock: Clock, leased: int) -> None:
    """A renewal is of one row, whatever the holders of others call themselves."""
    before = until(hub, leased)
    with hub.store.write() as session:
        other = outbox.add(session, hub, "test", "b")
        assert other
        other.lease, other.lease_until = "ours", before
    clock.advance(seconds=5)
    assert Keeper(hub, lease.ROW, other.id, "ours").renew()
    assert (until(hub, leased), until(hub, other.id)) == (before, clock() + LEASE)


def test_free_at_its_end(hub: Hub, clock: Clock, leased: int) -> None:
    """A lease holds up to its last moment, and so does one seen from a minute before it was taken."""
    assert not is_free(hub, clock() + LEASE)
    assert is_free(hub, clock() + LEASE + timedelta(microseconds=1))
    assert not is_free(hub, clock() - LATEST + LEASE)
    assert is_free(hub, clock() - LATEST + LEASE - timedelta(microseconds=1))


def test_lost_at_its_end(hub: Hub, leased: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder counts a lease as lost from the moment at which another may take it."""
    steady = Steady(monkeypatch)
    keeper = Keeper(hub, lease.ROW, leased, "ours")
    steady.now += LEASE.total_seconds()
    assert keeper.lost
