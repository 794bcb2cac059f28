"""The sweeper: wakes workers for rows that are due and that no wake-up has reached."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from hub import crash
from hub.outbox.outbox import Handler, deliver, due, mark_woken
from hub.outbox.upkeep import Upkeep

if TYPE_CHECKING:
    from hub.container import Hub

TICK_SECONDS = 1.0
MOST_WAITING = 100  # wake-ups; behind so many a further one would only be taken when its row is long done

log = logging.getLogger(__name__)


def run(hub: Hub, stop: threading.Event) -> None:
    """Sweep every second until `stop` is set. A database that fails is tried again at the next tick."""
    failing, upkeep = False, Upkeep(hub)
    while not stop.wait(TICK_SECONDS):
        try:
            sweep(hub)
            upkeep.tend()
            failing = False
        except SQLAlchemyError:
            if not failing:
                log.exception("the sweeper can't reach the database; it keeps trying")
            failing = True


def sweep(hub: Hub) -> int:
    """Wake workers for what is due once. Returns how many rows Redis took a wake-up for."""
    now, room = hub.clock(), MOST_WAITING - hub.queue.waiting()
    if room <= 0:
        return 0
    with hub.store.read() as session:
        waiting = due(session, now, limit=room)
    if waiting:
        crash.point("in_sweep_before_waking")
    taken = list(itertools.takewhile(hub.queue.poke, waiting))  # a Redis that refuses one is not asked for the rest
    if taken:
        crash.point("in_sweep_before_marking")
        with hub.store.write() as session:
            mark_woken(session, taken, now)
    return len(taken)


def drain(hub: Hub, handlers: Mapping[str, Handler], *, rounds: int = 20) -> int:
    """Deliver in this process all that is due, without Redis; returns how many rows ran. For tests and tools."""
    ran = 0
    for _ in range(rounds):
        with hub.store.read() as session:
            waiting = due(session, hub.clock(), woken=True)
        done = sum(deliver(hub, handlers, outbox_id) for outbox_id in waiting)
        if not done:
            break
        ran += done
    return ran
