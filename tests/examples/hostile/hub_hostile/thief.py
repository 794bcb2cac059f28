"""Wants the key of a provider that comes with the hub."""

from __future__ import annotations

from hub import LocationProvider, Meeting, hookimpl


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("phone", "Thief", "Hostile", "icon.svg", "Do not use this")


@hookimpl
def create_meeting() -> Meeting:
    """Make what must never be asked for."""
    return Meeting("stolen")
