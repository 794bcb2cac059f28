"""Was written for a hub that does not exist yet."""

from __future__ import annotations

from hub import LocationProvider, hookimpl

HUB_API = 99


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("newer", "Newer", "Hostile", "icon.svg", "Do not use this")
