"""The whole hub as real processes with a local Zoom."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.support.running import ROOT, Running
from tests.support.servers import free_port


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
    """The Python of an environment that has the built wheel, and of ours only the dependencies.

    Nothing is downloaded: our site-packages stand on its path behind its own, where their .pth files do nothing.
    """
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, kept):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    venv.create(folder / "env", with_pip=False)
    site = next((folder / "env" / "lib").glob("python3*")) / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    return str(folder / "env" / "bin" / "python")
