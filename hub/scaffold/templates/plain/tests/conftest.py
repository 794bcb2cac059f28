"""What the flow tests stand on: a whole hub, and people who use it."""

from __future__ import annotations

import pytest

pytest_plugins = ["hub.testing.fixtures"]


@pytest.fixture
def provider_key() -> str:
    """The provider under test."""
    return "newname"
