"""Time in the sandbox: an injected UTC clock plus an offset that the control API advances."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

Clock = Callable[[], datetime]

_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return an aware moment as Zoom writes it: UTC, whole seconds, with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unstamp(text: str) -> datetime:
    """Return the aware moment of a text that `stamp` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def known_timezone(name: str) -> bool:
    """Say whether Zoom would know this zone (here: any IANA name)."""
    return name == "UTC" or name in available_timezones()


def zone(name: str) -> tzinfo:
    """Return the zone of that name."""
    return UTC if name == "UTC" else ZoneInfo(name)


def parse_start(text: str, timezone: str) -> datetime:
    """Read a start time: with a Z it is UTC, without it is wall time in `timezone`.

    Raises ValueError for any other format, milliseconds and offsets included: real Zoom takes what
    it can't read for "now" without a word, and the sandbox is there to find such bugs.
    """
    if not _START.fullmatch(text):
        raise ValueError(text)
    local = datetime.fromisoformat(text.removesuffix("Z"))
    return local.replace(tzinfo=UTC if text.endswith("Z") else zone(timezone)).astimezone(UTC)


def epoch(moment: datetime) -> float:
    """Return seconds since the epoch."""
    return moment.timestamp()


def shifted(clock: Clock, offset_s: float) -> datetime:
    """Return the clock's time plus the offset. Raises ValueError if the clock is naive."""
    now = clock()
    if now.tzinfo is None:
        raise ValueError("the sandbox needs an aware clock")
    return now.astimezone(UTC) + timedelta(seconds=offset_s)
