"""The RQ side of the outbox: one queue, one job that carries an id, and an allowlist of what a job may run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import redis
import rq
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.job import Job
from rq.serializers import JSONSerializer

from hub.outbox.lease import JOB_SECONDS
from hub.store.db import outside_transaction

QUEUE = "hub"
DELIVER = "hub.outbox.jobs.deliver"
POKE_SECONDS = 0.05
WAKE_UP_SECONDS = 60

log = logging.getLogger(__name__)


class RedisQueue:
    """Wakes workers through Redis; a Redis that is down, full or frozen costs the caller 50 ms and nothing else."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_connect_timeout=POKE_SECONDS,
            socket_timeout=POKE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._queue = rq.Queue(QUEUE, connection=self._client, serializer=JSONSerializer)
        self._down = False

    def poke(self, outbox_id: int) -> bool:
        """Enqueue a job for this outbox row. Returns whether Redis took it; never raises."""
        outside_transaction()
        try:
            # The sweeper wakes again for what nobody took, so old wake-ups need not pile up while no worker runs.
            self._queue.enqueue(
                DELIVER, outbox_id, ttl=WAKE_UP_SECONDS, result_ttl=0, failure_ttl=3600, job_timeout=JOB_SECONDS
            )
        except redis.RedisError as fault:
            if not self._down:
                log.warning("Redis takes no wake-ups (%s); the sweeper will see to it", type(fault).__name__)
            self._down = True
            return False
        self._down = False
        return True

    def waiting(self) -> int:
        """Return how many wake-ups no worker has taken yet, 0 where that can't be told; never raises."""
        outside_transaction()
        try:
            return self._queue.count
        except redis.RedisError:
            return 0


def job_class(functions: Mapping[str, Callable[..., Any]]) -> type[Job]:
    """Return a Job class that runs these functions by name and nothing else, whatever stands in Redis."""

    class HubJob(Job):
        def perform(self) -> Any:
            function = functions.get(self.func_name or "")
            if function is None:
                raise PermissionError(f"{self.func_name!r} is not one of the hub's jobs")
            return function(*self.args)

        @property
        def success_callback(self) -> None:
            return None  # RQ would import whatever name stands in Redis

        @property
        def failure_callback(self) -> None:
            return None

        @property
        def stopped_callback(self) -> None:
            return None

    return HubJob
