"""The end of a grant: told once, with its cause."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.connections import broken, shared
from hub.container import Hub
from hub.provider import Provider
from hub.store.models import Connection, OutboxRow
from tests.support.connected import MOMENT, change, connect, keys, mark, row, sign_up
from tests.support.world import START, Clock

pytestmark = pytest.mark.usefixtures("zoom")


def knows(hub: Hub, host: int) -> bool:
    found = row(hub, host)
    with hub.store.read() as session:
        return broken.host_knows(session, found)


def test_told_once(hub: Hub, provider: Provider, clock: Clock) -> None:
    """A dead grant is noted and mailed once; the host knows once that mail is out."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    clock.advance(seconds=5)
    assert not knows(hub, host)
    assert not mark(hub, made, at=START - MOMENT)
    assert not mark(hub, made + 1000)
    assert mark(hub, made, "d" * 400)
    assert not mark(hub, made)
    assert (row(hub, host).broken_reason, row(hub, host).broken_at) == ("d" * 300, clock())
    assert keys(hub, "mail")[-1:] == [f"mail:broken:{made}:1"]
    with hub.store.read() as session:
        told = session.scalars(select(OutboxRow).where(OutboxRow.key == f"mail:broken:{made}:1")).one()
        assert (told.topic, told.ids) == ("mail", {"kind": "broken", "connection": made})
    assert not knows(hub, host)
    with hub.store.write() as session:
        session.get_one(OutboxRow, told.id).done_at = clock()
    assert knows(hub, host)
    change(hub, made, broken_reason="")
    assert not knows(hub, host)


def test_anothers_mail(hub: Hub, provider: Provider, clock: Clock) -> None:
    """That another host was told does not tell this one."""
    hosts = [sign_up(hub), sign_up(hub, "grace@example.com")]
    made = [connect(hub, provider, host, account) for host, account in zip(hosts, ("z1", "z2"), strict=True)]
    for one in made:
        mark(hub, one)
    with hub.store.write() as session:
        session.scalars(select(OutboxRow).where(OutboxRow.key == f"mail:broken:{made[1]}:1")).one().done_at = clock()
    assert [knows(hub, host) for host in hosts] == [False, True]


def test_nothing_to_break(hub: Hub, provider: Provider) -> None:
    """A connection without tokens has nothing that could break."""
    made = connect(hub, provider, sign_up(hub))
    change(hub, made, tokens="")
    assert not mark(hub, made)


def test_others(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Of an account that two hosts have connected, the later one is named as the cause where the earlier one dies."""
    hosts = [sign_up(hub, f"{name}@example.com") for name in ("ada", "grace", "joan")]
    made = [connect(hub, provider, host, account) for host, account in zip(hosts, ("z1", "z1", "z2"), strict=True)]

    def others(connection: int) -> list[int]:
        with hub.store.read() as session:
            return [other.id for other in shared.others(session, session.get_one(Connection, connection))]

    def cause(connection: int) -> str:
        with hub.store.read() as session:
            return shared.ended_by_another(session, session.get_one(Connection, connection))

    assert [others(one) for one in made] == [[made[1]], [made[0]], []]
    assert [cause(one) for one in made] == [shared.ENDED, shared.ENDED, ""]
    change(hub, made[0], connected_at=START - MOMENT)
    assert [cause(one) for one in made] == [shared.ENDED, "", ""]
    change(hub, made[0], connected_at=None)
    assert [cause(one) for one in made] == ["", "", ""]
    change(hub, made[0], connected_at=START - MOMENT)
    change(hub, made[1], connected_at=None)
    assert cause(made[0]) == ""
    change(hub, made[1], connected_at=START, broken_reason="x")
    assert others(made[0]) == []
    change(hub, made[1], broken_reason="", tokens="")
    assert others(made[0]) == []
    change(hub, made[1], tokens="x", provider="other")
    assert others(made[0]) == []
    change(hub, made[1], provider="zoom")
    assert others(made[0]) == [made[1]]
    change(hub, made[0], account="")
    change(hub, made[1], account="")
    assert others(made[0]) == []


@pytest.mark.parametrize("explained", [False, True])
def test_cause(hub: Hub, provider: Provider, explained: bool) -> None:
    """The cause is added to the reason, unless the reason has explained it."""
    hosts = [sign_up(hub), sign_up(hub, "grace@example.com")]
    made = [connect(hub, provider, host) for host in hosts]
    more = {"explained": True} if explained else {}
    assert mark(hub, made[0], **more)
    assert row(hub, hosts[0]).broken_reason == "dead" + ("" if explained else shared.ENDED)
