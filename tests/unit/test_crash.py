"""Crash points: a process dies where a test says so, once if it is told, and never in earnest."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import hub
from hub import crash
from hub.config import ConfigError, load

ROOT = Path(hub.__file__).parent


def exit_code(name: str, **environ: str) -> int:
    command = [sys.executable, "-c", f"from hub import crash; crash.point({name!r})"]
    return subprocess.run(command, env=environ, cwd=ROOT.parent, check=False).returncode


def test_all_are_in_the_code_once() -> None:
    """Each point that is listed stands in the code once, and no other does."""
    texts = [path.read_text("utf-8") for path in ROOT.rglob("*.py")]
    found = Counter(name for text in texts for name in re.findall(r"crash\.point\(\"(\w+)\"\)", text))
    assert found == Counter(list(crash.POINTS))


def test_dies_there() -> None:
    """A process dies at the point that is named, as if killed, and passes all others."""
    given = {"HUB_CRASH_AT": "before_poke", "HUB_TESTING": "1"}
    assert exit_code("before_poke", **given) == crash.KILLED
    assert exit_code("after_outbox_lease", **given) == 0


def test_never_in_earnest() -> None:
    """Without the word that this is a test nothing dies."""
    assert exit_code("before_poke", HUB_CRASH_AT="before_poke") == 0


def test_dies_once(tmp_path: Path) -> None:
    """With a file to mark it, one process dies and those after it live."""
    mark = tmp_path / "mark"
    given = {"HUB_CRASH_AT": "before_poke", "HUB_TESTING": "1", "HUB_CRASH_MARK": str(mark)}
    assert [exit_code("before_poke", **given) for _ in range(3)] == [crash.KILLED, 0, 0]
    assert mark.exists()


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HUB_CRASH_AT": "before_poke"}, "tests only"),
        ({"HUB_CRASH_AT": "somewhere", "HUB_TESTING": "1"}, "no crash point"),
    ],
)
def test_refused_at_start(tmp_path: Path, environ: dict[str, str], told: str) -> None:
    """A hub in use does not start with a crash point, nor a test with one that does not exist."""
    with pytest.raises(ConfigError, match=told):
        load({"HUB_DATA_DIR": str(tmp_path), **environ})
