"""Jitsi: a room of its own for every booking, on the host's Jitsi server."""

from hub import Field, LocationProvider, Meeting, MeetingRequest, hookimpl

SERVER = Field("server", "Address of your Jitsi server", "url")


@hookimpl
def location_provider() -> LocationProvider:
    about = "A room of its own for every booking"
    return LocationProvider("jitsi", "Jitsi", "Video Conferencing", "icon.svg", about, host_fields=(SERVER,))


@hookimpl
def create_meeting(request: MeetingRequest) -> Meeting:
    server = request.location.inputs["server"].rstrip("/")
    return Meeting("Jitsi", join_url=f"{server}/{request.ref}")
