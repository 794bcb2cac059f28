"""One clock for all machines: the database server's, carried on between two looks by this machine's steady one."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

LOOK_AGAIN_SECONDS = 600.0
SOON_SECONDS = 10.0
JUMP_SECONDS = 1.0

log = logging.getLogger(__name__)


class ServerClock:
    """Call it for the present as an aware UTC datetime.

    Leases and due times are compared by machines whose own clocks may differ. Where the database does not answer, what
    it said last counts on; before it has ever answered, this machine's clock.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._said = datetime.now(UTC)
        self._at = self._looked = time.monotonic()
        self._wall = time.time()
        self._next_look = self._at

    def __call__(self) -> datetime:
        steady = time.monotonic()
        # Where the two clocks of this machine disagree it slept, or its time was set.
        jumped = abs((time.time() - self._wall) - (steady - self._looked)) > JUMP_SECONDS
        if steady >= self._next_look or jumped:
            self.look()
        return self._said + timedelta(seconds=time.monotonic() - self._at)

    def look(self) -> None:
        """Ask the database for its time."""
        asked = time.monotonic()
        self._looked, self._wall = asked, time.time()
        self._next_look = asked + SOON_SECONDS
        try:
            with self._engine.connect() as connection:
                said: datetime = connection.scalars(select(func.clock_timestamp())).one()
        except SQLAlchemyError as fault:
            log.warning("the database does not tell the time (%s); it is asked again", type(fault).__name__)
            return
        answered = time.monotonic()
        self._said, self._at = said.astimezone(UTC), (asked + answered) / 2
        self._next_look = answered + LOOK_AGAIN_SECONDS
