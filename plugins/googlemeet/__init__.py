"""Google Meet: makes one Meet space per booking in the host's own Google account; a space has no time of its own."""

from __future__ import annotations

from typing import Any

from hub import (
    Account,
    Answer,
    Api,
    DialIn,
    LocationProvider,
    Meeting,
    MissingScopes,
    OAuth2,
    ProviderError,
    Reply,
    Scope,
    hookimpl,
)


def read_error(reply: Reply) -> ProviderError | None:
    """Return what a failed answer of Google means where it departs from HTTP's usual meaning."""
    reasons = {detail.text("reason") for detail in reply.answer.part("error").parts("details")}
    return MissingScopes(()) if reply.status == 403 and "ACCESS_TOKEN_SCOPE_INSUFFICIENT" in reasons else None


# Endpoints: https://accounts.google.com/.well-known/openid-configuration. The time of a booking is the hub's alone:
# https://developers.google.com/workspace/meet/api/reference/rest/v2/spaces has no field for it.
OAUTH = OAuth2(
    base_url="https://oauth2.googleapis.com",
    authorize_path="https://accounts.google.com/o/oauth2/v2/auth",
    token_path="/token",  # noqa: S106 - a path
    revoke_path="/revoke",
    api_url="https://meet.googleapis.com/v2",
    identity_url="https://openidconnect.googleapis.com/v1",
    scopes=(
        Scope(
            "https://www.googleapis.com/auth/meetings.space.created",
            "Create Meet spaces",
            "Make a Meet link for each booking",
        ),
        Scope(
            "https://www.googleapis.com/auth/userinfo.email",
            "See your email address",
            "Display the connected Google account email in settings",
        ),
    ),
    read_error=read_error,
    # Only a consent that is asked for anew comes with a refresh token.
    authorize_query={"scope": "openid", "access_type": "offline", "prompt": "consent"},
    token_auth="post",  # noqa: S106 - a way
)


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of Google Meet."""
    return LocationProvider(
        key="googlemeet",
        label="Google Meet",
        group="Video Conferencing",
        icon="icon.svg",
        blurb="A Meet link of its own for every booking",
        for_invitees="You get a Google Meet link by mail",
        oauth=OAUTH,
    )


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Google account the grant is for."""
    person = api.get("/userinfo").answer
    external_id = person.need_text("sub")
    return Account(external_id, person.text("email") or external_id)


@hookimpl
def create_meeting(api: Api) -> Meeting:
    """Make a space."""
    space = api.post("/spaces", json={}).answer
    name, link = space.need_text("name"), space.need_text("meetingUri")
    numbers = (_number(row) for row in space.parts("phoneAccess"))  # Google gives them to paying accounts only
    meeting_id = name.removeprefix("spaces/")
    return Meeting("Google Meet", external_id=meeting_id, join_url=link, dial_in=DialIn.distinct(numbers))


@hookimpl
def update_meeting(meeting: Meeting) -> Meeting:
    """Return the same: a space is open at all times."""
    return meeting


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return the local stand-in for Google."""
    from plugins.googlemeet.sandbox import Google  # not needed, and not loaded, where real bookings are taken

    return Google(public_url)


def _number(row: Answer) -> DialIn | None:
    """Return one number of a space; each has a pin of its own."""
    pin = row.text("pin")
    return DialIn.of(
        row.text("phoneNumber"),
        code=pin,
        country=row.text("regionCode")[:2],
        label=f"PIN {pin}" if pin else "",
    )
