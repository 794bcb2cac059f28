"""Lets pytest explain the contract's failing assertions, as it does those in test files; it brings no fixtures."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "hub.testing.calls", "hub.testing.checks", "hub.testing.connected", "hub.testing.contract"
)
