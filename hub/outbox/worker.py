"""Runs an RQ worker that delivers outbox rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import redis
from rq import SimpleWorker, Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from rq.worker import BaseWorker
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from hub.errors import Temporary
from hub.outbox.jobs import DELIVER, QUEUE, job_class
from hub.outbox.outbox import Delivery, Handler, deliver
from hub.processes import limit_memory

if TYPE_CHECKING:
    from hub.container import Hub

log = logging.getLogger(__name__)
JOB_MEMORY = 1 << 30  # bytes that one job may take beyond what the worker has; a plugin may want all there are
CONNECT_SECONDS = 5
WORKER_TTL = 30  # seconds; also bounds how long an idle worker blocks before it looks around


class TimeUp(UnixSignalDeathPenalty):
    """Ends a job that takes too long with what is known of it: nothing."""

    def handle_death_penalty(self, signum: int, frame: Any) -> None:
        if self._exception is not JobTimeoutException:
            super().handle_death_penalty(signum, frame)  # type: ignore[no-untyped-call]
        raise Temporary(f"It took longer than {self._timeout} seconds.", outcome_known=False, away=True)


def run(hub: Hub, handlers: Mapping[str, Handler], *, burst: bool = False, fork: bool = True) -> None:
    """Deliver what the queue wakes us for, until stopped (or, with `burst`, until the queue is empty).

    Each job runs in a fork, so that a plugin that hangs or dies takes only its own job along; `fork=False` is for
    tests and benchmarks.
    """
    worker = make_worker(hub, handlers, fork=fork)
    worker.work(burst=burst, logging_level="WARNING")


def make_worker(hub: Hub, handlers: Mapping[str, Handler], *, fork: bool = True) -> BaseWorker:
    """Return the RQ worker. Raises redis.ConnectionError when Redis does not answer."""

    class PlainWorker(SimpleWorker):
        death_penalty_class = TimeUp

    class ForkingWorker(Worker):
        death_penalty_class = TimeUp

        def work(self, *given: Any, **named: Any) -> bool:
            # RQ does this only once it has registered: a stop meanwhile would end the process, and leave it registered.
            self._install_signal_handlers()  # type: ignore[no-untyped-call]
            try:
                return super().work(*given, **named)
            except StopRequested:  # while it registered: for RQ its work had not begun
                self.teardown()  # type: ignore[no-untyped-call]
                return False

        def execute_job(self, job: Job, queue: Queue) -> None:
            hub.clock()  # where it has to look, it does so here and not in each fork
            super().execute_job(job, queue)

        def main_work_horse(self, job: Job, queue: Queue) -> None:
            hub.store.dispose(close=False)  # the parent's database connections are not ours
            limit_memory(JOB_MEMORY)
            super().main_work_horse(job, queue)

    if fork:
        _warm_up(hub, handlers)
    kind = ForkingWorker if fork else PlainWorker
    connection = redis.Redis.from_url(hub.settings.redis_url, socket_connect_timeout=CONNECT_SECONDS)
    functions: dict[str, Any] = {DELIVER: lambda outbox_id: deliver(hub, handlers, int(outbox_id))}
    return kind(
        [QUEUE],
        connection=connection,
        serializer=JSONSerializer,
        job_class=job_class(functions),
        worker_ttl=WORKER_TTL,
        maintenance_interval=WORKER_TTL,
        log_job_description=False,
    )


def _warm_up(hub: Hub, handlers: Mapping[str, Handler]) -> None:
    """Do once, before the forks, what each of them would otherwise do anew: map classes, compile statements.

    The handlers are given a booking that does not exist, which they must bear anyway.
    """
    configure_mappers()
    try:
        deliver(hub, handlers, 0)
        for handler in handlers.values():
            handler(Delivery("warm-up", {"booking": 0, "version": 0, "kind": "", "to": ""}, 1, hub.clock()))
    except SQLAlchemyError:
        log.warning("the database does not answer yet; the worker starts all the same")
    finally:
        hub.store.dispose()  # a connection must not be shared with the forks
