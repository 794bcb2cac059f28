"""Wheels built here, and clean environments that have them; nothing is downloaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build_hub(folder: Path) -> Path:
    """Return the hub's wheel, built in `folder` from what git knows."""
    source = folder / "source"
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, kept):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    return build(source, folder)


def build(source: Path, folder: Path) -> Path:
    """Return the wheel of the package in `source`, built into `folder`."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return max(folder.glob("*.whl"), key=lambda file: file.stat().st_mtime_ns)


class Environment:
    """A Python environment of its own; of ours it has only what lies in site-packages, behind its own packages."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        self.python = str(folder / "bin" / "python")
        site = next((folder / "lib").glob("python3*")) / "site-packages"
        # Added by a .pth file, our site-packages' own .pth files (the checkout's, say) do nothing.
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def installs(self, *wheels: Path) -> None:
        """Install wheels with pip, from their files alone."""
        self._pip("install", "--no-index", "--no-deps", "--no-build-isolation", "-q", *map(str, wheels))

    def uninstalls(self, name: str) -> None:
        """Remove a distribution."""
        self._pip("uninstall", "-y", "-q", name)

    def runs(self, *words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `python` with these words, without any variable of ours."""
        clean = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), **env}
        return subprocess.run([self.python, *words], cwd=cwd, env=clean, capture_output=True, text=True, check=False)

    def _pip(self, *words: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
