"""The authorization round trip: begun for one browser, host and provider; finished once, within ten minutes."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy import delete

from hub import crash
from hub.connections import service, token_endpoint
from hub.connections.api import GrantApi
from hub.connections.readiness import missing_scopes
from hub.errors import MissingScopes, NotPossible
from hub.facts import OAuth2
from hub.provider import Provider
from hub.store import sealed
from hub.store.models import OAuthFlow
from hub.store.vault import Unreadable, digest

if TYPE_CHECKING:
    from hub.container import Hub

LIFETIME = timedelta(minutes=10)


def redirect_uri(hub: Hub, provider: Provider) -> str:
    """Return the exact URI to register with the vendor."""
    return hub.settings.redirect_uri(provider.facts)


def begin(hub: Hub, provider: Provider, *, host_id: int, browser: str, return_to: str) -> str:
    """Return the vendor's address to send the browser to. `browser` is this browser session's own secret."""
    assert provider.oauth
    state, verifier = secrets.token_urlsafe(32), generate_token(64)
    now = hub.clock()
    with hub.store.write() as session:
        session.execute(delete(OAuthFlow).where(OAuthFlow.created_at < now - LIFETIME))
        session.add(
            OAuthFlow(
                state_digest=digest(state),
                browser_digest=digest(browser),
                host_id=host_id,
                provider=provider.key,
                verifier=hub.vault.seal(verifier, sealed.flow_verifier(digest(state))),
                return_to=return_to,
                created_at=now,
            )
        )
    query = {
        **provider.oauth.authorize_query,
        **_scope(provider.oauth),
        "response_type": "code",
        "client_id": hub.settings.provider(provider.facts)["client_id"],
        "redirect_uri": redirect_uri(hub, provider),
        "state": state,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    return f"{_consent_page(hub, provider)}?{urlencode(query)}"


def take(hub: Hub, provider: Provider, *, state: str, host_id: int, browser: str) -> tuple[str, str]:
    """Use the flow up and return (verifier, return_to).

    Raises NotPossible where the state is unknown, used, older than ten minutes, or of another browser, host or
    provider; a flow of somebody else is left as it is.
    """
    with hub.store.write() as session:
        flow = session.get(OAuthFlow, digest(state))
        ours = (
            flow is not None
            and secrets.compare_digest(flow.browser_digest, digest(browser))
            and flow.host_id == host_id
            and flow.provider == provider.key
        )
        if flow is None or not ours:
            raise NotPossible("This authorization was not begun here, or was used already. Please start again.")
        session.delete(flow)
        if flow.created_at < hub.clock() - LIFETIME:
            session.commit()
            raise NotPossible("The authorization took longer than ten minutes. Please start again.")
        try:
            return hub.vault.open(flow.verifier, sealed.flow_verifier(flow.state_digest)), flow.return_to
        except Unreadable:
            raise NotPossible("This authorization can't be finished any more. Please start again.") from None


def finish(hub: Hub, provider: Provider, *, host_id: int, code: str, verifier: str) -> None:
    """Exchange the code, prove the grant, then store it. Raises ProviderError and stores nothing then."""
    grant = token_endpoint.exchange(
        hub, provider, code=code, verifier=verifier, redirect_uri=redirect_uri(hub, provider)
    )
    missing = missing_scopes(provider, grant.scopes)
    if missing:
        raise MissingScopes(missing)
    account = provider.connect_account(GrantApi(hub, provider, grant.access_token))
    crash.point("after_exchange_before_save")
    service.save(hub, provider, host_id=host_id, grant=grant, account=account)


def _scope(oauth: OAuth2) -> dict[str, str]:
    asked = [scope.name for scope in (*oauth.scopes, *oauth.optional_scopes)] if oauth.scopes_in_url else []
    asked += oauth.authorize_query.get("scope", "").split()
    return {"scope": " ".join(asked)} if asked else {}


def _consent_page(hub: Hub, provider: Provider) -> str:
    assert provider.oauth
    base, path = hub.settings.bases(provider.facts)[0], provider.oauth.authorize_path
    if path.startswith("/"):
        return base + path
    return path if base == provider.oauth.base_url.rstrip("/") else base + urlsplit(path).path
