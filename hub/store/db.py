"""Sessions on SQLite and PostgreSQL with one behaviour: short transactions, and no network inside one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

BUSY_SECONDS = 10
# A machine that is cut off from the network says no goodbye. So each end gives up an other that gives no sign of life:
# ours so that a page is answered and a worker goes on, the server's so that nobody waits for what a lost one had locked.
FROM_HERE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,  # milliseconds
}
FROM_THERE = {
    "timezone": "utc",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_inside = threading.local()


class NetworkInTransaction(RuntimeError):
    """A network call was about to be made while a transaction was open."""


def outside_transaction() -> None:
    """Raise NetworkInTransaction when this thread holds a transaction; every network client calls it first."""
    if getattr(_inside, "depth", 0):
        raise NetworkInTransaction


class Store:
    """The database at `url`."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self.engine = _sqlite(url) if self.sqlite else _postgresql(url, pool_size)
        # A write takes SQLite's lock at its beginning, so what it read can't have changed when it writes.
        self._writing = self.engine.execution_options(hub_write=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database; nothing is written."""
        with self._open(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session; commit at the end, then call what `after_commit` was given. Rolls back on any exception."""
        with self._open(self._writing) as session:
            yield session
            session.commit()
            callbacks = session.info.pop("after_commit", [])
        for callback in callbacks:
            callback()

    def dispose(self, *, close: bool = True) -> None:
        """Drop pooled connections; with close=False a forked child leaves its parent's alone."""
        self.engine.dispose(close=close)

    def scrub(self) -> None:
        """Leave nothing of what was deleted in SQLite's log, unless somebody is reading just now; then it goes later."""
        if self.sqlite:
            with self.engine.connect() as connection:
                connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _open(self, engine: Engine) -> Iterator[Session]:
        outside_transaction()
        _inside.depth = 1
        try:
            with Session(engine, expire_on_commit=False) as session:
                yield session
        finally:
            _inside.depth = 0


def after_commit(session: Session, callback: Callable[[], Any]) -> None:
    """Call `callback` once this session's transaction is committed and closed; never when it fails."""
    session.info.setdefault("after_commit", []).append(callback)


def _sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=20, max_overflow=20)

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten, not only unlinked
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("hub_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: str, pool_size: int) -> Engine:
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args={**FROM_HERE, "options": " ".join(f"-c {name}={value}" for name, value in FROM_THERE.items())},
    )
