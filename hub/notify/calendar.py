"""Calendar entries of a booking: the iCalendar file of a mail, and links that add it elsewhere. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Literal
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from hub.texts import aware
from hub.values import Person

PRODUCT = "-//Scheduling Hub//Bookings//EN"
GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.live.com/calendar/0/deeplink/compose"
LONGEST_LINK = 2000  # characters: what old proxies and mail programs still pass on
BROKEN_WORD = re.compile(r"\S+\Z")
SPECIAL = re.compile(r"([\\;,])")


@dataclass(frozen=True)
class Entry:
    """One person's calendar entry of a booking.

    `uid` is the same for all entries of a booking, `sequence` grows with each. Times are aware. `text` is the
    description with all details, `tap` a tel: link that dials in by itself. An empty `join_url` or `tap` means none.
    Raises ValueError for a naive time, an end before the start, or an address or link with a space or line break.
    """

    uid: str
    sequence: int
    method: Literal["REQUEST", "CANCEL"]
    title: str
    starts_at: datetime
    ends_at: datetime
    stamp: datetime
    organizer: Person
    attendee: Person
    where: str
    join_url: str
    text: str
    page_url: str
    tap: str = ""

    def __post_init__(self) -> None:
        for name in ("starts_at", "ends_at", "stamp"):
            aware(getattr(self, name), name)
        if self.ends_at <= self.starts_at:
            raise ValueError("the entry ends before it starts")
        if not self.organizer.email or not self.attendee.email:
            raise ValueError("an address is missing")
        for text in (self.uid, self.organizer.email, self.attendee.email, self.join_url, self.page_url, self.tap):
            if any(c.isspace() or unicodedata.category(c) in {"Cc", "Cs"} for c in text):
                raise ValueError("an address, link or id contains a space, line break or control character")


def ics(entry: Entry) -> bytes:
    """Return the entry as an iCalendar file (RFC 5545, UTF-8); a mail has to carry it with the same method."""
    return _file(entry.method, [entry])


def collection(entries: Iterable[Entry]) -> bytes:
    """Return the entries as one iCalendar file to be imported; it asks nobody for an answer."""
    return _file("PUBLISH", entries)


def _file(method: str, entries: Iterable[Entry]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    for entry in entries:
        calendar.add_component(_event(entry))
    content: bytes = calendar.to_ical()
    return content


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    # UTC throughout: a TZID would bring decades of VTIMEZONE, and icalendar loses `fold` in a repeated hour.
    event.add("dtstamp", entry.stamp.astimezone(UTC))
    event.add("dtstart", entry.starts_at.astimezone(UTC))
    event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", _Text(_line(entry.title)), encode=False)
    event.add("description", _Text(_clean(entry.text)), encode=False)
    event.add("location", _Text(_clean(entry.join_url or entry.where)), encode=False)
    event.add("status", "CONFIRMED" if entry.method == "REQUEST" else "CANCELLED")
    event.add("transp", "OPAQUE")
    event.add("organizer", _address(entry.organizer), encode=False)
    event.add("attendee", _attendee(entry.attendee), encode=False)
    if entry.join_url or entry.page_url:
        event.add("url", vUri(entry.join_url or entry.page_url), encode=False)
    if entry.join_url:
        event.add("conference", _conference(entry.join_url, ["AUDIO", "VIDEO"], "Join the meeting"), encode=False)
    if entry.tap:
        event.add("conference", _conference(entry.tap, ["PHONE"], "Dial in"), encode=False)
    return event


def google_link(entry: Entry) -> str:
    """Return a link that opens Google Calendar with the entry filled in; long details are cut."""
    start, end = (moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") for moment in (entry.starts_at, entry.ends_at))
    facts = {"action": "TEMPLATE", "text": entry.title, "dates": f"{start}/{end}", "location": _place(entry)}
    return _link(GOOGLE, facts, "details", entry.text)


def outlook_link(entry: Entry) -> str:
    """Return a link that opens Outlook on the web with the entry filled in; long details are cut."""
    start, end = (moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (entry.starts_at, entry.ends_at))
    facts = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": entry.title,
        "startdt": start,
        "enddt": end,
        "location": _place(entry),
    }
    return _link(OUTLOOK, facts, "body", entry.text)


class _Text(vText):
    r"""A text whose backslashes survive: icalendar 7.3 takes `\N`, as in C:\New, for a line break."""

    def to_ical(self) -> bytes:
        return SPECIAL.sub(r"\\\1", str(self)).replace("\n", r"\n").encode()


def _clean(text: str) -> str:
    """Return text with line ends as \\n, and without what RFC 5545 forbids (controls) or UTF-8 cannot hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})


def _line(text: str) -> str:
    """Return text as one line."""
    return " ".join(_clean(text).split())


def _address(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.email}")
    # A parameter has no escape for a double quote that old clients know (RFC 6868 came in 2013).
    address.params["CN"] = _line(person.name).replace('"', "'") or person.email
    return address


def _attendee(person: Person) -> vCalAddress:
    """Return who is invited; they chose the time themselves, so nothing is left to answer.

    Gmail shows such an invitation as accepted; Outlook offers its buttons all the same.
    """
    address = _address(person)
    address.params.update({"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    return address


def _conference(uri: str, features: list[str], label: str) -> vUri:
    """Return a way to join as in RFC 7986."""
    conference = vUri(uri)
    conference.params.update({"VALUE": "URI", "FEATURE": features, "LABEL": label})
    return conference


def _place(entry: Entry) -> str:
    """Return the location for a link: never half a URL."""
    return entry.join_url if 0 < len(_quoted(entry.join_url)) <= LONGEST_LINK // 2 else entry.where


def _quoted(text: str) -> str:
    # Outlook shows a plus sign where other sites read a space.
    return quote(text, safe="")


def _link(base: str, facts: dict[str, str], name: str, text: str) -> str:
    """Return `base` with the facts and, as `name`, as much of the text as the longest link allows."""
    room = dict.fromkeys(facts, LONGEST_LINK // 4) | {"location": LONGEST_LINK // 2}
    pairs = (f"{key}={_quoted(_fitting(_line(value), room[key]))}" for key, value in facts.items())
    link = f"{base}?{'&'.join(pairs)}&{name}="
    return link + _quoted(_fitting(_clean(text), LONGEST_LINK - len(link)))


def _fitting(text: str, room: int) -> str:
    """Return the text, cut after a word and with an ellipsis when it takes more than `room` characters in a URL."""
    if len(_quoted(text)) <= room:
        return text
    ends = list(accumulate(len(_quoted(character)) for character in text))
    cut = bisect_right(ends, room - len(_quoted("…")))
    # Half a link or half a passcode would mislead.
    words = text[:cut] if text[cut].isspace() else BROKEN_WORD.sub("", text[:cut])
    return (words or text[:cut]).rstrip() + "…"
