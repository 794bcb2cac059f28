"""Which times a host offers: weekly rules and busy times in, start times out. Pure: no database, no clock."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.errors import InvalidInput
from hub.texts import aware

Range = tuple[int, int]  # first and last minute of the wall-clock day, the last exclusive; 1440 is midnight at its end
Busy = tuple[datetime, datetime]

MIDNIGHT = 1440
NEVER = 1 << 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TIME_OF_DAY = re.compile(r"([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True)
class Rules:
    """When a host can be booked, in wall-clock minutes of the IANA zone `timezone`.

    `weekly` has ranges by weekday (0 = Monday); `overrides` replaces the weekday's on one date, () being a day off.
    Raises ValueError for a weekday or range that cannot be.
    """

    timezone: str
    weekly: Mapping[int, tuple[Range, ...]]
    overrides: Mapping[date, tuple[Range, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(weekday not in range(7) for weekday in self.weekly):
            raise ValueError("weekdays go from 0 to 6")
        for ranges in (*self.weekly.values(), *self.overrides.values()):
            if any(not 0 <= start < end <= MIDNIGHT for start, end in ranges):
                raise ValueError(f"not ranges of a day: {ranges}")

    def on(self, day: date) -> tuple[Range, ...]:
        """Return the ranges of the wall-clock date `day`."""
        return self.overrides.get(day, self.weekly.get(day.weekday(), ()))


@dataclass(frozen=True)
class Terms:
    """How an event type is booked, in minutes: its length, free time `before` and `after`, how long ahead (`notice`).

    A new slot begins every `interval`; the last bookable date is `horizon_days` after today. Raises ValueError.
    """

    minutes: int
    before: int
    after: int
    notice: int
    horizon_days: int
    interval: int

    def __post_init__(self) -> None:
        if self.minutes < 1 or self.interval < 1:
            raise ValueError("minutes and interval must be positive")
        if min(self.before, self.after, self.notice, self.horizon_days) < 0:
            raise ValueError("buffers, notice and horizon cannot be negative")


def slots(
    rules: Rules, terms: Terms, busy: Iterable[Busy], *, since: datetime, until: datetime, now: datetime
) -> list[datetime]:
    """Return the free starts s with since <= s < until: aware UTC, ascending, each once.

    `busy` holds aware half-open intervals in any order, already padded with their own buffers. A wall-clock time that
    the clock skips is not offered; one that comes twice means the first. Raises ValueError for a naive datetime.
    """
    zone = ZoneInfo(rules.timezone)
    today = aware(now, "now").astimezone(zone).date()
    last_day = today + timedelta(days=terms.horizon_days)
    earliest = max(aware(since, "since"), now + timedelta(minutes=terms.notice))
    # No zone is more than a day from UTC, so this loses nothing, and keeps the year 9999 out of conversions.
    latest = min(aware(until, "until"), datetime.combine(last_day, time(), UTC) + timedelta(days=2))
    if earliest >= latest:
        return []
    low, high = _ceil(earliest), _ceil(latest)
    first = earliest.astimezone(zone).toordinal()
    # A clock set back over midnight repeats the end of a date after the next one has begun, hence one more.
    last = min(latest.astimezone(zone).toordinal() + 1, last_day.toordinal())
    starts: set[int] = set()
    for ordinal in range(first, last + 1):
        for bounds in rules.on(date.fromordinal(ordinal)):
            starts.update(_candidates(zone, ordinal, bounds, terms, low=low, high=high))
    return _free(sorted(starts), terms, busy)


def is_offered(rules: Rules, terms: Terms, busy: Iterable[Busy], start: datetime, *, now: datetime) -> bool:
    """Tell whether `slots` would offer the aware `start` to someone who looks at `now`. Raises ValueError if naive."""
    horizon = aware(now, "now") + timedelta(days=terms.horizon_days + 2)
    if not now <= aware(start, "start") < horizon:
        return False
    return bool(slots(rules, terms, busy, since=start, until=start + timedelta(microseconds=1), now=now))


def by_local_date(starts: Iterable[datetime], zone: str) -> dict[date, list[datetime]]:
    """Group aware starts, unchanged and in their order, by the date they have in the IANA zone `zone`."""
    info = ZoneInfo(zone)
    days: dict[date, list[datetime]] = {}
    for start in starts:
        days.setdefault(aware(start).astimezone(info).date(), []).append(start)
    return days


def read_ranges(rows: Iterable[tuple[str, str]], where: str) -> tuple[Range, ...]:
    """Return the ranges typed as "HH:MM" pairs, sorted; "24:00" may end one, and a row with two blanks is skipped.

    Raises InvalidInput for the field `where` when a time is none, a range ends before it starts, or two overlap.
    """
    ranges: list[Range] = []
    for typed in rows:
        first, last = (text.strip() for text in typed)
        if not first and not last:
            continue
        start, end = _minute(first, where), _minute(last, where)
        if end == 0 < start:
            raise InvalidInput(where, "A range must end after it starts; write 24:00 for the midnight at its end.")
        if end <= start:
            message = "A range must end after it starts; to cross midnight add a second range on the next day."
            raise InvalidInput(where, message)
        ranges.append((start, end))
    ranges.sort()
    for one, other in pairwise(ranges):
        if other[0] < one[1]:
            raise InvalidInput(where, f"{_words(one)} and {_words(other)} overlap.")
    return tuple(ranges)


def _minute(text: str, where: str) -> int:
    """Return the minute of the day that "HH:MM" names, "24:00" included."""
    match = TIME_OF_DAY.fullmatch(text)
    minute = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else MIDNIGHT + 1
    if minute > MIDNIGHT:
        shown = f"“{text[:20]}” is not a time of day" if text else "A time is missing"
        raise InvalidInput(where, f"{shown}; write it like 09:30.")
    return minute


def _words(bounds: Range) -> str:
    return "–".join(f"{minute // 60}:{minute % 60:02}" for minute in bounds)


def _floor(moment: datetime) -> int:
    return (moment - EPOCH) // SECOND


def _ceil(moment: datetime) -> int:
    return -((EPOCH - moment) // SECOND)


def _candidates(zone: ZoneInfo, ordinal: int, bounds: Range, terms: Terms, *, low: int, high: int) -> Iterable[int]:
    """Return the starts within one range of one date, low <= start < high, in seconds since 1970, whoever is busy."""
    midnight = datetime.fromordinal(ordinal)
    opens, closes = (midnight + timedelta(minutes=minute) for minute in bounds)
    step, length = terms.interval * 60, terms.minutes * 60
    offset = opens.replace(tzinfo=zone).utcoffset()
    ends = closes.replace(tzinfo=zone)
    if offset == ends.utcoffset() == ends.replace(fold=1).utcoffset():
        # No transition between opening and closing: seconds of the wall clock are seconds.
        start = _floor(opens.replace(tzinfo=UTC) - (offset or timedelta()))
        stop = start + (bounds[1] - bounds[0]) * 60 - length
        start += max(0, -((start - low) // step)) * step
        return range(start, min(stop + 1, high), step)
    stop = _closing(zone, closes) - length
    walls = (midnight + timedelta(minutes=minute) for minute in range(*bounds, terms.interval))
    moments = ((_floor(wall.replace(tzinfo=zone)), wall) for wall in walls)
    return [moment for moment, wall in moments if low <= moment < min(stop + 1, high) and _exists(zone, wall)]


def _exists(zone: ZoneInfo, wall: datetime) -> bool:
    """Tell whether the clocks of the zone ever show the naive time `wall`."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def _closing(zone: ZoneInfo, wall: datetime) -> int:
    """Return the first instant at which the clock shows `wall`, or jumps over it, in seconds since 1970."""
    after = _floor(wall.replace(tzinfo=zone).astimezone(UTC))
    if _exists(zone, wall):
        return after
    # In a gap fold=1 reckons with the later offset, which gives an instant before the jump; fold=0 one after it.
    before = _floor(wall.replace(tzinfo=zone, fold=1).astimezone(UTC))
    earlier = datetime.fromtimestamp(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == earlier:
            before = middle
        else:
            after = middle
    return after


def _free(starts: Sequence[int], terms: Terms, busy: Iterable[Busy]) -> list[datetime]:
    """Return those starts whose padded slot meets nothing busy, as aware UTC datetimes."""
    # Starts are whole seconds, so rounding busy times outwards to seconds decides nothing differently.
    taken = sorted((_floor(start), _ceil(end)) for start, end in busy if start < end)
    begins: list[int] = []
    ends: list[int] = []
    for begin, end in taken:
        if ends and begin <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            begins.append(begin)
            ends.append(end)
    before, after = terms.before * 60, (terms.minutes + terms.after) * 60
    begins.append(NEVER)
    return [
        datetime.fromtimestamp(start, UTC)
        for start in starts
        if begins[bisect_right(ends, start - before)] >= start + after
    ]
