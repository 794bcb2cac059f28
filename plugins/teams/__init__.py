"""Microsoft Teams: makes, moves and deletes one online meeting per booking in the host's own work or school account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hub import (
    Account,
    Answer,
    Api,
    DialIn,
    LocationProvider,
    Meeting,
    MeetingRequest,
    MissingScopes,
    OAuth2,
    ProviderError,
    Reply,
    Scope,
    hookimpl,
    utc_text,
)

# Fields as in https://learn.microsoft.com/graph/api/resources/onlinemeeting
MEETINGS = "/me/onlineMeetings"
LONGEST_SUBJECT = 255
DENIED = ("Forbidden", "Authorization_RequestDenied", "accessDenied")


def read_error(reply: Reply) -> ProviderError | None:
    """Return what a failed answer of Microsoft Graph means where it departs from HTTP's usual meaning."""
    code = reply.answer.part("error").text("code")
    # Also where an administrator has not consented, or the tenant keeps its users from making meetings.
    return MissingScopes(()) if reply.status == 403 and code in DENIED else None


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
        for_invitees="You get a Teams link by mail",
        oauth=OAUTH,
    )


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Microsoft account the grant is for."""
    user = api.get("/me").answer
    external_id = user.need_text("id")
    return Account(external_id, user.text("mail", "userPrincipalName") or external_id)


@hookimpl
def create_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Make the meeting, or get the one that an earlier attempt has made: the marker is its external id."""
    body = {**_sent(request), "externalId": request.ref}
    return _meeting(api.post(f"{MEETINGS}/createOrGet", json=body).answer, request)


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, api: Api) -> Meeting:
    """Send what the meeting should be; where nothing differs from what was last sent, send nothing."""
    if meeting.data == _sent(request):
        return meeting
    api.patch(f"{MEETINGS}/{meeting.path_id}", json=_sent(request))
    return replace(meeting, data=_sent(request))


@hookimpl
def delete_meeting(meeting: Meeting, api: Api) -> None:
    """Delete the meeting."""
    api.delete(f"{MEETINGS}/{meeting.path_id}")


@hookimpl
def find_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Return the meeting that a lost attempt made. Graph has no search by external id, but asking again never doubles."""
    found = create_meeting(request, api)
    api.patch(f"{MEETINGS}/{found.path_id}", json=_sent(request))  # what was got may be as an earlier attempt wanted it
    return found


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return the local stand-in for Microsoft."""
    from plugins.teams.sandbox import Teams  # not needed, and not loaded, where real bookings are taken

    return Teams(public_url)


def _sent(request: MeetingRequest) -> dict[str, str]:
    """Return the JSON of what the meeting should be, which tells one state of it from another."""
    return {
        "subject": " ".join(request.title.split())[:LONGEST_SUBJECT] or "Meeting",
        "startDateTime": utc_text(request.starts_at),
        "endDateTime": utc_text(request.ends_at),
    }


def _meeting(found: Answer, request: MeetingRequest) -> Meeting:
    """Return the meeting that an answer describes."""
    audio = found.part("audioConferencing")
    code = audio.text("conferenceId")
    # The lists replace the single numbers, which are still filled where there is one.
    paid = (audio.text("tollNumber"), *audio.texts("tollNumbers"))
    free = (audio.text("tollFreeNumber"), *audio.texts("tollFreeNumbers"))
    dial_in = DialIn.distinct(
        (
            *(DialIn.of(number, code=code) for number in paid),
            *(DialIn.of(number, code=code, label="toll-free") for number in free),
        )
    )
    return Meeting(
        where="Microsoft Teams",
        external_id=found.need_text("id"),
        join_url=found.need_text("joinWebUrl"),
        dial_in=dial_in,
        passcode=found.part("joinMeetingIdSettings").text("passcode"),
        dial_in_id=code if dial_in else "",
        data=_sent(request),
    )
