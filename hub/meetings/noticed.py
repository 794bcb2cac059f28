"""What a vendor tells of meetings that a host moved or deleted there: kept beside the meeting, and never acted upon.

`noticed` of a meeting row is what the vendor told last: `starts_at`, `minutes` or `deleted`; whether that is as it should
be, hub.notify.details derives. Our own changes are told too, and in any order: what is older than `known_at` is history.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, literal_column, select
from sqlalchemy.orm import Session

from hub import words
from hub.connections.service import fingerprint
from hub.events import MeetingDeleted, MeetingMoved, MeetingRestored, VendorEvent
from hub.notify import announce
from hub.notify.details import details
from hub.provider import Provider
from hub.store.models import Booking, MeetingRow

if TYPE_CHECKING:
    from hub.container import Hub

FARTHEST = timedelta(days=3650)
LONGEST = 1440  # minutes

# The very words of ix_meeting_external_id: only so is the index used.
EXTERNAL_ID = {
    "sqlite": "json_extract(meeting.value, '$.external_id')",
    "postgresql": "meeting.value ->> 'external_id'",
}


def notice(
    session: Session, hub: Hub, provider: Provider, event: MeetingMoved | MeetingDeleted | MeetingRestored
) -> bool:
    """Keep what the event tells of a booking's meeting, and tell its host if something is wrong now.

    Returns whether the event was news.
    """
    booking = _booking(session, provider, event)
    row = booking.meeting if booking else None
    if booking is None or row is None or not _concerns(hub, provider, booking, row, event):
        return False
    before = details(hub, booking).noticed
    row.noticed, row.known_at = _known(row.noticed or {}, event), event.at
    after = details(hub, booking)
    if after.noticed == before:
        return True
    label = provider.facts.label
    if after.noticed:
        sentence = f"The meeting was deleted in {label}, so its link leads nowhere any more."
        if after.there:
            when = words.when(*after.there, booking.host.timezone)
            sentence = f"The meeting was moved in {label}: {when}. The booking did not change."
        announce.note(session, hub, booking, "noticed", sentence)
        announce.problem(session, hub, booking, row.n, f"noticed-{after.noticed}-{event.at.timestamp():.0f}")
    else:
        announce.note(session, hub, booking, "in_step", f"The {label} meeting is as it should be again.")
    return True


def _booking(session: Session, provider: Provider, event: Any) -> Booking | None:
    """Return the booking whose meeting this is, locked against workers that bring it into step."""
    external_id = literal_column(EXTERNAL_ID[session.get_bind().dialect.name], String)
    found = session.scalar(
        select(MeetingRow.booking_id).where(external_id == event.meeting, MeetingRow.provider == provider.key).limit(1)
    )
    if found is None:
        return None
    return session.get(Booking, found, with_for_update={"of": Booking}, populate_existing=True)


def _concerns(hub: Hub, provider: Provider, booking: Booking, row: MeetingRow, event: VendorEvent) -> bool:
    """Tell whether the event is about the meeting that the booking has now, and is not history."""
    ours = row.state == "ready" and (row.value or {}).get("external_id") == getattr(event, "meeting", "")
    if not ours or row.provider != provider.key or not booking.confirmed or booking.ends_at <= hub.clock():
        return False
    if event.account and row.account != fingerprint(hub, provider, event.account):
        return False
    if row.known_at is not None and event.at < row.known_at:
        return False
    return not isinstance(event, MeetingMoved) or _sane(hub, event)


def _sane(hub: Hub, event: MeetingMoved) -> bool:
    """Tell whether this can be reckoned with: a meeting at the end of all time would break whatever shows it."""
    far = event.starts_at is not None and abs(event.starts_at - hub.clock()) > FARTHEST
    return not far and (event.minutes is None or 0 < event.minutes <= LONGEST)


def _known(before: dict[str, Any], event: VendorEvent) -> dict[str, Any]:
    """Return what is known of the meeting after the event."""
    if isinstance(event, MeetingDeleted):
        return {**before, "deleted": True}
    known = {name: value for name, value in before.items() if name != "deleted"}
    if isinstance(event, MeetingMoved):
        if event.starts_at is not None:
            known["starts_at"] = event.starts_at.isoformat()
        if event.minutes is not None:
            known["minutes"] = event.minutes
    return known
