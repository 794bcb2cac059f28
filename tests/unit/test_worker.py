"""Wake-ups through a real Redis, and the worker that they wake, in this process."""

from __future__ import annotations

import dataclasses
import logging
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import rq
from rq.job import Callback, Job
from rq.serializers import JSONSerializer
from rq.timeouts import HorseMonitorTimeoutException, JobTimeoutException
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from hub.container import Hub
from hub.errors import Temporary
from hub.outbox import life, outbox, patience, sweep, worker
from hub.outbox.jobs import DELIVER, POKE_SECONDS, QUEUE, WAKE_UP_SECONDS, RedisQueue, job_class
from hub.outbox.lease import JOB_SECONDS
from hub.outbox.outbox import Delivery
from hub.store.health import Heartbeat
from hub.store.models import OutboxRow
from tests.support.world import Clock

NOBODY = "unix:///nonexistent/redis.sock"


@pytest.fixture(name="woken")
def _woken(hub: Hub, redis_url: str) -> Hub:
    """A hub that wakes its workers through a real Redis."""
    given = dataclasses.replace(hub.settings, redis_url=redis_url)
    return dataclasses.replace(hub, settings=given, queue=RedisQueue(redis_url))


@pytest.fixture(name="signals", autouse=True)
def _signals() -> Iterator[None]:
    """RQ's workers take over what ends a process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def add(hub: Hub, key: str = "a") -> int:
    with hub.store.write() as session:
        row = outbox.add(session, hub, "test", key, booking=7)
        assert row
        return row.id


def jobs(redis_url: str) -> list[Job]:
    with redis.Redis.from_url(redis_url) as connection:
        return rq.Queue(QUEUE, connection=connection, serializer=JSONSerializer).jobs


def test_a_wake_up(woken: Hub, redis_url: str) -> None:
    """A wake-up carries a number, ends a job that hangs, and is not kept where no worker comes for it."""
    made = add(woken)
    (job,) = jobs(redis_url)
    assert (job.func_name, list(job.args), job.kwargs) == (DELIVER, [made], {})
    assert (job.timeout, job.ttl, job.result_ttl, job.failure_ttl) == (JOB_SECONDS, WAKE_UP_SECONDS, 0, 3600)
    assert woken.queue.poke(made)


def test_redis_away(caplog: pytest.LogCaptureFixture, redis_url: str) -> None:
    """A Redis that takes nothing is no error, is asked once and for a moment only, and is logged once until it is back."""
    queue = RedisQueue(NOBODY)
    with caplog.at_level(logging.WARNING):
        assert [queue.poke(1), queue.poke(2)] == [False, False]
    assert len(caplog.records) == 1
    back = RedisQueue(redis_url)
    queue._queue, there = back._queue, queue._queue
    assert queue.poke(3)
    queue._queue = there
    with caplog.at_level(logging.WARNING):
        assert not queue.poke(4)
    assert len(caplog.records) == 2
    asked = queue._client.connection_pool.connection_kwargs
    assert (asked["socket_timeout"], asked["socket_connect_timeout"]) == (POKE_SECONDS, POKE_SECONDS)
    assert asked["retry"].get_retries() == 0


def test_how_many_wait(woken: Hub, redis_url: str) -> None:
    """The wake-ups that nobody has taken are counted; where Redis can't tell, it is as if there were none."""
    for name in "ab":
        add(woken, name)
    assert woken.queue.waiting() == 2
    assert RedisQueue(NOBODY).waiting() == 0


def test_only_our_functions(redis_url: str) -> None:
    """A job in Redis runs one of ours by name, and nothing else that somebody wrote there; no callback either."""
    got: list[object] = []
    kind = job_class({"ours": got.append})
    with redis.Redis.from_url(redis_url) as connection:
        make = {"connection": connection, "serializer": JSONSerializer}
        kind.create("ours", args=[5], **make).perform()
        assert got == [5]
        for name in ("os.getcwd", "theirs"):
            with pytest.raises(PermissionError, match=f"'{name}' is not one of the hub's jobs"):
                kind.create(name, **make).perform()
        called = kind.create("ours", on_success=Callback("os.getcwd"), on_failure=Callback("os.getcwd"), **make)
        assert (called.success_callback, called.failure_callback, called.stopped_callback) == (None, None, None)


def test_works(woken: Hub, redis_url: str) -> None:
    """A worker that is woken delivers the row, and in burst ends when the queue is empty."""
    got: list[Delivery] = []
    made = add(woken)
    worker.run(woken, {"test": got.append}, burst=True, fork=False)
    assert [delivery.ids for delivery in got] == [{"booking": 7}]
    assert jobs(redis_url) == []
    with woken.store.read() as session:
        assert session.get_one(OutboxRow, made).done_at


def test_what_a_worker_is(woken: Hub) -> None:
    """It forks for each job unless told otherwise, serves one queue, looks around often, and logs no job's contents."""
    plain = worker.make_worker(woken, {}, fork=False)
    forking = worker.make_worker(woken, {})
    assert isinstance(plain, rq.SimpleWorker)
    assert not isinstance(forking, rq.SimpleWorker)
    for made in (plain, forking):
        assert [queue.name for queue in made.queues] == [QUEUE]
        assert made.serializer is made.queues[0].serializer is JSONSerializer
        assert (made.worker_ttl, made.maintenance_interval, made.log_job_description) == (30, 30, False)
        assert made.death_penalty_class is worker.TimeUp
        with pytest.raises(PermissionError):
            made.job_class.create("os.getcwd", connection=made.connection, serializer=JSONSerializer).perform()


def test_a_forks_first_and_last(woken: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is looked at before the fork, and in the fork no connection of the parent's is used and memory is bounded."""
    done: list[object] = []
    made = worker.make_worker(dataclasses.replace(woken, clock=lambda: done.append("clock") or woken.clock()), {})
    done.clear()
    kind = type(made).__mro__[1]
    monkeypatch.setattr(kind, "execute_job", lambda _, job, queue: done.append((job, queue)))
    monkeypatch.setattr(kind, "main_work_horse", lambda _, job, queue: done.append((job, queue)))
    monkeypatch.setattr(worker, "limit_memory", done.append)
    monkeypatch.setattr(woken.store, "dispose", lambda *, close: done.append(("dispose", close)))
    made.execute_job("job", "queue")  # type: ignore[arg-type]
    assert done == ["clock", ("job", "queue")]
    done.clear()
    made.main_work_horse("job", "queue")  # type: ignore[arg-type]
    assert done == [("dispose", False), 1 << 30, ("job", "queue")]


@pytest.mark.parametrize("step", ["register_birth", "subscribe", "_install_signal_handlers"])
def test_stopped_while_it_starts(woken: Hub, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A worker that is asked to stop while it registers itself stops, and is not taken for one that is there."""

    def dies(_number: int, _frame: object) -> None:
        raise AssertionError("the process would be gone")

    signal.signal(signal.SIGTERM, dies)
    made = worker.make_worker(woken, {})
    takes = getattr(made, step)

    def asked_to_stop() -> None:
        takes()
        if made.birth_date:  # it has registered
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(made, step, asked_to_stop)
    assert not made.work(logging_level="WARNING")
    assert signal.getsignal(signal.SIGTERM) == made.request_force_stop, "it was not asked"
    assert rq.Worker.all(connection=made.connection) == []


def test_warms_up(woken: Hub, clock: Clock) -> None:
    """Before the forks each handler is called for a booking that does not exist, and no database connection stays open."""
    got: list[Delivery] = []
    worker.make_worker(woken, {"one": got.append, "two": got.append}, fork=False)
    assert got == []
    worker.make_worker(woken, {"one": got.append, "two": got.append})
    ids = {"booking": 0, "version": 0, "kind": "", "to": ""}
    assert got == [Delivery("warm-up", ids, 1, clock())] * 2
    assert woken.store.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_starts_without_a_database(woken: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """A database that is away at the start does not keep the worker from starting; it says so."""

    def away(_: Delivery) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    with caplog.at_level(logging.WARNING):
        assert worker.make_worker(woken, {"test": away})
    assert "the database does not answer yet" in caplog.text


def test_time_is_up() -> None:
    """Of a job that took too long nothing is known, and its vendor counts as away; RQ's own alarms stay RQ's."""
    with pytest.raises(Temporary, match=r"It took longer than 50 seconds\.") as caught:
        worker.TimeUp(50, JobTimeoutException).handle_death_penalty(signal.SIGALRM, None)
    assert (caught.value.outcome_known, caught.value.away) == (False, True)
    with pytest.raises(HorseMonitorTimeoutException):
        worker.TimeUp(50, HorseMonitorTimeoutException).handle_death_penalty(signal.SIGALRM, None)


class Worker:
    """Ends as it is told: with a fault, as if it had been asked to, or because it was."""

    max_connection_wait_time = 60.0

    def __init__(self, *ends: Exception | str) -> None:
        self.ends, self.made, self.levels = list(ends), 0, list[str]()

    def __call__(self) -> Any:
        self.made += 1
        return self

    def handle_warm_shutdown_request(self) -> None:
        """What RQ calls when it is asked to stop."""

    def work(self, logging_level: str) -> None:
        self.levels.append(logging_level)
        assert self.max_connection_wait_time == patience.LOOK_AGAIN_SECONDS
        # As RQ does it: while a worker works, its handlers are there.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        if end == "asked":
            self.handle_warm_shutdown_request()


def test_a_worker_outlives_redis(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that loses Redis, or patience with it, is replaced once it is back; it can be ended while it waits."""
    waits: list[float] = []
    answers = [False, True, True]
    monkeypatch.setattr(patience, "_usable", lambda url: url == redis_url and answers.pop(0))

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=sleep))
    made = Worker(redis.ConnectionError("gone"), "as if asked", "asked")
    patience.work(redis_url, made)
    assert (made.made, made.levels) == (3, ["WARNING"] * 3)
    assert (waits, answers) == ([patience.LOOK_AGAIN_SECONDS] * 3, [])


def test_usable(redis_url: str) -> None:
    """Redis is usable where it takes something, which it then forgets."""
    assert not patience._usable(NOBODY)
    assert patience._usable(redis_url)
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.keys() in ([b"hub:usable"], [])
        assert connection.pttl("hub:usable") <= 1000
        connection.config_set("maxmemory", "1")
        try:
            assert not patience._usable(redis_url)
        finally:
            connection.config_set("maxmemory", "0")


def test_workers_seen(woken: Hub, redis_url: str, clock: Clock) -> None:
    """The registered workers are listed by name, with machine and what they do; the newest sign is written down."""
    assert life.workers(redis_url) == []
    made = [rq.SimpleWorker([QUEUE], name=name, connection=redis.Redis.from_url(redis_url)) for name in ("two", "one")]
    for one in made:
        one.register_birth()
    made[0].set_state("busy")
    made[1].set_state("idle")
    with redis.Redis.from_url(redis_url) as connection:
        connection.hset("rq:worker:two", "last_heartbeat", "2026-11-25T10:00:00.000000Z")
        connection.hset("rq:worker:one", "last_heartbeat", "2026-11-25T11:00:00.000000Z")
    machine = made[0].hostname or ""
    assert machine
    one, two = (datetime(2026, 11, 25, hour, tzinfo=UTC) for hour in (11, 10))
    assert life.workers(redis_url) == [
        life.WorkerSeen("one", machine, "idle", one),
        life.WorkerSeen("two", machine, "busy", two),
    ]
    life.note(woken)
    with woken.store.read() as session:
        assert life.last_seen(session) == {life.SWEEPER: clock(), life.WORKER: one}
    for each in made:
        each.connection.close()


def test_no_sign_of_workers(hub: Hub, clock: Clock, redis_url: str) -> None:
    """Without Redis, or without workers in it, only the sweeper's own sign is left, at once; an older one stays."""
    earlier = clock() - timedelta(days=1)
    with hub.store.write() as session:
        session.add(Heartbeat(name=life.WORKER, seen_at=earlier))
    life.note(hub)
    with pytest.raises(redis.RedisError):
        life.workers(NOBODY)
    assert life.workers(redis_url) == []
    with hub.store.read() as session:
        assert life.last_seen(session) == {life.SWEEPER: clock(), life.WORKER: earlier}


@pytest.mark.parametrize(("seconds", "there"), [(-5, True), (0, True), (59, True), (60, False), (61, False)])
def test_alive(clock: Clock, seconds: int, there: bool) -> None:
    """Who left a sign within the last minute is there, also by a clock that is ahead."""
    assert life.alive(clock() - timedelta(seconds=seconds), clock()) is there


def test_the_sweeper_goes_on(hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It sweeps each second and keeps house; each time the database goes away it says so once."""
    stop, swept = threading.Event(), list[Hub]()
    answers = [OperationalError, OperationalError, None, OperationalError]

    def sweeps(given: Hub) -> int:
        swept.append(given)
        answer = answers[len(swept) - 1]
        if len(swept) == len(answers):
            stop.set()
        if answer:
            raise answer("SELECT 1", {}, Exception("gone"))
        return 0

    monkeypatch.setattr(sweep, "sweep", sweeps)
    monkeypatch.setattr(sweep, "TICK_SECONDS", 0.001)
    with caplog.at_level(logging.ERROR):
        sweep.run(hub, stop)
    assert swept == [hub] * 4
    assert len(caplog.records) == 2
    with hub.store.read() as session:
        assert session.scalars(select(Heartbeat.name)).all() == [life.SWEEPER]
