"""What the phone provider asks for and what it makes of the answers."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from hub import Location, Meeting, MeetingRequest, Person
from plugins import phone

HOST_CALLS = Location("phone", {"mode": "host_calls"})
INVITEE_CALLS = Location("phone", {"mode": "invitee_calls", "number": "+43153464"})


def request(location: Location, **answers: str) -> MeetingRequest:
    return MeetingRequest(
        ref="b1",
        title="Intro",
        starts_at=datetime(2026, 12, 3, 13, tzinfo=UTC),
        minutes=30,
        timezone="Europe/Vienna",
        host=Person("Ada", "ada@example.com"),
        invitee=Person("Bob", "bob@example.com"),
        location=location,
        answers=answers,
    )


def test_host_calls_asks_for_number() -> None:
    """Where the host calls, the invitee is asked for a phone number, and nothing else."""
    (field,) = phone.invitee_fields(HOST_CALLS)
    assert (field.name, field.kind, field.required) == ("phone", "tel", True)
    assert phone.invitee_fields(INVITEE_CALLS) == ()


def test_host_number_is_asked_only_where_needed() -> None:
    """The host gives a number only where the invitee calls, and may keep it hidden."""
    number = next(f for f in phone.location_provider().host_fields if f.name == "number")
    assert (number.kind, number.when, number.private) == ("tel", ("mode", "invitee_calls"), True)


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"mode": "host_calls"}, "Ada calls you"),
        ({"mode": "host_calls", "note": "from a\nhidden number"}, "Ada calls you — from a hidden number"),
        ({"mode": "invitee_calls", "number": "+43153464"}, "You call Ada at +43 1 53464"),
        ({"mode": "invitee_calls"}, "You call Ada; the number comes with your booking"),
        ({}, "Ada calls you"),
    ],
)
def test_description(inputs: dict[str, str], line: str) -> None:
    """The booking page says in one line who calls whom."""
    assert phone.describe_location(Location("phone", inputs), "Ada") == line


def test_host_calls() -> None:
    """The invitee's number is in the place, readable."""
    assert phone.create_meeting(request(HOST_CALLS, phone="+14155550100")) == Meeting(
        "Ada calls you at +1 415-555-0100"
    )


def test_invitee_calls() -> None:
    """The host's number can be tapped."""
    meeting = phone.create_meeting(request(INVITEE_CALLS))
    assert meeting.where == "You call Ada at +43 1 53464"
    assert [(d.number, d.country, d.tap) for d in meeting.dial_in] == [("+43 1 53464", "AT", "tel:+43153464")]


def test_international_freephone_has_no_country() -> None:
    """A number that belongs to no country is shown without one."""
    location = Location("phone", {"mode": "invitee_calls", "number": "+80012345678"})
    (number,) = phone.create_meeting(request(location)).dial_in
    assert (number.country, number.tap) == ("", "tel:+80012345678")


@pytest.mark.parametrize("text", ["call the\n desk", "123", "+" + "1" * 40, "javascript:alert(1)"])
def test_text_that_is_no_number(text: str) -> None:
    """What is no number is shown as the text it is, and can't be tapped."""
    location = Location("phone", {"mode": "invitee_calls", "number": text})
    (number,) = phone.create_meeting(request(location)).dial_in
    assert (number.number, number.tap) == (" ".join(text.split()), "")
    assert phone.create_meeting(request(HOST_CALLS, phone=text)).where == f"Ada calls you at {' '.join(text.split())}"


@pytest.mark.parametrize("location", [HOST_CALLS, Location("phone", {"mode": "invitee_calls"}), Location("phone")])
def test_missing_number(location: Location) -> None:
    """Without a number there is still a place."""
    meeting: Any = phone.create_meeting(request(location))
    assert meeting.where in {"Ada calls you", "You call Ada"}
    assert meeting.dial_in == ()


def test_move_changes_nothing() -> None:
    """A move makes the same meeting as a new booking would."""
    assert phone.update_meeting(request(INVITEE_CALLS)) == phone.create_meeting(request(INVITEE_CALLS))


def test_no_geocoder() -> None:
    """The slow tables of places are not loaded."""
    assert "phonenumbers.geocoder" not in sys.modules
