"""What the in-person provider asks for and what it makes of the answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub import Location, Meeting, MeetingRequest, Person
from plugins import inperson

CAFE = Location("inperson", {"mode": "host_place", "address": "Café Central\nHerrengasse 14,\n1010 Wien"})
THEIRS = Location("inperson", {"mode": "invitee_place"})


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


def test_invitee_place_asks_for_address() -> None:
    """Where the host comes, the invitee is asked for the address, and nothing else."""
    (field,) = inperson.invitee_fields(THEIRS)
    assert (field.name, field.kind, field.required) == ("address", "address", True)
    assert inperson.invitee_fields(CAFE) == ()


def test_host_place_fields_are_private() -> None:
    """Address and directions are asked only for the host's own place, and may be kept hidden."""
    fields = {f.name: f for f in inperson.location_provider().host_fields}
    assert {fields[n].when for n in ("address", "directions")} == {("mode", "host_place")}
    assert all(fields[n].private for n in ("address", "directions"))
    assert (fields["address"].required, fields["directions"].required) == (True, False)


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (CAFE, "Café Central, Herrengasse 14, 1010 Wien"),
        (Location("inperson", {"mode": "host_place"}), "The address comes with your booking"),
        (THEIRS, "Ada comes to you"),
    ],
)
def test_description(location: Location, line: str) -> None:
    """The booking page says in one line where it is, or that the address follows."""
    assert inperson.describe_location(location, "Ada") == line


def test_host_place_with_directions() -> None:
    """The directions follow the address in one line of plain text."""
    inputs = {"mode": "host_place", "address": "Café Central, Wien", "directions": "ring\r\n\r\ntwice "}
    assert inperson.create_meeting(request(Location("inperson", inputs))) == Meeting("Café Central, Wien — ring twice")


def test_invitee_place() -> None:
    """The invitee's address is the place; the host's inputs that were left over are not."""
    location = Location("inperson", {"mode": "invitee_place", "address": "Ada's home", "directions": "ring twice"})
    assert inperson.create_meeting(request(location, address="Karlsplatz 1\nWien")).where == "Karlsplatz 1, Wien"


def test_answers_do_not_replace_the_host_place() -> None:
    """An address that an invitee sends for the host's place is ignored."""
    assert "Elsewhere" not in inperson.create_meeting(request(CAFE, address="Elsewhere")).where


@pytest.mark.parametrize(
    ("location", "line"),
    [(THEIRS, "Ada comes to you"), (Location("inperson"), "Ada tells you the address")],
)
def test_missing_address(location: Location, line: str) -> None:
    """Without an address there is still a place."""
    assert inperson.create_meeting(request(location)).where == line


def test_long_text_is_cut() -> None:
    """A novel in place of directions does not break the meeting."""
    inputs = {"mode": "host_place", "address": "a" * 5000, "directions": "b" * 5000}
    assert len(inperson.create_meeting(request(Location("inperson", inputs))).where) <= 500


def test_move_changes_nothing() -> None:
    """A move makes the same meeting as a new booking would."""
    assert inperson.update_meeting(request(CAFE)) == inperson.create_meeting(request(CAFE))
