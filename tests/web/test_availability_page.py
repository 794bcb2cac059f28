"""The availability page: weekly hours, dates of their own, zone, and what comes of them."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.support.people import Host
from tests.support.world import World

PATH = "/availability"
ZONE = {"timezone": "Europe/Vienna", "do": "save"}


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    host = Host(app, world)
    host.opens(PATH)
    return host


def rows(where: str, *ranges: str) -> dict[str, str]:
    """Return the form fields of ranges like 09:00-12:00."""
    fields = {}
    for number, text in enumerate(ranges):
        fields[f"{where}-{number}-from"], _, fields[f"{where}-{number}-to"] = text.partition("-")
    return fields


def times(page: str) -> list[str]:
    """Return what the page's time inputs hold, as name=value."""
    return [f"{name}={value}" for name, value in re.findall(r'name="(\w+-\d+-\w+)" value="([^"]*)"', page)]


def test_starts_with_usual_hours(ada: Host) -> None:
    """A new host sees Monday to Friday, nine to five, and the coming days in their own zone."""
    assert times(ada.page)[:2] == ["d0-0-from=09:00", "d0-0-to=17:00"]
    assert ada.reads("Saturday Not available")
    assert ada.reads("Europe/Vienna, CET")
    assert ada.reads("Mon 30 Nov 09:00–17:00")
    assert ada.reads("Sat 5 Dec Not available")


def test_several_ranges_a_day(ada: Host, world: World) -> None:
    """A day may have several ranges, to midnight too; a row left empty is no range, a day without rows is free."""
    answer = ada.sends(PATH, **ZONE, **rows("d0", "13:00-17:00", "9:00-12:00", "-"), **rows("d5", "20:00-24:00"))
    assert answer.status_code == 200
    assert world.host().hours == {"0": [[540, 720], [780, 1020]], "5": [[1200, 1440]]}
    assert ada.reads("Your hours are saved.")
    assert ada.reads("Mon 30 Nov 09:00–12:00, 13:00–17:00")
    assert "d5-0-to=24:00" in times(ada.page)


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        (["17:00-09:00"], "d0-0", "A range must end after it starts"),
        (["09:00-12:00", "11:00-13:00"], "d0", "9:00–12:00 and 11:00–13:00 overlap."),
        (["22:00-02:00"], "d0-0", "to cross midnight add a second range on the next day"),
        (["09:00-12:00", "13:00-25:00"], "d0-1", "“25:00” is not a time of day"),
        (["09:00-"], "d0-0", "A time is missing"),
        (["<b>-12:00"], "d0-0", "is not a time of day"),
        (["09:00-00:00"], "d0-0", "write 24:00"),
        (["08:00-09:00"] * 13, "d0", "at most 12 ranges"),
    ],
)
def test_row_24_hours(ada: Host, world: World, typed: list[str], field: str, sentence: str) -> None:
    """Row 24: what can't be a day's hours is explained at its row, and everything typed stays."""
    before = world.host().hours
    answer = ada.sends(PATH, **ZONE, **rows("d0", *typed), **rows("d2", "10:00-11:00"))
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in ada.page
    assert f'id="{field}"' in ada.page
    assert ada.reads(sentence)
    shown = times(ada.page)
    assert "d2-0-from=10:00" in shown
    assert len(shown) == 2 * len(typed) + 2
    assert world.host().hours == before


def test_row_24_an_hour_that_the_clocks_skip(ada: Host, world: World) -> None:
    """Row 24: hours on a date that lie in the hour which the clocks skip are refused with the reason."""
    world.clock.advance(days=60)
    ada.opens(PATH)
    answer = ada.sends(PATH, **ZONE, **{"o0-date": "2027-03-28"}, **rows("o0", "02:00-03:00"))
    assert answer.status_code == 422
    assert ada.reads("On Sun 28 Mar 2027 the clocks skip 02:00–03:00.")
    assert ada.sends(PATH, **ZONE, **{"o0-date": "2027-03-28"}, **rows("o0", "02:00-04:00")).status_code == 200


def test_dates_of_their_own(ada: Host, world: World) -> None:
    """A date can be a day off or have other hours; both show in the coming days."""
    dates = {"o0-date": "2026-12-01", "o0-off": "1", "o1-date": "2026-12-05", **rows("o1", "10:00-11:00")}
    assert ada.sends(PATH, **ZONE, **rows("d1", "09:00-17:00"), **dates).status_code == 200
    assert world.host().overrides == {"2026-12-01": [], "2026-12-05": [[600, 660]]}
    assert ada.reads("Tue 1 Dec Not available Day off")
    assert ada.reads("Sat 5 Dec 10:00–11:00 Own hours")


@pytest.mark.parametrize(
    ("dates", "sentence"),
    [
        ({"o0-date": "", "o0-off": "1"}, "Please choose a date."),
        ({"o0-date": "24.12.", "o0-off": "1"}, "Please give the date like 2026-12-24."),
        ({"o0-date": "2026-11-29", "o0-off": "1"}, "This date is over."),
        ({"o0-date": "9999-01-01", "o0-off": "1"}, "Please choose a date within three years."),
        ({"o0-date": "2026-12-24"}, "Please give the hours of this date, or make it a day off."),
        ({"o0-date": "2026-12-24", "o0-off": "1", "o1-date": "2026-12-24", "o1-off": "1"}, "in the list twice"),
    ],
)
def test_dates_that_can_not_be(ada: Host, world: World, dates: dict[str, str], sentence: str) -> None:
    """A date that is none, over, too far or twice in the list is refused with the reason."""
    assert ada.sends(PATH, **ZONE, **dates).status_code == 422
    assert ada.reads(sentence)
    assert world.host().overrides == {}


def test_dates_that_are_over_go(ada: Host, world: World) -> None:
    """Once a date is over it is neither shown nor kept."""
    ada.sends(PATH, **ZONE, **{"o0-date": "2026-12-01", "o0-off": "1"})
    world.clock.advance(days=2)
    ada.opens(PATH)
    assert "o0-date" not in ada.page
    ada.sends(PATH, **ZONE)
    assert world.host().overrides == {}


def test_buttons_save_nothing(ada: Host, world: World) -> None:
    """Add, remove and copy are plain submits that keep what was typed, faults too, and save nothing."""
    before = world.host().hours
    typed = {**rows("d0", "09:00-xx", "13:00-14:00"), "timezone": "Europe/Vienna"}
    ada.sends(PATH, **typed, do="add:d0")
    assert times(ada.page)[-2:] == ["d0-2-from=", "d0-2-to="]
    assert "d0-0-to=xx" in times(ada.page)
    ada.sends(PATH, **typed, do="add:d3")
    assert "d3-0-from=09:00" in times(ada.page)
    ada.sends(PATH, **typed, do="remove:d0:0")
    assert times(ada.page) == ["d0-0-from=13:00", "d0-0-to=14:00"]
    ada.sends(PATH, **typed, do="copy:0", copy0=["1", "6"])
    assert [entry for entry in times(ada.page) if entry.endswith("from=13:00")] == [
        "d0-1-from=13:00",
        "d1-1-from=13:00",
        "d6-1-from=13:00",
    ]
    ada.sends(PATH, **typed, do="date")
    assert 'name="o0-date"' in ada.page
    ada.sends(PATH, **typed, **{"o0-date": "2026-12-24"}, do="add:o0")
    assert "o0-0-from=09:00" in times(ada.page)
    ada.sends(PATH, **typed, **{"o0-date": "2026-12-24"}, do="undate:0")
    assert 'name="o0-date"' not in ada.page
    for odd in ("copy:9", "remove:", "add:x", "nonsense", "undate:7"):
        assert ada.sends(PATH, **typed, do=odd).status_code == 200
    assert world.host().hours == before


@pytest.mark.parametrize("zone", ["Mars/X", "../../etc", ""])
def test_row_15_zones(ada: Host, world: World, zone: str) -> None:
    """Row 15: a time zone that is none is refused, and the list is offered."""
    assert ada.sends(PATH, timezone=zone, do="save").status_code == 422
    assert ada.reads("Please choose a time zone from the list.")
    assert '<option value="Asia/Kathmandu"' in ada.page
    assert world.host().timezone == "Europe/Vienna"


def test_the_zone_moves_the_hours(ada: Host, world: World) -> None:
    """Another zone keeps the times on the clock and shows its own name."""
    ada.sends(PATH, timezone="Asia/Tokyo", do="save", **rows("d0", "09:00-10:00"))
    assert world.host().timezone == "Asia/Tokyo"
    assert ada.reads("Asia/Tokyo, JST")
