"""New Name: a link that the host has anyway; nothing is asked of any server."""

from __future__ import annotations

from hub import Field, LocationProvider, Meeting, MeetingRequest, hookimpl

HUB_API = 1

LINK = Field("link", "Your room's address", "url", help="Begins with https:// and is the same for all bookings.")


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of New Name."""
    about = "Your own room, by its link"
    return LocationProvider("newname", "New Name", "Video Conferencing", "icon.svg", about, host_fields=(LINK,))


@hookimpl
def describe_location() -> str:
    """Return what an invitee reads before booking; the link comes with the booking."""
    return "You get a link by mail"


@hookimpl
def create_meeting(request: MeetingRequest) -> Meeting:
    """Return the meeting; without a link yet, it says so instead of failing the booking."""
    link = request.location.inputs.get("link", "")
    return Meeting("New Name" if link else "New Name (the host will send the link)", join_url=link)


@hookimpl
def update_meeting(request: MeetingRequest) -> Meeting:
    """Return the meeting as it is now: the link does not depend on the time."""
    return create_meeting(request)
