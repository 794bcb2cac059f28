"""Who runs beside whom in `./run faults -n`."""

from __future__ import annotations

import fcntl
import tempfile
import threading
from pathlib import Path

import pytest

from tests.faults.turns import turn
from tests.support.running import wait_for


def shut(door: Path) -> bool:
    """Tell whether somebody waits to be alone."""
    with door.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others run side by side; who wants to be alone waits for those who are in, and goes before those who come later."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    order: list[str] = []
    first_out = threading.Event()
    both_in = threading.Barrier(2, timeout=30)

    def runs(name: str) -> None:
        with turn("x", alone=False):
            order.append(name)

    def stays() -> None:
        with turn("x", alone=False):
            both_in.wait()
            first_out.wait(30)
            order.append("first")

    def is_alone() -> None:
        with turn("x", alone=True):
            order.append("alone")

    threads = [threading.Thread(target=stays)]
    threads[0].start()
    with turn("x", alone=False):
        both_in.wait()  # two are in at once
    threads.append(threading.Thread(target=is_alone))
    threads[1].start()
    wait_for(lambda: shut(tmp_path / "hub-faults-x.door"))
    threads.append(threading.Thread(target=runs, args=("later",)))
    threads[2].start()
    first_out.set()
    for thread in threads:
        thread.join(30)
    assert order[:2] == ["first", "alone"]
    assert order[2:] == ["later"]
