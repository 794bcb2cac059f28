"""The hooks that a provider's plugin may implement; docs/hooks.md has a chapter on each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pluggy

from hub.events import WebhookReply, WebhookRequest
from hub.facts import Field, LocationProvider
from hub.values import Account, Api, Card, Listed, Location, Meeting, MeetingRequest

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


class Hooks:
    """Each method is a hook. A plugin implements what it can; what it lacks the core does without."""

    @hookspec(firstresult=True)
    def location_provider(self) -> LocationProvider:
        """Return the provider's facts. Called once, at start; no I/O."""

    @hookspec(firstresult=True)
    def connect_account(self, api: Api) -> Account:
        """Return whose account the new grant is for. Called after the code exchange, before anything is stored."""

    @hookspec(firstresult=True)
    def describe_location(self, location: Location, host: str) -> str:
        """Return one line that tells an invitee what choosing this location means; `host` is the host's name.

        Private inputs that the host hides are already taken out of `location`. Pure.
        """

    @hookspec(firstresult=True)
    def invitee_fields(self, location: Location) -> tuple[Field, ...]:
        """Return what an invitee who chooses this location is asked for. Pure; called for the booking page."""

    @hookspec(firstresult=True)
    def create_meeting(self, request: MeetingRequest, api: Api | None, settings: Mapping[str, str]) -> Meeting:
        """Make the meeting. Worker only; `api` is None for providers without a connection."""

    @hookspec(firstresult=True)
    def update_meeting(
        self, request: MeetingRequest, meeting: Meeting, api: Api | None, settings: Mapping[str, str]
    ) -> Meeting:
        """Make the meeting agree with the request and return it. Worker only; idempotent.

        Where this is absent the core makes a new meeting and deletes the old one.
        """

    @hookspec(firstresult=True)
    def delete_meeting(self, meeting: Meeting, api: Api | None, settings: Mapping[str, str]) -> Any:
        """Delete the meeting; one that is already gone is deleted. Worker only; the result is ignored."""

    @hookspec(firstresult=True)
    def find_meeting(self, request: MeetingRequest, api: Api | None, settings: Mapping[str, str]) -> Meeting | None:
        """Return the meeting that an earlier create of unknown outcome made, or None. Worker only."""

    @hookspec(firstresult=True)
    def list_meetings(
        self, since: datetime, until: datetime, api: Api | None, settings: Mapping[str, str]
    ) -> tuple[Listed, ...]:
        """Return all meetings of the account that begin between two times, with the markers they carry. Reads only."""

    @hookspec(firstresult=True)
    def settings_card(self, card: Card, account: Account | None, settings: Mapping[str, str]) -> Card | None:
        """Return the card with what this provider adds to it, or None for no change. Pure; settings page."""

    @hookspec(firstresult=True)
    def receive_webhook(self, request: WebhookRequest, settings: Mapping[str, str]) -> WebhookReply:
        """Return what a webhook says. Verifies the signature itself: raises Untrusted. Pure; web process."""

    @hookspec(firstresult=True)
    def sandbox_app(self, public_url: str) -> Any:
        """Return a WSGI app that stands in for the vendor below `public_url`. Demo and tests only."""
