"""How a visitor reads times: the zone of their browser, the clock and the week of their language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from babel import Locale, UnknownLocaleError
from flask import request
from markupsafe import Markup

from hub import words

LONGEST_ZONE = 64


@dataclass(frozen=True)
class Visitor:
    """`zone` is an IANA name, `twelve` whether the clock has twelve hours, `first_weekday` 0 for Monday.

    `chosen` is set where the page's address names the zone, `zone_error` where it names something else.
    """

    zone: str
    twelve: bool = False
    first_weekday: int = 0
    chosen: bool = False
    zone_error: str = ""

    def date(self, moment: datetime) -> date:
        """Return the date that the aware moment has for the visitor."""
        return self.local(moment).date()

    def local(self, moment: datetime) -> datetime:
        """Return the moment on the visitor's clock."""
        return moment.astimezone(words.zone(self.zone))

    def time(self, moment: datetime) -> str:
        """Return such as “14:00” or “2:00 pm”."""
        return words.clock(self.local(moment), twelve=self.twelve).replace(" ", "\N{NO-BREAK SPACE}")

    def at(self, moment: datetime) -> str:
        """Return such as “Thu 3 Dec, 14:00”."""
        return f"{words.day(self.local(moment), year=False)}, {self.time(moment)}"

    def span(self, starts_at: datetime, ends_at: datetime) -> Markup:
        """Return such as “Thu 3 Dec 2026, 14:00–14:30”, with times that no line end divides."""
        start, end = self.local(starts_at), self.local(ends_at)
        if end.date() == start.date():
            times = f"{self.time(starts_at)}–{self.time(ends_at)}"
        else:
            times = f"{self.time(starts_at)}–{words.day(end)}, {self.time(ends_at)}"
        return Markup('{}, <span class="times">{}</span>').format(words.day(start), times)

    def label(self, moment: datetime) -> str:
        """Return such as “Europe/Vienna, CET”."""
        return words.zone_label(self.zone, moment)

    def abbreviation(self, moment: datetime) -> str:
        """Return such as “CET”."""
        return words.abbreviation(self.local(moment))


def visitor(fallback: str, *, browser: bool = True) -> Visitor:
    """Return how this request's visitor reads times: in the zone that the address names, else (with `browser`) in the
    one that the browser told us, else in `fallback`."""
    asked = request.values.get("tz", "")[:LONGEST_ZONE].strip()
    found = find_zone(asked)
    error = (
        f"“{asked}” is not a time zone that we know. Please choose one from the list." if asked and not found else ""
    )
    told = find_zone(request.cookies.get("tz", "")[:LONGEST_ZONE]) if browser else ""
    twelve, first_weekday = habits()
    return Visitor(found or told or fallback, twelve, first_weekday, chosen=bool(found), zone_error=error)


def reader(zone: str) -> Visitor:
    """Return this request's visitor as one who lives in the zone."""
    twelve, first_weekday = habits()
    return Visitor(zone, twelve, first_weekday)


def habits() -> tuple[bool, int]:
    """Return whether the visitor's language counts twelve hours, and its first weekday (0 = Monday)."""
    for language in request.accept_languages.values():
        try:
            locale = Locale.parse(language, sep="-")
        except (ValueError, UnknownLocaleError, TypeError):
            continue
        pattern = str(locale.time_formats["short"].pattern)
        return "h" in pattern or "K" in pattern, locale.first_week_day
    return False, 0


def find_zone(text: str) -> str:
    """Return the IANA name that was meant: exact, in any case, or only its city; empty where there is none."""
    if text in words.zone_names():
        return text
    if len(text) < 3:
        return ""
    wanted = text.lower().replace(" ", "_")
    for name in words.zones():
        if wanted in (name.lower(), name.lower().rpartition("/")[2]):
            return name
    return ""
