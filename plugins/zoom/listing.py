"""Zoom's list of a host's meetings, as the hub compares it with its bookings; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub import Listed, Temporary
from plugins.zoom.mapping import LONGEST_TOPIC, cut, has, meeting_id

UPCOMING = {"type": "upcoming", "page_size": "300"}
MARKER = re.compile(r"ref:([0-9A-Za-z]{1,64})(?!\S)")


def listed(items: Sequence[Any], since: datetime, until: datetime) -> tuple[Listed, ...]:
    """Return what a list says of the meetings that begin between two times. Raises Temporary where it is unusable.

    A meeting without a start (one that recurs at no fixed time) is among them.
    """
    found = [_listed(item) for item in items]
    return tuple(one for one in found if one.starts_at is None or since <= one.starts_at <= until)


def _listed(item: Any) -> Listed:
    number = meeting_id(item.get("id")) if isinstance(item, Mapping) else ""
    if not number:
        raise Temporary("Zoom's list of meetings is unusable.")
    marker, minutes = MARKER.match(_text(item, "agenda")), item.get("duration")
    title = "".join(c if c.isprintable() else " " for c in _text(item, "topic"))
    try:
        return Listed(
            external_id=number,
            ref=marker[1] if marker else "",
            starts_at=_moment(_text(item, "start_time")),
            minutes=minutes if type(minutes) is int else None,
            title=cut(" ".join(title.split()), LONGEST_TOPIC),
            data=has(item),
        )
    except ValueError:
        raise Temporary("Zoom's list of meetings is unusable.") from None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""
