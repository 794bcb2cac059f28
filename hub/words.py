"""Times, zones and durations in words, the same on pages, in mails and in calendar entries."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date

HERE = Path(__file__).resolve().parent


def templates_folder() -> Path:
    """Return the folder of templates: beside the package in a checkout, inside it in an installed wheel."""
    checkout = HERE.parent / "templates"
    return checkout if (HERE.parent / "setup.cfg").exists() and checkout.is_dir() else HERE / "templates"


def zone(name: str) -> ZoneInfo:
    """Return the zone of this IANA name. Raises ValueError for any other text."""
    if name not in zone_names():
        raise ValueError(f"{name!r} is not a time zone")
    return ZoneInfo(name)


def zones() -> list[str]:
    """Return the names of all zones worth offering: UTC, then the others sorted."""
    unused = ("Etc/", "SystemV/", "posix/", "right/")
    return ["UTC", *sorted(name for name in zone_names() if "/" in name and not name.startswith(unused))]


def day(moment: datetime | date, *, year: bool = True) -> str:
    """Return such as “Thu 3 Dec 2026”."""
    return format_date(moment, "EEE d MMM y" if year else "EEE d MMM", locale="en")


def clock(moment: datetime, *, twelve: bool = False) -> str:
    """Return such as “14:00”, or “2:00 pm” where twelve hours are usual."""
    if not twelve:
        return moment.strftime("%H:%M")
    return f"{moment.hour % 12 or 12}:{moment:%M} {'am' if moment.hour < 12 else 'pm'}"


def when(starts_at: datetime, ends_at: datetime, zone_name: str) -> str:
    """Return such as “Thu 3 Dec 2026, 14:00–14:30 (Europe/Vienna, CET)” in the named zone."""
    start, end = (moment.astimezone(zone(zone_name)) for moment in (starts_at, ends_at))
    until = clock(end) if end.date() == start.date() else f"{day(end)}, {clock(end)}"
    return f"{day(start)}, {clock(start)}–{until} ({zone_label(zone_name, starts_at)})"


def short(starts_at: datetime, zone_name: str) -> str:
    """Return such as “Thu 3 Dec 14:00 (CET)”."""
    start = starts_at.astimezone(zone(zone_name))
    return f"{day(start, year=False)} {clock(start)} ({abbreviation(start)})"


def zone_label(name: str, at: datetime | None = None) -> str:
    """Return such as “Europe/Vienna, CET”, or “UTC”."""
    letters = abbreviation((at or datetime.now(UTC)).astimezone(zone(name)))
    return name if letters == name else f"{name.replace('_', ' ')}, {letters}"


def abbreviation(moment: datetime) -> str:
    """Return the zone's letters, or such as “UTC+05:45” where it has none."""
    name = moment.tzname() or ""
    offset = moment.strftime("%z")
    return name if name.isalpha() else f"UTC{offset[:3]}" + (f":{offset[3:5]}" if offset[3:5] != "00" else "")


def minutes(count: int) -> str:
    """Return such as “30 minutes”, “1 hour”, “1 hour 30 minutes”, “2 days”."""
    parts = []
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        number, count = divmod(count, size)
        if number:
            parts.append(f"{number} {name}{'' if number == 1 else 's'}")
    return " ".join(parts) or "0 minutes"


@cache
def zone_names() -> frozenset[str]:
    """Return every IANA zone name that is known; not the names that mean this machine's own zone, or none."""
    return frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}
