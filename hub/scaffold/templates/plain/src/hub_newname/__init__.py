"""New Name: a place or a way to meet that the host describes; nothing is asked of any server."""

from __future__ import annotations

from hub import Field, Location, LocationProvider, Meeting, MeetingRequest, hookimpl

HUB_API = 1

WHERE = Field("where", "Where you meet", "text", help="Invitees read this line.")
DEFAULT = "The host will tell you where"


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of New Name."""
    about = "A line of your own that says where you meet"
    return LocationProvider("newname", "New Name", "In person", "icon.svg", about, host_fields=(WHERE,))


@hookimpl
def describe_location(location: Location) -> str:
    """Return what an invitee reads before booking."""
    return location.inputs.get("where") or DEFAULT


@hookimpl
def create_meeting(request: MeetingRequest) -> Meeting:
    """Return where the booking takes place; the same request gives the same meeting."""
    return Meeting(request.location.inputs.get("where") or DEFAULT)


@hookimpl
def update_meeting(request: MeetingRequest) -> Meeting:
    """Return the place as it is now: it does not depend on the time."""
    return create_meeting(request)
