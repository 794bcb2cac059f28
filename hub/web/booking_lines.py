"""A host's booking in one line: its time, how far its meeting is, and the lines of its timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hub import words
from hub.notify.details import Place, details
from hub.store.models import Activity, Booking

if TYPE_CHECKING:
    from hub.container import Hub

BADGES = {
    Place.MAKING: ("Being made", "info"),
    Place.LATE: ("Late", "warn"),
    Place.READY: ("Ready", "ok"),
    Place.TOLD: ("Needs a hand", "bad"),
    Place.CANCELLED: ("Cancelled", "muted"),
}
TONES = {
    "booked": "info",
    "moved": "info",
    "relocated": "info",
    "made": "ok",
    "manual": "ok",
    "failed": "bad",
    "skipped": "warn",
    "parked": "warn",
    "kept": "warn",
    "unsure": "warn",
    "gone": "warn",
    "noticed": "warn",
    "in_step": "ok",
    "retrying": "warn",
    "cancelled": "bad",
}


def state(hub: Hub, booking: Booking) -> tuple[str, str]:
    """Return how far the booking's meeting is, as a badge's word and tone."""
    about = details(hub, booking)
    row = booking.meeting
    if about.noticed:
        return (
            f"{about.noticed.capitalize()} in {about.provider_label}",
            "bad" if about.noticed == "deleted" else "warn",
        )
    if about.state is Place.READY and row is not None:
        if row.error:
            return "Not in step", "warn"
        return (
            "Own link"
            if row.state == "manual"
            else "Link ready"
            if about.meeting and about.meeting.join_url
            else "Ready"
        ), "ok"
    return BADGES[about.state]


def line(hub: Hub, booking: Booking, zone_name: str) -> dict[str, Any]:
    """Return what the list shows of a booking, in the host's zone."""
    about = details(hub, booking)
    zone = words.zone(zone_name)
    start, end = booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)
    return {
        "row": booking,
        "time": f"{words.clock(start)}–{words.clock(end)}",
        "about": about,
        "badge": state(hub, booking) if booking.ends_at > hub.clock() else None,
    }


def happened(rows: Iterable[Activity], zone: str) -> list[dict[str, str]]:
    """Return the timeline as its component takes it."""
    return [{"text": row.text, "at_text": _at(row.at, zone), "tone": TONES.get(row.what, "muted")} for row in rows]


def _at(moment: datetime, zone: str) -> str:
    local = moment.astimezone(words.zone(zone))
    return f"{words.day(local)}, {words.clock(local)}"
