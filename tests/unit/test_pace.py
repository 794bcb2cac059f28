"""The turns of an account whose next seconds are taken, and how far apart its calls are."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select

from hub import Limits, accounts
from hub.connections import pace
from hub.container import Hub
from hub.provider import Provider
from hub.store.account_limits import AccountPace
from hub.store.models import Connection
from tests.support.world import Clock

SECOND = timedelta(seconds=1)


@pytest.fixture(name="limited", autouse=True)
def _limited(provider: Provider) -> None:
    provider.facts = dataclasses.replace(provider.facts, limits=Limits(per_second=4, reads_per_second=2))


def crowded(hub: Hub, provider: Provider, account: str = "one", pool: str = "") -> datetime | None:
    connection = Connection(account=account, account_data={"pool": pool} if pool else {})
    with hub.store.write() as session:
        return pace.crowded(session, hub, provider, connection)


def taken(hub: Hub, account: str, free_at: float, turn_at: float = 0.0) -> None:
    """Let the account's calls be taken until then."""
    with hub.store.write() as session:
        session.merge(AccountPace(account=account, free_at=free_at, turn_at=turn_at))


@pytest.mark.parametrize(("seconds", "waits"), [(0, False), (1, False), (1.01, True), (3599, True), (3600, False)])
def test_crowded(hub: Hub, provider: Provider, clock: Clock, seconds: float, waits: bool) -> None:
    """Who would wait for more than a second has a turn later; what is an hour off was written by another clock."""
    taken(hub, "one", clock().timestamp() + seconds)
    assert crowded(hub, provider) == (clock() + SECOND if waits else None)


def test_one_after_the_other(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Turns are as far apart as calls; those of another account begin anew, those of a company's are its own."""
    apart = timedelta(seconds=1.25 / 4)
    for account in ("one", "two", "company"):
        taken(hub, account, clock().timestamp() + 30)
    assert [crowded(hub, provider) for _ in range(3)] == [clock() + SECOND + n * apart for n in range(3)]
    assert crowded(hub, provider, "two") == clock() + SECOND
    assert [crowded(hub, provider, "two", "company") for _ in range(2)] == [clock() + SECOND, clock() + SECOND + apart]
    with hub.store.read() as session:
        rows = session.scalars(select(AccountPace)).all()
    assert {row.free_at for row in rows} == {clock().timestamp() + 30}


@pytest.mark.parametrize(("turn", "due"), [(0.5, 1), (1, 1), (40, 40), (3601, 3601), (3602, 1), (9000, 1)])
def test_turns_far_off(hub: Hub, provider: Provider, clock: Clock, turn: float, due: float) -> None:
    """A turn that has passed, or is more than an hour off, is not waited for."""
    now = clock().timestamp()
    taken(hub, "one", now + 30, now + turn)
    assert crowded(hub, provider) == clock() + due * SECOND


def test_nobody_to_wait_for(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Without a limit, an account, or a call before, nobody waits, and nothing is written."""
    assert crowded(hub, provider) is None
    assert crowded(hub, provider, "") is None
    taken(hub, "", clock().timestamp() + 30)
    assert crowded(hub, provider, "") is None
    taken(hub, "one", clock().timestamp() + 30)
    provider.facts = dataclasses.replace(provider.facts, limits=Limits())
    assert crowded(hub, provider) is None
    with hub.store.read() as session:
        assert {row.turn_at for row in session.scalars(select(AccountPace))} == {0.0}


@pytest.mark.parametrize(
    ("limits", "reading", "seconds"),
    [
        (Limits(per_second=4, reads_per_second=2), False, 1.25 / 4),
        (Limits(per_second=4, reads_per_second=2), True, 1.25 / 2),
        (Limits(per_second=4), True, 1.25 / 4),
        (Limits(reads_per_second=2), False, 0.0),
        (Limits(), True, 0.0),
    ],
)
def test_how_far_apart(provider: Provider, limits: Limits, reading: bool, seconds: float) -> None:
    """A quarter more than the vendor's limit asks for; one for reads alone holds no writes up."""
    provider.facts = dataclasses.replace(provider.facts, limits=limits)
    assert pace._seconds(provider, reading=reading) == seconds


def test_no_connection(hub: Hub, provider: Provider, clock: Clock) -> None:
    """A call for a connection that is gone waits for nobody, and takes no moment."""
    before = clock()
    for _ in range(2):
        pace.wait(hub, provider, 4711, reading=False)
    assert clock() == before
    with hub.store.read() as session:
        assert session.scalars(select(AccountPace)).all() == []


@pytest.fixture(name="called_for")
def _called_for(hub: Hub) -> int:
    """The id of a connection to account "one"."""
    host = accounts.sign_up(hub, name="Ada", email="ada@example.com", password="correct horse", timezone="UTC")
    with hub.store.write() as session:
        made = Connection(host_id=host, provider="zoom", account="one")
        session.add(made)
        session.flush()
        return made.id


def slow(hub: Hub, clock: Clock, what: str, seconds: float) -> None:
    """Let the database take its time with each "begin" or "commit"."""
    event.listen(hub.store.engine, what, lambda _connection: clock.advance(seconds=seconds))


def test_waits_for_the_database(hub: Hub, provider: Provider, clock: Clock, called_for: int) -> None:
    """A call that waited for others' writes has its moment after them, and not one that was free before."""
    slow(hub, clock, "begin", 2)
    assert pace.wait(hub, provider, called_for, reading=False) == clock().timestamp()


def test_waits_for_what_is_left(hub: Hub, provider: Provider, clock: Clock, called_for: int) -> None:
    """What the database takes to note the moment is not waited for a second time."""
    moment = clock().timestamp() + 30
    taken(hub, "one", moment)
    slow(hub, clock, "commit", 2)
    assert pace.wait(hub, provider, called_for, reading=False) == moment
    assert clock().timestamp() == moment


def test_nothing_is_left(hub: Hub, provider: Provider, clock: Clock, called_for: int) -> None:
    """Where the moment has passed by then nobody waits, and it is told which one it was."""
    moment = clock().timestamp()
    slow(hub, clock, "commit", 2)
    assert pace.wait(hub, provider, called_for, reading=False) == moment
    assert clock().timestamp() == moment + 2


@pytest.mark.parametrize(("late", "missed"), [(-1, False), (0, False), (0.125, False), (0.126, True), (60, True)])
def test_missed(hub: Hub, clock: Clock, late: float, missed: bool) -> None:
    """A moment is missed once half of what lies between the vendor's limit and our pace has gone by."""
    assert pace.missed(hub, clock().timestamp() - late) is missed


def test_none_to_miss(hub: Hub) -> None:
    """Where calls may come at any pace there is no moment to miss."""
    assert pace.missed(hub, None) is False


def test_what_a_late_call_leaves(provider: Provider) -> None:
    """However late calls are that missed no moment, no more of them than the limit are sent within any second."""
    for limit in (1, 2, 4, 10, 100):
        provider.facts = dataclasses.replace(provider.facts, limits=Limits(per_second=limit))
        apart = pace._seconds(provider, reading=False)
        assert limit * apart - pace.LATE_SECONDS >= 1 + pace.LATE_SECONDS
