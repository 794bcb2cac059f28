"""Meetings that nobody wants, as their booking has another: written down as strays, which are then deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub.connections.api import ConnectionApi
from hub.connections.readiness import standing
from hub.errors import ProviderError
from hub.meetings.step import Step, request_of
from hub.outbox import outbox
from hub.outbox.outbox import Delivery
from hub.provider import Provider
from hub.store.models import Booking, MeetingRow
from hub.values import Meeting, Readiness

if TYPE_CHECKING:
    from hub.container import Hub

LOOKS = (timedelta(minutes=5), timedelta(hours=1))  # a vendor's list may lag behind for longer than anybody waits
AROUND = timedelta(days=1)


def add_stray(session: Session, hub: Hub, booking: Booking, row: MeetingRow, account: str, meeting: Meeting) -> None:
    """Write down a meeting that exists beside that of `row`, unless it is known, and order its deletion."""
    if any(one.value and one.value.get("external_id") == meeting.external_id for one in booking.meetings):
        return
    stray = MeetingRow(
        booking_id=booking.id,
        n=max(one.n for one in booking.meetings) + 1,
        provider=row.provider,
        account=account,
        value=meeting.to_json(),
        state="ready",
        stray=True,
    )
    session.add(stray)
    outbox.add(session, hub, "sync", f"sync:{booking.id}:{booking.version}:stray{stray.n}", booking=booking.id)


def look_later(session: Session, hub: Hub, booking: Booking, row: MeetingRow, step: Step) -> None:
    """Order looks for what an attempt of unknown outcome made after all; `row` has just got its meeting in spite of it."""
    if not step.provider.can("list_meetings", step.scopes):
        return
    starts = int(step.request.starts_at.timestamp())
    for after in LOOKS:
        key = f"doubles:{booking.id}:{row.n}:{after.seconds}"
        outbox.add(session, hub, "doubles", key, due_at=hub.clock() + after, booking=booking.id, n=row.n, starts=starts)


def look(hub: Hub, delivery: Delivery) -> None:
    """Write down as strays the meetings that carry the marker of a row and are not its own.

    What can't be listed now is left to the next look.
    """
    ids = delivery.ids
    with hub.store.read() as session:
        booking = session.get(Booking, int(ids["booking"]))
        found = _can_be_listed(session, hub, booking, int(ids["n"])) if booking else None
        if booking is None or found is None:
            return
        row, provider, api = found
        ref = request_of(hub, booking, row).ref
    starts = datetime.fromtimestamp(int(ids["starts"]), UTC)
    try:
        settings = hub.settings.provider(provider.facts)
        listed = provider.list_meetings(starts - AROUND, starts + AROUND, api, settings)
    except ProviderError:
        return
    doubles = [one for one in listed if one.ref == ref]
    with hub.store.write() as session:
        booking = session.get(Booking, row.booking_id, with_for_update={"of": Booking})
        if booking is None:
            return
        for one in doubles:
            meeting = Meeting(where=provider.facts.label, external_id=one.external_id, data=one.data)
            add_stray(session, hub, booking, row, row.account, meeting)
            session.flush()
            session.refresh(booking, ["meetings"])


def _can_be_listed(
    session: Session, hub: Hub, booking: Booking, n: int
) -> tuple[MeetingRow, Provider, ConnectionApi] | None:
    """Return the booking's row of this number, once it has its meeting, and how to list what is beside it."""
    row = next((row for row in booking.meetings if row.n == n and row.value), None)
    provider = hub.registry.get(row.provider) if row else None
    if row is None or provider is None or not provider.oauth:
        return None
    known = standing(session, hub, booking.host)
    connection = known.connections.get(row.provider)
    usable = known.readiness(row.provider) in (Readiness.READY, Readiness.PAUSED)
    if connection is None or not usable or not known.same_account(row.provider, row.account):
        return None
    if not provider.can("list_meetings", connection.scopes):
        return None
    return row, provider, ConnectionApi(hub, provider, connection.id)
