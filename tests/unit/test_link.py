"""What Web link makes of the address that a host typed."""

from __future__ import annotations

import pytest

from hub import Location, Meeting
from hub.testing import samples
from plugins import link


def made(**inputs: str) -> Meeting:
    provider = Location("weblink", inputs)
    return link.create_meeting(samples.request_at(provider))


def test_everything_the_host_gave() -> None:
    """Link, passcode and number reach the booking as they were typed."""
    meeting = made(url="https://video.example.com/ada", passcode=" 12 34 ", number="+43153464")
    assert (meeting.join_url, meeting.passcode) == ("https://video.example.com/ada", "12 34")
    assert meeting.where == "Video call at video.example.com"
    assert [(d.number, d.tap) for d in meeting.dial_in] == [("+43153464", "tel:+43153464")]


@pytest.mark.parametrize("url", ["", "http://video.example.com", "javascript:alert(1)", "https://", "https://[", "a b"])
def test_no_usable_link(url: str) -> None:
    """What can't be opened safely is never a link; the place is said in words."""
    meeting = made(url=url)
    assert (meeting.join_url, meeting.where) == ("", "Ada Host sends you the link")


def test_the_link_may_stay_hidden() -> None:
    """All that the host typed can be hidden until a booking is made, and the line before it gives none of it away."""
    assert all(field.private for field in link.location_provider().host_fields)
    assert link.describe_location(Location("weblink")) == "A video call; you get the link by mail"
    shown = link.describe_location(Location("weblink", {"url": "https://video.example.com/secret"}))
    assert shown == "A video call at video.example.com; you get the link by mail"
