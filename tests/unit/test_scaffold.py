"""`hub provider new` writes packages that work as written, and `hub provider check` says how to mend what does not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import hub
from hub.errors import InvalidInput
from hub.scaffold import mending
from hub.scaffold.check import _as_if_installed
from hub.scaffold.new import KINDS, TEMPLATES, names, write
from hub.testing import connected, contract

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(hub, ["provider", *map(str, words)])


def checked(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    done = run("check", folder, "--json")
    return done.exit_code, json.loads(done.stdout)["findings"]


@pytest.mark.packaging
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_keeps_the_contract(tmp_path: Path, kind: str) -> None:
    """Each kind of package passes the check of facts, contract and packaging as it was written, and its own tests."""
    done = run("new", "Acme Rooms", "--kind", kind, "--into", tmp_path)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "hub-acmerooms"
    code, found = checked(folder)
    assert [one for one in found if not one["ok"]] == []
    assert code == 0
    assert len(found) > (40 if kind == "oauth" else 15)
    text = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert not re.search("new ?name", text, re.I)
    assert (folder / ".github" / "workflows" / "test.yml").is_file()
    assert (folder / ".gitignore").is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_takes_bookings(tmp_path: Path, kind: str) -> None:
    """The flow test that comes with each kind of package passes: a whole hub, its people, and the provider."""
    folder = write("Acme Rooms", kind=kind, folder=tmp_path)
    (tmp_path / "scratch").mkdir()
    env = _as_if_installed(folder, tmp_path / "scratch", "acmerooms", "hub_acmerooms")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_flow.py"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_typed_and_tidy(tmp_path: Path, kind: str) -> None:
    """What is written passes mypy --strict and ruff as it is."""
    folder = write("acme", kind=kind, folder=tmp_path)
    env = {**os.environ, "MYPYPATH": str(ROOT)}
    here = Path(sys.executable).parent
    for command in (
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            "--follow-imports=silent",
            "--cache-dir",
            str(tmp_path / "c"),
            "src",
        ],
        [str(here / "ruff"), "check", "--isolated", "--select", "E,F,W,I,B,UP,SIM,RET", "--line-length", "120", "."],
        [str(here / "ruff"), "format", "--isolated", "--check", "--line-length", "120", "."],
    ):
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where the folder exists, one sentence says so and every file stays as it is."""
    assert run("new", "acme", "--into", tmp_path).exit_code == 0
    mine = tmp_path / "hub-acme" / "README.md"
    mine.write_text("mine")
    done = run("new", "acme", "--into", tmp_path)
    assert done.exit_code == 2
    assert "exists already" in done.output
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("name", ["", " ", "../acme", "Acme\n[x]", 'A"b', "7up", "ÄÖ", "x" * 41, "a", "acme; rm"])
def test_names_that_can_not_be(tmp_path: Path, name: str) -> None:
    """A name from which no key can be made, or that would be more than a name in the files, is refused."""
    with pytest.raises(InvalidInput):
        write(name, kind="plain", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_names() -> None:
    """From what people read come the key, the class and the label."""
    assert list(names("Acme Meet").values()) == ["Acme Meet", "AcmeMeet", "ACMEMEET", "acmemeet"]
    assert list(names("acme").values()) == ["Acme", "Acme", "ACME", "acme"]


def _plain(tmp_path: Path, *changes: tuple[str, str, str]) -> Path:
    folder = write("acme", kind="plain", folder=tmp_path)
    for name, old, new in changes:
        path = folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    return folder


PLUGIN, PROJECT = "src/hub_acme/__init__.py", "pyproject.toml"


@pytest.mark.packaging
@pytest.mark.parametrize(
    ("change", "found", "mend"),
    [
        ((PLUGIN, '"icon.svg"', '"icon.png"'), "icon must be an .svg", "icon.svg beside"),
        ((PLUGIN, "def describe_location", "def describe_locatoin"), "describe_locatoin", "Compare the names"),
        ((PLUGIN, "def create_meeting(request", "def create_meeting(wish"), "wish", "only arguments"),
        ((PLUGIN, "HUB_API = 1", "HUB_API = 99"), "update the hub", "Set HUB_API"),
        ((PLUGIN, "HUB_API = 1", "raise SystemExit('no licence')"), "no licence", "provider new"),
        ((PLUGIN, "HUB_API = 1", "import os; os._exit(3)"), "ended", "provider new"),
        (
            (PLUGIN, "\n@hookimpl\ndef create_meeting", "\ndef create_meeting"),
            "without @hookimpl: create_meeting",
            "@hookimpl",
        ),
        ((PLUGIN, '.get("where") or DEFAULT)', '["where"])'), "KeyError", "inputs.get()"),
        ((PROJECT, '"*" = ["*.svg", "*.md", "py.typed"]', ""), "does not", "package-data"),
        ((PROJECT, 'dependencies = ["scheduling-hub>=0.1"]', ""), "no dependency", "scheduling-hub"),
        ((PROJECT, 'acme = "hub_acme"', ""), "none", "entry-points"),
        ((PROJECT, "[project]", "[project"), "", "pyproject.toml"),
        (("src/hub_acme/README.md", "## Removing", "## Leaving"), "Leaving", "sections"),
        (("src/hub_acme/icon.svg", "<svg", "<svg onload='x()'"), "holds script", "icon.svg beside"),
    ],
)
def test_findings_say_how_to_mend(tmp_path: Path, change: tuple[str, str, str], found: str, mend: str) -> None:
    """What is broken is found, and the report says what to do about it."""
    code, findings = checked(_plain(tmp_path, change))
    assert code == 1
    wrong = [one for one in findings if not one["ok"]]
    assert any(found in one["found"] and mend in one["mend"] for one in wrong), wrong


@pytest.mark.packaging
def test_one_cause_is_told_once(tmp_path: Path) -> None:
    """A fault that fails many checks is printed with all of them below it, and what it is only once."""
    hooks = 'return location.inputs.get("where")', "return Meeting("
    broken = _plain(tmp_path, *((PLUGIN, line, f"raise KeyError\n    {line}") for line in hooks))
    wrong = [one for one in checked(broken)[1] if not one["ok"]]
    causes = {one["found"] for one in wrong}
    told = run("check", broken).output
    assert len(wrong) > len(causes)
    assert told.count("    found: ") == told.count("    mend:  ") == len(causes)
    assert all(f"✗ {one['what']}" in told for one in wrong)
    assert "The same words in " in told


def test_a_folder_named_as_one_types_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder below this one may be given by its name alone, as the tutorial does."""
    monkeypatch.chdir(_plain(tmp_path).parent)
    code, findings = checked(Path("hub-acme"))
    assert [one for one in findings if not one["ok"]] == []
    assert code == 0


def test_an_installed_provider_is_checked_by_its_key() -> None:
    """`hub provider check phone` holds the provider that is installed to the contract."""
    done = run("check", "phone")
    assert done.exit_code == 0, done.output
    assert "checks of phone hold" in done.output
    assert "✗" not in done.output


def test_what_is_not_there_is_said() -> None:
    """An unknown key or folder is one sentence."""
    done = run("check", "nowhere")
    assert done.exit_code == 2
    assert "no folder and no installed provider called nowhere" in done.output


def test_every_check_of_the_contract_can_be_mended() -> None:
    """No test of the contract without a sentence on how to mend what it finds."""
    suite = {name for kind in (contract.ProviderContract, connected.ConnectedProviderContract) for name in dir(kind)}
    assert {name for name in suite if name.startswith("test_")} - mending.MENDING.keys() == set()


def test_the_templates_are_told_apart_by_kind() -> None:
    """There is a folder of templates for each kind, and one for what all share."""
    assert {path.name for path in TEMPLATES.iterdir()} == {"all", *KINDS}


@pytest.mark.parametrize("name", ["__init__.py", "sandbox.py", "README.md", "icon.svg"])
def test_the_tutorials_second_plugin_is_what_is_written(tmp_path: Path, name: str) -> None:
    """The example of a vendor with an API is, byte for byte, what `hub provider new Acme` writes."""
    folder = write("Acme", kind="oauth", folder=tmp_path)
    assert (folder / "src" / "hub_acme" / name).read_text() == (ROOT / "tests" / "examples" / "acme" / name).read_text()
