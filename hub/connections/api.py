"""Authenticated HTTP to a provider for one connection, with the meaning of failures mapped once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hub.connections import http, pace
from hub.connections.tokens import fresh_token
from hub.errors import ConnectionLost, Temporary
from hub.facts import OAuth2, Reply
from hub.provider import Provider

if TYPE_CHECKING:
    from hub.container import Hub

MOMENTS = 3  # that one call takes at most; a database that is always slow makes all calls late alike, and so not closer


class _Api:
    """What hub.values.Api promises; where the token comes from is the subclass's."""

    def __init__(self, hub: Hub, provider: Provider) -> None:
        assert provider.oauth
        self._hub = hub
        self._oauth = provider.oauth
        self._base = hub.settings.bases(provider.facts)[1]
        self._written = False  # whether a call may have changed something at the vendor

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base!r})"

    def get(self, path: str, *, params: Mapping[str, str] | None = None) -> Reply:
        return self._send("GET", path, params=params)

    def post(self, path: str, *, json: Mapping[str, Any]) -> Reply:
        return self._send("POST", path, body=json)

    def patch(self, path: str, *, json: Mapping[str, Any]) -> Reply:
        return self._send("PATCH", path, body=json)

    def delete(self, path: str, *, params: Mapping[str, str] | None = None) -> Reply:
        return self._send("DELETE", path, params=params)

    def _token(self, refused: str) -> str:
        raise NotImplementedError

    def _token_for(self, written: bool, refused: str) -> str:
        """Return a token. Where none is to be had and nothing was written before, nothing has happened at the vendor."""
        try:
            return self._token(refused)
        except Temporary as fault:
            fault.outcome_known = fault.outcome_known or not written
            raise

    def _wait(self, method: str) -> float | None:
        """Wait until the vendor's limit of calls per second lets one more through. Returns as `pace.wait`."""
        return None

    def _ready(self, method: str, written: bool, refused: str) -> str:
        """Return the token for one call, which is to be sent now.

        It is asked for as late as can be, as the host may disconnect while the call waits for its moment. Where that took
        so long that the moment has passed, as with a refresh, there is another one: the next calls do not wait for us.
        """
        for _ in range(MOMENTS):
            moment = self._wait(method)
            token = self._token_for(written, refused)
            if not pace.missed(self._hub, moment):
                break
        return token

    def _send(self, method: str, path: str, **arguments: Any) -> Reply:
        written = self._written
        token = self._ready(method, written, refused="")
        self._written = written or method != "GET"
        reply = http.send(self._hub.http, method, self._base + path, token=token, **arguments)
        if reply.status == 401:  # so it was not done
            token = self._ready(method, written, refused=token)
            reply = http.send(self._hub.http, method, self._base + path, token=token, **arguments)
        if 200 <= reply.status < 300:
            if reply.data is None and reply.text.strip():
                # A success that is no JSON is somebody else's: a proxy's page, or an answer that was cut.
                raise Temporary("The provider's answer can't be read.", outcome_known=False)
            return reply
        raise http.error_of(reply, self._oauth, self._hub.clock())


class ConnectionApi(_Api):
    """For a stored connection: a token that expires or is refused is refreshed once."""

    def __init__(self, hub: Hub, provider: Provider, connection_id: int) -> None:
        super().__init__(hub, provider)
        self._provider = provider
        self._connection_id = connection_id

    def identity(self) -> ConnectionApi:
        """Return the same for where the vendor tells whose account it is, as `connect_account` gets it."""
        other = ConnectionApi(self._hub, self._provider, self._connection_id)
        other._base = _identity_base(self._oauth, self._base)
        return other

    def _wait(self, method: str) -> float | None:
        return pace.wait(self._hub, self._provider, self._connection_id, reading=method == "GET")

    def _token(self, refused: str) -> str:
        return fresh_token(self._hub, self._provider, self._connection_id, refused=refused)


class GrantApi(_Api):
    """For a grant that is not stored yet: it has the one access token, and asks whose it is."""

    def __init__(self, hub: Hub, provider: Provider, access_token: str) -> None:
        super().__init__(hub, provider)
        self._base = _identity_base(self._oauth, self._base)
        self._access_token = access_token

    def _token(self, refused: str) -> str:
        if refused:
            raise ConnectionLost("The provider refused the new connection.")
        return self._access_token


def _identity_base(oauth: OAuth2, api: str) -> str:
    """Return where the vendor tells who has signed in; where its REST base is replaced, that is on the same host."""
    if not oauth.identity_url:
        return api
    if api == oauth.api_url.rstrip("/"):
        return oauth.identity_url.rstrip("/")
    return urlsplit(api)._replace(path=urlsplit(oauth.identity_url).path.rstrip("/")).geturl()
