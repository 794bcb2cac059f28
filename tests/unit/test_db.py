"""Transactions are short, never nested, and never held during a call over the network."""

from __future__ import annotations

import socket
import threading

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from hub.connections import http, token_endpoint
from hub.container import Hub
from hub.outbox.jobs import RedisQueue
from hub.store.db import FROM_THERE, NetworkInTransaction, after_commit, outside_transaction
from hub.store.models import OutboxRow
from tests.support.world import Clock

pytestmark = pytest.mark.usefixtures("engine")


def row(hub: Hub, key: str) -> OutboxRow:
    return OutboxRow(topic="test", key=key, ids={}, created_at=hub.clock(), due_at=hub.clock())


@pytest.mark.parametrize("kind", ["read", "write"])
def test_no_network_inside(hub: Hub, kind: str, redis_url: str) -> None:
    """A call to a vendor or to Redis inside a transaction is a mistake that fails at once."""
    provider = hub.registry.get("zoom")
    assert provider
    with getattr(hub.store, kind)():
        with pytest.raises(NetworkInTransaction):
            http.send(hub.http, "GET", "http://127.0.0.1:9/", token="t")
        with pytest.raises(NetworkInTransaction):
            RedisQueue(redis_url).poke(1)
        with pytest.raises(NetworkInTransaction):
            token_endpoint.exchange(hub, provider, code="c", verifier="v", redirect_uri="r")
        with pytest.raises(NetworkInTransaction):
            token_endpoint.revoke(hub, provider, "sealed", 1)
    outside_transaction()


@pytest.mark.parametrize("outer", ["read", "write"])
@pytest.mark.parametrize("inner", ["read", "write"])
def test_not_nested(hub: Hub, outer: str, inner: str) -> None:
    """A transaction inside another one fails at once, where it would lock itself out; afterwards all is well."""
    with getattr(hub.store, outer)():
        with pytest.raises(NetworkInTransaction), getattr(hub.store, inner)():
            raise AssertionError("it was entered")
        with pytest.raises(NetworkInTransaction):
            outside_transaction()
    with hub.store.write() as session:
        session.add(row(hub, "after"))


def test_threads_are_apart(hub: Hub) -> None:
    """Another thread's transaction is none of ours."""
    fault: list[Exception] = []

    def call() -> None:
        try:
            outside_transaction()
        except NetworkInTransaction as raised:
            fault.append(raised)

    with hub.store.read():
        other = threading.Thread(target=call)
        other.start()
        other.join()
    assert fault == []


def test_rolls_back(hub: Hub) -> None:
    """Whatever is raised inside takes everything back, what was to follow the commit too, and frees the thread."""
    called: list[str] = []

    def fails() -> None:
        with hub.store.write() as session:
            session.add(row(hub, "never"))
            after_commit(session, lambda: called.append("never"))
            session.flush()
            raise KeyError

    def fails_at_commit() -> None:
        with hub.store.write() as session:
            after_commit(session, lambda: called.append("never"))
            session.add_all([row(hub, "same"), row(hub, "same")])

    with pytest.raises(KeyError):
        fails()
    outside_transaction()
    with pytest.raises(IntegrityError):
        fails_at_commit()
    with hub.store.read() as session:
        assert session.scalars(select(OutboxRow)).all() == []
    assert called == []


def test_after_commit(hub: Hub) -> None:
    """What follows a commit sees it, in order, with no transaction open, and may open one."""
    seen: list[object] = []

    def look() -> None:
        outside_transaction()
        with hub.store.read() as session:
            seen.append(session.scalar(select(OutboxRow.key)))

    with hub.store.write() as session:
        session.add(row(hub, "one"))
        after_commit(session, look)
        after_commit(session, lambda: seen.append("second"))
        assert seen == []
    assert seen == ["one", "second"]


def test_times_are_utc(hub: Hub, clock: Clock) -> None:
    """Times come back aware and in UTC, whatever the server's own zone is; one without zone is refused."""
    with hub.store.write() as session:
        session.add(row(hub, "one"))
    with hub.store.read() as session:
        found = session.scalars(select(OutboxRow)).one()
        assert found.created_at == clock()
        assert found.created_at.utcoffset() == clock().utcoffset()
    naive = row(hub, "two")
    naive.due_at = clock().replace(tzinfo=None)
    with pytest.raises(Exception, match="zone"), hub.store.write() as session:
        session.add(naive)


def test_a_writer_waits(hub: Hub) -> None:
    """Two writers take turns: what one has read can't have changed when it writes."""
    with hub.store.write() as session:
        counter = row(hub, "counter")
        counter.attempts = 0
        session.add(counter)

    def count() -> None:
        for _ in range(10):
            with hub.store.write() as session:
                found = session.scalars(select(OutboxRow).with_for_update()).one()
                found.attempts += 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with hub.store.read() as session:
        assert session.scalars(select(OutboxRow.attempts)).one() == 80


def test_sqlite_is_set_to_keep_what_it_confirmed(hub: Hub) -> None:
    """Fault row 46: the embedded database writes through to the disk at every commit and holds foreign keys."""
    if not hub.store.sqlite:
        return
    with hub.store.read() as session:
        values = [
            session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


@pytest.mark.parametrize("engine", [pytest.param("production", marks=pytest.mark.postgres)], indirect=True)
def test_a_silent_end_is_given_up(hub: Hub) -> None:
    """Each end of a connection to PostgreSQL gives up the other once it is silent for seconds, and not for hours."""
    with hub.store.engine.connect() as connection:
        told = {name: connection.scalar(text(f"SHOW {name}")) for name in FROM_THERE}
        with socket.fromfd(connection.connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as ours:  # type: ignore[attr-defined]
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
    assert told["idle_in_transaction_session_timeout"] == "15s"
    assert told["tcp_keepalives_idle"] == "15"
