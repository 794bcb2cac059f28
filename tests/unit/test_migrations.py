"""Fault row 60: migrations only add, so that code from before them works on with the tables as they are after them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from hub.store import migrate
from hub.store.db import Store
from tests.support import servers

CONFIG = migrate.config()
REVISIONS = [one.revision for one in reversed(list(ScriptDirectory.from_config(CONFIG).walk_revisions()))]
FIRST_RELEASE = REVISIONS[0]  # the schema of 0.1.0


@pytest.fixture(name="connection", params=["embedded", pytest.param("production", marks=pytest.mark.postgres)])
def _connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection to an empty database."""
    if request.param == "embedded":
        url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    else:
        server: servers.Postgres = request.getfixturevalue("postgres")
        url = server.fresh()
    store = Store(url)
    with store.engine.execution_options(hub_write=True).connect() as connection:
        yield connection
    store.dispose()


def tables(connection: Connection, revision: str) -> dict[str, Any]:
    """Return the tables at a revision: their columns by name, and what must be unique or hold in them."""
    CONFIG.attributes["connection"] = connection
    command.upgrade(CONFIG, revision)
    seen = inspect(connection)
    found = {
        name: (
            {column["name"]: column for column in seen.get_columns(name)},
            {tuple(one["column_names"]) for one in seen.get_unique_constraints(name)}
            | {tuple(one["column_names"]) for one in seen.get_indexes(name) if one["unique"]},
            {one["sqltext"] for one in seen.get_check_constraints(name)},
            {tuple(one["constrained_columns"]) for one in seen.get_foreign_keys(name)},
        )
        for name in seen.get_table_names()
        if name != "alembic_version"
    }
    connection.commit()
    return found


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_migrations_only_add(connection: Connection) -> None:
    """Fault row 60: since the first release no migration takes a table or column away, changes one, or asks more of old code's rows."""
    before = tables(connection, FIRST_RELEASE)
    for revision in REVISIONS[1:]:
        after = tables(connection, revision)
        for name, (columns, *rules) in before.items():
            assert name in after, f"{revision} drops {name}"
            now, *rules_now = after[name]
            for column, was in columns.items():
                assert column in now, f"{revision} drops {name}.{column}"
                assert str(now[column]["type"]) == str(was["type"]), f"{revision} changes the type of {name}.{column}"
                assert now[column]["nullable"] >= was["nullable"], f"{revision} has {name}.{column} never be null"
            for column in now.keys() - columns.keys():
                filled = now[column]["nullable"] or now[column]["default"] is not None
                assert filled, f"{revision} adds {name}.{column}, which old code does not fill"
            assert all(new <= old for new, old in zip(rules_now, rules, strict=True)), (
                f"{revision} adds a rule to {name}"
            )
        before = after


def test_a_later_versions_database(connection: Connection) -> None:
    """Fault row 60: a version starts on the database of a later one and leaves it as it is: one can go back without a backup."""
    url = connection.engine.url.render_as_string(hide_password=False)
    migrate.upgrade(url)
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    migrate.upgrade(url)
    store = Store(url)
    assert migrate.is_current(store)
    with store.engine.execution_options(hub_write=True).begin() as other:
        assert other.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "9999"
        other.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{REVISIONS[-2]}'")
    assert not migrate.is_current(store)
    store.dispose()
