"""Rows 1-4: Redis is down, black-holed, empty or full, and nobody but the workers notices."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from hub.store.models import EventType
from tests.faults.stage import Live, Posted, starts
from tests.support.people import Host
from tests.support.running import wait_for

pytestmark = pytest.mark.faults
COUNT = 20
WORKERS = ("worker-1", "worker-2")
GONE = 600.0  # seconds; what stands in Redis for a worker, or to wake one, lives for a minute
SWEEP = 15.0  # seconds after which a sweep has found whatever is due
MOST = 1.1  # times its own normal that a booking may take while Redis is gone
SLACK = 0.1  # seconds that a booking may take longer than normal


@pytest.fixture(name="offered")
def _offered(live: Live, ada: Host) -> EventType:
    return ada.offers("zoom")


@pytest.fixture(name="processes", autouse=True)
def _processes(live: Live, offered: EventType) -> None:
    live.running.start("web", *WORKERS, "sweep")


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


@pytest.mark.timeout(1800)
def test_gone_for_long(live: Live, offered: EventType, figure: Callable[[str], None]) -> None:
    """Row 1: Redis is gone for ten minutes; bookings take no longer, and all meetings are made within one sweep of its return."""
    times, began = starts(2 * COUNT), time.monotonic()
    normal = books(live, offered, times[:COUNT], 0)
    wait_for(lambda: len(live.watch.of("create")) == COUNT)
    usual = time.monotonic() - began
    live.settles()
    live.redis.stops()
    began = time.monotonic()
    meanwhile = []
    for n, start in enumerate(times[COUNT:], 1):
        meanwhile += books(live, offered, [start], COUNT + n)
        time.sleep(max(0.0, began + n * GONE / COUNT - time.monotonic()))
    live.redis.starts()
    back = time.monotonic()
    wait_for(lambda: len(live.watch.of("create")) == 2 * COUNT)
    first = live.watch.of("create")[COUNT].began - back
    seconds = time.monotonic() - back
    live.settles()
    ratio = took(meanwhile) / took(normal)
    figure(
        f"gone for {GONE:.0f} s: latency x{ratio:.2f}, first meeting after {first:.1f} s, {COUNT} after {seconds:.1f} s"
    )
    assert ratio <= MOST
    assert seconds <= SWEEP + usual  # one sweep finds them, and then they take what as many always take here


def test_worker_outlives_a_silence(live: Live, offered: EventType) -> None:
    """Row 2: a worker that loses patience with a silent Redis in the middle of its work goes on when it speaks again."""
    live.breaks_zoom("latency", "create", seconds=3)
    live.posts(offered, starts(1)[0])
    wait_for(lambda: len(live.watch.of("create")) == 1)
    live.redis.freezes()
    wait_for(lambda: any("quitting" in live.running.log(name) for name in WORKERS), 90)
    live.redis.thaws()
    live.settles()
    assert [live.running.ended(name) for name in WORKERS] == [None, None]
    live.posts(offered, starts(2)[1], who=1)
    live.settles()
