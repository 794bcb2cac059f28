"""Brings a database to the present schema."""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.store.db import Store


def upgrade(url: str) -> None:
    """Apply all migrations that are missing; safe to call from several processes at once."""
    store = Store(url)
    try:
        found = config()
        with store.engine.execution_options(hub_write=True).connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_lock(7240001)")
                connection.commit()
            found.attributes["connection"] = connection
            command.upgrade(found, "head")
    finally:
        store.dispose()


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
