"""A host's weekly hours, date overrides and time zone: what is typed, checked all at once, and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hub import words
from hub.errors import InvalidInput
from hub.forms import Faults
from hub.scheduling.availability import Range, Rules, read_ranges
from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub

MOST_RANGES = 12
MOST_DATES = 100
Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TypedDate:
    """One date's own hours as typed: a day off, or ranges instead of the weekday's."""

    date: str = ""
    off: bool = False
    rows: Rows = ()


@dataclass(frozen=True)
class TypedHours:
    """Everything on the availability page as typed; `week` has the rows of Monday to Sunday."""

    timezone: str
    week: tuple[Rows, ...]
    dates: tuple[TypedDate, ...] = ()


def typed_of(host: Host, now: datetime) -> TypedHours:
    """Return what the host would type to get the hours that are kept; dates that are over are left out."""
    today = now.astimezone(words.zone(host.timezone)).date().isoformat()
    return TypedHours(
        timezone=host.timezone,
        week=tuple(_rows(host.hours.get(str(day), [])) for day in range(7)),
        dates=tuple(
            TypedDate(day, not ranges, _rows(ranges)) for day, ranges in sorted(host.overrides.items()) if day >= today
        ),
    )


def read(typed: TypedHours, now: datetime) -> tuple[Rules, dict[str, str]]:
    """Return the rules as far as they can be read, and a sentence for each field at fault.

    Fields are named `timezone`, `d<weekday>-<row>`, `d<weekday>`, `o<number>-date`, `o<number>-<row>`, `o<number>`.
    """
    faults = Faults()
    timezone = faults.read("UTC", _zone, typed.timezone)
    weekly = {day: _ranges(faults, rows, f"d{day}") for day, rows in enumerate(typed.week)}
    overrides: dict[date, tuple[Range, ...]] = {}
    if len(typed.dates) > MOST_DATES:
        faults.add("dates", f"Please use at most {MOST_DATES} dates.")
    for number, given in enumerate(typed.dates[:MOST_DATES]):
        where = f"o{number}"
        today = now.astimezone(words.zone(timezone)).date()
        day = faults.read(None, _date, given.date, f"{where}-date", today=today)
        if day in overrides:
            faults.add(f"{where}-date", "This date is in the list twice.")
        ranges = () if given.off else _ranges(faults, given.rows, where)
        if not given.off and not any(first.strip() or last.strip() for first, last in given.rows):
            faults.add(where, "Please give the hours of this date, or make it a day off.")
        if day is not None:
            overrides[day] = ranges
            _check_clock(faults, timezone, day, ranges, where)
    return Rules(timezone, {day: ranges for day, ranges in weekly.items() if ranges}, overrides), faults.errors


def save(hub: Hub, host_id: int, typed: TypedHours) -> None:
    """Keep what was typed. Raises InvalidForm with a sentence for each field at fault."""
    rules, errors = read(typed, hub.clock())
    faults = Faults()
    faults.errors = errors
    faults.check()
    with hub.store.write() as session:
        host = session.scalars(select(Host).where(Host.id == host_id)).one()
        host.timezone = rules.timezone
        host.hours = {str(day): [list(bounds) for bounds in ranges] for day, ranges in rules.weekly.items()}
        host.overrides = {day.isoformat(): [list(bounds) for bounds in r] for day, r in rules.overrides.items()}


def clock_text(minute: int) -> str:
    """Return the minute of a day as “09:30”; 1440 is “24:00”."""
    return f"{minute // 60:02}:{minute % 60:02}"


def coming_days(rules: Rules, now: datetime, count: int = 7) -> list[tuple[date, tuple[Range, ...]]]:
    """Return the next dates in the rules' zone, today first, with their ranges."""
    today = now.astimezone(words.zone(rules.timezone)).date()
    days = (today + timedelta(days=number) for number in range(count))
    return [(day, rules.on(day)) for day in days]


def _rows(ranges: list[list[int]]) -> Rows:
    return tuple((clock_text(first), clock_text(last)) for first, last in ranges)


def _zone(text: str) -> str:
    try:
        words.zone(text)
    except ValueError:
        raise InvalidInput("timezone", "Please choose a time zone from the list.") from None
    return text


def _date(text: str, name: str, *, today: date) -> date | None:
    if not text.strip():
        raise InvalidInput(name, "Please choose a date.")
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(name, "Please give the date like 2026-12-24.") from None
    if day < today:
        raise InvalidInput(name, "This date is over. Please remove it.")
    if day > today + timedelta(days=3 * 366):
        raise InvalidInput(name, "Please choose a date within three years.")
    return day


def _ranges(faults: Faults, rows: Rows, where: str) -> tuple[Range, ...]:
    """Return the ranges of one day: each row by itself first, then all of them together."""
    if len(rows) > MOST_RANGES:
        faults.add(where, f"Please use at most {MOST_RANGES} ranges a day.")
        return ()
    before = len(faults.errors)
    for number, row in enumerate(rows):
        faults.read((), read_ranges, [row], f"{where}-{number}")
    return faults.read((), read_ranges, rows, where) if len(faults.errors) == before else ()


def _check_clock(faults: Faults, timezone: str, day: date, ranges: tuple[Range, ...], where: str) -> None:
    """Say so where a range is a time that the clocks skip on that date."""
    for first, last in ranges:
        if not _exists(timezone, day, first) and not _exists(timezone, day, last - 1):
            skipped = f"{clock_text(first)}–{clock_text(last)}"
            faults.add(where, f"On {words.day(day)} the clocks skip {skipped}. Please choose another time.")


def _exists(timezone: str, day: date, minute: int) -> bool:
    zone = ZoneInfo(timezone)
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a wall-clock time
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
