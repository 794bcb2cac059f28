"""Settings → Integrations with many providers, and the location with which new event types start."""

from __future__ import annotations

import dataclasses
import types

import pytest
from flask import Flask
from sqlalchemy import event

from hub import LocationProvider, hookimpl
from hub.container import Hub
from hub.providers import Registry
from hub.store.models import LocationRow
from plugins import inperson, phone, zoom
from tests.support.people import Host
from tests.support.world import World

MANY = 100


class Made:
    """A provider with the least that one needs; its icon is a built-in one's."""

    __package__ = "plugins.inperson"

    def __init__(self, n: int) -> None:
        self.n = n

    @hookimpl
    def location_provider(self) -> LocationProvider:
        key = f"made{self.n}"
        return LocationProvider(
            key, f"Made {self.n}", "Other", "icon.svg", blurb="A bridge" if self.n == 7 else "Made up"
        )


@pytest.fixture(name="hub")
def _hub(hub: Hub) -> Hub:
    """The hub with a hundred providers."""
    ours: list[types.ModuleType] = [zoom, phone, inperson]
    plugins = [(p.__name__, p, "1") for p in ours] + [(f"made{n}", Made(n), "1") for n in range(MANY - len(ours))]
    return dataclasses.replace(hub, registry=Registry(plugins))


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    return Host(app, world)


def test_four_statements(ada: Host, hub: Hub) -> None:
    """With a hundred providers the page takes at most four SQL statements, and each of them is on it."""
    seen: list[str] = []
    event.listen(hub.store.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    page = ada.opens("/settings/integrations")
    assert page.count('<li class="row">') == MANY
    asked = [statement for statement in seen if not statement.startswith("BEGIN")]
    assert 0 < len(asked) <= 4, asked


def test_search(ada: Host) -> None:
    """Among many, a search by name, group or description leaves what fits, and says so where nothing does."""
    page = ada.opens("/settings/integrations")
    assert 'name="q"' in page
    page = ada.opens("/settings/integrations?q=BRIDGE+other")
    assert 'id="made7"' in page, "a card of its own"
    assert not ada.reads("Made 8")
    ada.opens("/settings/integrations?q=%3Cscript%3E")
    assert ada.reads("No way to meet fits “<script>”.")


def test_default_location(ada: Host, world: World) -> None:
    """New event types start with the location that the host prefers, filled in as last time."""
    assert "loc-0-provider" not in ada.opens("/event-types/new")
    ada.opens("/settings/integrations")
    ada.sends("/event-types/default-location", provider="inperson")
    assert ada.reads("New event types start with In person.")
    assert 'name="loc-0-provider" value="inperson"' in ada.opens("/event-types/new")
    row = ada.offers("inperson")
    with world.hub.store.write() as session:
        place = session.get_one(LocationRow, row.locations[0].id)
        place.inputs, place.label = {"mode": "host_place", "address": "Herrengasse 14, Wien"}, "The café"
    page = ada.opens("/event-types/new")
    assert "Herrengasse 14, Wien" in page
    assert "The café" in page
    ada.opens("/settings/integrations")
    ada.sends("/event-types/default-location", provider="")
    assert "loc-0-provider" not in ada.opens("/event-types/new")


def test_unknown_default(ada: Host) -> None:
    """A provider that is not installed is refused in words."""
    ada.opens("/settings/integrations")
    ada.sends("/event-types/default-location", provider="nonesuch")
    assert ada.reads("Please choose one of the list.")
