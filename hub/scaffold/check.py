"""Checks a provider for its author: packaging, facts and the contract, each finding with a way to mend it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from hub.errors import InvalidInput
from hub.providers import GROUP, Registry, load
from hub.scaffold.mending import mend

PATIENCE = 600  # seconds for the whole contract
SUITE = """
from hub.testing.{module} import {base}


class Test({base}):
    key = {key!r}
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: what it is, whether it holds, what was found, and how to mend it."""

    what: str
    ok: bool
    found: str = ""
    mend: str = ""


def check(target: str) -> tuple[str, list[Finding]]:
    """Check an installed provider by its key, or the package in a folder; returns its key and what was found.

    Raises InvalidInput where there is no such thing, or where pytest is missing.
    """
    if util.find_spec("pytest") is None:
        raise InvalidInput("target", "The contract needs pytest: pip install pytest, then try again.")
    if not Path(target).is_dir():
        return target, [*_installed(target), *_contract(target, load(), {})]
    with tempfile.TemporaryDirectory() as scratch:
        found, name, value = _packaging(Path(target))
        if not value:
            return target, found
        environ = _as_if_installed(Path(target), Path(scratch), name, value)
        told = _ask(environ, name)
        if told["broken"]:
            return name, [*found, Finding("the hub can load it", False, told["broken"], mend("load", told["broken"]))]
        return told["key"], [*found, *_run(told["key"], told["oauth"], environ)]


def _installed(key: str) -> list[Finding]:
    registry = load()
    provider = registry.get(key)
    if provider is None:
        reason = registry.broken.get(key)
        if reason is None:
            raise InvalidInput("target", f"There is no folder and no installed provider called {key}.")
        return [Finding("the hub can load it", False, reason, mend("load", reason))]
    return [Finding("the hub can load it", True)]


def _contract(key: str, registry: Registry, environ: Mapping[str, str]) -> list[Finding]:
    provider = registry.get(key)
    return _run(key, provider.oauth is not None, environ) if provider else []


def _packaging(folder: Path) -> tuple[list[Finding], str, str]:
    """Return findings about the package in a folder, and name and value of its entry point, empty where it has none."""
    file = folder / "pyproject.toml"
    if not file.is_file():
        return [Finding("it has a pyproject.toml", False, f"{file} is missing", mend("pyproject"))], "", ""
    try:
        project = tomllib.loads(file.read_text("utf-8")).get("project", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        return [Finding("pyproject.toml can be read", False, str(fault), mend("pyproject"))], "", ""
    points = project.get("entry-points", {}).get(GROUP, {})
    name, value = next(iter(points.items()), ("", ""))
    needs = [str(line) for line in project.get("dependencies", ())]
    return (
        [
            Finding("an entry point tells the hub of it", bool(value), "" if value else "none", mend("entry_point")),
            Finding(
                "it says that it needs the hub",
                any(line.lower().replace("_", "-").startswith("scheduling-hub") for line in needs),
                ", ".join(needs) or "no dependency",
                mend("dependency"),
            ),
            *_wheel(folder),
        ],
        name,
        value,
    )


def _wheel(folder: Path) -> Iterator[Finding]:
    """Yield whether a wheel can be built here and holds all files that lie beside the package's modules."""
    if util.find_spec("pip") is None or util.find_spec("setuptools") is None:
        return
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-q"]
        # The whole path: pip takes a bare name for a package to look for elsewhere.
        done = subprocess.run([*command, "-w", out, str(folder.resolve())], capture_output=True, text=True, check=False)
        built = next(Path(out).glob("*.whl"), None)
        if built is None:
            last = (done.stderr.strip().splitlines() or ["no wheel came out"])[-1]
            yield Finding("a wheel can be built", False, last, mend("wheel"))
            return
        listing = subprocess.run(
            [sys.executable, "-m", "zipfile", "-l", str(built)], capture_output=True, text=True, check=True
        )
        for name in ("icon.svg", "README.md"):
            there = f"/{name}" in listing.stdout.replace("\\", "/")
            yield Finding(f"the wheel holds {name}", there, "" if there else "it does not", mend("package_data"))


def _as_if_installed(folder: Path, scratch: Path, name: str, value: str) -> dict[str, str]:
    """Return an environment in which Python finds the package, and the hub its entry point, without installing it."""
    info = scratch / "checked_provider-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: checked-provider\nVersion: 0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n", "utf-8")
    source = folder / "src" if (folder / "src").is_dir() else folder
    places = [str(scratch), str(source.absolute()), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, places))}


def _ask(environ: Mapping[str, str], name: str) -> dict[str, str]:
    """Return what the hub makes of the entry point: key and oauth, or why it is broken."""
    code = (
        "import json, sys\n"
        "from importlib import metadata\n"
        "from hub import providers\n"
        f"points = [p for p in metadata.entry_points(group={GROUP!r}) if p.name == sys.argv[1]]\n"
        "registry = providers.load(points[:1])\n"
        "found = registry.all()\n"
        "print(json.dumps({'broken': registry.broken.get(sys.argv[1], '' if found else 'it has no location_provider'),"
        " 'key': found[0].key if found else '', 'oauth': bool(found and found[0].oauth)}))\n"
    )
    command = [sys.executable, "-c", code, name]
    done = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    try:
        told: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return {"broken": f"the process that loads it ended: {last}", "key": "", "oauth": ""}
    return told


def _run(key: str, oauth: bool | str, environ: Mapping[str, str]) -> list[Finding]:
    """Return what the contract says, test by test."""
    module, base = ("connected", "ConnectedProviderContract") if oauth else ("contract", "ProviderContract")
    with tempfile.TemporaryDirectory() as folder:
        suite, report = Path(folder) / "test_contract.py", Path(folder) / "report.jsonl"
        suite.write_text(SUITE.format(module=module, base=base, key=key), "utf-8")
        (Path(folder) / "pytest.ini").write_text("[pytest]\n", "utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "hub.testing.report",
            "-p",
            "no:cacheprovider",
            str(suite),
        ]
        told = {**os.environ, **environ, "HUB_CONTRACT_REPORT": str(report)}
        try:
            done = subprocess.run(
                command, cwd=folder, env=told, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            return [Finding("the contract ends", False, f"not within {PATIENCE} s", mend("hang"))]
        if not report.is_file():
            last = (done.stdout + done.stderr).strip().splitlines() or ["pytest said nothing"]
            return [Finding("the contract can be run", False, last[-1], mend("load", last[-1]))]
        rows = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    return [Finding(row["what"], row["ok"], row["found"], "" if row["ok"] else mend(row["test"])) for row in rows]
