"""Webex: makes, moves and deletes one Webex meeting per booking in the host's own Webex account."""

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
    Temporary,
    hookimpl,
)
from plugins.webex import mapping


def read_error(reply: Reply) -> ProviderError | None:
    """Return what a failed answer of Webex means where it departs from HTTP's usual meaning."""
    said = reply.data.get("message") if isinstance(reply.data, Mapping) else ""
    # One sentence for a scope, a role and a licence that are missing; it names none of them.
    if reply.status == 403 and "missing required scopes" in str(said):
        return MissingScopes(())
    return None


OAUTH = OAuth2(
    base_url="https://webexapis.com/v1",
    authorize_path="/authorize",
    token_path="/access_token",  # noqa: S106 - a path
    api_url="https://webexapis.com/v1",
    scopes=(
        Scope("meeting:schedules_write", "Schedule meetings", "Make, move and delete the meetings of your bookings"),
        Scope("meeting:schedules_read", "See scheduled meetings", "Find a meeting again when Webex's answer was lost"),
        Scope("spark:people_read", "See your profile", "Display the connected Webex account email in settings"),
    ),
    read_error=read_error,
    token_auth="post",  # noqa: S106 - a way
)


@hookimpl
def location_provider() -> LocationProvider:
    """Return Webex's facts."""
    return LocationProvider(
        key="webex",
        label="Webex",
        group="Video Conferencing",
        icon="icon.svg",
        blurb="A Webex meeting of its own for every booking",
        oauth=OAUTH,
    )


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Webex account the grant is for."""
    return mapping.read_account(api.get("/people/me").data)


@hookimpl
def describe_location() -> str:
    """Return what the invitee gets."""
    return "You get a Webex link by mail"


@hookimpl
def create_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Make the meeting; its tag is what `find_meeting` looks for."""
    body = {**mapping.wanted(request), "integrationTags": [request.ref]}
    return mapping.read_meeting(api.post("/meetings", json=body).data, request)


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, api: Api) -> Meeting:
    """Send what the meeting should be; where nothing differs from what was last sent, send nothing."""
    if meeting.data == mapping.sent(request):
        return meeting
    api.patch(f"/meetings/{quote(meeting.external_id, safe='')}", json=mapping.wanted(request))
    return mapping.moved(meeting, request)


@hookimpl
def delete_meeting(meeting: Meeting, api: Api) -> None:
    """Delete the meeting without a mail from Webex; the hub writes its own."""
    try:
        api.delete(f"/meetings/{quote(meeting.external_id, safe='')}", params={"sendEmail": "false"})
    except MeetingGone:
        return


@hookimpl
def find_meeting(request: MeetingRequest, api: Api) -> Meeting | None:
    """Return the meeting that carries the booking's tag, made to agree with the request."""
    page = api.get("/meetings", params={"integrationTag": request.ref, **mapping.span(request)}).data
    items = page.get("items") if isinstance(page, Mapping) else None
    if not isinstance(items, list):
        raise Temporary("Webex's list of meetings is unusable.")
    tagged = [one for one in items if mapping.has_tag(one, request.ref)]
    if not tagged:
        return None
    found = mapping.read_meeting(tagged[0], request)
    api.patch(f"/meetings/{quote(found.external_id, safe='')}", json=mapping.wanted(request))
    return found


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return the local stand-in for Webex."""
    from plugins.webex.sandbox import Webex  # not needed, and not loaded, where real bookings are taken

    return Webex(public_url)
