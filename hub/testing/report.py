"""A pytest plugin that writes what the contract found, one line of JSON for each test, where HUB_CONTRACT_REPORT says."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note a test's end, or the failure of what it needed."""
    report = yield
    path = os.environ.get("HUB_CONTRACT_REPORT")
    if path and (report.when == "call" or report.failed) and not report.skipped:
        row = {"test": item.name, "what": _what(item), "ok": report.passed, "found": _found(call)}
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    return report


def _what(item: pytest.Item) -> str:
    said = getattr(getattr(item, "function", None), "__doc__", None) or item.name
    _, bracket, case = item.name.partition("[")
    return f"{said.strip().splitlines()[0].rstrip('.')}{f' ({case[:-1]})' if bracket else ''}"


def _found(call: pytest.CallInfo[None]) -> str:
    if call.excinfo is None:
        return ""
    lines = [line for line in str(call.excinfo.value).splitlines() if line.strip()]
    return f"{lines[0] if lines else ''}"[:300] or call.excinfo.typename
