"""The documents: their links lead somewhere, and the commands that they show exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from hub.cli import hub

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "plugins").rglob("*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
OURS = {"test", "faults", "mutants", "commands"}  # words of ./run that are not the hub's


def _anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as the usual renderers make them."""
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    """Every relative link leads to a file, and to a heading in it where it names one."""
    path = ROOT / name
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / unquote(target)).resolve() if target else path
        if not file.exists() or (anchor and anchor not in _anchors(file.read_text("utf-8"))):
            wrong.append(link)
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_commands_exist(name: str) -> None:
    """Every `hub …` and `./run …` that a document shows is understood by the hub, its options included."""
    text = (ROOT / name).read_text("utf-8")
    shown = re.findall(r"^\s*(?:\S*/)?(?:hub|run) (.+)$", "\n".join(re.findall(r"```\n(.*?)```", text, re.S)), re.M)
    shown += re.findall(r"`(?:hub|\./run) ([^`]+)`", text)
    shown += re.findall(r"^ExecStart=\S+/hub (.+)$", text, re.M)
    for line in shown:
        words = shlex.split(line)
        if words[0] not in OURS and not words[0].isupper():
            _check(words)


def _check(words: list[str]) -> None:
    command: click.Command = hub
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found, f"{words[0]} is no command of {command.name}"
        command, words = found, words[1:]
    known = {"--help"} | {option for parameter in command.params for option in parameter.opts}
    assert [word for word in words if word.startswith("-") and word not in known] == []
