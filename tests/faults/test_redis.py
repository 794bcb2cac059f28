"""Rows 1-4: Redis is down, black-holed, empty or full, and nobody but the workers notices."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from hub.store.models import EventType
from tests.faults.stage import Live, Posted, starts
from tests.support.people import Host

pytestmark = pytest.mark.faults
COUNT = 20
SLACK = 0.1  # seconds that a booking may take longer than normal


@pytest.fixture(name="offered")
def _offered(live: Live, ada: Host) -> EventType:
    return ada.offers("zoom")


@pytest.fixture(name="processes", autouse=True)
def _processes(live: Live, offered: EventType) -> None:
    live.running.start("web", "worker-1", "worker-2", "sweep")


def books(live: Live, offered: EventType, times: list[datetime], first: int) -> list[Posted]:
    """Book them one after the other; every one is taken."""
    posted = [live.posts(offered, start, who=first + n) for n, start in enumerate(times)]
    assert [one.status for one in posted] == [303] * len(times), [one.page[-500:] for one in posted if not one.token]
    return posted


def took(posted: list[Posted]) -> float:
    return statistics.median(one.seconds for one in posted)


def breaks(
    live: Live, offered: EventType, fault: Callable[[], Any], mend: Callable[[], Any], figure: Callable[[str], None]
) -> None:
    """Book in normal times and during the fault; all is taken, hardly slower, and all is well afterwards."""
    times = starts(2 * COUNT)
    normal = books(live, offered, times[:COUNT], 0)
    fault()
    meanwhile = books(live, offered, times[COUNT:], COUNT)
    mend()
    seconds = live.settles()
    assert took(meanwhile) <= took(normal) + SLACK
    ratio = took(meanwhile) / took(normal)
    figure(f"latency x{ratio:.2f}, all done {seconds:.0f} s after its return")


def test_down(live: Live, offered: EventType, figure: Callable[[str], None]) -> None:
    """Row 1: with Redis stopped every booking is taken, and its meeting is made once Redis is back."""
    breaks(live, offered, live.redis.stops, live.redis.starts, figure)


def test_black_hole(live: Live, offered: EventType, figure: Callable[[str], None]) -> None:
    """Row 2: with a Redis that takes connections and says nothing, the same."""
    breaks(live, offered, live.redis.freezes, live.redis.thaws, figure)


def test_flushed(live: Live, offered: EventType, figure: Callable[[str], None]) -> None:
    """Row 3: a Redis that has lost all that was queued loses and doubles nothing."""
    live.running.kill("worker-1", "worker-2")
    books(live, offered, starts(COUNT), 0)
    live.redis.empties()
    live.running.start("worker-1", "worker-2")
    live.settles()
    assert len(live.watch.of("create")) == COUNT
    figure(f"{COUNT} queued, 0 missing, 0 double")


def test_full(live: Live, offered: EventType, figure: Callable[[str], None]) -> None:
    """Row 4: with a Redis that is full every booking is taken, and its meeting is made once there is room."""
    breaks(live, offered, live.redis.fills, live.redis.empties, figure)
