"""Whether those are alive that deliver: the sweeper and the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import redis

from hub.config import Settings
from hub.doctor.finding import OK, WARNING, WRONG, Told
from hub.doctor.services import opened
from hub.outbox import life
from hub.words import short

UTC_ZONE = "UTC"


def sweeper(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Told]:
    """Look when the sweeper last left a sign of life."""
    now, seen = clock(), _seen(settings, life.SWEEPER)
    if seen and seen - now > life.GONE_AFTER:
        yield WRONG, f"it was last seen at {short(seen, 'UTC')}, which is yet to come: a clock is wrong. Set it by NTP."
    elif seen and life.alive(seen, now):
        yield OK, "alive"
    else:
        yield _missing("sweeper", seen, "hub sweep", "What is due later, and what a lost wake-up was for, waits.")


def worker(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Told]:
    """Look who is registered in Redis, else when a worker was last seen there."""
    now = clock()
    try:
        living = [one for one in life.workers(settings.redis_url) if life.alive(one.seen_at, now)]
    except redis.RedisError:
        living = []  # that Redis does not answer is a finding of its own
    if living:
        yield OK, f"{len(living)} alive: {', '.join(sorted({one.machine for one in living}))}"
    else:
        yield _missing("worker", _seen(settings, life.WORKER), "hub worker", "Meetings and mails wait.")


def _seen(settings: Settings, name: str) -> datetime | None:
    with opened(settings) as store:
        if store is None:
            return None
        with store.read() as session:
            return life.last_seen(session).get(name)


def _missing(what: str, seen: datetime | None, command: str, effect: str) -> Told:
    if seen is None:
        return WARNING, f"no {what} has been seen yet: start {command} (or hub up)."
    return WRONG, f"no {what} has been seen since {short(seen, 'UTC')}: start {command} (or hub up). {effect}"
