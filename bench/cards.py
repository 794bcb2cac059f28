"""What Settings → Integrations costs with a hundred providers, against a static page of the same bytes."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response

from bench.engines import Engine
from bench.hooks import MOST, many
from bench.load import Client, get
from bench.report import Line, ratio_line
from bench.served import served
from hub.app import assemble, create_app
from hub.container import Hub
from hub.store.migrate import upgrade
from tests.support.people import Host
from tests.support.world import World, settings

PATH = "/settings/integrations"
Page = Callable[[], Any]


def measure(engine: Engine, *, calls: int) -> list[Line]:
    """Return the page's time by the wall clock against that of pages which have the same bytes ready.

    The floor with the target is a file of the same bytes: both as a browser has them, by HTTP from the hub's web server.
    What the page's own code takes, without any server, stands beside it.
    """
    folder = engine.folder / "cards"
    folder.mkdir()
    database_url = engine.database("cards")
    upgrade(database_url)
    told = settings(folder, database_url, engine.redis_url)
    hub = assemble(told)
    browser, few = (_signed_in(hub, count) for count in (MOST, 1))
    ready = browser.get(PATH).get_data()
    cookie = browser.get_cookie("hub")
    assert cookie
    file = folder / "page.html"
    file.write_bytes(ready)
    with served("many_app", {**told.environ, "STATIC_PAGE": str(file)}, folder) as port:
        client = Client(port)
        page, static = (
            _fetched(client, get(path, port, f"Cookie: hub={cookie.value}\r\n"), ready)
            for path in (PATH, "/static-page")
        )
        mine, floor = _medians(calls, page, static)
        client.close()
    alone, lone, bare = _medians(calls, *(partial(one.get, PATH) for one in (browser, few, _bare(ready).test_client())))
    what = f"settings page, {MOST} providers, {len(ready) // 1000} kB"
    return [
        ratio_line(f"{what}, against a file of the same bytes", mine, floor, most=3),
        ratio_line(f"settings page, {MOST} providers, no server, against one provider", alone, lone, most=1.5),
        ratio_line("  against a view that has the same bytes in memory", alone, bare),
    ]


def _signed_in(hub: Hub, count: int) -> Any:
    """Return the browser of a host of a hub with so many providers."""
    hub = dataclasses.replace(hub, registry=many(count))
    world = World(hub, hub.clock, None, hub.settings.data_dir / "mail")  # type: ignore[arg-type]  # any clock will do
    return Host(create_app(hub=hub), world, email=f"ada{count}@example.com").browser


def _fetched(client: Client, request: bytes, ready: bytes) -> Page:
    """Return what fetches a page, which has the bytes of the one that is ready; a token of the session may differ."""

    def fetch() -> None:
        head, _, body = client.send(request).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        assert len(body) == len(ready)

    return fetch


def _bare(body: bytes) -> Flask:
    app = Flask("bare")
    app.add_url_rule(PATH, "page", lambda: Response(body, mimetype="text/html"))
    return app


def _medians(calls: int, *pages: Page) -> list[float]:
    """Return the median seconds of each page, fetched in turns, so that a busy moment of the machine meets all alike."""
    took: list[list[float]] = [[] for _ in pages]
    for _ in range(calls + 3):
        for times, fetch in zip(took, pages, strict=True):
            began = time.perf_counter()
            fetch()
            times.append(time.perf_counter() - began)
    return [statistics.median(times[3:]) for times in took]
