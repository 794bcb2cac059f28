"""Has a key that would lead elsewhere if it became a path."""

from __future__ import annotations

from hub import LocationProvider, hookimpl


@hookimpl
def location_provider() -> LocationProvider:
    """Return facts."""
    return LocationProvider("../../etc/passwd", "Path", "Hostile", "icon.svg", "Do not use this")
