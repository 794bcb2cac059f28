"""The whole hub as real processes with a local Zoom, and pages of the application with a host who has signed in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from hub.accounts import admin
from hub.store.models import OutboxRow
from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.support.people import PASSWORD, Host, Invitee
from tests.support.running import Running
from tests.support.servers import free_port
from tests.support.wheels import Environment, build_hub
from tests.support.world import World

OpenPage = Callable[..., Any]


@pytest.fixture(name="wall_zoom")
def _wall_zoom() -> Iterator[Server]:
    """A local Zoom on the machine's own clock."""
    port = free_port()
    with serve(sandbox_app(f"http://127.0.0.1:{port}"), port=port) as server:
        yield server


@pytest.fixture(name="running")
def _running(database_url: str, redis_url: str, wall_zoom: Server, tmp_path: Path) -> Iterator[Running]:
    """Web, worker and sweeper."""
    with Running(tmp_path, database_url, redis_url, wall_zoom.url) as running:
        running.start("web", "worker", "sweep")
        yield running


@pytest.fixture(scope="session", name="wheel_python")
def _wheel_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of an environment that has the built wheel, and of ours only the dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    found = Environment(folder / "env")
    found.installs(build_hub(folder))
    return found.python


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    """A host with event types, one of them with a warning, and with bookings, one of them in need of a hand.

    She is an operator, too, with something that is stuck.
    """
    host = Host(app, world)
    host.connects("zoom")
    offered = host.offers("zoom", "phone", "inperson")
    host.offers("phone", minutes=700, title="Whole day")
    bob = Invitee(world)
    bob.books(offered, "2026-12-01T09:00:00+00:00", location="zoom")
    world.work()
    world.breaks_zoom("error", "create", status=400, code=300)
    bob.books(offered, "2026-12-02T09:00:00+00:00", location="zoom")
    world.work()
    admin.switch(world.hub, host.email, operator=True)
    now = world.clock()
    with world.hub.store.write() as session:
        session.add(OutboxRow(topic="x", key="x", ids={}, created_at=now, due_at=now, parked_at=now, error="Boom"))
    return host


@pytest.fixture(name="opens")
def _opens(chromium: Any, app: Flask, ada: Host) -> Iterator[OpenPage]:
    """Open pages of the running application, signed in, each in a browser of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    contexts = []

    def open_page(path: str, **options: Any) -> Any:
        context = chromium.new_context(base_url=f"http://localhost:{server.server_port}", **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"/login?next={path}")
        page.get_by_label("Email").fill(ada.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    server.shutdown()
    server.server_close()
