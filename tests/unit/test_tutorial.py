"""The tutorial's plugin is a file that works, and the tutorial shows that file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from hub.provider import Provider
from hub.providers import Registry
from hub.testing import samples
from hub.testing.checks import check_fields, check_meeting
from hub.testing.contract import ProviderContract
from hub.values import Location
from tests.examples import rooms

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "provider-tutorial.md").read_text("utf-8")


def _provider() -> Provider:
    registry = Registry([("rooms", rooms, "0.1")])
    assert registry.broken == {}
    provider = registry.get("rooms")
    assert provider
    return provider


def test_the_tutorial_shows_the_plugin_as_it_is() -> None:
    """The first block of code in the tutorial is the example's file, character by character."""
    shown = re.findall(r"```python\n(.*?)```", TUTORIAL, re.S)
    assert shown[0] == Path(rooms.__file__ or "").read_text("utf-8")


def test_the_tutorial_includes_its_other_examples() -> None:
    """Code below a comment that names a file is that file, character by character."""
    shown = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", TUTORIAL, re.S)
    assert len(shown) == 3
    for name, text in shown:  # what is shown of a template is what `hub provider new Acme` makes of it
        assert text == (ROOT / name).read_text("utf-8").replace("New Name", "Acme").replace("newname", "acme"), name


def test_no_key_of_the_tutorial_is_taken() -> None:
    """Who follows the tutorial beside the hub's own providers gets a provider, and no second one of a key."""
    from importlib import metadata

    ours = {point.name for point in metadata.entry_points(group="hub.providers") if point.value.startswith("plugins.")}
    assert ours
    assert ours & {"rooms", "acme"} == set()


def test_the_first_plugin_is_ten_lines() -> None:
    """Ten lines of code are a whole provider, as the tutorial says."""
    lines = [line for line in Path(rooms.__file__ or "").read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) - 1 == 10


def test_the_tutorials_plugin_makes_meetings() -> None:
    """Each booking gets a room of its own on the host's server."""
    provider = _provider()
    check_fields(provider.facts.host_fields)
    location = Location("rooms", {"server": "https://meet.example.com/ada/"})
    request = samples.request(provider, location)
    one = provider.create_meeting(request, None, {})
    other = provider.create_meeting(replace(request, ref="another"), None, {})
    check_meeting(one)
    assert one.join_url == "https://meet.example.com/ada/contract1"
    assert one.join_url != other.join_url
    assert provider.create_meeting(replace(request, location=Location("rooms")), None, {}).join_url.startswith(
        "https://"
    )


def test_what_it_leaves_out_the_core_does_without() -> None:
    """The tutorial says which hooks the first plugin lacks: the provider can't do them, and the pages still work."""
    provider = _provider()
    (location,) = samples.locations(provider)
    assert not provider.can("update_meeting")
    assert not provider.can("delete_meeting")
    assert provider.invitee_fields(location) == ()
    assert provider.describe_location(location, "Ada") == provider.facts.blurb


class TestContract(ProviderContract):
    """The tutorial's plugin keeps the contract that it recommends."""

    key = "rooms"

    @pytest.fixture(name="registry")
    def _registry(self) -> Registry:
        return Registry([("rooms", rooms, "0.1")])

    @pytest.fixture(name="plugin")
    def _plugin(self) -> ModuleType:
        return rooms
