"""Counts: what happened counts once, together with what it changed, whichever process did it."""

from __future__ import annotations

import threading

import pytest

from hub.container import Hub
from hub.store import counters
from hub.store.models import OutboxRow

pytestmark = pytest.mark.usefixtures("engine")


def totals(hub: Hub) -> list[tuple[str, dict[str, str], int]]:
    with hub.store.read() as session:
        return [(name, dict(labels), value) for name, labels, value in counters.totals(session)]


def test_counts_with_its_transaction(hub: Hub) -> None:
    """What is committed counts, what is rolled back does not."""
    with hub.store.write() as session:
        counters.count(session, "x", provider="a", outcome="done")
        counters.count(session, "x", outcome="done", provider="a")
        counters.count(session, "x", provider="b")
        session.add(OutboxRow(topic="t", key="k", ids={}, created_at=hub.clock(), due_at=hub.clock()))

    def fails() -> None:
        with hub.store.write() as session:
            counters.count(session, "x", provider="b")
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert totals(hub) == [("x", {"outcome": "done", "provider": "a"}, 2), ("x", {"provider": "b"}, 1)]


def test_none_is_lost(hub: Hub) -> None:
    """Many who count the same things at once, in whatever order, lose no count and do not block each other."""
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(30)
        for n in range(10):
            with hub.store.write() as session:
                for name in ("a", "b") if (n + number) % 2 else ("b", "a"):
                    counters.count(session, name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert totals(hub) == [("a", {}, 80), ("b", {}, 80)]
