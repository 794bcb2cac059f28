"""The contract that every provider keeps, as a test class to inherit from.

    class TestAcme(ProviderContract):
        key = "acme"

A provider with OAuth inherits from hub.testing.connected.ConnectedProviderContract instead.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import metadata, resources
from string import Template
from types import ModuleType
from xml.etree import ElementTree

import pytest

from hub import providers
from hub.errors import ConnectionLost, Untrusted
from hub.events import WebhookRequest
from hub.provider import Provider
from hub.providers import GROUP, HOOKS, Registry
from hub.testing import samples
from hub.testing.checks import check_fields, check_meeting
from hub.values import Account, Card, Location, Readiness

README = ["Set up", "What it does", "Permissions", "Removing", "Known limits"]
NEEDED = {"location_provider", "create_meeting"}


class ProviderContract:
    """What holds for every provider, without any network. Set `key`."""

    key = ""

    @pytest.fixture(name="registry")
    def _registry(self) -> Registry:
        return providers.load()

    @pytest.fixture(name="provider")
    def _provider(self, registry: Registry) -> Provider:
        found = registry.get(self.key)
        assert found, f"no working provider has the key {self.key!r}; left out: {registry.broken}"
        return found

    @pytest.fixture(name="settings")
    def _settings(self, provider: Provider) -> Mapping[str, str]:
        """The operator's settings, as hooks get them; override it for a provider that needs others."""
        return samples.settings(provider)

    @pytest.fixture(name="plugin")
    def _plugin(self, provider: Provider) -> ModuleType:
        for point in metadata.entry_points(group=GROUP):
            module = point.load()
            facts = getattr(module, "location_provider", None)
            if facts and facts().key == provider.key:
                assert isinstance(module, ModuleType)
                return module
        raise AssertionError(f"no entry point of {GROUP} leads to {self.key!r}")

    @pytest.fixture(name="offline")
    def _offline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("a pure hook used the network")

        monkeypatch.setattr(socket.socket, "connect", refuse)

    def test_facts(self, provider: Provider, plugin: ModuleType) -> None:
        """The facts hold, are the same each time, and say in one line what the host gets."""
        facts = provider.facts
        assert plugin.location_provider() == facts
        assert facts.blurb.strip()
        assert "\n" not in facts.label + facts.blurb + facts.group
        check_fields(facts.host_fields)
        assert len({setting.name for setting in facts.settings}) == len(facts.settings)
        assert all(setting.help for setting in facts.settings)

    def test_permissions(self, provider: Provider) -> None:
        """Each permission says what it is and what for; an optional one names what hooks it enables."""
        if provider.oauth is None:
            assert not provider.can("connect_account")
            return
        assert provider.can("connect_account")
        scopes = (*provider.oauth.scopes, *provider.oauth.optional_scopes)
        assert len({scope.name for scope in scopes}) == len(scopes)
        assert all(scope.label and scope.purpose for scope in scopes)
        assert all(scope.enables for scope in provider.oauth.optional_scopes)
        named = [hook for scope in provider.oauth.optional_scopes for hook in scope.enables.split()]
        assert all(provider.can(hook) for hook in named)

    def test_hooks(self, provider: Provider, plugin: ModuleType) -> None:
        """Hooks are spelled right and marked as hooks, and those that every provider needs are there."""
        meant = {name for name in HOOKS if callable(getattr(plugin, name, None))}
        unmarked = meant - set(provider.hooks)
        assert not unmarked, f"without @hookimpl: {', '.join(sorted(unmarked))}"
        assert set(provider.hooks) >= NEEDED

    def test_icon(self, provider: Provider) -> None:
        """The icon is a square drawing in the text's colour, without script, style, links or foreign content."""
        root = ElementTree.fromstring(provider.icon_svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        left, top, width, height = (float(number) for number in root.attrib["viewBox"].split())
        assert (left, top, width) == (0, 0, height)
        assert "currentColor" in provider.icon_svg
        for element in root.iter():
            assert element.tag.rpartition("}")[2] not in {"script", "style", "image", "use", "a", "foreignObject"}
            assert not [name for name in element.attrib if re.match(r"(on|style$|.*href$)", name)]

    def test_readme(self, plugin: ModuleType) -> None:
        """The README has the sections that people look for, in one order, and none is empty."""
        text = resources.files(str(plugin.__package__)).joinpath("README.md").read_text("utf-8")
        parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
        assert parts[1::2] == README, f"its sections are {', '.join(parts[1::2])}"
        assert all(section.strip() for section in parts[2::2])

    @pytest.mark.usefixtures("offline")
    def test_description(self, provider: Provider) -> None:
        """Invitees read one short line about each way to offer the location, also where the host hides things."""
        for location in samples.locations(provider):
            for shown in (location, samples.without_private(provider, location)):
                line = provider.describe_location(shown, samples.HOST.name)
                assert line == provider.describe_location(shown, samples.HOST.name)
                assert line.strip() == line != ""
                assert "\n" not in line

    @pytest.mark.usefixtures("offline")
    def test_invitee_fields(self, provider: Provider) -> None:
        """What invitees are asked for depends on the location alone, and is well-formed."""
        for location in samples.locations(provider):
            fields = provider.invitee_fields(location)
            assert fields == provider.invitee_fields(samples.without_private(provider, location))
            check_fields(fields)

    @pytest.mark.parametrize("readiness", Readiness)
    @pytest.mark.usefixtures("offline")
    def test_settings_card(self, provider: Provider, settings: Mapping[str, str], readiness: Readiness) -> None:
        """In every readiness the card keeps its key, label and readiness whatever the plugin adds, and notes are lines."""
        card = Card(provider.key, provider.facts.label, provider.facts.blurb, readiness, "Some text.", ("A note.",))
        secret = {setting.name for setting in provider.facts.settings if setting.secret} | {"client_secret"}
        shown = {name: value for name, value in settings.items() if name not in secret}
        for account in (None, Account("1", "ada@example.com"), Account("1", "a", max_minutes=1, warning="Short.")):
            changed = provider.settings_card(card, account, shown)
            assert (changed.key, changed.label, changed.readiness) == (card.key, card.label, readiness)
            assert changed == provider.settings_card(card, account, shown)
            assert all(isinstance(note, str) and note.strip() and "\n" not in note for note in changed.notes)

    def test_no_secret_in_facts(self, provider: Provider, settings: Mapping[str, str]) -> None:
        """A setting that is a secret says so: its default is empty, and pages never get it."""
        for setting in provider.facts.settings:
            if re.search(r"secret|password|token|private|api_?key", setting.name):
                assert setting.secret, f"the setting {setting.name!r} sounds like a secret: give it secret=True"
            assert not (setting.secret and setting.default), f"the secret {setting.name!r} has a default in the source"

    @pytest.mark.usefixtures("offline")
    def test_unsigned_webhooks(self, provider: Provider) -> None:
        """receive_webhook refuses whatever the vendor can't have signed, also where no secret is set."""
        if not provider.can("receive_webhook"):
            pytest.skip("this provider receives no webhooks")
        now = datetime.now(UTC)
        secrets = {setting.name: "a-secret" for setting in provider.facts.settings}
        for told in ({}, {"client_id": "id", "client_secret": "secret", **secrets}):
            for headers in ({}, {"content-type": "application/json", "x-signature": "0" * 64, "authorization": "x"}):
                for body in (b"", b"{}", b"\xff\x00", b"[" * 50_000, b'{"event":"x","payload":{}}'):
                    with pytest.raises(Untrusted):
                        provider.receive_webhook(WebhookRequest(headers, body, now), told)

    def test_manifests(self, provider: Provider) -> None:
        """A manifest asks only for addresses that the hub has, and the first one for all permissions that are needed."""
        for text in provider.manifests:
            assert set(Template(text).get_identifiers()) <= {"public_url", "redirect_url", "webhook_url"}
        if provider.oauth is not None and provider.manifests:
            needed = [scope.name for scope in provider.oauth.scopes]
            optional = [scope.name for scope in provider.oauth.optional_scopes]
            assert all(name in provider.manifests[0] for name in needed)
            assert all(name in provider.manifests[-1] for name in optional) or len(provider.manifests) == 1

    @pytest.mark.usefixtures("offline")
    def test_meetings_without_connection(self, provider: Provider, settings: Mapping[str, str]) -> None:
        """Without a connection a meeting follows from the request alone, or is refused as a lost connection."""
        for location in [*samples.locations(provider), Location(provider.key)]:
            request = samples.request(provider, location)
            if provider.oauth is not None:
                with pytest.raises(ConnectionLost):
                    provider.create_meeting(request, None, settings)
                continue
            meeting = provider.create_meeting(request, None, settings)
            check_meeting(meeting)
            assert provider.create_meeting(request, None, settings) == meeting
            check_meeting(provider.create_meeting(replace(request, answers={}), None, settings))
            if provider.can("update_meeting"):
                later = replace(request, starts_at=request.starts_at + timedelta(hours=1))
                moved = provider.update_meeting(later, meeting, None, settings)
                assert provider.update_meeting(later, moved, None, settings) == moved
            if provider.can("delete_meeting"):
                provider.delete_meeting(meeting, None, settings)
                provider.delete_meeting(meeting, None, settings)
