"""Signs of life: which workers there are now, and when sweeper and workers were last seen."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Worker
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.store.db import outside_transaction
from hub.store.health import Heartbeat

if TYPE_CHECKING:
    from hub.container import Hub

SWEEPER, WORKER = "sweeper", "worker"
GONE_AFTER = timedelta(seconds=60)  # both leave a sign at least every 30 seconds
REDIS_SECONDS = 0.5


@dataclass(frozen=True)
class WorkerSeen:
    """A worker as it registered in Redis; `seen_at` is by its own machine's clock."""

    name: str
    machine: str
    doing: str
    seen_at: datetime


def alive(seen_at: datetime, now: datetime) -> bool:
    """Tell whether a sign of life is so fresh that who left it is there; one from a clock ahead of ours counts."""
    return now - seen_at < GONE_AFTER


def workers(redis_url: str) -> list[WorkerSeen]:
    """Return the registered workers by name, also those that died lately. Raises redis.RedisError."""
    outside_transaction()
    patience = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    with redis.Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0), **patience) as connection:
        found = Worker.all(connection=connection)
        seen = [
            WorkerSeen(
                one.name,
                one.hostname or "",
                "idle" if str(one.get_state()) == "idle" else "busy",
                one.last_heartbeat,
            )
            for one in found
            if one.last_heartbeat
        ]
    return sorted(seen, key=lambda one: one.name)


def last_seen(session: Session) -> Mapping[str, datetime]:
    """Return when sweeper and workers were last seen; who never was is not in it."""
    return {row.name: row.seen_at for row in session.scalars(select(Heartbeat))}


def note(hub: Hub) -> None:
    """Write down that the sweeper lives, and the newest sign that a worker left in Redis."""
    seen = {SWEEPER: hub.clock()}
    with contextlib.suppress(redis.RedisError):
        if signs := [one.seen_at for one in workers(hub.settings.redis_url)]:
            seen[WORKER] = max(signs)
    with hub.store.write() as session:
        for name, moment in seen.items():
            session.merge(Heartbeat(name=name, seen_at=moment))
