"""The HTTP client that a provider's hooks get: which address it calls, and what it says of itself."""

from __future__ import annotations

import dataclasses

import pytest

from hub.connections.api import ConnectionApi, GrantApi
from hub.container import Hub
from hub.errors import ConnectionLost
from hub.provider import Provider
from plugins.zoom.sandbox.server import Server
from tests.support.wire import Tap


def elsewhere(provider: Provider, address: str) -> None:
    """Let the vendor tell at this address who has signed in."""
    assert provider.oauth
    provider.facts = dataclasses.replace(
        provider.facts, oauth=dataclasses.replace(provider.oauth, identity_url=address)
    )


def test_says_no_secret(hub: Hub, provider: Provider) -> None:
    """What is printed of a client is its kind and address, never its token."""
    base = hub.settings.bases(provider.facts)[1]
    assert repr(GrantApi(hub, provider, "a-token")) == f"GrantApi({base!r})"
    assert repr(ConnectionApi(hub, provider, 7)) == f"ConnectionApi({base!r})"


def test_who_has_signed_in(hub: Hub, provider: Provider) -> None:
    """Whose account it is may be told elsewhere: where the vendor says, but on the host that stands in for the vendor."""
    base = hub.settings.bases(provider.facts)[1]
    api = ConnectionApi(hub, provider, 7)
    assert repr(api.identity()) == f"ConnectionApi({base!r})"
    elsewhere(provider, "https://people.example.com/v1/")
    host = base.split("/v2")[0]
    found = ConnectionApi(hub, provider, 7).identity()
    assert repr(found) == f"ConnectionApi('{host}/v1')"
    assert (found._hub, found._provider, found._connection_id) == (hub, provider, 7)
    assert repr(GrantApi(hub, provider, "a-token")) == f"GrantApi('{host}/v1')"


def test_who_has_signed_in_at_the_vendor(hub: Hub, provider: Provider) -> None:
    """Where nothing stands in for the vendor, its own two addresses are used."""
    elsewhere(provider, "https://people.example.com/v1/")
    assert provider.oauth
    settings = dataclasses.replace(hub.settings, environ={})
    real = dataclasses.replace(hub, settings=settings)
    assert repr(ConnectionApi(real, provider, 7)) == f"ConnectionApi({provider.oauth.api_url!r})"
    assert repr(ConnectionApi(real, provider, 7).identity()) == "ConnectionApi('https://people.example.com/v1')"


def test_a_new_grant_is_not_refreshed(hub: Hub, provider: Provider) -> None:
    """A token that has just been given and is refused ends the connecting; there is no other one to try."""
    api = GrantApi(hub, provider, "a-token")
    assert api._token("") == "a-token"
    with pytest.raises(ConnectionLost, match=r"^The provider refused the new connection\.$"):
        api._token("a-token")


def test_what_is_sent(hub: Hub, provider: Provider, zoom: Server) -> None:
    """Each way of calling sends its method, path and parameters, with the token."""
    tap = Tap(zoom)
    tap.says("/v2/x", b"{}")
    api = GrantApi(hub, provider, "a-token")
    api.get("/x", params={"page": "2"})
    api.post("/x", json={})
    api.patch("/x", json={})
    api.delete("/x", params={"quiet": "true"})
    told = [(sent.method, sent.path, sent.query, sent.authorization) for sent in tap.sent]
    assert told == [
        ("GET", "/v2/x", "page=2", "Bearer a-token"),
        ("POST", "/v2/x", "", "Bearer a-token"),
        ("PATCH", "/v2/x", "", "Bearer a-token"),
        ("DELETE", "/v2/x", "quiet=true", "Bearer a-token"),
    ]
