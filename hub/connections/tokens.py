"""Tokens of a connection: exchanged, refreshed by one process at a time, revoked; sealed wherever they are kept."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from sqlalchemy.orm import Session

from hub import crash
from hub.connections.broken import locked, mark_broken
from hub.connections.http import bounded, usual
from hub.errors import ConnectionLost, ProviderError, Rejected, Temporary
from hub.outbox import lease as leases
from hub.provider import Provider
from hub.store import counters
from hub.store.db import outside_transaction
from hub.store.models import Connection
from hub.store.vault import Unreadable

if TYPE_CHECKING:
    from hub.container import Hub

EARLY = timedelta(seconds=60)  # a token this close to its end is refreshed before use
LONGEST_WAIT_SECONDS = 30.0  # for another process's refresh
UNREADABLE = "The stored connection can't be read any more."
LOOK_AGAIN_SECONDS = 0.05
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


def store(session: Session, hub: Hub, connection: Connection, grant: Grant) -> None:
    """Seal the grant into the connection, which has an id already; nothing is committed."""
    tokens = json.dumps({"access_token": grant.access_token, "refresh_token": grant.refresh_token})
    connection.tokens = hub.vault.seal(tokens, place_of(connection))
    connection.expires_at = grant.expires_at
    connection.grant_number += 1
    connection.refresh_lease, connection.refresh_lease_until = "", None
    session.flush()


def fresh_token(hub: Hub, provider: Provider, connection_id: int, *, refused: str = "") -> str:
    """Return an access token that should work; not `refused`, which the vendor has just turned down.

    One process refreshes at a time: the others wait for its result. Raises ConnectionLost or Temporary.
    """
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        token, lease, refresh_token, number = _take(hub, connection_id, refused)
        if token:
            return token
        if lease:
            return _refresh(hub, provider, connection_id, lease=lease, refresh_token=refresh_token, number=number)
        if time.monotonic() > deadline:
            raise Temporary("Another process is refreshing the connection.")
        time.sleep(LOOK_AGAIN_SECONDS)  # another process holds the lease; its result arrives in the database


def revoke(hub: Hub, provider: Provider, sealed: str, connection_id: int) -> bool:
    """Ask the vendor to end the grant; best effort. Returns whether it agreed; never raises."""
    if not provider.oauth or not provider.oauth.revoke_path or not sealed:
        return False
    outside_transaction()
    try:
        tokens = json.loads(hub.vault.open(sealed, f"connection:{connection_id}:tokens"))
        with _client(hub, provider) as client:
            reply = client.revoke_token(_url(hub, provider, "revoke"), token=tokens["access_token"])
    except (Unreadable, ProviderError, OAuthError, httpx2.HTTPError, ValueError, RecursionError):
        return False
    return bool(reply.status_code < 300)


def _take(hub: Hub, connection_id: int, refused: str) -> tuple[str, str, str, int]:
    """Return (token, "", "", n) where one works, ("", lease, refresh token, n) where we refresh, else nothing."""
    with hub.store.read() as session:  # mostly enough; who writes may wait for others, and the call would come late
        connection, token, _ = _kept(hub, session.get(Connection, connection_id), refused)
        if token:
            return token, "", "", connection.grant_number
    now = hub.clock()
    with hub.store.write() as session:
        connection, token, refresh_token = _kept(hub, locked(session, connection_id), refused)
        if token:
            return token, "", "", connection.grant_number
        until = connection.refresh_lease_until
        if until and now <= until <= now + leases.LATEST:  # as in leases.free
            return "", "", "", 0
        connection.refresh_lease, connection.refresh_lease_until = secrets.token_hex(8), now + leases.LEASE
        return "", connection.refresh_lease, refresh_token, connection.grant_number


def _kept(hub: Hub, connection: Connection | None, refused: str) -> tuple[Connection, str, str]:
    """Return the connection, its access token, empty where that does not work, and its refresh token.

    Raises ConnectionLost where there are none.
    """
    if connection is not None and connection.broken_reason:
        raise ConnectionLost(connection.broken_reason)
    if connection is None or not connection.tokens:
        raise ConnectionLost("The connection has been removed.")
    try:
        tokens = json.loads(hub.vault.open(connection.tokens, place_of(connection)))
    except Unreadable:
        raise ConnectionLost(UNREADABLE) from None
    valid = connection.expires_at is not None and connection.expires_at - EARLY > hub.clock()
    works = valid and tokens["access_token"] != refused
    return connection, tokens["access_token"] if works else "", tokens["refresh_token"]


def _refresh(hub: Hub, provider: Provider, connection_id: int, *, lease: str, refresh_token: str, number: int) -> str:
    try:
        url = _url(hub, provider, "token")
        with leases.kept(hub, leases.REFRESH, connection_id, lease):
            answer = _ask(hub, provider, lambda c: c.refresh_token(url, refresh_token=refresh_token))
        grant = _grant(hub, provider, answer, refresh_token)
    except ProviderError as fault:
        dead = str(fault) if isinstance(fault, Rejected) else ""
        if _release(hub, connection_id, lease=lease, number=number, dead=dead) and dead:
            return fresh_token(hub, provider, connection_id)
        raise ConnectionLost(dead) if dead else fault from None
    crash.point("after_token_response_before_persist")
    with hub.store.write() as session:
        connection = locked(session, connection_id)
        if connection is None or not connection.tokens:
            raise ConnectionLost("The connection has been removed.")
        counters.count(session, "token_refreshes", provider=provider.key, outcome="done")
        newest = connection.grant_number == number  # else the host reconnected meanwhile: that grant is kept
        if newest:
            store(session, hub, connection, grant)
    crash.point("after_refresh_persisted")
    if newest:
        return grant.access_token  # however short it lives: asking again would refresh for ever
    return fresh_token(hub, provider, connection_id)


def _release(hub: Hub, connection_id: int, *, lease: str, number: int, dead: str) -> bool:
    """Give the lease back; `dead` says why the grant is. Returns whether a newer grant was stored meanwhile."""
    with hub.store.write() as session:
        connection = locked(session, connection_id)
        if connection is None:
            return False
        if connection.refresh_lease == lease:
            connection.refresh_lease, connection.refresh_lease_until = "", None
        outcome = "refused" if dead else "Temporary"
        counters.count(session, "token_refreshes", provider=connection.provider, outcome=outcome)
        if connection.grant_number != number:
            return bool(connection.tokens)
        if dead:  # in the same commit, or whoever waits for the lease would ask with the dead token again
            mark_broken(session, hub, connection_id, reason=dead, connected_at=connection.connected_at)
            connection.tokens = ""  # removed at the vendor, for all we know; nobody can use them any more
        return False


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


def place_of(connection: Connection) -> str:
    """Return the place for which its tokens are sealed."""
    return f"connection:{connection.id}:tokens"
