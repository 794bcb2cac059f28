"""The picker of a day and a time, whose whole state is in the address."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from babel.dates import format_date
from flask import request
from sqlalchemy.orm import Session

from hub import words
from hub.scheduling import offers
from hub.scheduling.availability import by_local_date
from hub.store.models import EventType

if TYPE_CHECKING:
    from hub.container import Hub

COMPACT = "%Y%m%dT%H%M%SZ"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TWELVE_HOURS = {"en-us", "en-ca", "en-au", "en-nz", "en-in", "en-ph"}


@dataclass(frozen=True)
class Day:
    """A cell of the month grid."""

    number: int
    date: str
    url: str | None
    bookable: bool
    selected: bool
    today: bool
    in_month: bool
    label: str


@dataclass(frozen=True)
class Month:
    """A month as a grid of weeks that begin on Monday."""

    title: str
    prev_url: str | None
    next_url: str | None
    weekdays: tuple[str, ...]
    weeks: list[list[Day]]


@dataclass(frozen=True)
class Slot:
    """A time to choose."""

    label: str
    url: str
    value: str
    selected: bool = False


@dataclass(frozen=True)
class Picker:
    """All that its template shows; `next_url` leads to the next day that has times, where this month has none."""

    zone: str
    zone_label: str
    now: str
    month: Month
    day_title: str
    slots: list[Slot] = field(default_factory=list)
    slot: datetime | None = None
    next_url: str | None = None
    next_label: str = ""
    anything: bool = True
    day_url: str = ""
    keep: Mapping[str, str] = field(default_factory=dict)


def twelve_hours() -> bool:
    """Tell whether the visitor's language is one whose speakers read clocks of twelve hours."""
    best = request.accept_languages.best or ""
    return best.lower() in TWELVE_HOURS


def zone_of_visitor(fallback: str) -> str:
    """Return the zone to show times in: the address's, the browser's, else the fallback."""
    for name in (request.values.get("tz", ""), request.cookies.get("tz", "")):
        if name in words.zone_names():
            return name
    return fallback


def compact(moment: datetime) -> str:
    """Return an aware time as addresses carry it."""
    return moment.astimezone(UTC).strftime(COMPACT)


def read_compact(text: str) -> datetime | None:
    """Return the aware UTC time that `compact` wrote, None for any other text."""
    if len(text) != 16 or not text.isascii():
        return None
    try:
        found = datetime.strptime(text, COMPACT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


def picker(
    session: Session,
    hub: Hub,
    event_type: EventType,
    path: str,
    *,
    zone: str,
    besides: int | None = None,
    keep: Mapping[str, str] | None = None,
) -> Picker:
    """Return the picker for the request's `month`, `date` and `slot`; links go to `path`.

    Anything in the address that can't be is read as if it were not there.
    """
    now = hub.clock()
    until = now + timedelta(days=event_type.horizon_days + 2)
    starts = offers.free_times(session, hub, event_type, now, until, besides=besides)
    days = by_local_date(starts, zone)
    today = now.astimezone(words.zone(zone)).date()
    chosen_slot = read_compact(request.values.get("slot", ""))
    wanted = _read_date(request.values.get("date", ""))
    first = _read_month(request.values.get("month", ""))
    if wanted is None and chosen_slot is not None:
        wanted = chosen_slot.astimezone(words.zone(zone)).date()
    if wanted is None:
        after = first or today
        wanted = next((day for day in sorted(days) if day >= after and (not first or _same_month(day, first))), None)
    first = first or (wanted or today).replace(day=1)
    extra = {**(keep or {}), **({"tz": zone} if request.values.get("tz") else {})}

    def url(**state: str) -> str:
        return f"{path}?{urlencode({**extra, **state})}"

    month = _month(first, days, wanted, today, url)
    following = next((day for day in sorted(days) if day >= first), None)
    twelve = twelve_hours()
    local = words.zone(zone)
    slots = [
        Slot(
            words.clock(start.astimezone(local), twelve=twelve),
            url(date=wanted.isoformat() if wanted else "", slot=compact(start)),
            compact(start),
            selected=start == chosen_slot,
        )
        for start in (days.get(wanted, []) if wanted else [])
    ]
    return Picker(
        zone=zone,
        zone_label=words.zone_label(zone, now),
        now=words.clock(now.astimezone(local), twelve=twelve),
        month=month,
        day_title=words.day(wanted) if wanted else "",
        slots=slots,
        slot=chosen_slot,
        next_url=url(date=following.isoformat()) if following else None,
        next_label=words.day(following) if following else "",
        anything=bool(days),
        day_url=url(month=first.strftime("%Y-%m")),
        keep=extra,
    )


def _month(first: date, days: Mapping[date, list[datetime]], wanted: date | None, today: date, url: object) -> Month:
    assert callable(url)
    previous, following = first - timedelta(days=1), (first + timedelta(days=32)).replace(day=1)
    earliest, latest = (min(days), max(days)) if days else (first, first)
    weeks = [
        [
            _day(day, day in days, day == wanted, day == today, day.month == first.month, url(date=day.isoformat()))
            for day in week
        ]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]
    return Month(
        title=format_date(first, "MMMM y", locale="en"),
        prev_url=url(month=previous.strftime("%Y-%m")) if previous >= min(today, earliest).replace(day=1) else None,
        next_url=url(month=following.strftime("%Y-%m")) if following <= latest else None,
        weekdays=WEEKDAYS,
        weeks=weeks,
    )


def _day(day: date, bookable: bool, selected: bool, today: bool, in_month: bool, url: str) -> Day:
    label = format_date(day, "EEEE d MMMM y", locale="en")
    return Day(day.day, day.isoformat(), url if bookable else None, bookable, selected, today, in_month, label)


def _read_date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found and 2000 <= found.year <= 2100 else None


def _read_month(text: str) -> date | None:
    return _read_date(f"{text}-01") if len(text) == 7 else None


def _same_month(day: date, first: date) -> bool:
    return (day.year, day.month) == (first.year, first.month)
