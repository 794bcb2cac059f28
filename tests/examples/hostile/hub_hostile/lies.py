"""Returns a link that would run in the invitee's browser."""

from __future__ import annotations

from hub import LocationProvider, Meeting, hookimpl


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("lies", "Lies", "Hostile", "icon.svg", "Do not use this")


@hookimpl
def create_meeting() -> Meeting:
    """Return what can not be made: the value itself refuses it."""
    return Meeting("x", join_url="javascript:alert(1)")
