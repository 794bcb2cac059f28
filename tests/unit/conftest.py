"""What unit tests of connections have in common."""

from __future__ import annotations

import pytest

from hub.container import Hub
from hub.provider import Provider
from plugins.zoom.sandbox.server import Server


@pytest.fixture(name="provider")
def _provider(zoom: Server, hub: Hub) -> Provider:
    """Zoom, with a local one in its place."""
    provider = hub.registry.get("zoom")
    assert provider
    return provider
