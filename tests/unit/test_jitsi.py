"""Jitsi rooms: whose server, which name, and who may enter when."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from hub import Location, Rejected, config
from hub.config import ConfigError
from hub.testing import samples
from plugins import jitsi

REF = "5f" * 16
SECRET = "only-for-this-test"
REQUEST = dataclasses.replace(samples.request_at(Location("jitsi")), ref=REF)
SIGNED = {"server_url": "https://jitsi.example.com/", "app_id": "hub", "app_secret": SECRET}


def on(server: str) -> Location:
    return Location("jitsi", {"server": server})


def test_room() -> None:
    """The room is named by the booking's marker, which nobody can guess, on the public server where none is named."""
    meeting = jitsi.create_meeting(REQUEST, {})
    assert (meeting.join_url, meeting.where) == (f"https://meet.jit.si/{REF}", "Jitsi, meet.jit.si")


def test_a_hosts_own_server() -> None:
    """A host's own server wins over the operator's, and gets no pass of the operator's."""
    request = dataclasses.replace(REQUEST, location=on("https://video.example.com/"))
    assert jitsi.create_meeting(request, SIGNED).join_url == f"https://video.example.com/{REF}"


def test_a_move_keeps_the_room() -> None:
    """The link stays as it is when the booking moves, also after the operator named another server."""
    meeting = jitsi.create_meeting(REQUEST, {})
    later = dataclasses.replace(REQUEST, starts_at=REQUEST.starts_at + timedelta(hours=1))
    assert jitsi.update_meeting(later, meeting, {"server_url": "https://new.example.com"}) == meeting


def test_pass() -> None:
    """A pass opens this room alone, from an hour before the start to four hours after the end, and moves along."""
    meeting = jitsi.create_meeting(REQUEST, SIGNED)
    address, _, token = meeting.join_url.partition("?jwt=")
    claims = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims
    start = int(REQUEST.starts_at.timestamp())
    assert address == f"https://jitsi.example.com/{REF}"
    assert claims == {
        "aud": "hub",
        "iss": "hub",
        "sub": "jitsi.example.com",
        "room": REF,
        "nbf": start - 3600,
        "exp": start + REQUEST.minutes * 60 + 4 * 3600,
    }
    later = dataclasses.replace(REQUEST, starts_at=REQUEST.starts_at + timedelta(hours=1))
    moved = jitsi.update_meeting(later, meeting, SIGNED)
    token = moved.join_url.partition("?jwt=")[2]
    assert jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims["nbf"] == start


def test_unusable_server() -> None:
    """An operator's address without https is refused in words; no link is made of it."""
    with pytest.raises(Rejected, match="not an https address"):
        jitsi.create_meeting(REQUEST, {"server_url": "http://jitsi.example.com"})


@pytest.mark.parametrize(("given", "missing"), [("APP_ID", "APP_SECRET"), ("APP_SECRET", "APP_ID")])
def test_half_set(given: str, missing: str, tmp_path: Path) -> None:
    """An app id without its secret, or the reverse, stops the start and names what is missing."""
    settings = config.load({"HUB_DATA_DIR": str(tmp_path), f"HUB_JITSI_{given}": "x"})
    with pytest.raises(ConfigError, match=f"HUB_JITSI_{missing} is missing"):
        config.check_providers(settings, [jitsi.location_provider()])
