"""The month and the day's times from which a visitor picks, with the address of every choice."""

from __future__ import annotations

import re
from calendar import Calendar
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date, get_day_names

from hub import words
from hub.scheduling.free import FreeTimes, following, midnight, preceding
from hub.web.visitor import Visitor

STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Place:
    """Where the visitor is: the page's path and what its address says."""

    path: str
    state: Mapping[str, str]

    def url(self, **changes: str) -> str:
        """Return the address with other state; what is empty is left out."""
        state = {key: value for key, value in {**self.state, **changes}.items() if value}
        return f"{self.path}?{urlencode(state, safe='/:')}" if state else self.path


@dataclass(frozen=True)
class Picker:
    """What the template shows; `month` is as the calendar macro wants it, `slots` are (label, spoken, address).

    `message` and `onward` (sentence, address) stand where the day or the month has no times; `empty` where nothing has.
    """

    visitor: Visitor
    place: Place
    zone_now: str
    month: Mapping[str, Any]
    day: date | None = None
    slots: list[tuple[str, str, str]] = field(default_factory=list)
    step: str = "day"
    message: str = ""
    onward: tuple[str, str] | None = None
    empty: bool = False
    zones: list[str] = field(default_factory=list)


def pick(free: FreeTimes, visitor: Visitor, path: str, query: Mapping[str, str]) -> Picker:
    """Return the picker for the address's month and date, by default for the first day with free times."""
    tz = visitor.zone if visitor.chosen else ""
    asked = read_date(query.get("date", ""))
    earliest = free.next(free.now)
    asked_month = read_date(query.get("month", "") + "-01")
    month = (asked or asked_month or visitor.date(earliest or free.now)).replace(day=1)
    days = free.month(month, visitor.zone) if earliest else {}
    day = asked or min(days, default=None)
    place = Place(path, {"month": f"{month:%Y-%m}", "date": asked.isoformat() if asked else "", "tz": tz})
    times = days.get(day, []) if day else []
    message, onward = "", None
    if not times and earliest:
        message = f"No free times on {words.day(asked)}." if asked else f"No free times in {_title(month)}."
        onward = _onward(free, visitor, place, asked or month, earliest)
    return Picker(
        visitor=visitor,
        place=place,
        zone_now=visitor.time(free.now),
        month=_grid(free, visitor, place, month, days, day),
        day=day,
        slots=_slots(visitor, place, day, times),
        step="time" if asked else "day",
        message=message,
        onward=onward,
        empty=earliest is None,
        zones=words.zones() if query.get("zones") or visitor.zone_error else [],
    )


def read_start(text: str) -> datetime | None:
    """Return the aware start of a slot's address, such as 20261203T130000Z; None for any other text."""
    if not re.fullmatch(r"2\d{7}T\d{6}Z", text, re.ASCII):
        return None
    try:
        return datetime.strptime(text, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def write_start(start: datetime) -> str:
    """Return an aware start as it stands in addresses."""
    return start.astimezone(UTC).strftime(STAMP)


def read_date(text: str) -> date | None:
    """Return the date of an address; None for any text that is none, or is far from our days."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 <= found.year <= 9000 else None


def _onward(free: FreeTimes, visitor: Visitor, place: Place, after: date, earliest: datetime) -> tuple[str, str]:
    """Return sentence and address of the next day with free times, or else of the first one."""
    beyond = after > visitor.date(free.until)
    coming = None if beyond else free.next(midnight(after, visitor.zone))
    day = visitor.date(coming or earliest)
    return f"The {'next' if coming else 'first'} are on {words.day(day)}", place.url(
        month=f"{day:%Y-%m}", date=day.isoformat()
    )


def _grid(
    free: FreeTimes,
    visitor: Visitor,
    place: Place,
    month: date,
    days: Mapping[date, list[datetime]],
    chosen: date | None,
) -> dict[str, Any]:
    today, last = visitor.date(free.now), visitor.date(free.until)
    names = get_day_names("short", locale="en")
    back = month > today.replace(day=1)
    ahead = month < last.replace(day=1)
    weeks = Calendar(visitor.first_weekday).monthdatescalendar(month.year, month.month)
    return {
        "title": _title(month),
        "prev_url": place.url(month=f"{preceding(month):%Y-%m}", date="") if back else None,
        "next_url": place.url(month=f"{following(month):%Y-%m}", date="") if ahead else None,
        "weekdays": [names[(visitor.first_weekday + shift) % 7] for shift in range(7)],
        "weeks": [[_day(place, day, month, days, today, chosen) for day in week] for week in weeks],
    }


def _day(
    place: Place, day: date, month: date, days: Mapping[date, list[datetime]], today: date, chosen: date | None
) -> dict[str, Any]:
    count = len(days.get(day, ()))
    return {
        "number": day.day,
        "date": day.isoformat(),
        "url": place.url(date=day.isoformat()) if count else None,
        "bookable": count > 0,
        "selected": day == chosen,
        "today": day == today,
        "in_month": day.month == month.month,
        "label": f"{format_date(day, 'EEEE d MMMM', locale='en')}, {count} time{'' if count == 1 else 's'}",
    }


def _slots(visitor: Visitor, place: Place, day: date | None, times: list[datetime]) -> list[tuple[str, str, str]]:
    """Return the day's slots; an hour that the clock shows twice is told apart by the zone's letters."""
    shown = Counter(visitor.time(start) for start in times)
    iso = day.isoformat() if day else ""
    return [
        (
            label if shown[label] == 1 else f"{label} {visitor.abbreviation(start)}",
            visitor.at(start),
            place.url(date=iso, slot=write_start(start)),
        )
        for start in times
        for label in [visitor.time(start)]
    ]


def _title(month: date) -> str:
    return format_date(month, "MMMM y", locale="en")
