"""Brings a database to the present schema."""

from __future__ import annotations

import time
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from hub.store.db import Store

# Tables are taken one after the other while the hub runs. Whoever waits longer than this gives all of them back and begins
# anew: before PostgreSQL looks for deadlocks (1 s), and so that nobody who books waits for long.
LOCK_SECONDS = 0.4
TRIES = 100
IN_USE = ("55P03", "40P01")  # lock_not_available, deadlock_detected


def upgrade(url: str) -> None:
    """Apply all migrations that are missing; safe to call from several processes at once.

    A database that a later version has brought further is left as it is.
    """
    store = Store(url)
    try:
        found = config()
        with store.engine.execution_options(hub_write=True).connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_lock(7240001)")
                connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_SECONDS}s'")
                connection.commit()
            found.attributes["connection"] = connection
            _apply(found, connection)
    finally:
        store.dispose()


def _apply(found: Config, connection: Connection) -> None:
    ahead = _applied(connection) > _newest(found)
    connection.rollback()  # else the migrations would be part of what that began, and never be committed
    if ahead:
        return
    for left in reversed(range(TRIES)):
        try:
            command.upgrade(found, "head")
            return
        except OperationalError as fault:
            connection.rollback()
            if not left or getattr(fault.orig, "sqlstate", "") not in IN_USE:
                raise
            time.sleep(LOCK_SECONDS)


def is_current(store: Store) -> bool:
    """Tell whether every migration of this version has been applied.

    Those of a later version may have been too: migrations only add, so this version works on what they leave.
    """
    with store.engine.connect() as connection:
        return _applied(connection) >= _newest(config())


def _applied(connection: Connection) -> str:
    """Return the newest revision that the database has, "" before the first; they are numbers of four digits."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def _newest(found: Config) -> str:
    """Return the newest revision that this version has."""
    return ScriptDirectory.from_config(found).get_current_head() or ""


def config() -> Config:
    """Return where Alembic finds the migrations."""
    found = Config()
    found.set_main_option("script_location", str(resources.files("hub.store") / "migrations"))
    found.set_main_option("path_separator", "os")
    return found
