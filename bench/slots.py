"""What a list of free times costs, and how little that grows with the bookings of the past."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import text

from bench import seed
from bench.engines import Engine
from bench.report import Line, limit_line, ms, ratio_line
from hub import accounts
from hub.app import assemble, create_app
from hub.container import Hub
from hub.scheduling import offers
from hub.store.migrate import upgrade
from hub.store.models import EventType
from tests.support.world import settings

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
SPAN = timedelta(days=60)
FUTURE, SHORT, LONG = 300, 1_000, 100_000
HALF_HOUR = timedelta(minutes=30)


@dataclass
class Cost:
    """Seconds per call: this process's CPU (median), and by the wall clock (median, 99th percentile)."""

    cpu: float
    wall: float
    p99: float


def measure(engine: Engine, *, calls: int, history: int = LONG) -> list[Line]:
    """Return the cost of `free_times` and of the whole page, with a short and a long history."""
    folder = engine.folder / "slots"
    folder.mkdir()
    database_url = engine.database("slots")
    upgrade(database_url)
    hub = dataclasses.replace(assemble(settings(folder, database_url, engine.redis_url)), clock=lambda: NOW)
    try:
        return _measured(hub, calls, history)
    finally:
        hub.http.close()
        hub.store.dispose()


def _measured(hub: Hub, calls: int, history: int) -> list[Line]:
    host_id = accounts.sign_up(
        hub, name="Ada Lovelace", email="ada@example.com", password="correct horse battery", timezone="Europe/Vienna"
    )
    event_type_id, path, _ = seed.event_type(hub, host_id)
    tomorrow = NOW.replace(hour=0) + timedelta(days=1)
    seed.fill(hub, host_id, seed.every(timedelta(hours=4.5), tomorrow, FUTURE), event_type_id=event_type_id)
    app = create_app(hub=hub)
    costs: list[tuple[Cost, Cost]] = []
    filled = 0
    for size in (SHORT, history):
        ago = NOW.replace(hour=0) - size * HALF_HOUR
        seed.fill(hub, host_id, seed.every(HALF_HOUR, ago, size - filled), event_type_id=event_type_id)
        filled = size
        _analyze(hub)
        function, count = _function(hub, event_type_id)
        costs.append((_cost(function, calls), _cost(_page(app, path), calls)))
    return _lines(costs, history, count)


def _lines(costs: list[tuple[Cost, Cost]], history: int, count: int) -> list[Line]:
    (few, few_page), (many, many_page) = costs
    short, long = f"history {SHORT:,}", f"history {history:,}"
    return [
        Line(f"free_times, {short} ({count} times found)", f"CPU {ms(few.cpu)}, wall {ms(few.wall)}"),
        limit_line(f"free_times, {long}, CPU", many.cpu, 0.005),
        ratio_line(f"free_times, {long} against {short}, wall", many.wall, few.wall, most=1.5),
        Line(f"page, {short}", f"CPU {ms(few_page.cpu)}, wall {ms(few_page.wall)}"),
        Line(f"page, {long}", f"CPU {ms(many_page.cpu)}, wall {ms(many_page.wall)}"),
        limit_line(f"page, {long}, p99 by the wall clock", many_page.p99, 0.05),
        ratio_line(f"page, {long} against {short}, wall", many_page.wall, few_page.wall, most=1.5),
    ]


def _function(hub: Hub, event_type_id: int) -> tuple[Callable[[], object], int]:
    """Return a call that lists 60 days, in a session that is open already, and how many times it finds."""
    with hub.store.read() as session:
        event_type = session.get_one(EventType, event_type_id)

    def listed() -> list[datetime]:
        with hub.store.read() as session:
            return offers.free_times(session, hub, event_type, NOW, NOW + SPAN)

    return listed, len(listed())


def _page(app: Flask, path: str) -> Callable[[], object]:
    client = app.test_client()

    def opened() -> None:
        answer = client.get(path)
        assert answer.status_code == 200, answer.status

    return opened


def _cost(call: Callable[[], object], calls: int) -> Cost:
    for _ in range(3):
        call()
    cpu, wall = [], []
    for _ in range(calls):
        began, used = time.perf_counter(), time.thread_time()
        call()
        cpu.append(time.thread_time() - used)
        wall.append(time.perf_counter() - began)
    wall.sort()
    return Cost(statistics.median(cpu), statistics.median(wall), wall[min(len(wall) - 1, int(len(wall) * 0.99))])


def _analyze(hub: Hub) -> None:
    """Bring the planner's statistics up to date, as autovacuum would in a while."""
    if not hub.store.sqlite:
        with hub.store.write() as session:
            session.execute(text("ANALYZE"))
