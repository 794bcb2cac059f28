"""What may be said of a booking's place, for pages, mails and calendar entries alike: one state, one set of details."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from babel.core import get_global

from hub.store.models import Booking, Host, MeetingRow
from hub.values import DialIn, Meeting

if TYPE_CHECKING:
    from hub.container import Hub


class Place(StrEnum):
    """How far the booking's meeting is."""

    MAKING = "making"  # any second now
    LATE = "late"  # it will come by mail
    READY = "ready"
    TOLD = "told"  # the host was told and will send the details
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Details:
    """`meeting` is set only while it may be shown; `label` names the chosen location.

    `noticed` is what the host did to the meeting at the vendor, "moved" (to the times `there`) or "deleted", else empty.
    `no_link` says what is to come where the state is TOLD; `comes_at` when the meeting is made, where that is long to go. `unsure`: one
    may exist, of which the vendor did not tell and can't be asked; `error` says so.
    """

    state: Place
    label: str
    provider: str
    provider_label: str
    promise: str
    meeting: Meeting | None
    error: str = ""
    noticed: str = ""
    there: tuple[datetime, datetime] | None = None
    no_link: str = ""
    comes_at: datetime | None = None
    unsure: bool = False

    @property
    def final(self) -> bool:
        """Whether nothing will change by itself any more."""
        return self.state is not Place.MAKING and self.state is not Place.LATE


def details(hub: Hub, booking: Booking) -> Details:
    """Return what may be shown of the booking's place now."""
    place = booking.place
    provider = hub.registry.get(place.provider)
    provider_label = provider.facts.label if provider else place.provider
    row = booking.meeting
    state, there = _state(hub, booking, row), _there(booking, row)
    return Details(
        state=state,
        label=place.label or provider_label,
        provider=place.provider,
        provider_label=provider_label,
        promise=booking.location.get("promise", ""),
        meeting=Meeting.from_json(row.value) if row and row.value and state is Place.READY else None,
        error=row.error if row else "",
        comes_at=row.next_try_at if row and state is Place.LATE and _is_long(hub, row) else None,
        noticed="deleted" if booking.confirmed and deleted_there(row) else "moved" if there else "",
        there=there,
        unsure=row is not None and row.attempted_at is not None and row.state in ("skipped", "closed"),
        no_link=_no_link(booking.host, gone=booking.confirmed and deleted_there(row)),
    )


def dial_in_for(meeting: Meeting, country: str) -> list[DialIn]:
    """Return the dial-in numbers, those of `country` (ISO alpha-2) first, else in the provider's order."""
    return sorted(meeting.dial_in, key=lambda number: number.country != country)


def country_of(zone: str) -> str:
    """Return the ISO country that a time zone lies in, empty where it can't be told."""
    return str(get_global("zone_territories").get(zone, ""))


def deleted_there(row: MeetingRow | None) -> bool:
    """Tell whether the vendor told us that this meeting is no longer there."""
    return row is not None and row.state == "ready" and bool((row.noticed or {}).get("deleted"))


def _there(booking: Booking, row: MeetingRow | None) -> tuple[datetime, datetime] | None:
    """Return when the meeting takes place at the vendor, None where that is when it should, or nobody told."""
    known = (row.noticed if row else None) or {}
    if row is None or row.state != "ready" or not booking.confirmed or row.synced_version < booking.version:
        return None
    starts_at = datetime.fromisoformat(known["starts_at"]) if "starts_at" in known else booking.starts_at
    times = (starts_at, starts_at + timedelta(minutes=known.get("minutes", booking.minutes)))
    return None if times == (booking.starts_at, booking.ends_at) or known.get("deleted") else times


def _is_long(hub: Hub, row: MeetingRow) -> bool:
    return row.next_try_at is not None and row.next_try_at - hub.clock() > timedelta(hours=1)


def _no_link(host: Host, *, gone: bool) -> str:
    what = "The link no longer works" if gone else "There is no link yet"
    if host.deleted_at:
        return f"There is no link, and none will come: {host.first_name} has closed the account here."
    return f"{what}: {host.first_name} has been told and will send the details."


def _state(hub: Hub, booking: Booking, row: MeetingRow | None) -> Place:
    if not booking.confirmed:
        return Place.CANCELLED
    if row is None or row.state in ("failed", "skipped", "closed", "deleted"):
        return Place.TOLD
    if deleted_there(row):
        return Place.TOLD
    if row.state in ("ready", "left", "manual"):
        return Place.READY if row.value else Place.TOLD
    waited = hub.clock() - booking.updated_at > timedelta(seconds=hub.settings.link_deadline)
    return Place.LATE if waited or row.error else Place.MAKING
