"""Tokens of a connection: sealed wherever they are kept, and refreshed by one process at a time."""

from __future__ import annotations

import json
import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub import crash
from hub.connections import token_endpoint
from hub.connections.broken import locked, mark_broken
from hub.connections.token_endpoint import Grant
from hub.errors import ConnectionLost, ProviderError, Rejected, Temporary
from hub.outbox import lease as leases
from hub.provider import Provider
from hub.store import counters, sealed
from hub.store.models import Connection
from hub.store.vault import Unreadable

if TYPE_CHECKING:
    from hub.container import Hub

EARLY = timedelta(seconds=60)  # a token this close to its end is refreshed before use
LONGEST_WAIT_SECONDS = 30.0  # for another process's refresh
UNREADABLE = "The stored connection can't be read any more."
LOOK_AGAIN_SECONDS = 0.05


def store(session: Session, hub: Hub, connection: Connection, grant: Grant) -> None:
    """Seal the grant into the connection, which has an id already; nothing is committed."""
    tokens = json.dumps({"access_token": grant.access_token, "refresh_token": grant.refresh_token})
    connection.tokens = hub.vault.seal(tokens, sealed.connection_tokens(connection.id))
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
        tokens = json.loads(hub.vault.open(connection.tokens, sealed.connection_tokens(connection.id)))
    except Unreadable:
        raise ConnectionLost(UNREADABLE) from None
    valid = connection.expires_at is not None and connection.expires_at - EARLY > hub.clock()
    works = valid and tokens["access_token"] != refused
    return connection, tokens["access_token"] if works else "", tokens["refresh_token"]


def _refresh(hub: Hub, provider: Provider, connection_id: int, *, lease: str, refresh_token: str, number: int) -> str:
    try:
        with leases.kept(hub, leases.REFRESH, connection_id, lease):
            grant = token_endpoint.refresh(hub, provider, refresh_token)
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
