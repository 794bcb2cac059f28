"""Calendar entries: what the iCalendar file and the add-to-calendar links say, and what they refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from hub.notify.calendar import Entry, google_link, ics, outlook_link
from hub.values import Person

BERLIN = ZoneInfo("Europe/Berlin")
ENTRY = Entry(
    uid="b-7f3a@hub.example",
    sequence=3,
    method="REQUEST",
    title="Intro call",
    # The second 02:30 of that night.
    starts_at=datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN),
    ends_at=datetime(2026, 10, 25, 3, 15, tzinfo=BERLIN),
    stamp=datetime(2026, 9, 1, 8, 0, 5, 123456, tzinfo=UTC),
    organizer=Person("Hanna Host", "hanna@example.com"),
    attendee=Person("Ivo Invitee", "ivo@example.org"),
    where="Video call",
    join_url="https://meet.example/j/123?pwd=a,b;c",
    text="Join: https://meet.example/j/123\nPasscode: 42; dial +1 555, then 7#",
    page_url="https://hub.example/b/abc",
    tap="tel:+15550100,,123#,,,,*42#",
)
# Text of any kind, dense in what has a meaning to iCalendar.
NASTY = st.text(st.sampled_from('\\;,:"\n\r\t^n N=é😀 \x00\x07\x85\u2028') | st.characters(), max_size=200)
BOTH_LINKS = pytest.mark.parametrize(("make", "details"), [(google_link, "details"), (outlook_link, "body")])


def lines(content: bytes) -> list[str]:
    """Return the unfolded content lines."""
    return content.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def value(content: bytes, name: str) -> str:
    """Return the one text value of a property, unescaped as RFC 5545 says (icalendar's own reader mistakes `\\\\n`)."""
    (line,) = [line for line in lines(content) if re.match(f"{name}[:;]", line)]
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "N": "\n"}.get(match[1], match[1]), line.partition(":")[2])


def event(entry: Entry) -> Any:
    (only,) = Calendar.from_ical(ics(entry)).walk("VEVENT")
    return only


def query(link: str) -> dict[str, str]:
    return {key: only for key, (only,) in parse_qs(urlsplit(link).query, strict_parsing=True).items()}


# ---------------------------------------------------------------- iCalendar


def test_request() -> None:
    """An invitation says what, when in UTC, who, and where, under the id and sequence given."""
    content = ics(ENTRY)
    calendar, found = Calendar.from_ical(content), event(ENTRY)
    assert (calendar["VERSION"], calendar["METHOD"], calendar["CALSCALE"]) == ("2.0", "REQUEST", "GREGORIAN")
    assert str(calendar["PRODID"]).startswith("-//")
    assert (found["UID"], found["SEQUENCE"], found["STATUS"]) == ("b-7f3a@hub.example", 3, "CONFIRMED")
    assert {"DTSTART:20261025T013000Z", "DTEND:20261025T021500Z", "DTSTAMP:20260901T080005Z"} <= set(lines(content))
    assert (found["SUMMARY"], found["TRANSP"]) == ("Intro call", "OPAQUE")
    assert value(content, "DESCRIPTION") == ENTRY.text
    assert "VTIMEZONE" not in content.decode()
    assert Calendar.from_ical(content).walk("VEVENT")[0].errors == []


def test_people() -> None:
    """The host invites; the invitee, who chose the time, has accepted already and need not answer."""
    found = event(ENTRY)
    assert found["ORGANIZER"] == "mailto:hanna@example.com"
    assert dict(found["ORGANIZER"].params) == {"CN": "Hanna Host"}
    assert found["ATTENDEE"] == "mailto:ivo@example.org"
    assert dict(found["ATTENDEE"].params) == {
        "CN": "Ivo Invitee",
        "CUTYPE": "INDIVIDUAL",
        "PARTSTAT": "ACCEPTED",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "FALSE",
    }


def test_ways_to_join() -> None:
    """The join link stands where each client looks for it, the number to tap beside it."""
    content = ics(ENTRY)
    assert value(content, "LOCATION") == ENTRY.join_url
    assert f"URL:{ENTRY.join_url}" in lines(content)
    video, phone = event(ENTRY)["CONFERENCE"]
    assert (video, phone) == (ENTRY.join_url, ENTRY.tap)
    assert dict(video.params) == {"VALUE": "URI", "FEATURE": ["AUDIO", "VIDEO"], "LABEL": "Join the meeting"}
    assert dict(phone.params) == {"VALUE": "URI", "FEATURE": "PHONE", "LABEL": "Dial in"}
    assert ";FEATURE=AUDIO,VIDEO;" in content.decode()


def test_without_a_join_link() -> None:
    """A meeting in a café names the café, links to the booking's page, and has no conference."""
    found = event(replace(ENTRY, where="Café Central, Wien", join_url="", tap=""))
    assert (found["LOCATION"], found["URL"]) == ("Café Central, Wien", ENTRY.page_url)
    assert "CONFERENCE" not in found


def test_without_any_link() -> None:
    """No link means no URL property, rather than an empty one."""
    assert "URL" not in event(replace(ENTRY, join_url="", page_url=""))


def test_cancel() -> None:
    """A cancellation has the same id, a higher sequence, and says so twice, as clients want."""
    cancelled = replace(ENTRY, method="CANCEL", sequence=4)
    content = ics(cancelled)
    assert Calendar.from_ical(content)["METHOD"] == "CANCEL"
    found = event(cancelled)
    assert (found["UID"], found["SEQUENCE"], found["STATUS"]) == (ENTRY.uid, 4, "CANCELLED")


def test_a_title_cannot_add_lines() -> None:
    """Whatever stands in a title stays in the one SUMMARY, on one line."""
    content = ics(replace(ENTRY, title="Hi\r\nBEGIN:VALARM\nTRIGGER:-PT1M\rEND:VALARM; a, b \\n C:\\New"))
    assert r"SUMMARY:Hi BEGIN:VALARM TRIGGER:-PT1M END:VALARM\; a\, b \\n C:\\New" in lines(content)
    assert [component.name for component in Calendar.from_ical(content).walk()] == ["VCALENDAR", "VEVENT"]


def test_a_name_cannot_add_parameters() -> None:
    """Whatever stands in a name stays in its CN, on one line, with single quotes for double ones."""
    nasty = Person('Jo "J";ROLE=CHAIR:mailto:x@y.z\r\nX:1', "ivo@example.org")
    found = event(replace(ENTRY, attendee=nasty, organizer=Person(" \n", "hanna@example.com")))
    assert found["ATTENDEE"] == "mailto:ivo@example.org"
    assert found["ATTENDEE"].params["CN"] == "Jo 'J';ROLE=CHAIR:mailto:x@y.z X:1"
    assert found["ATTENDEE"].params["ROLE"] == "REQ-PARTICIPANT"
    assert found["ORGANIZER"].params["CN"] == "hanna@example.com"


@pytest.mark.parametrize(
    "bad", ["a@b.c\r\nX:1", "a@b.c\n", "a@b.c\r", "a b@c.d", "a@b.c\x00", "a@b.c\u2028", "a@\ud800"]
)
def test_line_breaks_in_addresses_are_refused(bad: str) -> None:
    """An address, link or id with a line break, space or control character is refused."""
    for change in (
        {"organizer": Person("H", bad)},
        {"attendee": Person("I", bad)},
        {"uid": bad},
        {"join_url": bad},
        {"page_url": bad},
        {"tap": bad},
    ):
        with pytest.raises(ValueError, match="line break"):
            replace(ENTRY, **change)


@pytest.mark.parametrize("name", ["starts_at", "ends_at", "stamp"])
def test_naive_times_are_refused(name: str) -> None:
    """A time without zone is refused, not guessed."""
    with pytest.raises(ValueError, match=name):
        replace(ENTRY, **{name: datetime(2026, 10, 25)})  # type: ignore[arg-type]


def test_entries_without_length_or_people_are_refused() -> None:
    """An entry must end after it starts, and have both addresses."""
    with pytest.raises(ValueError, match="ends before"):
        replace(ENTRY, ends_at=ENTRY.starts_at)
    with pytest.raises(ValueError, match="address is missing"):
        replace(ENTRY, attendee=Person("I", ""))


@given(NASTY, NASTY, NASTY, NASTY)
def test_any_text_is_carried(title: str, text: str, where: str, name: str) -> None:
    """Any text makes a valid file: CRLF, at most 75 octets a line, the same properties, and the text unharmed."""
    entry = replace(ENTRY, title=title, text=text, where=where, join_url="", attendee=Person(name, "ivo@example.org"))
    content = ics(entry)
    raw = content.split(b"\r\n")
    assert raw.pop() == b""
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in raw)
    assert b"\r\n".join(line.decode().encode() for line in raw) + b"\r\n" == content  # no character is cut in two
    plain = ics(replace(ENTRY, join_url=""))
    assert [re.split("[:;]", line)[0] for line in lines(content)] == [
        re.split("[:;]", line)[0] for line in lines(plain)
    ]
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", content)
    kept = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert value(content, "DESCRIPTION") == kept.encode(errors="ignore").decode()
    assert "\n" not in value(content, "SUMMARY")
    Calendar.from_ical(content)


# ---------------------------------------------------------------- links


def test_google_link() -> None:
    """Google's link has title, UTC times, place and details."""
    link = google_link(ENTRY)
    assert link.startswith("https://calendar.google.com/calendar/render?action=TEMPLATE&")
    assert query(link) == {
        "action": "TEMPLATE",
        "text": "Intro call",
        "dates": "20261025T013000Z/20261025T021500Z",
        "location": ENTRY.join_url,
        "details": ENTRY.text,
    }


def test_outlook_link() -> None:
    """Outlook's link has title, UTC times, place and details."""
    link = outlook_link(ENTRY)
    assert link.startswith("https://outlook.live.com/calendar/0/deeplink/compose?")
    assert query(link) == {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": "Intro call",
        "startdt": "2026-10-25T01:30:00Z",
        "enddt": "2026-10-25T02:15:00Z",
        "location": ENTRY.join_url,
        "body": ENTRY.text,
    }


@BOTH_LINKS
def test_links_encode_everything(make: Any, details: str) -> None:
    """Nothing typed can add to a link's query, and spaces are not plus signs."""
    link = make(replace(ENTRY, title="a&text=b#c +d%20é\r\ne", text="x&y=z\r\n+1 #"))
    assert "+" not in link
    assert "Intro" not in link
    assert "a&text=b#c +d%20é e" in query(link).values()
    assert query(link)[details] == "x&y=z\n+1 #"


@BOTH_LINKS
def test_long_details_are_cut(make: Any, details: str) -> None:
    """Long details are cut after a word, with an ellipsis; the link stays short and the rest whole."""
    link = make(replace(ENTRY, text="https://example.org/é/0123456789 " * 100))
    assert 1900 < len(link) <= 2000
    assert re.fullmatch(
        r"(https://example\.org/é/0123456789 )+https://example\.org/é/0123456789…", query(link)[details]
    )
    assert query(link)["location"] == ENTRY.join_url
    assert re.fullmatch("é+…", query(make(replace(ENTRY, text="é" * 3000)))[details])


@BOTH_LINKS
def test_a_join_link_is_never_cut(make: Any, details: str) -> None:
    """A join link too long for the link gives way to the words for the place."""
    link = make(replace(ENTRY, join_url="https://meet.example/" + "x" * 1500))
    assert query(link)["location"] == "Video call"


@BOTH_LINKS
@given(NASTY, NASTY, st.integers(1, 40))
def test_links_are_short_whatever_is_typed(make: Any, details: str, title: str, text: str, times: int) -> None:
    """No title, place or text makes a link too long, invalid, or different in its parts."""
    link = make(replace(ENTRY, title=title * times, text=text * times, where=title * times, join_url=""))
    assert len(link) <= 2000
    assert re.fullmatch(r"https://[!-~]+", link)
    parts = parse_qs(urlsplit(link).query, keep_blank_values=True, strict_parsing=True)
    assert parts.keys() == query(make(ENTRY)).keys()


def test_times_of_any_zone() -> None:
    """The same instant gives the same entry, whatever zone it is written in."""
    shifted = replace(ENTRY, starts_at=ENTRY.starts_at.astimezone(UTC), ends_at=ENTRY.ends_at.astimezone(UTC))
    assert shifted.ends_at - shifted.starts_at == timedelta(minutes=45)
    assert (ics(shifted), google_link(shifted), outlook_link(shifted)) == (
        ics(ENTRY),
        google_link(ENTRY),
        outlook_link(ENTRY),
    )
