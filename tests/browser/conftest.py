"""The whole hub as real processes with a local Zoom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.support.running import Running
from tests.support.servers import free_port
from tests.support.wheels import Environment, build_hub


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
