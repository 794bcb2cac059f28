"""Rows 47-49: PostgreSQL restarts, throws its clients out, is cut off in the middle of a commit, or is used up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hub.store.migrate import upgrade
from hub.store.models import Booking
from tests.faults.proxy import Proxy
from tests.faults.stage import SLOT, Stage, Visitor
from tests.support import servers
from tests.support.people import Host

pytestmark = [pytest.mark.postgres, pytest.mark.faults]
DAY = [f"2026-12-01T{9 + n // 2:02}:{n % 2 * 30:02}:00+00:00" for n in range(12)]


@pytest.fixture(name="engine")
def _engine() -> str:
    return "production"


@pytest.fixture(name="postgres", scope="module")
def _postgres() -> Iterator[servers.Postgres]:
    with servers.own_postgres() as found:
        yield found


@pytest.fixture(name="postgres_template", scope="module")
def _postgres_template(postgres: servers.Postgres) -> str:
    postgres.run('CREATE DATABASE "hub_template"')
    upgrade(postgres.at("hub_template"))
    return "hub_template"


def test_restarted(stage: Stage, ada: Host, postgres: servers.Postgres, figure: Callable[[str], None]) -> None:
    """Row 47: a PostgreSQL that restarts between any two steps loses nothing; who meets it is asked to try again."""
    offered = ada.offers("zoom")
    again = 0
    for n, start in enumerate(DAY[:4]):
        visitor = Visitor(stage.app, offered, start, who=n)
        assert postgres.restart
        postgres.restart()
        status, told = visitor.books()
        if status == 503:
            again += 1
            status, told = visitor.books()
        assert status == 303
        stage.promised.append(told)
        stage.work()
    stage.holds()
    figure(f"4 restarts, {again} of 4 bookings asked to try again, 0 lost")


def test_thrown_out(stage: Stage, ada: Host, postgres: servers.Postgres, figure: Callable[[str], None]) -> None:
    """Row 47: clients whom PostgreSQL throws out while they work are served the next time, and no booking is halved."""
    offered = ada.offers("zoom")
    before = stage.rows()
    again = 0

    def throw_out(_session: object = None) -> None:
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't%'")

    for n, start in enumerate(DAY[:8]):
        visitor = Visitor(stage.app, offered, start, who=n)
        if n % 2:
            event.listen(Session, "before_commit", throw_out, once=True)
        else:
            throw_out()
        status, told = visitor.books()
        while status == 503:
            again += 1
            status, told = visitor.books()
        assert status == 303
        stage.promised.append(told)
        stage.watch.before["create"] = throw_out
        try:
            stage.work()
        except SQLAlchemyError:
            again += 1  # a worker's job that ends so is begun anew by the sweeper
    assert stage.rows()[0] - before[0] == 8
    stage.holds()
    figure(f"8 bookings, thrown out 16 times, {again} tries again, 0 lost, 0 double")


def test_commit_of_unknown_outcome(stage: Stage, ada: Host) -> None:
    """Row 48: where the connection dies in COMMIT the same form gives the same booking, not a second one."""
    visitor = Visitor(stage.app, ada.offers("zoom"), SLOT)
    port = urlsplit(stage.hub.store.url).port
    assert port
    proxy, direct = Proxy(port), stage.hub
    stage.reaches(stage.hub.store.url.replace(f":{port}/", f":{proxy.port}/"))
    with stage.hub.store.read() as session:
        session.scalar(select(func.count(Booking.id)))
    proxy.cut_after = b"COMMIT"
    status, _ = visitor.books()
    assert (status, proxy.cuts) == (503, 1)
    status, token = visitor.books()
    assert status == 303
    stage.promised.append(token)
    assert stage.rows()[0] == 1
    stage.hub.store.dispose()
    proxy.close()
    stage.hub = stage.app.extensions["hub"] = direct
    stage.holds()


def test_no_connection_left(stage: Stage, ada: Host) -> None:
    """Row 49: with all connections taken a visitor is asked to come back in a moment, and is served then."""
    offered = ada.offers("zoom")
    visitor = Visitor(stage.app, offered, SLOT)
    held = [stage.hub.store.engine.connect() for _ in range(20)]
    answer = visitor.browser.post(visitor.path, data=visitor.form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    for connection in held:
        connection.close()
    status, token = visitor.books()
    assert status == 303
    stage.promised.append(token)
    stage.holds()
