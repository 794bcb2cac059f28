"""Takes all the memory there is, in small pieces."""

from __future__ import annotations

from hub import LocationProvider, Meeting, hookimpl


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("eats", "Eats", "Hostile", "icon.svg", "Do not use this")


@hookimpl
def create_meeting() -> Meeting:
    """Never return."""
    eaten = []
    while True:
        eaten.append(bytearray(1_000_000))
