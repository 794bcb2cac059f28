"""Acme: one meeting for every booking, in the host's own Acme account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import (
    Account,
    Api,
    ConnectionLost,
    LocationProvider,
    Meeting,
    MeetingRequest,
    OAuth2,
    Reply,
    Scope,
    Temporary,
    hookimpl,
)

HUB_API = 1

OAUTH = OAuth2(
    base_url="https://acme.example",
    authorize_path="/oauth/authorize",
    token_path="/oauth/token",
    revoke_path="/oauth/revoke",
    api_url="https://api.acme.example/v1",
    scopes=(
        Scope("profile", "Read your profile", "Show the email address of the connected account"),
        Scope("meetings", "Manage your meetings", "Make a meeting for each booking, move it and delete it"),
    ),
)


@hookimpl
def location_provider() -> LocationProvider:
    """Return Acme's facts."""
    about = "A Acme meeting of its own for every booking"
    return LocationProvider("acme", "Acme", "Video Conferencing", "icon.svg", about, oauth=OAUTH)


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Acme account the grant is for."""
    person = _object(api.get("/me"))
    return Account(_text(person, "id"), _text(person, "email"))


@hookimpl
def create_meeting(request: MeetingRequest, api: Api | None) -> Meeting:
    """Make the meeting; its `reference` is what `find_meeting` looks for."""
    return _meeting(_object(_needed(api).post("/meetings", json=_wanted(request))))


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, api: Api | None) -> Meeting:
    """Send what the meeting should be now; that can be repeated."""
    return _meeting(_object(_needed(api).patch(f"/meetings/{meeting.external_id}", json=_wanted(request))))


@hookimpl
def delete_meeting(meeting: Meeting, api: Api | None) -> None:
    """Delete the meeting. For one that is gone, `api` raises MeetingGone, which the core takes for done."""
    _needed(api).delete(f"/meetings/{meeting.external_id}")


@hookimpl
def find_meeting(request: MeetingRequest, api: Api | None) -> Meeting | None:
    """Return the meeting that carries the booking's reference."""
    found = _object(_needed(api).get("/meetings")).get("meetings")
    if not isinstance(found, list):
        raise Temporary("Acme's list of meetings can't be read.")
    ours = [one for one in found if isinstance(one, dict) and one.get("reference") == request.ref]
    return _meeting(ours[0]) if ours else None


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return a local stand-in for Acme."""
    from .sandbox import Acme  # not needed where real bookings are taken

    return Acme(public_url)


def _wanted(request: MeetingRequest) -> dict[str, Any]:
    return {
        "title": request.title,
        "starts_at": request.starts_at.isoformat(),
        "minutes": request.minutes,
        "reference": request.ref,
    }


def _meeting(found: Mapping[str, Any]) -> Meeting:
    try:
        return Meeting("Acme", external_id=_text(found, "id"), join_url=_text(found, "link"))
    except ValueError:
        raise Temporary("Acme's answer has no usable link.", outcome_known=False) from None


def _needed(api: Api | None) -> Api:
    if api is None:
        raise ConnectionLost("Acme is not connected.")
    return api


def _object(reply: Reply) -> Mapping[str, Any]:
    """Return the JSON object of an answer; whether a call worked whose answer is none is not known."""
    if not isinstance(reply.data, dict):
        raise Temporary("Acme's answer can't be read.", outcome_known=False)
    return reply.data


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise Temporary(f"Acme's answer lacks {name}.", outcome_known=False)
    return value
