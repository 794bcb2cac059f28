"""Implements a hook with an argument that the hook does not have."""

from __future__ import annotations

from hub import LocationProvider, Meeting, hookimpl


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("signature", "Signature", "Hostile", "icon.svg", "Do not use this")


@hookimpl
def create_meeting(request: object, colour: str) -> Meeting:
    """Never be called."""
    return Meeting(colour)
