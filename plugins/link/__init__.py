"""Web link: every booking gets the address that the host typed for the event type; nothing is made anywhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from hub import DialIn, Field, Location, LocationProvider, Meeting, MeetingRequest, hookimpl

LONGEST_LINE = 200


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of links of the host's own."""
    return LocationProvider(
        key="weblink",
        label="Web link",
        group="Video Conferencing",
        icon="icon.svg",
        blurb="A video room of your own: the same link for every booking",
        host_fields=(
            Field(
                "url",
                "Link",
                "url",
                help="Begins with https://. Invitees get it once they have booked.",
                private=True,
            ),
            Field("passcode", "Passcode", required=False, private=True),
            Field(
                "number",
                "Number to call",
                "tel",
                required=False,
                help="For those who can't open the link; with the country code, for example +43 1 58058.",
                private=True,
            ),
        ),
    )


@hookimpl
def describe_location(location: Location) -> str:
    """Return where the link leads, as far as the host shows it before booking."""
    site = _site(location.inputs.get("url", ""))
    return f"A video call at {site}; you get the link by mail" if site else "A video call; you get the link by mail"


@hookimpl
def create_meeting(request: MeetingRequest) -> Meeting:
    """Return the host's link; without one that can be opened there is still a place in words."""
    inputs = request.location.inputs
    url, number = inputs.get("url", ""), inputs.get("number", "")
    site = _site(url)
    return Meeting(
        where=f"Video call at {site}" if site else f"{_line(request.host.name)} sends you the link",
        join_url=url if site else "",
        passcode=_line(inputs.get("passcode", "")),
        dial_in=(DialIn(number=number, tap=f"tel:{number}"),) if number.startswith("+") else (),
    )


@hookimpl
def update_meeting(request: MeetingRequest) -> Meeting:
    """Return the same as for a new meeting: the room is always open."""
    return create_meeting(request)


def _site(url: str) -> str:
    """Return the host name of a link that can be opened, else an empty text."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    usable = parts.scheme == "https" and url.isascii() and url.isprintable() and " " not in url
    return (parts.hostname or "")[:LONGEST_LINE] if usable else ""


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_LINE]
