"""In person: the invitee comes to the host's place, or the host comes to the invitee's; no vendor is involved."""

from __future__ import annotations

from hub import Choice, Field, Location, LocationProvider, Meeting, MeetingRequest, hookimpl

HOST_PLACE = "host_place"
INVITEE_PLACE = "invitee_place"
LONGEST_LINE = 500


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of meetings in person."""
    return LocationProvider(
        key="inperson",
        label="In person",
        group="In person",
        icon="icon.svg",
        blurb="At a place of yours, or at the invitee's",
        host_fields=(
            Field(
                "mode",
                "Where you meet",
                "choice",
                choices=(Choice(HOST_PLACE, "At a place of mine"), Choice(INVITEE_PLACE, "At the invitee's place")),
            ),
            Field("address", "Address", "address", when=("mode", HOST_PLACE), private=True),
            Field(
                "directions",
                "Directions",
                "multiline",
                required=False,
                help="How to find you once there, for example: ring twice.",
                when=("mode", HOST_PLACE),
                private=True,
            ),
        ),
    )


@hookimpl
def describe_location(location: Location, host: str) -> str:
    """Return the host's address where it is shown before booking, or who comes to whom."""
    if _host_comes(location):
        return f"{host} comes to you"
    return _line(location.inputs.get("address")) or "The address comes with your booking"


@hookimpl
def invitee_fields(location: Location) -> tuple[Field, ...]:
    """Return the address that the host is to come to, where the host comes."""
    if not _host_comes(location):
        return ()
    return (Field("address", "Your address", "address"),)


@hookimpl
def create_meeting(request: MeetingRequest) -> Meeting:
    """Return the place: the invitee's address, or the host's with the directions to it."""
    host = _line(request.host.name)
    if _host_comes(request.location):
        return Meeting(where=_line(request.answers.get("address")) or f"{host} comes to you")
    inputs = request.location.inputs
    parts = (_line(inputs.get("address")), _line(inputs.get("directions"), between=" "))
    return Meeting(where=" — ".join(filter(None, parts))[:LONGEST_LINE] or f"{host} tells you the address")


@hookimpl
def update_meeting(request: MeetingRequest) -> Meeting:
    """Return the same as for a new meeting: a place does not change with the time."""
    return create_meeting(request)


def _host_comes(location: Location) -> bool:
    return location.inputs.get("mode") == INVITEE_PLACE


def _line(text: str | None, between: str = ", ") -> str:
    """Return `text` as one line, its own lines joined by `between`."""
    lines = (" ".join(line.split()) for line in (text or "").splitlines())
    return between.join(line.rstrip(",") for line in lines if line)[:LONGEST_LINE]
