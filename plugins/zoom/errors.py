"""Zoom's error answers to the hub's errors; pure."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from hub import ConnectionLost, MeetingGone, MissingScopes, ProviderError, Rejected, Reply, Temporary

LONGEST_WORDS = 300
GONE = 3001
IN_PROGRESS = 3002
ENDED = 3007
# The user left the account: no call of this connection can succeed again.
NO_SUCH_USER = {1001, 1010}


def read_error(reply: Reply) -> ProviderError | None:
    """Return what a failed answer of Zoom means where it departs from HTTP's usual meaning, else None.

    None for 401 (the core refreshes once), for 5xx and for what Zoom says in no words of its own.
    """
    code, words = _code_and_words(reply)
    # By the text: the number was seen as 4711, 104 and 4700.
    if code == 4711 or "does not contain scopes" in words:
        return MissingScopes(_scopes(words))
    if reply.status == 401 or reply.status >= 500:
        return None
    if reply.status == 429:
        return _too_many(reply, words)
    if code in NO_SUCH_USER:
        return ConnectionLost(f"Zoom no longer accepts this connection: {words}")
    if code in (GONE, ENDED):  # one that has ended can't be deleted, and needs not be
        return MeetingGone(words)
    if code == IN_PROGRESS:
        return Temporary("The meeting is in progress in Zoom; it can be changed when it has ended.")
    if code:
        return Rejected(words)
    if reply.status == 404:
        # Without Zoom's 3001 it may be anything on the way to Zoom; a deleted meeting must not be concluded from it.
        return Temporary("Zoom answered 404 without saying what was not found.")
    return None


def _code_and_words(reply: Reply) -> tuple[int, str]:
    """Return Zoom's error number (0 for none) and words, from JSON or from the XML that Zoom falls back to."""
    if isinstance(reply.data, Mapping):
        code, words = reply.data.get("code"), reply.data.get("message")
        words = words if isinstance(words, str) else ""
        for error in _errors(reply.data.get("errors")):
            words += f" {error}"
    else:
        # Not an XML parser: all that is wanted are two texts, and the body may be anything.
        text = reply.text[:20_000]
        code, words = _element(text, "code"), html.unescape(_element(text, "message"))
    number = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""
    said = " ".join(words.split())[:LONGEST_WORDS]
    return (int(number) if re.fullmatch(r"[0-9]{1,9}", number) else 0), said or f"Zoom refused (HTTP {reply.status})."


def _errors(rows: object) -> list[str]:
    found = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and isinstance(row.get("message"), str):
            found.append(f"{row.get('field') or 'request'}: {row['message']}")
    return found


def _element(text: str, name: str) -> str:
    match = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return match[1].strip() if match else ""


def _scopes(words: str) -> tuple[str, ...]:
    """Return the user-level names in Zoom's list; for each it also names the variant for administrators."""
    match = re.search(r"scopes:\s*\[([^\]]*)", words)
    names = [name.strip() for name in match[1].split(",")] if match else []
    plain = [name for name in names if name and not name.endswith(":admin")]
    return tuple(dict.fromkeys(plain or [name.removesuffix(":admin") for name in names if name]))


def _too_many(reply: Reply, words: str) -> Temporary:
    now = _http_date(reply.headers.get("date", "")) or datetime.now(UTC)
    midnight = (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if "(100)" in words:
        return Temporary(words, retry_at=midnight)
    told = _retry_after(reply.headers.get("retry-after", ""), now)
    # Zoom documents Retry-After for the daily limit, but answers without it have been seen.
    return Temporary(words, retry_at=told or (midnight if "daily" in words.lower() else None))


def _retry_after(text: str, now: datetime) -> datetime | None:
    """Return when `text` says to come back: seconds, an HTTP date, or (Zoom, on daily limits) an ISO date-time."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,7}", text):
        return now + timedelta(seconds=int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _http_date(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
