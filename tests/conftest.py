"""Fixtures for all tests: engines, a hub, its pages, and people who act."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from werkzeug.routing import Rule

from hub import redis_server
from hub.accounts import passwords
from hub.app import create_app
from hub.container import Hub
from hub.store.migrate import upgrade
from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.support import servers
from tests.support.databases import Handed
from tests.support.engines import BOTH
from tests.support.statements import compiled_once
from tests.support.world import TEMPLATES, Clock, World, installed, make_hub, settings

# What the migrations make, once per process: ./run mutants forks a run of pytest for each change from one that had it.
MIGRATED: list[bytes] = []

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

# How long an example takes says how busy the machine is; and CI tries the same examples each time.
hypothesis.settings.register_profile(
    "hub", deadline=None, derandomize=bool(os.environ.get("HUB_CI")), suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.settings.load_profile("hub")


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords at the lowest cost: nearly every test signs somebody up, and none of them guesses a password."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    """Keep what Werkzeug compiles for a route: each test has apps of its own, and compiling took a quarter of its time."""
    compiled: dict[Any, Any] = {}
    compiles = Rule._compile_builder

    def kept(self: Rule, append_unknown: bool = True) -> Any:
        key = (tuple(self._trace), repr(self.defaults), tuple(sorted(self.arguments)), append_unknown)
        if key not in compiled:
            compiled[key] = compiles(self, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", kept)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(autouse=True)
def _providers_as_they_were() -> Iterator[None]:
    """A test may change what a provider says; the next one, which shares the registry, finds it as it was."""
    before = [(provider, dict(vars(provider))) for provider in installed().all()]
    yield
    for provider, kept in before:
        vars(provider).clear()
        vars(provider).update(kept)


@pytest.fixture(scope="session", name="sqlite_template")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "hub.sqlite"
    if MIGRATED:
        path.write_bytes(MIGRATED[0])
        return path
    upgrade(f"sqlite:///{path}")
    MIGRATED.append(path.read_bytes())
    return path


@pytest.fixture(scope="session", name="postgres")
def _postgres() -> Iterator[servers.Postgres]:
    with servers.postgres() as found:
        yield found


@pytest.fixture(scope="session", name="postgres_template")
def _postgres_template(postgres: servers.Postgres) -> str:
    postgres.run('CREATE DATABASE "hub_template"')
    upgrade(postgres.at("hub_template"))
    return "hub_template"


@pytest.fixture(scope="module", name="handed")
def _handed(postgres: servers.Postgres, postgres_template: str) -> Handed:
    return Handed(postgres, postgres_template)


@pytest.fixture(name="engine", params=BOTH)
def _engine(request: pytest.FixtureRequest) -> str:
    """Which engine a test runs on: tests that ask for `engine` run on both."""
    return str(request.param)


@pytest.fixture(name="database_url")
def _database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of the test's own."""
    chosen = request.getfixturevalue("engine") if "engine" in request.fixturenames else "embedded"
    if chosen == "production":
        handed: Handed = request.getfixturevalue("handed")
        url = handed.take()
        yield url
        handed.give_back(url)
        return
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "hub.sqlite")
    yield f"sqlite:///{tmp_path / 'hub.sqlite'}"


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="zoom")
def _zoom(clock: Clock) -> Iterator[Server]:
    """A local Zoom over real HTTP, on the test's clock."""
    port = servers.free_port()
    with serve(sandbox_app(f"http://127.0.0.1:{port}", clock=clock), port=port) as server:
        yield server


@pytest.fixture(name="hub")
def _hub(database_url: str, tmp_path: Path, clock: Clock, request: pytest.FixtureRequest) -> Iterator[Hub]:
    """A hub without Redis; it knows the local Zoom if the test asked for it."""
    url = request.getfixturevalue("zoom").url if "zoom" in request.fixturenames else ""
    given = settings(tmp_path, database_url, "unix:///nonexistent/redis.sock", url)
    made = make_hub(given, clock)
    yield made
    made.http.close()
    made.store.dispose()


@pytest.fixture(name="app")
def _app(hub: Hub) -> Flask:
    app = create_app(hub=hub)
    app.config["TESTING"] = False
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


@pytest.fixture(name="client")
def _client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(name="world")
def _world(zoom: Server, hub: Hub, clock: Clock, tmp_path: Path) -> World:
    return World(hub, clock, zoom, tmp_path / "mail")


@pytest.fixture(scope="session", name="redis_server")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis (the bundled one) for the whole run."""
    with redis_server.running(tmp_path_factory.mktemp("redis"), {}) as socket:
        yield f"unix://{socket}"


@pytest.fixture(name="redis_url")
def _redis_url(redis_server: str) -> str:
    """That Redis, emptied: no limits reached and no jobs left over from another test."""
    with redis.Redis.from_url(redis_server) as connection:
        connection.flushall()
    return redis_server


@pytest.fixture(scope="session", name="chromium")
def _chromium() -> Iterator[Any]:
    """Debian's Chromium, or any other on PATH."""
    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
    )
    if not program:
        servers.need("Chromium on PATH")
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=15_000)  # milliseconds; on a busy machine its own 5 s are few
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
