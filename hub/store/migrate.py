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
    """Apply all migrations that are missing; safe to call from several processes at once."""
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
    """Tell whether every migration has been applied."""
    with store.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == ScriptDirectory.from_config(config()).get_current_head()


def config() -> Config:
    """Return where Alembic finds the migrations."""
    found = Config()
    found.set_main_option("script_location", str(resources.files("hub.store") / "migrations"))
    found.set_main_option("path_separator", "os")
    return found
