"""What unit tests of connections and meetings have in common."""

from __future__ import annotations

import pytest
from flask import Flask

from hub.container import Hub
from hub.provider import Provider
from plugins.zoom.sandbox.server import Server
from tests.support.stage import Stage
from tests.support.world import World


@pytest.fixture(name="provider")
def _provider(zoom: Server, hub: Hub) -> Provider:
    """Zoom, with a local one in its place."""
    provider = hub.registry.get("zoom")
    assert provider
    return provider


@pytest.fixture(name="stage")
def _stage(app: Flask, world: World) -> Stage:
    """A booking at Zoom that nobody has worked on."""
    return Stage(app, world)
