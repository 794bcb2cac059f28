"""Raises what `except Exception` does not catch."""

from __future__ import annotations

from hub import LocationProvider, Meeting, hookimpl


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("raises", "Raises", "Hostile", "icon.svg", "Do not use this")


@hookimpl
def create_meeting() -> Meeting:
    """Never return."""
    raise KeyboardInterrupt
