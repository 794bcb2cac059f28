"""Zoom: makes, moves and deletes one Zoom meeting per booking in the host's own Zoom account."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub import (
    Account,
    Api,
    Card,
    Limits,
    Listed,
    LocationProvider,
    Meeting,
    MeetingGone,
    MeetingRequest,
    OAuth2,
    Rejected,
    Reply,
    Scope,
    Setting,
    Temporary,
    WebhookReply,
    WebhookRequest,
    hookimpl,
)
from plugins.zoom import listing, mapping, webhooks
from plugins.zoom.errors import read_error

MEETINGS = "/users/me/meetings"
MOST_PAGES = 20

# 100 creates and updates for each user and day; deletes do not count. Calls per second are counted for the company's
# account, on the free plan 4, of lists 2; the paid plans' 30 and 20 can't be told from here, and are not needed.
LIMITS = Limits(per_day=100, reserve=10, per_second=4, reads_per_second=2)

OAUTH = OAuth2(
    base_url="https://zoom.us",
    authorize_path="/oauth/authorize",
    token_path="/oauth/token",  # noqa: S106 - a path
    revoke_path="/oauth/revoke",
    api_url="https://api.zoom.us/v2",
    scopes=(
        Scope("meeting:write:meeting", "Create meetings", "Automatically create Zoom meetings when bookings are made"),
        Scope("meeting:update:meeting", "Update meetings", "Update meeting time when bookings are rescheduled"),
        Scope("meeting:delete:meeting", "Delete meetings", "Remove meetings when bookings are cancelled"),
        Scope("user:read:user", "Read user info", "Display the connected Zoom account email in settings"),
    ),
    optional_scopes=(
        Scope(
            "meeting:read:list_meetings",
            "List meetings",
            "Find the meeting again when Zoom's answer to its creation was lost, instead of making a second one",
            enables="find_meeting list_meetings",
        ),
        Scope(
            "meeting:read:meeting",
            "View a meeting",
            "Show when you moved or deleted a booking's meeting in Zoom",
            enables="receive_webhook",
        ),
    ),
    read_error=read_error,
    scopes_in_url=False,  # Zoom keeps an app's scopes itself, and has answered "Invalid scopes" to those who name them
)


@hookimpl
def location_provider() -> LocationProvider:
    """Return Zoom's facts."""
    return LocationProvider(
        key="zoom",
        label="Zoom",
        group="Video Conferencing",
        icon="icon.svg",
        blurb="A unique Zoom meeting link for every booking",
        for_invitees="You get a Zoom link by mail",
        oauth=OAUTH,
        limits=LIMITS,
        settings=(
            Setting(
                "webhook_secret",
                "the app's Secret Token, by which webhooks are known to be Zoom's",
                secret=True,
                goes_with="client_id",
            ),
        ),
        manifests=("manifest.json", "manifest-optional.json"),
    )


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Zoom account the grant is for."""
    return mapping.read_account(api.get("/users/me").data)


@hookimpl
def create_meeting(request: MeetingRequest, api: Api) -> Meeting:
    """Make the meeting: one POST, whose answer is the only place from which link and dial-in can ever be read."""
    reply = _send(lambda body: api.post(MEETINGS, json=body), mapping.create_body(request))
    return mapping.read_created(reply.data, request)


@hookimpl
def update_meeting(request: MeetingRequest, meeting: Meeting, api: Api) -> Meeting:
    """Send what differs from what was last sent; without a difference, send nothing (100 changes a day are allowed)."""
    body, updated = mapping.update_body(request, meeting)
    if body:
        _send(lambda changes: api.patch(f"/meetings/{meeting.path_id}", json=changes), body)
    return updated


@hookimpl
def delete_meeting(meeting: Meeting, api: Api) -> None:
    """Delete the meeting without mails from Zoom; the hub writes its own."""
    quiet = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}
    try:
        api.delete(f"/meetings/{meeting.path_id}", params=quiet)
    except MeetingGone:
        return


@hookimpl
def find_meeting(request: MeetingRequest, api: Api) -> Meeting | None:
    """Return the oldest meeting that carries the booking's marker, made to agree with the request; delete any other.

    Zoom's lists hold no passcode and no dial-in numbers, so an adopted meeting has only its link.
    """
    # A day around the start nearly always has it; a booking that was moved meanwhile is found among all upcoming ones.
    for near in (True, False):
        found = mapping.all_in(_listed(api, mapping.list_params(request, near=near)), request)
        for double in found[1:]:  # several attempts of unknown outcome made one each; nobody has the links of these
            delete_meeting(double, api)
        if found:
            try:
                return update_meeting(request, found[0], api)
            except MeetingGone:
                return None
    return None


@hookimpl
def list_meetings(since: datetime, until: datetime, api: Api) -> tuple[Listed, ...]:
    """Return the meetings of a period, with the markers at the start of their agendas.

    Zoom is asked for all that are upcoming, as its lists of a period reach over six months at most.
    """
    return listing.listed(_listed(api, listing.UPCOMING), since, until)


@hookimpl
def settings_card(card: Card, account: Account | None) -> Card | None:
    """Return the card with what the account's plan does not allow."""
    if account is None or not account.warning:
        return None
    return replace(card, notes=(*card.notes, account.warning))


@hookimpl
def receive_webhook(request: WebhookRequest, settings: Mapping[str, str]) -> WebhookReply:
    """Return what Zoom tells: that the app was removed, or a meeting moved, deleted or recovered."""
    return webhooks.receive(request, settings)


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return the local stand-in for Zoom, below `public_url`.

    In the demo it keeps its state where HUB_SANDBOX_STATE_DIR says, and tells the hub there of what happens.
    """
    from plugins.zoom import sandbox  # not needed, and not loaded, where real bookings are taken

    folder = os.environ.get("HUB_SANDBOX_STATE_DIR")
    if not folder:
        return sandbox.sandbox_app(public_url)
    return sandbox.sandbox_app(
        public_url,
        state_file=os.path.join(folder, "zoom.json"),
        webhook_url=f"{os.environ.get('HUB_PUBLIC_URL', '')}/webhooks/zoom",
        webhook_secret=os.environ.get("HUB_ZOOM_WEBHOOK_SECRET", ""),
    )


def _send(send: Callable[[Mapping[str, Any]], Reply], body: Mapping[str, Any]) -> Reply:
    """Send `body`; where Zoom's list of zones lacks the host's, once more with UTC, as the instant is sent in UTC anyway."""
    try:
        return send(body)
    except Rejected as refused:
        if "timezone" not in body or body["timezone"] == "UTC" or "timezone" not in refused.message.lower():
            raise
    return send({**body, "timezone": "UTC"})


def _listed(api: Api, params: Mapping[str, str]) -> list[Any]:
    """Return all pages of a list. Raises Temporary where it can't be read whole: absence must not be concluded then."""
    items: list[Any] = []
    token = ""
    for _ in range(MOST_PAGES):
        reply = api.get(MEETINGS, params={**params, "next_page_token": token} if token else params)
        page = reply.data
        if not isinstance(page, Mapping) or not isinstance(page.get("meetings"), list):
            raise Temporary("Zoom's list of meetings is unusable.")
        items += page["meetings"]
        token = str(page.get("next_page_token") or "")
        if not token:
            return items
    raise Temporary("Zoom's list of meetings does not end.")
