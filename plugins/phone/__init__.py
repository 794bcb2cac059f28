"""Phone: the host calls the invitee, or the invitee calls the host; nothing is stored anywhere else."""

from __future__ import annotations

import phonenumbers

from hub import Choice, DialIn, Field, Location, LocationProvider, Meeting, MeetingRequest, hookimpl

HOST_CALLS = "host_calls"
INVITEE_CALLS = "invitee_calls"
LONGEST_LINE = 500


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of phone calls."""
    return LocationProvider(
        key="phone",
        label="Phone",
        group="Phone",
        icon="icon.svg",
        blurb="You call the invitee, or the invitee calls you",
        host_fields=(
            Field(
                "mode",
                "Who calls",
                "choice",
                choices=(Choice(HOST_CALLS, "I call the invitee"), Choice(INVITEE_CALLS, "The invitee calls me")),
            ),
            Field(
                "number",
                "Your phone number",
                "tel",
                help="With the country code, for example +43 1 58058.",
                when=("mode", INVITEE_CALLS),
                private=True,
            ),
            Field("note", "Note", required=False, help="Shown to the invitee, for example: ask for Ada."),
        ),
    )


@hookimpl
def describe_location(location: Location, host: str) -> str:
    """Return who calls whom, with the host's number where the host shows it before booking."""
    if not _invitee_calls(location):
        return _with_note(f"{host} calls you", location)
    number = _readable(location.inputs.get("number", ""))
    if not number:
        return _with_note(f"You call {host}; the number comes with your booking", location)
    return _with_note(f"You call {host} at {number}", location)


@hookimpl
def invitee_fields(location: Location) -> tuple[Field, ...]:
    """Return the number that the host is to call, where the host calls."""
    if _invitee_calls(location):
        return ()
    return (Field("phone", "Your phone number", "tel", help="With the country code, for example +43 1 58058."),)


@hookimpl
def create_meeting(request: MeetingRequest) -> Meeting:
    """Return who calls whom at which number."""
    location = request.location
    host = " ".join(request.host.name.split())
    if not _invitee_calls(location):
        phone = _readable(request.answers.get("phone", ""))
        return Meeting(where=_with_note(f"{host} calls you" + (f" at {phone}" if phone else ""), location))
    given = location.inputs.get("number", "")
    number = _readable(given)
    if not number:
        return Meeting(where=_with_note(f"You call {host}", location))
    return Meeting(where=_with_note(f"You call {host} at {number}", location), dial_in=(_dial_in(given, number),))


@hookimpl
def update_meeting(request: MeetingRequest) -> Meeting:
    """Return the same as for a new meeting: the time is in nobody else's hands."""
    return create_meeting(request)


def _invitee_calls(location: Location) -> bool:
    return location.inputs.get("mode") == INVITEE_CALLS


def _with_note(text: str, location: Location) -> str:
    note = " ".join(location.inputs.get("note", "").split())
    return (f"{text} — {note}" if note else text)[:LONGEST_LINE]


def _parsed(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


def _readable(text: str) -> str:
    """Return the number in international format; what is no number stays as the one line of text that it is."""
    number = _parsed(text)
    if number is None:
        return " ".join(text.split())
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _dial_in(text: str, readable: str) -> DialIn:
    number = _parsed(text)
    if number is None:
        return DialIn(number=readable)
    tap = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    country = phonenumbers.region_code_for_number(number) or ""
    return DialIn(number=readable, country=country if len(country) == 2 else "", tap=f"tel:{tap}")
