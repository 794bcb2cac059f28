"""Rows 44 and 45: the embedded database is locked by somebody else, and its disk is full."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import db
from hub.store.migrate import upgrade
from tests.faults.stage import SLOT, Stage, Visitor
from tests.support.people import Host


def fill(path: Path) -> None:
    """Write into this file until the disk is full."""
    with path.open("wb", buffering=0) as file:
        while os.statvfs(path).f_bavail:
            file.write(b"x" * os.statvfs(path).f_bsize)


@pytest.fixture(name="engine")
def _engine() -> str:
    return "embedded"


def test_locked(stage: Stage, ada: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Row 44: a file that another program keeps locked: a page that asks to try again, no half booking, then all of it."""
    monkeypatch.setattr(db, "BUSY_SECONDS", 1)
    stage.reaches(stage.hub.store.url)
    visitor = Visitor(stage.app, ada.offers("zoom"), SLOT)
    before = stage.rows()
    other = sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    status, page = visitor.books()
    assert status == 503
    assert "database" not in page
    assert stage.rows() == before
    other.execute("ROLLBACK")
    other.close()
    status, token = visitor.books()
    assert status == 303
    stage.promised.append(token)
    stage.holds()


def test_disk_full(stage: Stage, ada: Host, small_disk: Path) -> None:
    """Row 45: with the disk full a booking is refused in words and nothing is broken; with room it goes through."""
    offered = ada.offers("zoom")
    visitor = Visitor(stage.app, offered, SLOT)
    before = stage.rows()
    filler = small_disk / "filler"
    fill(filler)
    found = [visitor.books()[0] for _ in range(3)]
    assert found == [503] * 3
    filler.unlink()
    assert stage.rows() == before
    status, token = visitor.books()
    assert status == 303
    stage.promised.append(token)
    stage.holds()
    with sqlite3.connect(small_disk / "hub.sqlite") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


@pytest.fixture(name="database_url")
def _database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    folder = request.getfixturevalue("small_disk") if "small_disk" in request.fixturenames else tmp_path
    upgrade(f"sqlite:///{folder / 'hub.sqlite'}")
    return f"sqlite:///{folder / 'hub.sqlite'}"


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a disk that is small enough to be filled")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
