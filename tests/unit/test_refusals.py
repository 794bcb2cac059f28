"""What a vendor's sign-in service means when it refuses, and what of its words is kept."""

from __future__ import annotations

import json

import httpx2
import pytest

from hub.connections import tokens
from hub.container import Hub
from hub.errors import Rejected, Temporary
from hub.provider import Provider

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
