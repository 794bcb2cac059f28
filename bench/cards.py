"""What Settings → Integrations costs with a hundred providers, against a static page of the same size."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable

from flask import Flask, Response
from flask.testing import FlaskClient

from bench.engines import Engine
from bench.hooks import MOST, Plugin
from bench.report import Line, ratio_line
from hub.app import assemble, create_app
from hub.providers import Registry
from hub.store.migrate import upgrade
from tests.support.people import Host
from tests.support.world import World, settings

PATH = "/settings/integrations"


def measure(engine: Engine, *, calls: int) -> list[Line]:
    """Return the page's time by the wall clock against that of a view which returns the same bytes."""
    folder = engine.folder / "cards"
    folder.mkdir()
    database_url = engine.database("cards")
    upgrade(database_url)
    registry = Registry([(f"made{n}", Plugin(n), "1") for n in range(MOST)])
    hub = dataclasses.replace(assemble(settings(folder, database_url, engine.redis_url)), registry=registry)
    app = create_app(hub=hub)
    client = Host(app, World(hub, hub.clock, None, folder / "mail")).browser  # type: ignore[arg-type]  # any clock will do
    page = client.get(PATH)
    assert page.status_code == 200, page.status
    plain = _static(page.get_data()).test_client()
    mine, floor = _median(client, calls), _median(plain, calls)
    return [ratio_line(f"settings page, {MOST} providers, {len(page.get_data()) // 1000} kB", mine, floor, most=3)]


def _static(body: bytes) -> Flask:
    app = Flask("static")
    view: Callable[[], Response] = lambda: Response(body, mimetype="text/html")  # noqa: E731
    app.add_url_rule(PATH, "page", view)
    return app


def _median(client: FlaskClient, calls: int) -> float:
    took = []
    for _ in range(calls + 3):
        began = time.perf_counter()
        client.get(PATH).get_data()
        took.append(time.perf_counter() - began)
    return statistics.median(took[3:])
