"""The help page's promise: every sentence of it is quoted by a test that shows it; docs/promise.md says by which."""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.servers import need

ROOT = Path(__file__).resolve().parents[1]
# Lines of the page that promise nothing.
NO_PROMISE = {
    "heading": [
        "Help Center",
        "Integrations",
        "Zoom",
        "Zoom Integration",
        "Adding the Zoom Integration",
        "Prerequisites",
        "Step-by-step setup",
        "Alternative: Connect during onboarding",
        "After connecting",
        "Troubleshooting connection issues",
        "Using Zoom",
        "Setting Zoom as a meeting location",
        "What happens when a booking is made",
        "Rescheduling and cancellation",
        "Managing your connection",
        "Removing the Zoom Integration",
        "How to disconnect",
        "What happens when you disconnect",
        "Removing SchedulingKit from your Zoom account",
        "Data handling upon removal",
        "Permissions",
    ],
    "head of a table: the page's text has no space between cells": ["IssueSolution", "PermissionPurpose"],
    "date of the page itself": ["Updated April 24, 2026"],
    "count of the page's readers": ["57 views"],
}
# Below these lines each line is a table's row: one promise, however many sentences its second cell has.
ROWS_BELOW = ("IssueSolution", "PermissionPurpose")


def plain(text: str) -> str:
    """Return the text without what a line break, a border between cells or a typesetter may change."""
    return re.sub(r"[\s·]", "", text).translate(str.maketrans("“”‘’", "\"\"''"))


def sentences(page: str) -> list[str]:
    """Return what the page promises, in its order: sentences, steps, points and table rows."""
    silent = {line for lines in NO_PROMISE.values() for line in lines}
    found, in_table = [], False
    for line in (raw.strip() for raw in page.splitlines()):
        if not line or line in silent:
            in_table = line in ROWS_BELOW
            continue
        text = re.sub(r"^(•|\d+\.)\s+", "", line)
        found += [text] if in_table else re.split(r"(?<=[.:])(?<!e\.g\.)\s+(?=[A-Z])", text)
    return found


def table() -> list[tuple[str, list[str]]]:
    """Return the rows of docs/promise.md: a sentence and the tests that show it."""
    text = (ROOT / "docs/promise.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+) \| (`tests/.+`|-) \|$", text, re.M)
    return [(sentence, re.findall(r"`([^`]+)`", tests)) for sentence, tests in rows]


@cache
def docstrings(path: str) -> dict[str, str]:
    """Return the docstrings of a test file's tests by name."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name: ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_sentence_is_in_the_table() -> None:
    """docs/promise.md has each sentence of the help page, in the page's order, and none that the page lacks."""
    place = os.environ.get("HUB_HELP_PAGE", "")
    if not Path(place).is_file():
        need("the help page's text: its path in HUB_HELP_PAGE")
    page = sentences(Path(place).read_text("utf-8"))
    assert [plain(row) for row, _ in table()] == [plain(sentence) for sentence in page]


@pytest.mark.parametrize(("sentence", "tests"), table())
def test_every_sentence_is_quoted(sentence: str, tests: list[str]) -> None:
    """Each test that the table names exists and quotes the sentence; no sentence goes without one."""
    assert tests
    for test in tests:
        path, _, name = test.partition("::")
        assert plain(sentence) in plain(docstrings(path).get(name, "")), test
