"""Leases in the database: short, renewed by a keeper while their holder works, and free soon after it has died."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.exc import SQLAlchemyError

from hub.store.models import Booking, Connection, OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub

LEASE = timedelta(seconds=12)
LATEST = LEASE + timedelta(seconds=60)  # none ends later from now on; version 0.1, which may still run, takes a minute
RENEW_SECONDS = 4.0  # two renewals may fail before a lease is lost
JOB_SECONDS = 50  # the longest that a job may run; whoever hangs for longer is not kept alive by its keeper

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What is leased: the columns of its row's id, of the holder's token and of the lease's end."""

    id: Any
    token: Any
    until: Any


ROW = Kind(OutboxRow.id, OutboxRow.lease, OutboxRow.lease_until)
BOOKING = Kind(Booking.id, Booking.sync_lease, Booking.sync_lease_until)
REFRESH = Kind(Connection.id, Connection.refresh_lease, Connection.refresh_lease_until)


def free(kind: Kind, now: datetime) -> ColumnElement[bool]:
    """Return the condition that nobody has the lease: it was never taken, given back, or has run out.

    One that ends later than any version takes one was taken before the clock was set back.
    """
    return or_(kind.until.is_(None), kind.until < now, kind.until > now + LATEST)


class Keeper:
    """Renews one lease every few seconds, in a thread of its own."""

    def __init__(self, hub: Hub, kind: Kind, row_id: int, token: str) -> None:
        self._hub, self._kind, self._id, self._token = hub, kind, row_id, token
        self._began = self._renewed = time.monotonic()
        self._taken = False
        self._stop = threading.Event()

    @property
    def lost(self) -> bool:
        """Whether somebody else may have the lease: it was taken, or could not be renewed in time (we were frozen)."""
        return self._taken or time.monotonic() - self._renewed >= LEASE.total_seconds()

    def renew(self) -> bool:
        """Renew the lease once, if it is still ours. Returns whether there is a reason to go on."""
        now = time.monotonic()
        if now - self._began > JOB_SECONDS:
            return False
        try:
            with self._hub.store.write() as session:
                renewed = session.execute(
                    update(self._kind.id.class_)
                    .where(self._kind.id == self._id, self._kind.token == self._token)
                    .values({self._kind.until.key: self._hub.clock() + LEASE})
                )
        except SQLAlchemyError as fault:
            log.warning("a lease could not be renewed (%s); it is tried again", type(fault).__name__)
            return True
        if renewed.rowcount:  # type: ignore[attr-defined]
            self._renewed = now
        else:
            self._taken = True
        return not self._taken

    def run(self) -> None:
        """Renew until told to stop, or until it makes no sense any more."""
        while not self._stop.wait(RENEW_SECONDS) and self.renew():
            pass

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()


@contextmanager
def kept(hub: Hub, kind: Kind, row_id: int, token: str) -> Iterator[Keeper]:
    """Keep a lease that was just taken alive during a `with` block, for as long as a job may run."""
    keeper = Keeper(hub, kind, row_id, token)
    thread = threading.Thread(target=keeper.run, name="keeper", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        keeper.stop()
        thread.join()
