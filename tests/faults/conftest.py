"""The stages on which things break: `stage` in this process, `live` with real processes; each with a host and a guest."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from hub.container import Hub
from hub.outbox.jobs import RedisQueue
from plugins.zoom.sandbox.server import Server
from tests.faults.mailbox import Mailbox
from tests.faults.stage import Guest, Live, Stage, WallClock
from tests.faults.watch import Watch
from tests.support.people import Host
from tests.support.running import Running
from tests.support.servers import OwnRedis
from tests.support.world import Clock, make_hub, settings

WAIT_FOR_LINK = "5"  # seconds that real processes hold a confirmation back for its link


def _is_live(request: pytest.FixtureRequest) -> bool:
    return "live" in request.fixturenames


@pytest.fixture(
    name="engine",
    params=["embedded", pytest.param("production", marks=[pytest.mark.postgres, pytest.mark.faults])],
)
def _engine(request: pytest.FixtureRequest) -> str:
    """Which engine a test runs on; the quick run has the embedded one only, `./run faults` both."""
    return str(request.param)


@pytest.fixture(name="clock")
def _clock(request: pytest.FixtureRequest) -> Clock:
    return WallClock() if _is_live(request) else Clock()


@pytest.fixture(name="mailbox")
def _mailbox(clock: Clock) -> Iterator[Mailbox]:
    found = Mailbox(clock)
    found.starts()
    yield found
    found.stops()


@pytest.fixture(name="watch")
def _watch(zoom: Server, clock: Clock) -> Watch:
    return Watch(zoom, clock)


@pytest.fixture(name="own_redis")
def _own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path / "r")
    yield own
    own.stops()


@pytest.fixture(name="more")
def _more() -> dict[str, str]:
    """Further settings of the hub, which a test module may replace."""
    return {}


@pytest.fixture(name="hub")
def _hub(
    database_url: str,
    tmp_path: Path,
    clock: Clock,
    zoom: Server,
    mailbox: Mailbox,
    more: dict[str, str],
    request: pytest.FixtureRequest,
) -> Iterator[Hub]:
    live = _is_live(request)
    redis_url = request.getfixturevalue("own_redis").url if live else "unix:///nonexistent/redis.sock"
    if live:
        more = {"HUB_LINK_DEADLINE": WAIT_FOR_LINK, **more}
    given = settings(tmp_path, database_url, redis_url, zoom.url, **{"HUB_MAIL_URL": mailbox.url, **more})
    made = make_hub(given, clock, RedisQueue(redis_url) if live else None)
    yield made
    made.http.close()
    made.store.dispose()


@pytest.fixture(name="logged")
def _logged() -> Iterator[io.StringIO]:
    """Everything that is logged in this process."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


@pytest.fixture(name="stage")
def _stage(
    hub: Hub, clock: Clock, zoom: Server, mailbox: Mailbox, watch: Watch, app: Flask, logged: io.StringIO
) -> Stage:
    """A hub in this process, whose workers are `stage.work()`."""
    made = Stage(hub, clock, zoom, mailbox, watch, app)
    made.texts = lambda: {"the log": logged.getvalue()}
    made.searchable()
    return made


@pytest.fixture(name="live")
def _live(
    hub: Hub,
    clock: Clock,
    zoom: Server,
    mailbox: Mailbox,
    watch: Watch,
    app: Flask,
    own_redis: OwnRedis,
    tmp_path: Path,
    database_url: str,
    more: dict[str, str],
) -> Iterator[Live]:
    """A hub of real processes; `live.running.start` starts them."""
    told = {"HUB_MAIL_URL": mailbox.url, "HUB_LINK_DEADLINE": WAIT_FOR_LINK, "HUB_TRUSTED_PROXIES": "1", **more}
    made = Live(hub, clock, zoom, mailbox, watch, app)
    made.redis = own_redis
    made.texts = lambda: {path.name: path.read_text(errors="replace") for path in tmp_path.glob("*.log")}
    made.searchable()
    with Running(tmp_path, database_url, own_redis.url, zoom.url, **told) as made.running:
        yield made


@pytest.fixture(name="world")
def _world(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.getfixturevalue("live" if _is_live(request) else "stage")
    return found


@pytest.fixture(name="ada")
def _ada(engine: str, app: Flask, world: Stage) -> Host:
    """A host who has signed up, signed in and connected Zoom."""
    host = Host(app, world)
    host.connects("zoom")
    return host


@pytest.fixture(name="bob")
def _bob(engine: str, world: Stage) -> Guest:
    return Guest(world)


@pytest.fixture(name="figure")
def _figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Report a figure, with its unit, in the table of `./run faults`."""
    return lambda text: record_property("figure", text)
