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
from hub.container import Hub
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
    hub = assemble(settings(folder, database_url, engine.redis_url))
    many, few = (_signed_in(hub, count) for count in (MOST, 1))
    page = many.get(PATH).get_data()
    mine, lone, floor = (_median(client, calls) for client in (many, few, _static(page).test_client()))
    return [
        ratio_line(
            f"settings page, {MOST} providers, {len(page) // 1000} kB, against the same bytes", mine, floor, most=3
        ),
        ratio_line(f"settings page, {MOST} providers, against one provider", mine, lone, most=1.5),
    ]


def _signed_in(hub: Hub, count: int) -> FlaskClient:
    """Return the browser of a host of a hub with so many providers."""
    hub = dataclasses.replace(hub, registry=Registry([(f"made{n}", Plugin(n), "1") for n in range(count)]))
    world = World(hub, hub.clock, None, hub.settings.data_dir / "mail")  # type: ignore[arg-type]  # any clock will do
    return Host(create_app(hub=hub), world, email=f"ada{count}@example.com").browser


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
