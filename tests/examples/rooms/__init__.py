"""Rooms: one of its own for every booking, on the host's Jitsi server."""

from hub import Field, LocationProvider, Meeting, MeetingRequest, hookimpl

SERVER = Field("server", "Your Jitsi server", "url", required=False, help="Without one, meet.jit.si is used.")


@hookimpl
def location_provider() -> LocationProvider:
    about = "A room of its own for every booking"
    return LocationProvider("rooms", "Rooms", "Video Conferencing", "icon.svg", about, host_fields=(SERVER,))


@hookimpl
def create_meeting(request: MeetingRequest) -> Meeting:
    server = request.location.inputs.get("server") or "https://meet.jit.si"
    return Meeting("Rooms", join_url=f"{server.rstrip('/')}/{request.ref}")
