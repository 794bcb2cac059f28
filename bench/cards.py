"""What Settings → Integrations costs with a hundred providers, against a static page of the hub with the same bytes."""

from __future__ import annotations

import dataclasses
import statistics
import time
from functools import cache

from flask import Flask, Response, render_template
from flask.testing import FlaskClient
from flask_login import login_required
from markupsafe import Markup

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
FRAMED, WHOLE = "/static-page", "/whole-page"
FRAME = "{% extends 'base.html' %}{% set shell = True %}{% block main %}{{ text }}{% endblock %}"


def measure(engine: Engine, *, calls: int) -> list[Line]:
    """Return the page's time by the wall clock against that of pages which have the same bytes ready.

    The floor with the target is the whole page ready, from a view that does nothing else. Two higher floors stand beside
    it: the page ready for a host who is signed in, and the hub's frame around a text that is ready.
    """
    folder = engine.folder / "cards"
    folder.mkdir()
    database_url = engine.database("cards")
    upgrade(database_url)
    hub = assemble(settings(folder, database_url, engine.redis_url))
    ready: list[bytes] = []
    many, few = (_signed_in(hub, count, ready) for count in (MOST, 1))
    ready.append(many.get(PATH).get_data())
    mine, floor, lone, whole = _medians(calls, (many, PATH), (many, FRAMED), (few, PATH), (many, WHOLE))
    (bare,) = _medians(calls, (_bare(ready[0]).test_client(), PATH))
    size = f"{len(ready[0]) // 1000} kB"
    return [
        ratio_line(f"settings page, {MOST} providers, {size}, against the same bytes", mine, bare, most=3),
        ratio_line(f"settings page, {MOST} providers, against one provider", mine, lone, most=1.5),
        ratio_line("  against the same bytes, for a host who is signed in", mine, whole),
        ratio_line("  against the hub's frame around a text that is ready", mine, floor),
    ]


def _signed_in(hub: Hub, count: int, ready: list[bytes]) -> FlaskClient:
    """Return the browser of a host of a hub with so many providers, and with a static page of what is `ready`."""
    hub = dataclasses.replace(hub, registry=Registry([(f"made{n}", Plugin(n), "1") for n in range(count)]))
    world = World(hub, hub.clock, None, hub.settings.data_dir / "mail")  # type: ignore[arg-type]  # any clock will do
    app = create_app(hub=hub)
    framed = app.jinja_env.from_string(FRAME)
    app.add_url_rule(FRAMED, "bench.framed", login_required(lambda: render_template(framed, text=_within(ready[0]))))
    app.add_url_rule(WHOLE, "bench.whole", login_required(lambda: Response(ready[0], mimetype="text/html")))
    return Host(app, world, email=f"ada{count}@example.com").browser


@cache
def _within(page: bytes) -> Markup:
    """Return what is inside the frame."""
    return Markup(page.decode().split("<main", 1)[1].split(">", 1)[1].rsplit("</main>", 1)[0])


def _bare(body: bytes) -> Flask:
    app = Flask("bare")
    app.add_url_rule(PATH, "page", lambda: Response(body, mimetype="text/html"))
    return app


def _medians(calls: int, *pages: tuple[FlaskClient, str]) -> list[float]:
    """Return the median seconds of each page, fetched in turns, so that a busy moment of the machine meets all alike."""
    took: list[list[float]] = [[] for _ in pages]
    for _ in range(calls + 3):
        for times, (client, path) in zip(took, pages, strict=True):
            began = time.perf_counter()
            answer = client.get(path)
            answer.get_data()
            times.append(time.perf_counter() - began)
            assert answer.status_code == 200, path
    return [statistics.median(times[3:]) for times in took]
