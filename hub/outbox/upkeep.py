"""What the sweeper does beside waking workers: it leaves signs of life, and forgets what was done long ago."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from hub.outbox import life
from hub.store.models import OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub

SIGN_EVERY = timedelta(seconds=15)
FORGET_EVERY = timedelta(hours=1)
KEEP_DONE = timedelta(days=30)
BATCH = 500  # rows that one transaction deletes: others get their turn in between


class Upkeep:
    """Does each chore when its time has come; called at every tick of the sweeper."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._chores: tuple[tuple[timedelta, Callable[[Hub], object]], ...] = (
            (SIGN_EVERY, life.note),
            (FORGET_EVERY, forget_done),
        )
        self._last: dict[timedelta, datetime] = {}

    def tend(self) -> None:
        """Do what is due. Raises SQLAlchemyError; the chore is then tried again at the next tick."""
        for every, chore in self._chores:
            now, last = self._hub.clock(), self._last.get(every)
            if last is not None and timedelta(0) <= now - last < every:  # a clock set back puts nothing off
                continue
            chore(self._hub)
            self._last[every] = now


def forget_done(hub: Hub) -> int:
    """Delete rows that were done a month ago, in batches; returns how many."""
    forgotten = 0
    while True:
        with hub.store.write() as session:
            old = select(OutboxRow.id).where(OutboxRow.done_at < hub.clock() - KEEP_DONE).limit(BATCH)
            ids = list(session.scalars(old))
            session.execute(delete(OutboxRow).where(OutboxRow.id.in_(ids)))
        forgotten += len(ids)
        if len(ids) < BATCH:
            return forgotten
