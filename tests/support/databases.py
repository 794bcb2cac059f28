"""Databases that tests hand on: emptied by DELETE, which takes a tenth of the time of a new copy of the template."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from hub.store.models import Base
from tests.support.servers import Postgres

OTHERS_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
FROM_ONE = "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences"


class Handed:
    """Copies of one template on one server, each with one test at a time."""

    def __init__(self, server: Postgres, template: str) -> None:
        self._server, self._template, self._free = server, template, list[str]()

    def take(self) -> str:
        """Return the URL of a database as the template is: migrated, with no rows."""
        return self._free.pop() if self._free else self._server.fresh(self._template)

    def give_back(self, url: str) -> None:
        """Take it back for the next test; one that can't be emptied is removed."""
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
        try:
            _empty(engine)
        except DBAPIError:
            self._server.drop(url)
        else:
            self._free.append(url)


def delete_rows(connection: Connection) -> None:
    """Leave the tables, and no row in them."""
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(table.delete())


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(OTHERS_OUT))
        connection.execute(text("SET lock_timeout = '5s'"))
        delete_rows(connection)
        connection.execute(text(FROM_ONE))
