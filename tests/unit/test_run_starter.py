"""The starter `./run` with a real Python, a real .venv and a real pip, on a small project that needs no network."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
# Each makes real environments: half a minute alone, minutes where the machine has much else to do.
pytestmark = pytest.mark.timeout(600)
# A build backend of the project's own: pip then fetches nothing.
BACKEND = """
import pathlib, zipfile
def build_editable(folder, settings=None, metadata=None):
    name = "sample-1-py3-none-any.whl"
    info = "sample-1.dist-info/"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("sample.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: sample\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nhub = sample:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
SAMPLE = """
import os, sys
def main():
    print("hub", sys.argv[1:], os.getcwd())
    sys.exit(7 if "fail" in sys.argv else 0)
"""
PYTEST = """
import os, sys
print("pytest", sys.argv[1:], os.getcwd())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project like this one, in a folder whose name has spaces."""
    folder = tmp_path / "a path with spaces"
    (folder / "build tools").mkdir(parents=True)
    shutil.copy2(REPO / "run", folder)
    (folder / "build tools" / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["build tools"]\n'
    )
    (folder / "setup.cfg").write_text("[metadata]\nname = sample\n")
    (folder / "requirements.txt").write_text("")
    (folder / "requirements-dev.txt").write_text("")
    (folder / "sample.py").write_text(SAMPLE)
    (folder / "pytest.py").write_text(PYTEST)
    return folder


def environment(**changes: str) -> dict[str, str]:
    """The environment for a run that may not ask any package index."""
    return {**os.environ, "PIP_NO_INDEX": "1", "PYTHONWARNINGS": "", **changes}


def run(project: Path, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(project / "run"), *words],
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.packaging
def test_it_sets_up_once_and_hands_over(project: Path, tmp_path: Path) -> None:
    """The first run installs and says so; later ones, from any folder, hand over at once; `test` goes to pytest."""
    first = run(project, "demo", "--port", "8001", cwd=tmp_path)
    assert first.stdout == f"hub ['demo', '--port', '8001'] {tmp_path}\n"
    assert re.findall(r"^✓ ([a-z .0-9]+?)  \d+\.\d s$", first.stderr, re.M) == [
        "making .venv",
        "installing 0 packages",
        "installing the project",
    ]
    # Without a PATH there is neither git nor a compiler; the shell that pip's spaces-in-paths trick needs is /bin/sh.
    second = run(project, "fail", cwd=tmp_path, PATH="/nonexistent")
    assert (second.returncode, second.stdout, second.stderr) == (7, f"hub ['fail'] {tmp_path}\n", "")
    tests = run(project, "test", "-k", "some", cwd=tmp_path)
    assert tests.stdout == f"pytest ['-k', 'some'] {project}\n"
    spread = ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    assert run(project, "test", cwd=tmp_path).stdout == f"pytest {spread} {project}\n"
    assert "making .venv" not in tests.stderr


def wheel(folder: Path) -> str:
    """Put a tiny package into the folder and return its hash."""
    path = folder / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("tiny.py", "")
        made.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        made.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr("tiny-1.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.packaging
def test_a_change_of_the_requirements_is_installed(project: Path, tmp_path: Path) -> None:
    """When what is required changes, the next run installs it, but nothing whose hash is missing or wrong.

    A failure shows pip's last lines and is tried again.
    """
    run(project, "x")
    digest = wheel(tmp_path)
    for pin, complaint in (("tiny==1", "--hash"), (f"tiny==1 --hash=sha256:{'0' * 64}", "DO NOT MATCH")):
        (project / "requirements.txt").write_text(pin + "\n")
        failed = run(project, "x", PIP_FIND_LINKS=str(tmp_path))
        assert failed.returncode == 1
        assert "✗ installing 1 packages" in failed.stderr
        assert complaint in failed.stderr
        assert failed.stdout == ""
    (project / "requirements.txt").write_text(f"tiny==1 --hash=sha256:{digest}\n")
    assert run(project, "x", PIP_FIND_LINKS=str(tmp_path)).stdout.startswith("hub ['x']")
    assert next((project / ".venv" / "lib").glob("*/site-packages/tiny.py"), None)


@pytest.mark.packaging
def test_a_moved_or_interrupted_set_up_is_made_anew(project: Path) -> None:
    """A .venv whose folder has moved, or whose pip was interrupted, is not trusted."""
    run(project, "x")
    moved = project.rename(project.with_name("moved"))
    again = run(moved, "x")
    assert "making .venv" in again.stderr
    assert again.returncode == 0
    (moved / ".venv" / "unfinished").touch()
    (moved / ".venv" / "installed-requirements.txt").unlink()
    assert "making .venv" in run(moved, "x").stderr


@pytest.mark.packaging
def test_two_at_once_wait_for_each_other(project: Path) -> None:
    """Two first runs at the same time set up once, and both hand over."""
    argv = [sys.executable, str(project / "run"), "x"]
    both = [
        subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in "12"
    ]
    said = [process.communicate(timeout=300) for process in both]
    assert [out.startswith("hub ['x']") for out, _ in said] == [True, True]
    assert sum("making .venv" in err for _, err in said) == 1


def test_without_a_word_it_helps(project: Path) -> None:
    """Alone it prints what can be run, and installs nothing."""
    told = run(project)
    assert "./run demo" in told.stdout
    assert "./run test" in told.stdout
    assert not (project / ".venv").exists()


def test_a_python_without_venv_is_told_what_to_install(project: Path, tmp_path: Path) -> None:
    """Where neither ensurepip nor pip is there, the sentence names the package to install."""
    empty = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    # Python finds these first and thinks that its own ensurepip and pip were gone, as on a bare Debian.
    (empty / "hide.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name in ('ensurepip', 'pip') else find(name, *a)\n"
    )
    site = next((empty / "lib").glob("python*/site-packages"))
    (site / "hide.pth").write_text(f"import sys; sys.path.append({str(empty)!r}); import hide\n")
    told = subprocess.run(
        [str(empty / "bin" / "python"), str(project / "run"), "x"], env=environment(), capture_output=True, text=True
    )
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1] == "Debian/Ubuntu: apt install python3-venv"


def test_every_pin_of_the_product_is_a_pin_of_the_tests() -> None:
    """What is tested is what is installed: both requirement files name the same versions."""
    product, tests = (
        set(re.findall(r"^([a-z0-9.-]+==\S+)", (REPO / name).read_text(), re.M))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert product
    assert product <= tests
