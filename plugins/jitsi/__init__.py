"""Jitsi: a room of its own for every booking, on the operator's, the host's or the public Jitsi server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey

from hub import Field, LocationProvider, Meeting, MeetingRequest, Rejected, Setting, hookimpl

PUBLIC = "https://meet.jit.si"
# A pass opens the room from a while before the start until a while after the end: people come early and stay longer.
EARLY, LATE = timedelta(hours=1), timedelta(hours=4)


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of Jitsi."""
    return LocationProvider(
        key="jitsi",
        label="Jitsi",
        group="Video Conferencing",
        icon="icon.svg",
        blurb="A Jitsi room of its own for every booking; no account needed",
        for_invitees="You get a Jitsi link by mail; it opens in the browser",
        host_fields=(
            Field("server", "Your Jitsi server", "url", required=False, help="Leave it empty for the usual one."),
        ),
        settings=(
            Setting("server_url", "the Jitsi server that hosts get who name none", default=PUBLIC),
            Setting("app_id", "for servers that let in by signed passes: the app's id", goes_with="app_secret"),
            Setting("app_secret", "with which passes are signed (HS256)", secret=True, goes_with="app_id"),
        ),
    )


@hookimpl
def create_meeting(request: MeetingRequest, settings: Mapping[str, str]) -> Meeting:
    """Return the booking's room: its name is the request's marker, 128 bits that nobody can guess."""
    usual = _https(settings.get("server_url") or PUBLIC)
    server = _https(request.location.inputs.get("server", "")) or usual
    if not server:
        raise Rejected("The operator's Jitsi server is not an https address.")
    link = f"{server}/{request.ref}"
    if server == usual and settings.get("app_secret"):
        link += f"?jwt={_pass(request, server, settings)}"
    return Meeting(where=f"Jitsi, {urlsplit(server).hostname}", external_id=request.ref, join_url=link)


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, settings: Mapping[str, str]) -> Meeting:
    """Return the same room; where it opens by a pass, with one for the new time."""
    return create_meeting(request, settings) if settings.get("app_secret") else meeting


def _https(url: str) -> str:
    return url.rstrip("/") if url.startswith("https://") else ""


def _pass(request: MeetingRequest, server: str, settings: Mapping[str, str]) -> str:
    """Return a pass for this room alone, around the booked time: https://jitsi.github.io/handbook/docs/devops-guide/secure-domain"""
    opens = request.starts_at - EARLY
    closes = request.starts_at + timedelta(minutes=request.minutes) + LATE
    claims = {
        "aud": settings["app_id"],
        "iss": settings["app_id"],
        "sub": urlsplit(server).hostname,
        "room": request.ref,
        "nbf": int(opens.timestamp()),
        "exp": int(closes.timestamp()),
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(settings["app_secret"]))
