"""Runs an RQ worker that delivers outbox rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import redis
from rq import SimpleWorker, Worker
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from hub.outbox.jobs import DELIVER, QUEUE, job_class
from hub.outbox.outbox import Handler, deliver

if TYPE_CHECKING:
    from hub.container import Hub

WORKER_TTL = 30  # seconds; also bounds how long an idle worker blocks before it looks around


def run(hub: Hub, handlers: Mapping[str, Handler], *, burst: bool = False, fork: bool = True) -> None:
    """Deliver what the queue wakes us for, until stopped (or, with `burst`, until the queue is empty).

    Each job runs in a fork, so that a plugin that hangs or dies takes only its own job along; `fork=False` is for
    tests and benchmarks.
    """
    worker = make_worker(hub, handlers, fork=fork)
    worker.work(burst=burst, logging_level="WARNING")


def make_worker(hub: Hub, handlers: Mapping[str, Handler], *, fork: bool = True) -> BaseWorker:
    """Return the RQ worker. Raises redis.ConnectionError when Redis does not answer."""

    class ForkingWorker(Worker):
        def main_work_horse(self, job: Job, queue: Queue) -> None:
            hub.store.dispose(close=False)  # the parent's database connections are not ours
            super().main_work_horse(job, queue)

    kind = ForkingWorker if fork else SimpleWorker
    connection = redis.Redis.from_url(hub.settings.redis_url)
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
