"""Webex: makes, moves and deletes one Webex meeting per booking in the host's own Webex account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub import (
    Account,
    Answer,
    Api,
    DialIn,
    Limits,
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

# Fields and their limits as in https://developer.webex.com/docs/api/v1/meetings
LONGEST_TITLE = 128
SHORTEST, LONGEST = 10, 23 * 60 + 59  # minutes
MONTH = timedelta(days=31)
LACKS = "missing required scopes"
NO_MAIL = {"sendEmail": False}  # the hub writes its own


def read_error(reply: Reply) -> ProviderError | None:
    """Return what a failed answer of Webex means where it departs from HTTP's usual meaning."""
    # One sentence for a scope, a role and a licence that are missing; it names none of them.
    return MissingScopes(()) if reply.status == 403 and LACKS in reply.answer.text("message") else None


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
        for_invitees="You get a Webex link by mail",
        oauth=OAUTH,
        limits=Limits(per_day=100, reserve=10),
    )


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Webex account the grant is for."""
    person = api.get("/people/me").answer
    external_id = person.need_text("id")
    return Account(external_id, next(iter(person.texts("emails")), "") or person.text("displayName") or external_id)


@hookimpl
def create_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Make the meeting; its tag is what `find_meeting` looks for."""
    body = {**_sent(request), **NO_MAIL, "integrationTags": [request.ref]}
    return _meeting(api.post("/meetings", json=body).answer, request)


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, api: Api) -> Meeting:
    """Send what the meeting should be; where nothing differs from what was last sent, send nothing."""
    if meeting.data == _sent(request):
        return meeting
    api.patch(f"/meetings/{meeting.path_id}", json={**_sent(request), **NO_MAIL})
    return replace(meeting, data=_sent(request))


@hookimpl
def delete_meeting(meeting: Meeting, api: Api) -> None:
    """Delete the meeting without a mail from Webex."""
    api.delete(f"/meetings/{meeting.path_id}", params={"sendEmail": "false"})


@hookimpl
def find_meeting(request: MeetingRequest, api: Api) -> Meeting | None:
    """Return the meeting with the booking's tag, brought up to date; the booking may have moved since the attempt."""
    span = {"from": utc_text(request.starts_at - MONTH), "to": utc_text(request.starts_at + MONTH), "max": "100"}
    listed = api.get("/meetings", params={"integrationTag": request.ref, **span}).answer.need_parts("items")
    tagged = [one for one in listed if request.ref in one.texts("integrationTags")]
    if not tagged:
        return None
    found = _meeting(min(tagged, key=lambda one: one.text("id")), request)  # of several always the same
    api.patch(f"/meetings/{found.path_id}", json={**_sent(request), **NO_MAIL})
    return found


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return the local stand-in for Webex."""
    from plugins.webex.sandbox import Webex  # not needed, and not loaded, where real bookings are taken

    return Webex(public_url)


def _sent(request: MeetingRequest) -> dict[str, str]:
    """Return what tells one state of a meeting from another, as it is sent."""
    return {
        "title": " ".join(request.title.split())[:LONGEST_TITLE] or "Meeting",
        "start": utc_text(request.starts_at),
        "end": utc_text(request.starts_at + timedelta(minutes=min(max(request.minutes, SHORTEST), LONGEST))),
        "timezone": request.timezone,
    }


def _meeting(found: Answer, request: MeetingRequest) -> Meeting:
    """Return the meeting that an answer describes. `hostKey` is left out: it lets whoever types it in as the host."""
    phone = found.part("telephony")
    code = phone.text("accessCode")
    rows = phone.parts("callInNumbers")
    dial_in = DialIn.distinct(DialIn.of(row.text("callInNumber"), code=code, label=row.text("label")) for row in rows)
    return Meeting(
        where="Webex",
        external_id=found.need_text("id"),
        join_url=found.need_text("webLink"),
        dial_in=dial_in,
        passcode=found.text("password"),
        dial_in_id=(code or found.text("meetingNumber")) if dial_in else "",
        dial_in_passcode=found.text("phoneAndVideoSystemPassword") if dial_in else "",
        data=_sent(request),
    )
