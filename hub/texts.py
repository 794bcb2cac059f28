"""Which texts, links and moments may cross the border between the core and the plugins."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
LONGEST_TEXT = 2000


class Unusable(ValueError):
    """A text or a link that can't be shown or kept.

    Where a hook of a provider with an API lets it through, the core blames the vendor's answer, not the plugin.
    """


def is_line(text: object) -> bool:
    """Tell whether this is a text that fits on one line of a page, a mail or a calendar entry."""
    return isinstance(text, str) and len(text) <= LONGEST_TEXT and not any(ord(c) < 32 or ord(c) == 127 for c in text)


def aware(moment: datetime, name: str = "datetime") -> datetime:
    """Return `moment` unchanged. Raises ValueError when it carries no time zone."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{name} has no time zone")
    return moment


def utc_text(moment: datetime) -> str:
    """Return an aware moment in UTC as most APIs write it, to the second: 2026-12-01T09:00:00Z."""
    return f"{aware(moment).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def web_link(url: str) -> bool:
    """Tell whether `url` is an https link, or an http one to this very machine (as sandboxes make)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname or any(ord(c) <= 32 for c in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
