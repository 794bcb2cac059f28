"""Outgoing HTTP: one client with limits, and what a vendor's answer means."""

from __future__ import annotations

import email.utils
import json
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx2

from hub.errors import ConnectionLost, MeetingGone, ProviderError, Rejected, Temporary
from hub.facts import OAuth2, Reply
from hub.store.db import outside_transaction

TIMEOUT = httpx2.Timeout(10.0, connect=3.0)
LARGEST_BODY = 1_000_000
USER_AGENT = "scheduling-hub"
HIDDEN = b"[hidden]"


def client() -> httpx2.Client:
    """Return the client for all calls to vendors' APIs."""
    return httpx2.Client(**usual())


def usual() -> dict[str, Any]:
    """Return what every client for vendors is made with: no redirects, no environment proxies, short timeouts."""
    return {
        "timeout": TIMEOUT,
        "follow_redirects": False,
        "trust_env": False,
        "verify": _certificates(),
        "headers": {"User-Agent": USER_AGENT},
    }


@cache
def _certificates() -> ssl.SSLContext:
    """Return what vendors' certificates are checked against, read once: it takes longer than many a whole call."""
    return httpx2.create_ssl_context(trust_env=False)


def send(
    http: httpx2.Client,
    method: str,
    url: str,
    *,
    token: str,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> Reply:
    """Send one authorized request and return the answer, whatever its status.

    Raises Temporary; its `outcome_known` is False where the request may have reached the vendor.
    """
    outside_transaction()
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    try:
        with http.stream(method, url, params=params, json=body, headers=headers) as response:
            raw = b""
            for chunk in response.iter_bytes():
                raw += chunk
                if len(raw) > LARGEST_BODY:
                    raise Temporary("The provider's answer is too large.", outcome_known=False)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol):
        raise Temporary("The provider can't be reached.", away=True) from None
    except httpx2.RequestError:
        raise Temporary("The provider did not answer in time.", outcome_known=False, away=True) from None
    raw = raw.replace(token.encode(), HIDDEN)  # what a vendor says ends in mails and logs, what it repeats too
    return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, _json(raw), _text(raw))


def bounded(response: httpx2.Response) -> None:
    """Have reading this answer raise Temporary once it is too large; for clients that read answers whole."""
    response.stream = _Bounded(response.stream)


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._stream:
            size += len(chunk)
            if size > LARGEST_BODY:
                raise Temporary("The provider's answer is too large.", outcome_known=False)
            yield chunk

    def close(self) -> None:
        self._stream.close()


def error_of(reply: Reply, oauth: OAuth2, now: datetime) -> ProviderError:
    """Return the error that a failed answer stands for: the plugin's reading first, then HTTP's usual meaning."""
    special = oauth.read_error(reply) if oauth.read_error else None
    if special is not None:
        return special
    if reply.status == 401:
        return ConnectionLost("The provider no longer accepts the connection.")
    if reply.status in (404, 410):
        return MeetingGone()
    if reply.status == 429:
        return Temporary("The provider's limit is reached.", retry_at=retry_after(reply, now))
    if 300 <= reply.status < 400:  # a captive portal, or somebody who speaks for the vendor
        return Temporary("The answer led to another address, which is not followed.", outcome_known=False)
    if reply.status >= 500:
        return Temporary(
            f"The provider has a fault ({reply.status}).",
            outcome_known=False,
            retry_at=retry_after(reply, now),
            away=True,
        )
    return Rejected(f"The provider refused ({reply.status}): {words(reply)}")


def retry_after(reply: Reply, now: datetime) -> datetime | None:
    """Return when the vendor said to come back (aware UTC), read as seconds, an HTTP date or an ISO time; else None."""
    text = reply.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdigit():
        return now + timedelta(seconds=min(int(text), 86400))
    for read in (datetime.fromisoformat, email.utils.parsedate_to_datetime):
        try:
            moment = read(text)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def words(reply: Reply) -> str:
    """Return the vendor's own words in a failed answer, short, as plain text."""
    if isinstance(reply.data, dict):
        for name in ("message", "error_description", "reason", "error"):
            if isinstance(reply.data.get(name), str):
                return str(reply.data[name])[:300]
    return "no reason given"


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return None


def _text(raw: bytes) -> str:
    return raw[:4000].decode("utf-8", "replace")
