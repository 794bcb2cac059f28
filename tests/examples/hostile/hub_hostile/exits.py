"""Ends the process that calls it, past every `except`."""

from __future__ import annotations

import os

from hub import LocationProvider, Meeting, hookimpl


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("exits", "Exits", "Hostile", "icon.svg", "Do not use this")


@hookimpl
def create_meeting() -> Meeting:
    """Never return."""
    os._exit(3)
