"""One clock for all machines: the database server's."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from hub.store.clock import LOOK_AGAIN_SECONDS, ServerClock
from hub.store.db import Store
from tests.support.servers import Postgres


@pytest.mark.postgres
def test_server_clock(postgres: Postgres) -> None:
    """Fault row 55: the time is the server's, whatever this machine's own clock says, and is not asked for each time."""
    store = Store(postgres.url)
    clock = ServerClock(store.engine)
    clock._said = datetime(2001, 1, 1, tzinfo=UTC)
    clock._next_look = 0
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock._next_look > time.monotonic() + LOOK_AGAIN_SECONDS - 60
    first = clock()
    assert timedelta() <= clock() - first < timedelta(seconds=5)
    store.dispose()


def test_server_clock_without_server() -> None:
    """Where the database does not answer, time goes on all the same, and is asked for again soon."""

    class Away:
        def connect(self) -> Any:
            raise OperationalError("connect", {}, Exception("gone"))

    clock = ServerClock(Away())  # type: ignore[arg-type]
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock._next_look < time.monotonic() + 60
