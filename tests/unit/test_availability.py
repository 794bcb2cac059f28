"""Which times a host offers: examples, every clock change of 2026-2030, and a minute-by-minute oracle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import InvalidInput
from hub.scheduling.availability import Busy, Range, Rules, Terms, by_local_date, is_offered, read_ranges, slots

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ODD_ZONES = (
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
)
# Clock changes at midnight, over midnight, and a date that never was.
OLD_CHANGES = (
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("America/St_Johns", date(2011, 3, 13)),
    ("Pacific/Apia", date(2011, 12, 30)),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def terms(minutes: int = 30, **changes: int) -> Terms:
    usual = {"before": 0, "after": 0, "notice": 0, "horizon_days": 60, "interval": 30}
    return Terms(minutes=minutes, **{**usual, **changes})


def daily(
    *ranges: Range, zone: str = "Europe/Berlin", overrides: Mapping[date, tuple[Range, ...]] | None = None
) -> Rules:
    return Rules(zone, dict.fromkeys(range(7), ranges), overrides or {})


def around(rules: Rules, its: Terms, day: date, *busy: Busy, now: datetime | None = None) -> list[datetime]:
    """Return the slots whose wall-clock date is `day`, seen a week earlier unless `now` is given."""
    noon = datetime.combine(day, time(12), UTC)
    found = slots(rules, its, busy, since=noon - 3 * DAY, until=noon + 3 * DAY, now=now or noon - 7 * DAY)
    return by_local_date(found, rules.timezone).get(day, [])


def walls(starts: list[datetime], zone: str = "Europe/Berlin") -> list[str]:
    return [start.astimezone(ZoneInfo(zone)).strftime("%H:%M") for start in starts]


@cache
def changes(zone: str) -> tuple[tuple[datetime, object, object], ...]:
    """Return the zone's offset changes of 2026-2030: the instant, and the offsets before and after it."""
    info = ZoneInfo(zone)
    found = []
    day = utc("2026-01-01")
    while day < utc("2031-01-01"):
        earlier, later = day.astimezone(info).utcoffset(), (day + DAY).astimezone(info).utcoffset()
        if earlier != later:
            low, high = 0, 1440
            while high - low > 1:
                middle = (low + high) // 2
                if (day + middle * MINUTE).astimezone(info).utcoffset() == earlier:
                    low = middle
                else:
                    high = middle
            found.append((day + high * MINUTE, earlier, later))
        day += DAY
    return tuple(found)


@cache
def all_changes() -> tuple[tuple[str, date], ...]:
    """Return every clock change of 2026-2030 that differs from the others, as a zone and its local date."""
    seen: dict[object, tuple[str, date]] = {}
    for zone in sorted(available_timezones() - {"localtime", "Factory"}):
        for change in changes(zone):
            seen.setdefault(change, (zone, change[0].astimezone(ZoneInfo(zone)).date()))
    return (*seen.values(), *OLD_CHANGES)


# ---------------------------------------------------------------- examples


def test_weekly_hours() -> None:
    """A host who works 9:00 to 11:00 and 13:00 to 14:00 on Mondays is offered at those half hours only."""
    rules = Rules("Europe/Berlin", {0: ((540, 660), (780, 840))}, {})
    found = slots(rules, terms(), (), since=utc("2026-02-02"), until=utc("2026-02-09"), now=utc("2026-02-01"))
    assert walls(found) == ["09:00", "09:30", "10:00", "10:30", "13:00", "13:30"]
    assert found[0] == utc("2026-02-02T08:00")
    assert all(start.tzinfo is UTC for start in found)


def test_interval_and_length_differ() -> None:
    """Starts follow the interval from the range's start, and the whole length must fit."""
    rules = daily((545, 660))
    assert walls(around(rules, terms(50, interval=20), date(2026, 2, 2))) == ["09:05", "09:25", "09:45", "10:05"]


def test_range_to_midnight() -> None:
    """A slot may end exactly at midnight."""
    assert walls(around(daily((1380, 1440)), terms(), date(2026, 2, 2))) == ["23:00", "23:30"]


def test_overrides() -> None:
    """A date's own hours replace the weekday's, and no hours are a day off."""
    rules = daily((540, 600), overrides={date(2026, 2, 3): ((600, 660),), date(2026, 2, 4): ()})
    assert walls(around(rules, terms(), date(2026, 2, 2))) == ["09:00", "09:30"]
    assert walls(around(rules, terms(), date(2026, 2, 3))) == ["10:00", "10:30"]
    assert around(rules, terms(), date(2026, 2, 4)) == []


def test_busy_times_and_buffers() -> None:
    """What is busy blocks a slot with its buffers, and a slot may touch it."""
    rules, day = daily((540, 720)), date(2026, 2, 2)
    busy = (utc("2026-02-02T09:00"), utc("2026-02-02T09:30"))  # 10:00-10:30 in Berlin
    assert walls(around(rules, terms(), day, busy)) == ["09:00", "09:30", "10:30", "11:00", "11:30"]
    assert walls(around(rules, terms(before=1), day, busy)) == ["09:00", "09:30", "11:00", "11:30"]
    assert walls(around(rules, terms(after=1), day, busy)) == ["09:00", "10:30", "11:00", "11:30"]


def test_busy_list_in_any_shape() -> None:
    """Busy times may overlap, contain each other, come in any order and zone; an empty one blocks nothing."""
    berlin = ZoneInfo("Europe/Berlin")
    busy = (
        (utc("2026-02-02T10:10"), utc("2026-02-02T10:20")),
        (datetime(2026, 2, 2, 10, tzinfo=berlin), datetime(2026, 2, 2, 11, tzinfo=berlin)),
        (utc("2026-02-02T09:10"), utc("2026-02-02T09:20")),
        (utc("2026-02-02T08:15"), utc("2026-02-02T08:15")),
    )
    expected = ["09:00", "09:30", "11:30"]
    assert walls(around(daily((540, 720)), terms(), date(2026, 2, 2), *busy)) == expected
    assert walls(around(daily((540, 720)), terms(), date(2026, 2, 2), *reversed(busy))) == expected


def test_busy_by_a_microsecond() -> None:
    """A busy time that reaches a microsecond into a slot blocks it."""
    tick = timedelta(microseconds=1)
    busy = (utc("2026-02-02T08:30") - tick, utc("2026-02-02T09:00") + tick)
    assert walls(around(daily((540, 630)), terms(), date(2026, 2, 2), busy)) == []
    busy = (utc("2026-02-02T08:30"), utc("2026-02-02T09:00"))
    assert walls(around(daily((540, 630)), terms(), date(2026, 2, 2), busy)) == ["09:00", "10:00"]


def test_notice() -> None:
    """A slot that begins exactly when the notice is up can be booked, an instant later it can not."""
    rules, its, now = daily((540, 660)), terms(notice=60), utc("2026-02-02T08:30")
    assert walls(around(rules, its, date(2026, 2, 2), now=now)) == ["10:30"]
    assert walls(around(rules, its, date(2026, 2, 2), now=now + timedelta(microseconds=1))) == []


def test_horizon_counts_the_hosts_dates() -> None:
    """The last bookable day is so many days after today as the host's calendar has it."""
    rules = daily((0, 60), zone="Pacific/Auckland")
    now = utc("2026-02-01T12:00")  # 1 February in London, already 2 February in Auckland
    found = slots(rules, terms(horizon_days=3), (), since=now, until=now + 30 * DAY, now=now)
    assert list(by_local_date(found, "Pacific/Auckland")) == [date(2026, 2, day) for day in (3, 4, 5)]
    today = slots(daily((0, 1440)), terms(horizon_days=0), (), since=now, until=now + 30 * DAY, now=now)
    assert set(by_local_date(today, "Europe/Berlin")) == {date(2026, 2, 1)}


def test_since_and_until() -> None:
    """`since` is included, `until` is not."""
    since, until = utc("2026-02-02T08:30"), utc("2026-02-02T09:30")
    found = slots(daily((0, 1440)), terms(), (), since=since, until=until, now=utc("2026-02-01"))
    assert found == [since, since + 30 * MINUTE]


def test_boundless_window() -> None:
    """The ends of the calendar are fine as window: notice and horizon bound it."""
    now = utc("2026-02-02")
    far = {"since": datetime.min.replace(tzinfo=UTC), "until": datetime.max.replace(tzinfo=UTC)}
    assert len(slots(daily((540, 600)), terms(horizon_days=1), (), now=now, **far)) == 4
    assert slots(daily((540, 600)), terms(), (), since=far["until"], until=far["until"], now=now) == []
    assert not is_offered(daily((540, 600)), terms(), (), far["until"], now=now)
    assert not is_offered(daily((540, 600)), terms(), (), far["since"], now=now)


def test_overlapping_ranges_offer_a_time_once() -> None:
    """Ranges that overlap do not offer a time twice."""
    assert walls(around(daily((540, 630), (570, 660)), terms(), date(2026, 2, 2))) == [
        "09:00",
        "09:30",
        "10:00",
        "10:30",
    ]


def test_gap_is_not_offered() -> None:
    """Fault row 56: times that the clock skips are not offered, and the real length must fit around the jump."""
    day = date(2026, 3, 29)
    assert walls(around(daily((60, 240)), terms(), day)) == ["01:00", "01:30", "03:00", "03:30"]
    assert walls(around(daily((60, 240)), terms(60), day)) == ["01:00", "01:30", "03:00"]
    assert walls(around(daily((60, 150)), terms(60), day)) == ["01:00"]  # 02:30 never comes: the range ends at the jump
    assert walls(around(daily((130, 190)), terms(10, interval=20), day)) == []  # 02:10, 02:30, 02:50 never come
    assert walls(around(daily((130, 200)), terms(10, interval=20), day)) == ["03:10"]
    assert walls(around(daily((75, 300)), terms(10, interval=45), day)) == ["01:15", "03:30", "04:15"]


def test_repeated_hour_means_the_first() -> None:
    """Fault row 56: a time that the clock shows twice is offered once, as the first of both."""
    day = date(2026, 10, 25)
    found = around(daily((120, 210)), terms(), day)
    assert walls(found) == ["02:00", "02:30", "03:00"]
    assert found == [utc("2026-10-25T00:00"), utc("2026-10-25T00:30"), utc("2026-10-25T02:00")]
    assert walls(around(daily((60, 150)), terms(), day)) == ["01:00", "01:30", "02:00"]  # closes at the first 02:30


def test_half_hour_change() -> None:
    """Lord Howe Island moves its clocks by half an hour."""
    zone = "Australia/Lord_Howe"
    assert walls(around(daily((90, 180), zone=zone), terms(), date(2026, 10, 4)), zone) == ["01:30", "02:30"]
    found = around(daily((60, 150), zone=zone), terms(), date(2026, 4, 5))
    assert walls(found, zone) == ["01:00", "01:30", "02:00"]
    assert [later - start for start, later in pairwise(found)] == [30 * MINUTE, 60 * MINUTE]


def test_two_hour_change() -> None:
    """Troll station skips two hours."""
    zone = "Antarctica/Troll"
    assert walls(around(daily((0, 240), zone=zone), terms(60, interval=60), date(2026, 3, 29)), zone) == [
        "00:00",
        "03:00",
    ]


def test_clock_set_back_over_midnight() -> None:
    """In St. John's of 2010 the clock went from 0:01 back to 23:01: the first midnight counts, and is found."""
    midnight = utc("2010-11-07T02:30")
    rules, now = daily((0, 30), zone="America/St_Johns"), midnight - 2 * DAY
    assert slots(rules, terms(), (), since=midnight, until=midnight + 30 * MINUTE, now=now) == [midnight]
    assert is_offered(rules, terms(), (), midnight, now=now)


def test_date_that_never_was() -> None:
    """Samoa had no 30 December 2011: nothing is offered, and the 29th ends where the 31st begins."""
    rules = daily((1380, 1440), (0, 60), zone="Pacific/Apia")
    assert around(rules, terms(), date(2011, 12, 30)) == []
    assert walls(around(rules, terms(60), date(2011, 12, 29)), "Pacific/Apia") == ["00:00", "23:00"]
    assert walls(around(rules, terms(60), date(2011, 12, 31)), "Pacific/Apia") == ["00:00", "23:00"]


@pytest.mark.parametrize("name", ["since", "until", "now"])
def test_naive_times_are_refused(name: str) -> None:
    """A time without zone is refused, not guessed."""
    times = {"since": utc("2026-02-02"), "until": utc("2026-02-03"), "now": utc("2026-02-01")}
    with pytest.raises(ValueError, match=name):
        slots(daily((540, 600)), terms(), (), **{**times, name: datetime(2026, 2, 2)})


def test_a_naive_start_is_refused() -> None:
    """A start without zone is refused, not guessed."""
    with pytest.raises(ValueError, match="start"):
        is_offered(daily((540, 600)), terms(), (), datetime(2026, 2, 2), now=utc("2026-02-01"))


def test_naive_busy_times_are_refused() -> None:
    """A busy time without zone is refused."""
    with pytest.raises(TypeError):
        around(daily((540, 600)), terms(), date(2026, 2, 2), (datetime(2026, 2, 2), datetime(2026, 2, 3)))


@pytest.mark.parametrize("bounds", [(60, 60), (120, 60), (-1, 60), (0, 1441)])
def test_impossible_ranges_are_refused(bounds: Range) -> None:
    """Rules refuse a range that is none, weekly or on a date."""
    with pytest.raises(ValueError, match="ranges"):
        Rules("UTC", {0: (bounds,)})
    with pytest.raises(ValueError, match="ranges"):
        Rules("UTC", {}, {date(2026, 2, 2): (bounds,)})


def test_impossible_weekday_is_refused() -> None:
    """There is no eighth weekday."""
    with pytest.raises(ValueError, match="weekdays"):
        Rules("UTC", {7: ((0, 60),)})


@pytest.mark.parametrize(
    "change", [{"interval": 0}, {"minutes": 0}, {"before": -1}, {"notice": -1}, {"horizon_days": -1}]
)
def test_impossible_terms_are_refused(change: dict[str, int]) -> None:
    """Terms refuse what would never end or reach into the past."""
    with pytest.raises(ValueError):
        terms(**change)


def test_by_local_date() -> None:
    """An invitee elsewhere sees the same instants under the dates of their own zone."""
    starts = [utc("2026-02-02T10:30"), utc("2026-02-02T11:30")]
    assert by_local_date(starts, "Pacific/Auckland") == {date(2026, 2, 2): starts[:1], date(2026, 2, 3): starts[1:]}
    assert by_local_date([], "UTC") == {}


# ---------------------------------------------------------------- typed ranges


def test_read_ranges() -> None:
    """Typed ranges come back as minutes, sorted; touching ones stay apart; blank rows count for nothing."""
    rows = [("13:00", "24:00"), (" 9:00", "12:00 "), ("", " "), ("12:00", "13:00"), ("00:00", "00:01")]
    assert read_ranges(rows, "monday") == ((0, 1), (540, 720), (720, 780), (780, 1440))
    assert read_ranges([], "monday") == ()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("12:00", "09:00")],
            "A range must end after it starts; to cross midnight add a second range on the next day.",
        ),
        (
            [("09:00", "09:00")],
            "A range must end after it starts; to cross midnight add a second range on the next day.",
        ),
        (
            [("00:00", "00:00")],
            "A range must end after it starts; to cross midnight add a second range on the next day.",
        ),
        (
            [("24:00", "24:00")],
            "A range must end after it starts; to cross midnight add a second range on the next day.",
        ),
        ([("22:00", "00:00")], "A range must end after it starts; write 24:00 for the midnight at its end."),
        ([("09:00", "25:00")], "“25:00” is not a time of day; write it like 09:30."),
        ([("09:00", "24:01")], "“24:01” is not a time of day; write it like 09:30."),
        ([("09:60", "12:00")], "“09:60” is not a time of day; write it like 09:30."),
        ([("-9:00", "12:00")], "“-9:00” is not a time of day; write it like 09:30."),
        ([("٠٩:٠٠", "12:00")], "“٠٩:٠٠” is not a time of day; write it like 09:30."),
        ([("9" * 5000, "12:00")], f"“{'9' * 20}” is not a time of day; write it like 09:30."),
        ([("09:00", "")], "A time is missing; write it like 09:30."),
        ([("11:00", "13:00"), ("09:00", "12:00")], "9:00–12:00 and 11:00–13:00 overlap."),
        ([("09:00", "12:00"), ("09:00", "12:00")], "9:00–12:00 and 9:00–12:00 overlap."),
    ],
)
def test_read_ranges_explains_what_is_wrong(rows: list[tuple[str, str]], message: str) -> None:
    """What cannot be a range is explained beside its field."""
    with pytest.raises(InvalidInput) as caught:
        read_ranges(rows, "monday")
    assert (caught.value.field, caught.value.message) == ("monday", message)


# ---------------------------------------------------------------- every clock change


def test_enough_clock_changes_are_tried() -> None:
    """The property below meets the clock changes it is about."""
    zones = {zone for zone, _ in all_changes()}
    assert len(all_changes()) > 200
    assert {"Antarctica/Troll", "Australia/LHI", "America/St_Johns"} <= zones
    assert any(changes(zone) for zone in ("Africa/Casablanca", "Pacific/Chatham"))


def test_every_clock_change() -> None:
    """Fault row 56: around every clock change of 2026-2030 each slot exists on the clock, lies in the hours, and is unique."""
    for zone, day in all_changes():
        check_properties(daily((0, 1440), zone=zone), terms(20, interval=25), day, ())


def check_properties(rules: Rules, its: Terms, day: date, busy: tuple[Busy, ...]) -> None:
    info = ZoneInfo(rules.timezone)
    middle = datetime.combine(day, time(12), UTC)
    now = middle - 3 * DAY
    found = slots(rules, its, busy, since=middle - DAY, until=middle + DAY, now=now)
    assert found == sorted(set(found))
    for start in found:
        local = start.astimezone(info)
        wall, minute = local.replace(tzinfo=None), local.hour * 60 + local.minute
        assert wall.replace(tzinfo=info).astimezone(UTC) == start, (rules.timezone, wall)
        assert local.fold == 0
        inside = [r for r in rules.on(local.date()) if r[0] <= minute < r[1] and (minute - r[0]) % its.interval == 0]
        assert inside, (rules.timezone, wall)
        padded = start - its.before * MINUTE, start + (its.minutes + its.after) * MINUTE
        assert not any(begin < padded[1] and end > padded[0] for begin, end in busy if begin < end)
        assert middle - DAY <= start < middle + DAY
        assert start >= now + its.notice * MINUTE
    check_agreement(rules, its, busy, found, now)


def check_agreement(rules: Rules, its: Terms, busy: tuple[Busy, ...], found: list[datetime], now: datetime) -> None:
    """`is_offered` agrees with `slots`, whatever zone the start comes in, and at starts that are slightly off."""
    for start in found[::29]:
        assert is_offered(rules, its, busy, start, now=now)
        assert is_offered(rules, its, busy, start.astimezone(timezone(timedelta(hours=-7))), now=now)
        for off in (timedelta(seconds=1), timedelta(seconds=-1), timedelta(microseconds=1)):
            assert not is_offered(rules, its, busy, start + off, now=now)
        if found[0] < start + MINUTE < found[-1]:
            assert is_offered(rules, its, busy, start + MINUTE, now=now) == (start + MINUTE in found)


# ---------------------------------------------------------------- random input, against an oracle


@st.composite
def range_lists(draw: st.DrawFn) -> tuple[Range, ...]:
    cuts = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Rules, Terms, date, tuple[Busy, ...], int]:
    """Return rules, terms, a date near a clock change, busy times, and how many minutes before that date `now` is."""
    ordinary = st.tuples(st.sampled_from(ODD_ZONES), st.dates(date(2026, 1, 1), date(2030, 12, 31)))
    zone, day = draw(st.one_of(st.sampled_from(all_changes()), ordinary))
    ranges = range_lists() | st.just(((0, 1440),))
    weekly = draw(st.dictionaries(st.integers(0, 6), ranges, min_size=4))
    overrides = draw(st.dictionaries(st.sampled_from([day, day - DAY, day + DAY]), ranges, max_size=2))
    its = Terms(
        minutes=draw(st.integers(1, 180)),
        before=draw(st.integers(0, 40)),
        after=draw(st.integers(0, 40)),
        notice=draw(st.integers(0, 1500)),
        horizon_days=draw(st.integers(0, 4)),
        interval=draw(st.sampled_from([5, 7, 15, 30, 45, 60, 90])),
    )
    noon = datetime.combine(day, time(12), UTC)
    one = st.tuples(st.integers(-3000, 3000), st.integers(0, 300))
    busy = tuple(
        (noon + begin * MINUTE, noon + (begin + length) * MINUTE) for begin, length in draw(st.lists(one, max_size=12))
    )
    return Rules(zone, weekly, overrides), its, day, busy, draw(st.integers(0, 4000))


@settings(max_examples=150)
@given(cases())
def test_properties_of_random_rules(case: tuple[Rules, Terms, date, tuple[Busy, ...], int]) -> None:
    """Whatever the rules, terms and busy times, every slot exists, lies in the hours, is free and can be booked."""
    rules, its, day, busy, _ = case
    check_properties(rules, its, day, busy)


@settings(max_examples=100)
@given(cases())
def test_oracle(case: tuple[Rules, Terms, date, tuple[Busy, ...], int]) -> None:
    """The slots are those that someone finds who watches the host's clock minute by minute."""
    rules, its, day, busy, earlier = case
    noon = datetime.combine(day, time(12), UTC)
    now = noon - earlier * MINUTE
    found = slots(rules, its, busy, since=noon - DAY, until=noon + DAY, now=now)
    assert found == list(watched(rules, its, busy, noon, now))


def watched(rules: Rules, its: Terms, busy: tuple[Busy, ...], noon: datetime, now: datetime) -> Iterator[datetime]:
    """Yield the slots less than a day from `noon`, by watching the wall clock for six days."""
    info = ZoneInfo(rules.timezone)
    watch = [noon + minute * MINUTE for minute in range(-3 * 1440, 3 * 1440)]
    clock = [moment.astimezone(info).replace(tzinfo=None) for moment in watch]
    shown_first: dict[datetime, datetime] = {}
    for moment, wall in zip(watch, clock, strict=True):
        shown_first.setdefault(wall, moment)

    @cache
    def reached(wall: datetime) -> datetime:
        return next(moment for moment, shown in zip(watch, clock, strict=True) if shown >= wall)

    horizon = now.astimezone(info).date() + its.horizon_days * DAY
    for moment, wall in zip(watch, clock, strict=True):
        if not noon - DAY <= moment < noon + DAY or shown_first[wall] != moment:
            continue
        if moment < now + its.notice * MINUTE or wall.date() > horizon:
            continue
        padded = moment - its.before * MINUTE, moment + (its.minutes + its.after) * MINUTE
        if any(max(begin, padded[0]) < min(end, padded[1]) for begin, end in busy):
            continue
        midnight = datetime.combine(wall.date(), time())
        minute = (wall - midnight) // MINUTE
        fits = (
            opens <= minute < closes
            and (minute - opens) % its.interval == 0
            and moment + its.minutes * MINUTE <= reached(midnight + closes * MINUTE)
            for opens, closes in rules.on(wall.date())
        )
        if any(fits):
            yield moment
