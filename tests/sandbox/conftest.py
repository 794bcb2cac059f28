"""A fresh sandbox for each test, served over real HTTP, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from plugins.zoom.sandbox.server import serve_sandbox
from tests.sandbox.driver import SCOPES, Clock, Driver

Start = Callable[..., Driver]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start sandboxes with options; all are stopped after the test."""
    with ExitStack() as stack:

        def run(**options: Any) -> Driver:
            clock = options.pop("clock", None) or Clock()
            driver = Driver(stack.enter_context(serve_sandbox(clock=clock, **options)), clock)
            stack.callback(driver.http.close)
            return driver

        yield run


@pytest.fixture
def zoom(start: Start) -> Driver:
    """A sandbox as it comes: the four scopes of the help page."""
    return start()


@pytest.fixture
def wide(start: Start) -> Driver:
    """A sandbox whose app holds every scope the sandbox knows."""
    return start(scopes=list(SCOPES))
