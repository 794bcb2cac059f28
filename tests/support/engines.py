"""The engines that a test runs on."""

from __future__ import annotations

import pytest

BOTH = ("embedded", pytest.param("production", marks=pytest.mark.postgres))
# For what takes long: the quick run has the embedded one, CI both.
THOROUGH = ("embedded", pytest.param("production", marks=[pytest.mark.postgres, pytest.mark.thorough]))


@pytest.fixture(name="engine", params=THOROUGH)
def quick_on_one(request: pytest.FixtureRequest) -> str:
    """Which engine a test runs on, in files that import this: of what hardly depends on it, the quick run has one."""
    return str(request.param)
