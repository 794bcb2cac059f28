"""A real browser, and the whole hub as real processes with a local Zoom."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.support.running import Running
from tests.support.servers import free_port, need

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session", name="chromium")
def _chromium() -> Iterator[Any]:
    """Debian's Chromium, or any other on PATH."""
    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
    )
    if not program:
        need("Chromium on PATH")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


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
