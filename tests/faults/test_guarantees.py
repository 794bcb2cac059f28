"""The public promise: docs/guarantees.md has each row, and each row the test that shows it."""

from __future__ import annotations

import ast
import re

import pytest

from tests.faults.report import PROMISE, ROOT, promised, rows_of

ROWS = range(1, 75)


def docstrings(name: str) -> dict[str, str]:
    """Return the docstrings of the tests in a file below tests/, by the test's name."""
    tree = ast.parse((ROOT / "tests" / name).read_text("utf-8"))
    return {node.name: ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_row_is_there_once() -> None:
    """The promise has a line for each fault by its number, and no cell of it is empty."""
    found = [int(number) for number in re.findall(r"^\| (\d+) \|", PROMISE.read_text("utf-8"), re.M)]
    assert sorted(found) == list(ROWS)
    assert {row: cells for row, cells in promised().items() if len(cells) != 3 or not all(cells)} == {}


@pytest.mark.parametrize("row", ROWS)
def test_the_named_test_shows_it(row: int) -> None:
    """The test that a line names exists, and its docstring names the row; or the line says why there is none."""
    *_, shown = promised()[row]
    names = re.findall(r"`([^`]+\.py)::(\w+)`", shown)
    assert names or shown.startswith("Out of reach: ")
    for file, test in names:
        assert row in rows_of(docstrings(file).get(test), here=file.startswith("faults/")), (file, test)


def test_the_invariants_are_the_oracles() -> None:
    """The promise names the invariants I1 to I11, each of which the oracle checks."""
    found = re.findall(r"^\| (I\d+) \|", PROMISE.read_text("utf-8"), re.M)
    checked = set(re.findall(r'yield f?"(I\d+): ', (ROOT / "tests" / "faults" / "oracle.py").read_text("utf-8")))
    assert found == [f"I{n}" for n in range(1, 12)]
    assert set(found) == checked
