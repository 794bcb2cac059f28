"""The engines that a test runs on."""

from __future__ import annotations

import pytest

BOTH = ("embedded", pytest.param("production", marks=pytest.mark.postgres))
# For what takes long: the quick run has the embedded one, CI both.
THOROUGH = ("embedded", pytest.param("production", marks=[pytest.mark.postgres, pytest.mark.thorough]))
