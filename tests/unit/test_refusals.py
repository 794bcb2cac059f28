"""What a vendor's sign-in service means when it refuses, what of its words is kept, and what becomes of the grant."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select

from hub import Account, accounts
from hub.connections import service, tokens
from hub.container import Hub
from hub.errors import Rejected, Temporary
from hub.provider import Provider
from hub.store import counters
from hub.store.models import Connection
from plugins.zoom.sandbox.server import Server
from tests.support.wire import Tap

SENT = {"grant_type": "refresh_token", "refresh_token": "r-secret", "code": "c-secret", "code_verifier": "v-secret"}
pytestmark = pytest.mark.usefixtures("zoom")


@pytest.fixture(name="provider")
def _provider(hub: Hub) -> Provider:
    provider = hub.registry.get("zoom")
    assert provider
    return provider


def answer(body: object) -> httpx2.Response:
    request = httpx2.Request("POST", "https://vendor.example/oauth/token", data=SENT)
    text = body if isinstance(body, str) else json.dumps(body)
    return httpx2.Response(400, text=text, request=request)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"reason": "Invalid Token!", "error_description": "other"}, "Invalid Token!"),
        ({"error_description": "It has expired."}, "It has expired."),
        ({"error": "invalid_grant"}, ""),
        ({"reason": ["no", "text"]}, "['no', 'text']"),
        (["no", "object"], ""),
        ("<h1>Bad gateway</h1>", ""),
        ({"reason": "Unknown r-secret, c-secret and v-secret"}, "Unknown [hidden], [hidden] and [hidden]"),
        ({"reason": "refresh_token is not allowed"}, "refresh_token is not allowed"),
        ({"reason": "x" * 300}, "x" * 200),
    ],
)
def test_the_vendors_reason(body: object, reason: str) -> None:
    """The last answer's own words are kept, two hundred letters of them, without the secrets that it was sent."""
    assert tokens._reason([answer({"reason": "an earlier one"}), answer(body)]) == reason


def test_no_answer() -> None:
    """Where no answer came there is no reason."""
    assert tokens._reason([]) == ""


@pytest.mark.parametrize(
    ("error", "reason", "kind", "message"),
    [
        ("invalid_grant", "", Rejected, "invalid_grant"),
        ("invalid_grant", "It has expired.", Rejected, "It has expired."),
        ("invalid_request", "Invalid Token!", Rejected, "Invalid Token!"),
        ("invalid_request", "Invalid authorization code x", Rejected, "Invalid authorization code x"),
        ("invalid_request", "", Temporary, "The provider's sign-in service refused: invalid_request."),
        (
            "invalid_request",
            "Not an Invalid Token",
            Temporary,
            "The provider's sign-in service refused: Not an Invalid Token.",
        ),
        ("invalid_client", "Bad secret", Temporary, "The hub's own credentials at Zoom are refused."),
        ("unauthorized_client", "", Temporary, "The hub's own credentials at Zoom are refused."),
    ],
)
def test_what_a_refusal_means(provider: Provider, error: str, reason: str, kind: type, message: str) -> None:
    """Only a dead grant or code ends the connection; the hub's own mistakes and all else may pass."""
    fault = tokens._grant_error(provider, error, reason)
    assert (type(fault), fault.message) == (kind, message)


@pytest.fixture(name="connected")
def _connected(hub: Hub, provider: Provider) -> Connection:
    """A connection whose grant a worker with the lease `ours` is refreshing."""
    host = accounts.sign_up(hub, name="Ada", email="ada@example.com", password="correct horse", timezone="UTC")
    grant = tokens.Grant("access", "refresh", hub.clock() + timedelta(hours=1), ("a", "b"))
    service.save(hub, provider, host_id=host, grant=grant, account=Account("z1", "ada@example.com"))
    with hub.store.write() as session:
        connection = session.scalars(select(Connection)).one()
        connection.refresh_lease, connection.refresh_lease_until = "ours", hub.clock() + timedelta(minutes=1)
        return connection


def now_is(hub: Hub) -> Connection:
    with hub.store.read() as session:
        return session.scalars(select(Connection)).one()


def counted(hub: Hub) -> list[tuple[str, dict[str, str], int]]:
    with hub.store.read() as session:
        return [(name, dict(labels), value) for name, labels, value in counters.totals(session)]


def release(hub: Hub, connection: Connection, *, lease: str = "ours", dead: str = "", behind: int = 0) -> bool:
    number = connection.grant_number - behind
    return tokens._release(hub, connection.id, lease=lease, number=number, dead=dead)


def test_a_refresh_that_found_nobody(hub: Hub, connected: Connection) -> None:
    """After a refresh that got no answer the next one may try; the grant stays as it is."""
    assert not release(hub, connected)
    left = now_is(hub)
    assert (left.refresh_lease, left.refresh_lease_until) == ("", None)
    assert (left.tokens, left.broken_reason) == (connected.tokens, "")
    assert counted(hub) == [("token_refreshes", {"outcome": "Temporary", "provider": "zoom"}, 1)]


def test_a_refresh_that_was_refused(hub: Hub, connected: Connection) -> None:
    """A dead grant breaks the connection in the same commit, with the vendor's reason, and its tokens go."""
    assert not release(hub, connected, dead="Invalid Token!")
    left = now_is(hub)
    assert (left.refresh_lease, left.tokens, left.broken_reason) == ("", "", "Invalid Token!")
    assert counted(hub) == [("token_refreshes", {"outcome": "refused", "provider": "zoom"}, 1)]


def test_a_lease_of_somebody_elses(hub: Hub, connected: Connection) -> None:
    """Who was late leaves the lease to its new holder."""
    assert not release(hub, connected, lease="former")
    assert now_is(hub).refresh_lease == "ours"


def test_a_newer_grant(hub: Hub, connected: Connection) -> None:
    """Where the host has connected again meanwhile, the refusal is about a grant that nobody uses any more."""
    assert release(hub, connected, dead="Invalid Token!", behind=1)
    assert (now_is(hub).tokens, now_is(hub).broken_reason) == (connected.tokens, "")
    with hub.store.write() as session:
        session.scalars(select(Connection)).one().tokens = ""
    assert not release(hub, connected, dead="Invalid Token!", behind=1)


def test_a_connection_that_is_gone(hub: Hub, connected: Connection) -> None:
    """A connection that was deleted meanwhile needs nothing."""
    with hub.store.write() as session:
        session.delete(session.scalars(select(Connection)).one())
    assert not release(hub, connected)


def test_revoked(hub: Hub, provider: Provider, zoom: Server, connected: Connection) -> None:
    """Whether the vendor has ended the grant is told as it answers; what can't be asked is not ended."""
    tap = Tap(zoom)
    assert not tokens.revoke(hub, provider, "", connected.id)
    assert not tokens.revoke(hub, provider, "rubbish", connected.id)
    assert tap.sent == []
    for status, agreed in (
        ("200 OK", True),
        ("299 Fine", True),
        ("300 Multiple Choices", False),
        ("400 Bad Request", False),
    ):
        tap.says("/oauth/revoke", b"{}", status=status)
        assert tokens.revoke(hub, provider, connected.tokens, connected.id) is agreed
    asked = len(tap.sent)
    assert provider.oauth
    provider.facts = dataclasses.replace(provider.facts, oauth=dataclasses.replace(provider.oauth, revoke_path=""))
    assert not tokens.revoke(hub, provider, connected.tokens, connected.id)
    provider.facts = dataclasses.replace(provider.facts, oauth=None)
    assert not tokens.revoke(hub, provider, connected.tokens, connected.id)
    assert len(tap.sent) == asked
