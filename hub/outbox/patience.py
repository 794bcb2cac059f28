"""Keeps a worker at work while Redis goes and comes back."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable

import redis
from rq.worker import BaseWorker

LOOK_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


def work(url: str, make: Callable[[], BaseWorker]) -> None:
    """Have the worker that `make` returns work until it is asked to stop; another takes its place when Redis is back.

    RQ's worker waits for a lost Redis only while it has nothing to do, and ends where it loses it during a job: with
    what it raised where Redis is still away, else as if it had been asked to.
    """
    asked = threading.Event()
    while True:
        try:
            worker = make()
            worker.handle_warm_shutdown_request = asked.set  # type: ignore[method-assign]
            worker.max_connection_wait_time = (
                LOOK_AGAIN_SECONDS  # RQ would look ever more rarely, at last once a minute
            )
            worker.work(logging_level="WARNING")
        except redis.RedisError as fault:
            log.warning("Redis can't be used (%s); the worker waits for it", type(fault).__name__)
        if asked.is_set():
            return
        # Those of the worker that is gone would only tell it.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.sleep(LOOK_AGAIN_SECONDS)  # what ended it may do so again
        while not _usable(url):
            time.sleep(LOOK_AGAIN_SECONDS)


def _usable(url: str) -> bool:
    """Tell whether Redis answers and takes something."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            client.set("hub:usable", 1, ex=1)
    except redis.RedisError:
        return False
    return True
