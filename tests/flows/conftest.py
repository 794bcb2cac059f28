"""Flow tests run on both engines, each with a host and an invitee."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.people import Host, Invitee
from tests.support.world import World


@pytest.fixture(name="ada")
def _ada(engine: str, app: Flask, world: World) -> Host:
    """A host who has signed up and signed in."""
    return Host(app, world)


@pytest.fixture(name="bob")
def _bob(engine: str, world: World) -> Invitee:
    return Invitee(world)
