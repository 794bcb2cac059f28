"""The breaker of a connection: when it opens, who may ask, what closes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.connections import breaker
from hub.container import Hub
from hub.errors import ConnectionLost, PluginFault, Rejected, Temporary
from hub.provider import Provider
from hub.store.models import Connection
from tests.support.connected import AWAY, MOMENT, change, connect, note, row, sign_up
from tests.support.world import START, Clock

pytestmark = pytest.mark.usefixtures("zoom")


def test_opens_after_three(hub: Hub, provider: Provider, clock: Clock) -> None:
    """The third call in a row that finds the vendor away opens the breaker; the first of them is when the outage began."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    for failures in (1, 2):
        note(hub, made, AWAY)
        assert (row(hub, host).failures, row(hub, host).open_until) == (failures, None)
        clock.advance(seconds=5)
    note(hub, made, AWAY)
    found = row(hub, host)
    assert (found.failures, found.outage_since) == (3, START)
    assert found.open_until == clock() + breaker.ASK_AGAIN
    clock.advance(seconds=70)
    note(hub, made, AWAY)
    assert row(hub, host).open_until == clock() + breaker.ASK_AGAIN
    assert row(hub, host).outage_since == START


@pytest.mark.parametrize("result", [None, Rejected("no"), Temporary("limit")])
def test_any_answer_closes(hub: Hub, provider: Provider, result: object) -> None:
    """An answer of the vendor's servers, also one that refuses, ends the outage."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    for _ in range(3):
        note(hub, made, AWAY)
    note(hub, made, result)
    assert (row(hub, host).failures, row(hub, host).outage_since, row(hub, host).open_until) == (0, None, None)


@pytest.mark.parametrize("result", [PluginFault("broke"), ConnectionLost("dead")])
def test_what_says_nothing(hub: Hub, provider: Provider, result: object) -> None:
    """A plugin that broke and a dead grant say nothing of the vendor's servers."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    note(hub, made, AWAY)
    note(hub, made, result)
    assert row(hub, host).failures == 1


def test_another_grants_calls(hub: Hub, provider: Provider) -> None:
    """What came of a call with an earlier grant does not count; nor for a connection that is gone."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    note(hub, made, AWAY, at=START - MOMENT)
    note(hub, made + 1000, AWAY)
    assert row(hub, host).failures == 0


def test_one_asks(hub: Hub, provider: Provider, clock: Clock) -> None:
    """While the breaker is open one call may ask at a time; while it is closed all may."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    with hub.store.write() as session:
        assert breaker.enter(session, hub, session.get_one(Connection, made))
        assert session.get_one(Connection, made).open_until is None
    change(hub, made, open_until=START)
    stale = row(hub, host)
    clock.advance(seconds=1)
    with hub.store.write() as session:
        assert breaker.enter(session, hub, session.get_one(Connection, made))
    assert row(hub, host).open_until == clock() + breaker.ASK_AGAIN
    with hub.store.write() as session:
        assert not breaker.enter(session, hub, stale)


def test_one_connection_is_asked_for(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Asking for one connection does not hold up another that has been waiting as long."""
    ids = [sign_up(hub), sign_up(hub, "grace@example.com")]
    made = [connect(hub, provider, host, f"z{host}") for host in ids]
    for one in made:
        change(hub, one, open_until=START)
    with hub.store.write() as session:
        assert breaker.enter(session, hub, session.get_one(Connection, made[0]))
    assert row(hub, ids[1]).open_until == START


def test_shut_until() -> None:
    """The breaker is shut up to its moment; one that is further off than any was set before the clock was set back."""
    assert breaker.shut(None, START) is None
    assert breaker.shut(Connection(open_until=None), START) is None
    for ahead, is_shut in [
        (timedelta(0), False),
        (MOMENT, True),
        (2 * breaker.ASK_AGAIN, True),
        (2 * breaker.ASK_AGAIN + MOMENT, False),
    ]:
        until = START + ahead
        assert breaker.shut(Connection(open_until=until), START) == (until if is_shut else None)
