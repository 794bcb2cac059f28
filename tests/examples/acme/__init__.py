"""Acme: one meeting for every booking, in the host's own Acme account."""

from __future__ import annotations

from typing import Any

from hub import (
    Account,
    Answer,
    Api,
    LocationProvider,
    Meeting,
    MeetingRequest,
    OAuth2,
    Scope,
    hookimpl,
    utc_text,
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
    about = "A meeting of its own for every booking, in Acme"
    return LocationProvider("acme", "Acme", "Video Conferencing", "icon.svg", about, oauth=OAUTH)


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Acme account the grant is for."""
    person = api.get("/me").answer
    return Account(person.need_text("id"), person.need_text("email"))


@hookimpl
def create_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Make the meeting; its `reference` is what `find_meeting` looks for."""
    return _meeting(api.post("/meetings", json=_wanted(request)).answer)


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, api: Api) -> Meeting:
    """Send what the meeting should be now; that can be repeated."""
    return _meeting(api.patch(f"/meetings/{meeting.path_id}", json=_wanted(request)).answer)


@hookimpl
def delete_meeting(meeting: Meeting, api: Api) -> None:
    """Delete the meeting. For one that is gone, `api` raises MeetingGone, which the core takes for done."""
    api.delete(f"/meetings/{meeting.path_id}")


@hookimpl
def find_meeting(request: MeetingRequest, api: Api) -> Meeting | None:
    """Return the meeting that carries the booking's reference."""
    listed = api.get("/meetings").answer.need_parts("meetings")
    ours = [one for one in listed if one.text("reference") == request.ref]
    return _meeting(ours[0]) if ours else None


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return a local stand-in for Acme."""
    from .sandbox import Acme  # not needed where real bookings are taken

    return Acme(public_url)


def _wanted(request: MeetingRequest) -> dict[str, Any]:
    return {
        "title": request.title,
        "starts_at": utc_text(request.starts_at),
        "minutes": request.minutes,
        "reference": request.ref,
    }


def _meeting(found: Answer) -> Meeting:
    return Meeting("Acme", external_id=found.need_text("id"), join_url=found.need_text("link"))
