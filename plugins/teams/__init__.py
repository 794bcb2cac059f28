"""Microsoft Teams: makes, moves and deletes one online meeting per booking in the host's own work or school account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hub import (
    Account,
    Api,
    LocationProvider,
    Meeting,
    MeetingGone,
    MeetingRequest,
    MissingScopes,
    OAuth2,
    ProviderError,
    Reply,
    Scope,
    hookimpl,
)
from plugins.teams import mapping

MEETINGS = "/me/onlineMeetings"


def read_error(reply: Reply) -> ProviderError | None:
    """Return what a failed answer of Microsoft Graph means where it departs from HTTP's usual meaning."""
    error = reply.data.get("error") if isinstance(reply.data, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else ""
    # Also where an administrator has not consented, or the tenant keeps its users from making meetings.
    return MissingScopes(()) if reply.status == 403 and code in ("Forbidden", "Authorization_RequestDenied") else None


OAUTH = OAuth2(
    base_url="https://login.microsoftonline.com/common/oauth2/v2.0",
    authorize_path="/authorize",
    token_path="/token",  # noqa: S106 - a path
    api_url="https://graph.microsoft.com/v1.0",
    scopes=(
        Scope(
            "OnlineMeetings.ReadWrite",
            "Make and change online meetings",
            "Make, move and delete the meetings of your bookings",
        ),
        Scope("User.Read", "See your profile", "Display the connected Microsoft account email in settings"),
    ),
    read_error=read_error,
    # Asked for, and never named in the answer: without it there is no refresh token.
    authorize_query={"scope": "offline_access"},
    token_auth="post",  # noqa: S106 - a way
)


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of Teams."""
    return LocationProvider(
        key="teams",
        label="Microsoft Teams",
        group="Video Conferencing",
        icon="icon.svg",
        blurb="A Teams meeting of its own for every booking; for work and school accounts",
        oauth=OAUTH,
    )


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Microsoft account the grant is for."""
    return mapping.read_account(api.get("/me").data)


@hookimpl
def describe_location() -> str:
    """Return what the invitee gets."""
    return "You get a Teams link by mail"


@hookimpl
def create_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Make the meeting, or get the one that an earlier attempt has made: the marker is its external id."""
    body = {**mapping.sent(request), "externalId": request.ref}
    return mapping.read_meeting(api.post(f"{MEETINGS}/createOrGet", json=body).data, request)


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, api: Api) -> Meeting:
    """Send what the meeting should be; where nothing differs from what was last sent, send nothing."""
    if meeting.data == mapping.sent(request):
        return meeting
    api.patch(_path(meeting), json=mapping.sent(request))
    return mapping.moved(meeting, request)


@hookimpl
def delete_meeting(meeting: Meeting, api: Api) -> None:
    """Delete the meeting; one that is gone is deleted."""
    try:
        api.delete(_path(meeting))
    except MeetingGone:
        return


@hookimpl
def find_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Return the meeting that a lost attempt made. Graph has no search by external id, but asking again never doubles."""
    found = create_meeting(request, api)
    api.patch(_path(found), json=mapping.sent(request))  # what was got may be as an earlier attempt wanted it
    return found


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return the local stand-in for Microsoft."""
    from plugins.teams.sandbox import Teams  # not needed, and not loaded, where real bookings are taken

    return Teams(public_url)


def _path(meeting: Meeting) -> str:
    return f"{MEETINGS}/{quote(meeting.external_id, safe='')}"
