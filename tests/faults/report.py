"""The table of `./run faults`: for each row of docs/guarantees.md whether it held, and the figures that were measured.

A plugin for pytest. It runs every test whose docstring names a row, wherever the test stands.
"""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.turns import turn

ROOT = Path(__file__).resolve().parents[2]
PROMISE = ROOT / "docs" / "guarantees.md"
HERE = re.compile(r"^Rows? (\d[\d, ]*):")
PATIENCE = 600  # seconds for one fault, unless its test says that it takes longer
ELSEWHERE = re.compile(r"^Fault rows? (\d[\d, ]*):")  # other tests number the rows of other tables


def rows_of(docstring: str | None, *, here: bool) -> list[int]:
    """Return the rows that a test's docstring names; `here` says that the test is one of tests/faults."""
    found = (HERE if here else ELSEWHERE).match((docstring or "").strip())
    return [int(number) for number in re.findall(r"\d+", found[1])] if found else []


def promised() -> dict[int, list[str]]:
    """Return the rows of docs/guarantees.md with their cells: what breaks, what happens, what shows it."""
    lines = re.findall(r"^\| (\d+) \|(.+)\|$", PROMISE.read_text("utf-8"), re.M)
    return {int(number): [cell.strip() for cell in cells.split(" | ")] for number, cells in lines}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--within", type=float, metavar="SECONDS", help="begin no further fault after so many seconds")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Table(config.getoption("within")), "fault-table")


def takes_long(item: pytest.Item) -> bool:
    """Tell whether a test may take longer than any other."""
    limit = item.get_closest_marker("timeout")
    return limit is not None and limit.args[0] > PATIENCE


class Table:
    """Collects what came of each row."""

    def __init__(self, within: float | None) -> None:
        self._until = time.monotonic() + within if within else float("inf")
        self._outcomes: dict[int, list[str]] = defaultdict(list)
        self._figures: dict[int, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen, left = [], []
        for item in items:
            here = item.path.is_relative_to(Path(__file__).parent)
            rows = rows_of(getattr(getattr(item, "function", None), "__doc__", ""), here=here)
            item.user_properties.append(("rows", rows))
            item.user_properties.append(("engine", "PostgreSQL" if item.get_closest_marker("postgres") else "SQLite"))
            if item.get_closest_marker("faults") and not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(PATIENCE))
            (chosen if rows or here else left).append(item)
        items[:] = chosen
        config.hook.pytest_deselected(items=left)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # before the test's time begins to run
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        run = getattr(item.config, "workerinput", {}).get("testrunuid")
        if run is None or self._until < float("inf"):  # whoever is pressed for time has no figures to show
            return (yield)
        with turn(run, alone=item.get_closest_marker("alone") is not None):
            return (yield)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if time.monotonic() > self._until or (self._until < float("inf") and takes_long(item)):
            pytest.skip("there was no time for it")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        if report.when == "call" or report.outcome != "passed":
            for row in told.get("rows") or ():  # type: ignore[attr-defined]
                self._outcomes[row].append(report.outcome)
        if report.when == "teardown" and "figure" in told:
            for row in told.get("rows") or ():  # type: ignore[attr-defined]
                self._figures[row].append(f"{told['engine']}: {told['figure']}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if os.environ.get("PYTEST_XDIST_WORKER"):
            return
        terminalreporter.section("what held")
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self) -> Iterable[str]:
        """Return the table, one line for each row and each further figure."""
        yield f"{'row':>3}  {'':8}  {'tests':>5}  {'what breaks':58}  figures"
        for row, (what, *_) in sorted(promised().items()):
            outcomes, figures = self._outcomes[row], list(dict.fromkeys(self._figures[row])) or [""]
            ran = [outcome for outcome in outcomes if outcome != "skipped"]
            word = "BROKEN" if "failed" in ran else "held" if ran else "not run"
            if not outcomes and "Out of reach" in " ".join(promised()[row]):
                word = "no test"
            yield f"{row:>3}  {word:8}  {len(ran):>5}  {_short(what):58}  {figures[0]}".rstrip()
            yield from (f"{'':80}  {figure}" for figure in figures[1:])


def _short(text: str) -> str:
    plain = re.sub(r"[`*]", "", text)
    return plain if len(plain) <= 58 else plain[:57] + "…"
