"""The worker processes of a measurement: the hub's own, and RQ's with a job that only says when it began."""

from __future__ import annotations

import os
import sys
import time

import redis
from rq import SimpleWorker, Worker
from rq.serializers import JSONSerializer

QUEUE, STARTED = "bench", "bench:started"


def stamp() -> None:
    """Tell when this job began, by the clock that all processes of the machine share."""
    client = redis.Redis.from_url(os.environ["HUB_REDIS_URL"])
    client.rpush(STARTED, repr(time.monotonic()))


def main(kind: str, fork: bool) -> None:
    """Run one worker until it is ended; `kind` is hub or rq. Both have the whole hub in memory."""
    from hub import config
    from hub.app import assemble, handlers
    from hub.outbox import worker

    hub = assemble(config.load(os.environ))
    if kind == "hub":
        worker.run(hub, handlers(hub), fork=fork)
        return
    connection = redis.Redis.from_url(hub.settings.redis_url)
    stock = (Worker if fork else SimpleWorker)([QUEUE], connection=connection, serializer=JSONSerializer)
    stock.work(logging_level="WARNING")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] == "fork")
