"""The vendor's token endpoint: grants exchanged, refreshed and revoked there, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from hub.connections.http import bounded, usual
from hub.errors import ProviderError, Rejected, Temporary
from hub.provider import Provider
from hub.store.db import outside_transaction
from hub.store.sealed import connection_tokens
from hub.store.vault import Unreadable

if TYPE_CHECKING:
    from hub.container import Hub

SENT_SECRETS = ("code", "code_verifier", "refresh_token")


@dataclass(frozen=True)
class Grant:
    """What the token endpoint gave; `expires_at` is aware."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...]


def exchange(hub: Hub, provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> Grant:
    """Return the grant for an authorization code. Raises Rejected (start again) or Temporary."""
    url = _url(hub, provider, "token")
    ask = lambda c: c.fetch_token(url, code=code, code_verifier=verifier, redirect_uri=redirect_uri)  # noqa: E731
    return _grant(hub, provider, _ask(hub, provider, ask))


def refresh(hub: Hub, provider: Provider, refresh_token: str) -> Grant:
    """Return the grant that follows the one of this refresh token. Raises Rejected (it is dead) or Temporary."""
    url = _url(hub, provider, "token")
    return _grant(
        hub, provider, _ask(hub, provider, lambda c: c.refresh_token(url, refresh_token=refresh_token)), refresh_token
    )


def revoke(hub: Hub, provider: Provider, sealed: str, connection_id: int) -> bool:
    """Ask the vendor to end the grant; best effort. Returns whether it agreed; never raises."""
    if not provider.oauth or not provider.oauth.revoke_path or not sealed:
        return False
    outside_transaction()
    try:
        tokens = json.loads(hub.vault.open(sealed, connection_tokens(connection_id)))
        with _client(hub, provider) as client:
            reply = client.revoke_token(_url(hub, provider, "revoke"), token=tokens["access_token"])
    except (Unreadable, ProviderError, OAuthError, httpx2.HTTPError, ValueError, RecursionError):
        return False
    return bool(reply.status_code < 300)


def _ask(hub: Hub, provider: Provider, call: Callable[[OAuth2Client], Any]) -> Mapping[str, Any]:
    """Run one call at the token endpoint. Raises Rejected where the grant or code is dead, else Temporary."""
    outside_transaction()
    answers: list[httpx2.Response] = []  # the library's errors do not carry the vendor's own reason

    def keep(response: httpx2.Response) -> httpx2.Response:
        answers.append(response)
        return response

    with _client(hub, provider) as client:
        client.register_compliance_hook("access_token_response", keep)
        client.register_compliance_hook("refresh_token_response", keep)
        try:
            token = dict(call(client))
        except OAuthError as fault:
            raise _grant_error(provider, str(fault.error or ""), _reason(answers)) from None
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, RecursionError):
            raise Temporary(
                "The provider's sign-in service does not answer properly.", outcome_known=False, away=True
            ) from None
    if not answers or answers[-1].status_code >= 300:
        raise Temporary("The provider's sign-in service does not answer properly.", outcome_known=False, away=True)
    return token


def _client(hub: Hub, provider: Provider) -> OAuth2Client:
    assert provider.oauth
    settings = hub.settings.provider(provider.facts)
    how = f"client_secret_{provider.oauth.token_auth}"
    client = OAuth2Client(
        client_id=settings["client_id"],
        client_secret=settings["client_secret"],
        token_endpoint_auth_method=how,
        revocation_endpoint_auth_method=how,
        **usual(),
    )
    client.event_hooks = {"response": [bounded]}
    return client


def _reason(answers: list[httpx2.Response]) -> str:
    """Return the vendor's own reason, without what it may repeat of the secrets it was sent."""
    try:
        data = answers[-1].json()
    except (IndexError, ValueError):
        return ""
    said = str(data.get("reason") or data.get("error_description") or "") if isinstance(data, dict) else ""
    for name, secret in parse_qsl(answers[-1].request.content.decode()):
        said = said.replace(secret, "[hidden]") if name in SENT_SECRETS else said
    return said[:200]


def _grant_error(provider: Provider, error: str, reason: str) -> ProviderError:
    # A vendor has said invalid_request where RFC 6749 asks for invalid_grant; its reason tells (cal.diy#729).
    if error == "invalid_grant" or reason.startswith(("Invalid Token", "Invalid authorization code")):
        return Rejected(reason or error)
    if error in ("invalid_client", "unauthorized_client"):
        return Temporary(f"The hub's own credentials at {provider.facts.label} are refused.")
    return Temporary(f"The provider's sign-in service refused: {reason or error}.")


def _grant(hub: Hub, provider: Provider, token: Mapping[str, Any], previous: str = "") -> Grant:
    """Read a token answer; a vendor that sends no new refresh token keeps the previous one valid."""
    access, refresh = token.get("access_token"), token.get("refresh_token") or previous
    lifetime = token.get("expires_in")
    if not isinstance(access, str) or not access or not isinstance(refresh, str) or not refresh:
        raise Temporary("The provider's sign-in service sent no usable tokens.")
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or not 0 < lifetime < 10**8:
        raise Temporary("The provider's sign-in service sent no usable lifetime.")
    assert provider.oauth
    scopes = provider.oauth.granted(str(token.get("scope") or "").split())
    return Grant(access, refresh, hub.clock() + timedelta(seconds=int(lifetime)), scopes)


def _url(hub: Hub, provider: Provider, which: str) -> str:
    assert provider.oauth
    paths = {"token": provider.oauth.token_path, "revoke": provider.oauth.revoke_path}
    return hub.settings.bases(provider.facts)[0] + paths[which]
