"""Rows 71-74: web, workers, PostgreSQL and Redis on machines of their own, each cut off from all others and brought back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from flask import Flask
from sqlalchemy import text

from hub.container import Hub
from hub.store.migrate import upgrade
from hub.store.models import EventType
from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.faults.conftest import WAIT_FOR_LINK
from tests.faults.machines import FarRedis, Network, Spread, needed
from tests.faults.mailbox import Mailbox
from tests.faults.stage import Form, Live, Posted, starts
from tests.faults.watch import Watch
from tests.support import servers
from tests.support.people import Host
from tests.support.running import wait_for
from tests.support.world import Clock

pytestmark = [pytest.mark.postgres, pytest.mark.faults]
CUT = 35.0  # seconds; longer than anything waits for an answer
ANSWERED = 20.0  # seconds after which a page says that the database is away
FREED = 45.0  # seconds after which nothing that a lost machine had locked is locked any more
PARTS = ("web-1", "web-2", "worker-1", "worker-2", "sweep-1", "sweep-2")
ON_A_TABLE = "SELECT count(*) FROM pg_stat_activity WHERE client_addr = :who AND wait_event_type = 'Lock'"
IN_THE_MIDDLE = "SELECT count(*) FROM pg_stat_activity WHERE client_addr = :who AND state = 'idle in transaction'"


@pytest.fixture(name="engine")
def _engine() -> str:
    return "production"


@pytest.fixture(name="network", scope="module")
def _network() -> Iterator[Network]:
    needed()
    with Network("web-1", "web-2", "work-1", "work-2", "redis", "db") as network:
        yield network


@pytest.fixture(name="postgres", scope="module")
def _postgres(network: Network) -> Iterator[servers.Postgres]:
    with servers.own_postgres(network.address("db"), network.inside("db", as_nobody=True)) as found:
        yield found


@pytest.fixture(name="postgres_template", scope="module")
def _postgres_template(postgres: servers.Postgres) -> str:
    postgres.run('CREATE DATABASE "hub_template"')
    upgrade(postgres.at("hub_template"))
    return "hub_template"


@pytest.fixture(name="own_redis")
def _own_redis(network: Network, tmp_path: Path) -> Iterator[FarRedis]:
    own = FarRedis(network, "redis", tmp_path)
    yield own
    own.stops()


@pytest.fixture(name="zoom")
def _zoom(network: Network, clock: Clock) -> Iterator[Server]:
    host, port = network.outside, servers.free_port()
    # Join links without https are taken of this machine's own addresses only.
    with serve(sandbox_app(f"http://127.0.0.1:{port}", clock=clock), host=host, port=port) as server:
        yield server


@pytest.fixture(name="mailbox")
def _mailbox(network: Network, clock: Clock) -> Iterator[Mailbox]:
    found = Mailbox(clock, network.outside)
    found.starts()
    yield found
    found.stops()


@pytest.fixture(name="live")
def _live(
    hub: Hub,
    clock: Clock,
    zoom: Server,
    mailbox: Mailbox,
    watch: Watch,
    app: Flask,
    network: Network,
    own_redis: FarRedis,
    tmp_path: Path,
    database_url: str,
) -> Iterator[Live]:
    told = {"HUB_MAIL_URL": mailbox.url, "HUB_LINK_DEADLINE": WAIT_FOR_LINK, "HUB_TRUSTED_PROXIES": "1"}
    made = Live(hub, clock, zoom, mailbox, watch, app)
    made.texts = lambda: {path.name: path.read_text(errors="replace") for path in tmp_path.glob("*.log")}
    made.searchable()
    with Spread(network, tmp_path, database_url, own_redis.url, zoom.url, **told) as made.running:
        yield made
        network.mend()


@pytest.fixture(name="offered")
def _offered(live: Live, ada: Host) -> EventType:
    return ada.offers("zoom")


def booked(live: Live, offered: EventType, first: int, count: int = 4) -> list[Posted]:
    """Have visitors number `first` and up book one after the other; every one is taken."""
    times = starts(first + count)[first:]
    posted = [live.posts(offered, start, who=first + n) for n, start in enumerate(times)]
    assert [one.status for one in posted] == [303] * count
    return posted


def all_run(live: Live, *parts: str) -> bool:
    """Tell whether none of these parts has ended."""
    return all(live.running.ended(name) is None for name in parts)


def test_workers_cut_off(live: Live, offered: EventType, network: Network, figure: Callable[[str], None]) -> None:
    """Row 71: what a machine of workers had begun when it was cut off another ends; its return changes nothing."""
    live.running.start("web-1", "worker-1", "sweep-1")
    live.breaks_zoom("slow_answer", "create", seconds=3)
    live.posts(offered, starts(1)[0])
    wait_for(lambda: len(live.watch.of("create")) == 1)
    network.cut("work-1")
    cut = time.monotonic()
    live.running.start("worker-2", "sweep-2")
    booked(live, offered, 1)
    live.settles(120)
    without = time.monotonic() - cut
    time.sleep(max(0.0, CUT - without))
    network.mend("work-1")
    booked(live, offered, 5)
    back = live.settles()
    assert len(live.meetings_at_zoom()) == 9
    assert all_run(live, "worker-1", "worker-2", "sweep-1", "sweep-2")
    figure(f"all right {without:.0f} s after the cut, without that machine; {back:.0f} s after its return")


def test_redis_cut_off(live: Live, offered: EventType, network: Network, figure: Callable[[str], None]) -> None:
    """Row 72: with Redis cut off every booking is taken at once; the meetings are made when it is back."""
    live.running.start(*PARTS)
    booked(live, offered, 0)
    live.settles()
    network.cut("redis")
    cut = time.monotonic()
    slowest = max(one.seconds for one in booked(live, offered, 4, 8))
    time.sleep(max(0.0, CUT - (time.monotonic() - cut)))
    network.mend("redis")
    back = live.settles()
    assert slowest < 2
    assert all_run(live, *PARTS)
    figure(f"bookings took {slowest:.1f} s at most, all right {back:.0f} s after its return")


def test_database_cut_off(live: Live, offered: EventType, network: Network, figure: Callable[[str], None]) -> None:
    """Row 73: with PostgreSQL cut off visitors are asked to try again; on its return all goes on where it was."""
    live.running.start(*PARTS)
    booked(live, offered, 0)
    live.settles()
    form = live.opens(offered, starts(5)[4], who=4)
    live.breaks_zoom("latency", "create", seconds=3)
    booked(live, offered, 5, 1)
    wait_for(lambda: len(live.watch.of("create")) == 5)
    network.cut("db")
    cut = time.monotonic()
    refused = [live.sends(form), live.sends(form)]
    assert [one.status for one in refused] == [503, 503]
    time.sleep(max(0.0, CUT - (time.monotonic() - cut)))
    network.mend("db")
    back = time.monotonic()
    wait_for(lambda: live.sends(form).status == 303)
    booked(live, offered, 6)
    live.settles(90)
    seconds = time.monotonic() - back
    waited = max(one.seconds for one in refused)
    assert waited < ANSWERED
    assert all_run(live, *PARTS)
    figure(f"asked to try again after {waited:.0f} s at most, all right {seconds:.0f} s after its return")


def test_web_cut_off(live: Live, offered: EventType, network: Network, figure: Callable[[str], None]) -> None:
    """Row 74: a web machine cut off in the middle of a booking stands in nobody's way; the same form is booked once."""
    live.running.start(*PARTS)
    booked(live, offered, 0)
    form, other = live.opens(offered, starts(5)[4], who=4), live.running.web("web-2")
    with live.hub.store.engine.connect() as holder:
        holder.execute(text("LOCK TABLE booking IN SHARE ROW EXCLUSIVE MODE"))
        asked = threading.Thread(target=unanswered, args=(live, form))
        asked.start()
        web_1 = {"who": network.address("web-1")}
        wait_for(lambda: holder.scalar(text(ON_A_TABLE), web_1))
        network.cut("web-1")
    cut = time.monotonic()
    with live.hub.store.engine.connect() as looking:
        wait_for(lambda: looking.scalar(text(IN_THE_MIDDLE), web_1))
    wait_for(lambda: live.sends(form, to=other).status == 303, FREED)
    freed = time.monotonic() - cut
    live.running.url = other
    booked(live, offered, 5)
    asked.join()
    time.sleep(max(0.0, CUT - (time.monotonic() - cut)))
    network.mend("web-1")
    back = time.monotonic()
    assert live.sends(form, to=live.running.web("web-1")).status == 303
    live.settles()
    assert live.rows()[0] == 9
    assert all_run(live, *PARTS)
    seconds = time.monotonic() - back
    figure(f"the same form is taken elsewhere {freed:.0f} s after the cut; all right {seconds:.0f} s after its return")


def unanswered(live: Live, form: Form) -> None:
    """Send the form to a machine that will not be there to answer."""
    with suppress(httpx2.TransportError):
        live.sends(form, patience=15)
        pytest.fail("somebody answered")
