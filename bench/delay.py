"""From a booking's commit to the request at Zoom, against RQ's own way from enqueueing to the start of a job."""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
import rq
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from bench import seed
from bench.engines import Engine, spawn
from bench.report import Line, limit_line, ratio_line
from bench.workers import QUEUE, STARTED
from hub import processes
from hub.app import assemble
from hub.config import Settings
from hub.container import Hub, Queue
from hub.scheduling import bookings
from hub.store.migrate import upgrade
from hub.store.models import OutboxRow
from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.support import servers
from tests.support.world import settings

PATIENCE = 30.0
MAILS = 2.0  # mails whose wake-up was lost are not waited for longer


class Recorder:
    """The local Zoom, with a note of when each request to make a meeting came in."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.came: queue.Queue[float] = queue.Queue()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/meetings"):
            self.came.put(time.monotonic())
        answer: Iterable[bytes] = self.app(environ, start_response)
        return answer


class Timed:
    """The hub's queue, with a note of when it was first asked: that is right after the commit."""

    def __init__(self, inner: Queue) -> None:
        self.inner = inner
        self.committed = 0.0

    def poke(self, outbox_id: int) -> bool:
        """Wake a worker."""
        self.committed = self.committed or time.monotonic()
        # On a busy machine Redis may not answer within 50 ms. The sweeper would wake a worker then; there is none here.
        return any(self.inner.poke(outbox_id) for _ in range(20))

    def waiting(self) -> int:
        """Return how many wake-ups wait."""
        return self.inner.waiting()


def measure(engine: Engine, *, count: int) -> list[Line]:
    """Return the delays of `count` bookings and as many jobs in turn, with forking workers and with simple ones."""
    folder = engine.folder / "delay"
    folder.mkdir()
    database_url = engine.database("delay")
    upgrade(database_url)
    port = servers.free_port()
    recorder = Recorder(sandbox_app(f"http://127.0.0.1:{port}", daily_limit=0, published=False))
    with serve(recorder, port=port) as zoom:
        told = settings(folder, database_url, engine.redis_url, zoom.url)
        assembled = assemble(told)
        hub = dataclasses.replace(assembled, queue=Timed(assembled.queue))
        try:
            return _measured(hub, zoom, recorder, folder, count)
        finally:
            hub.http.close()
            hub.store.dispose()


def _measured(hub: Hub, zoom: Server, recorder: Recorder, folder: Path, count: int) -> list[Line]:
    host = seed.connected_host(hub, zoom)
    event_type_id, _, places = seed.event_type(hub, host.id)
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    starts = seed.every(timedelta(minutes=30), tomorrow, 50 * 48)
    lines = []
    for kind in ("fork", "simple"):
        ours, stock = [], []
        with _workers(hub.settings, kind, folder):
            for n in range(count + 3):
                booked = _book(hub, recorder, next(starts), event_type_id, places["zoom"])
                began = _job(hub.settings)
                if n >= 3:  # the first ones wait for imports
                    ours.append(booked)
                    stock.append(began)
        name = "forking worker" if kind == "fork" else "SimpleWorker"
        lines += [
            ratio_line(f"commit → request at Zoom, {name}, p50", *map(statistics.median, (ours, stock)), most=1.5),
            ratio_line(f"commit → request at Zoom, {name}, p99", _p99(ours), _p99(stock)),
            limit_line(f"commit → request at Zoom, {name}, p99", _p99(ours), 0.15),
        ]
    return lines


@contextlib.contextmanager
def _workers(told: Settings, kind: str, folder: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for whose in ("hub", "rq"):
            arguments = ["-m", "bench.workers", whose, kind]
            child = spawn(arguments, dict(told.environ), folder / f"{whose}-{kind}.log")
            stack.callback(processes.end, child)
        yield


def _book(hub: Hub, recorder: Recorder, start: datetime, event_type_id: int, location_id: int) -> float:
    """Book, and return the seconds from the commit to the request at Zoom, once the worker is idle again."""
    assert isinstance(hub.queue, Timed)
    hub.queue.committed = 0.0
    wish = bookings.Wish(
        starts_at=start,
        location_id=location_id,
        answers={},
        name="Bob Invitee",
        email="bob@example.net",
        notes="",
        timezone="Europe/London",
        nonce=f"delay-{start.isoformat()}",
    )
    bookings.book(hub, event_type_id, wish)
    seconds = recorder.came.get(timeout=PATIENCE) - hub.queue.committed
    _idle(hub)
    return seconds


def _job(told: Settings) -> float:
    """Enqueue a job that does nothing, and return the seconds until it began."""
    client = redis.Redis.from_url(told.redis_url)
    jobs = rq.Queue(QUEUE, connection=client, serializer=JSONSerializer)
    enqueued = time.monotonic()
    jobs.enqueue("bench.workers.stamp", result_ttl=0)
    answer = client.blpop([STARTED], timeout=PATIENCE)
    assert answer, "the job did not start"
    time.sleep(0.02)  # until the fork has gone and the worker listens again
    return float(answer[1]) - enqueued


def _idle(hub: Hub) -> None:
    """Return once all that is due is done, mails included."""
    until = time.monotonic() + MAILS
    while time.monotonic() < until:
        with hub.store.read() as session:
            now = hub.clock()
            due = select(func.count()).where(OutboxRow.done_at.is_(None), OutboxRow.due_at <= now)
            if not session.scalar(due):
                break
        time.sleep(0.01)
    time.sleep(0.02)  # until the fork has gone and the worker listens again


def _p99(seconds: list[float]) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
