"""Vendors differ in what they want at their consent page and token endpoint; the facts of OAuth say it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.connections import oauth
from hub.connections.token_endpoint import _client
from hub.container import Hub
from hub.facts import Scope
from hub.provider import Provider
from hub.providers import Registry
from hub.testing.vendor import Vendor, connected, running
from tests.examples import acme
from tests.examples.acme.sandbox import Acme
from tests.support.people import query


def _provider(**facts: Any) -> Provider:
    """Return Acme with other facts of its OAuth."""
    registry = Registry([("acme", acme, "0.1")])
    provider = registry.get("acme")
    assert provider
    assert provider.oauth
    provider.facts = dataclasses.replace(provider.facts, oauth=dataclasses.replace(provider.oauth, **facts))
    return provider


@pytest.fixture(name="host")
def _host(hub: Hub) -> int:
    from hub import accounts

    return accounts.sign_up(hub, name="Ada", email="ada@example.com", password="correct horse", timezone="UTC")


def _address(hub: Hub, host: int, **facts: Any) -> str:
    return oauth.begin(hub, _provider(**facts), host_id=host, browser="b", return_to="/")


def test_scopes_are_asked_for(hub: Hub, host: int) -> None:
    """The address names all scopes, the optional ones too, and nothing else where the vendor keeps them itself."""
    optional = (Scope("lists", "List", "Find meetings again", enables="find_meeting"),)
    assert query(_address(hub, host, optional_scopes=optional))["scope"] == "profile meetings lists"
    assert "scope" not in query(_address(hub, host, scopes_in_url=False))


def test_more_is_added(hub: Hub, host: int) -> None:
    """What a vendor wants besides is in the address; it can't replace what the hub itself says there."""
    more = {
        "access_type": "offline",
        "scope": "offline_access",
        "state": "mine",
        "redirect_uri": "https://evil.example",
    }
    told = query(_address(hub, host, authorize_query=more))
    assert told["access_type"] == "offline"
    assert told["scope"] == "profile meetings offline_access"
    assert told["state"] != "mine"
    assert told["redirect_uri"].startswith("http://localhost/")


def test_a_consent_page_elsewhere(hub: Hub, host: int) -> None:
    """A consent page on another host is gone to; where the operator replaced the base, its path is taken there."""
    there = "https://accounts.acme.example/o/auth"
    assert _address(hub, host, authorize_path=there).startswith(f"{there}?")
    settings = dataclasses.replace(
        hub.settings, environ={**hub.settings.environ, "HUB_ACME_OAUTH_URL": "http://127.0.0.1:5001/acme"}
    )
    replaced = dataclasses.replace(hub, settings=settings)
    assert _address(replaced, host, authorize_path=there).startswith("http://127.0.0.1:5001/acme/o/auth?")


def test_the_secret_goes_where_the_vendor_wants_it(hub: Hub) -> None:
    """In the header or in the form, as the facts say."""
    for how in ("basic", "post"):
        with _client(hub, _provider(token_auth=how)) as client:
            assert client.token_endpoint_auth_method == f"client_secret_{how}"


@pytest.fixture(name="vendor")
def _vendor() -> Iterator[Vendor]:
    with running(Acme) as found:
        yield found


@pytest.mark.parametrize("how", ["basic", "post"])
@pytest.mark.parametrize("rotation", ["rotate", "keep", "omit"])
def test_vendors_that_differ_are_connected_all_the_same(
    vendor: Vendor, tmp_path: Path, how: str, rotation: str
) -> None:
    """Connecting and refreshing work with either way to prove oneself, and with each habit of refresh tokens."""
    vendor.control("PATCH", "/switches", rotation=rotation)
    provider = _provider(token_auth=how)
    registry = Registry([("acme", acme, "0.1")])
    with connected(registry, provider, vendor, tmp_path) as api:
        for _ in range(3):
            vendor.control("POST", "/clock", advance_s=7200)
            assert api.get("/me").data["email"] == "ada@example.com"
