"""The hooks of one provider as the contract calls them, for one connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.connections.api import ConnectionApi
from hub.errors import MeetingGone, PluginFault, ProviderError, Temporary
from hub.provider import Provider
from hub.testing.checks import check_meeting
from hub.values import Account, Listed, Meeting, MeetingRequest


class Hooks:
    """The hooks of one provider, called for one connection."""

    def __init__(self, provider: Provider, api: ConnectionApi, settings: Mapping[str, str]) -> None:
        self.provider, self.api, self.settings = provider, api, settings

    def need(self, *hooks: str) -> None:
        """Skip the test where the provider lacks one of these hooks."""
        for hook in hooks:
            if not self.provider.can(hook):
                pytest.skip(f"this provider has no {hook}")

    def account(self) -> Account:
        """Ask whose account the connection is."""
        return self.provider.connect_account(self.api.identity())

    def create(self, request: MeetingRequest) -> Meeting:
        """Make a meeting."""
        return self.provider.create_meeting(request, self.api, self.settings)

    def update(self, request: MeetingRequest, meeting: Meeting) -> Meeting:
        """Make a meeting agree with the request."""
        return self.provider.update_meeting(request, meeting, self.api, self.settings)

    def delete(self, meeting: Meeting) -> None:
        """Delete a meeting; one that is gone is deleted."""
        try:
            self.provider.delete_meeting(meeting, self.api, self.settings)
        except MeetingGone:
            return

    def find(self, request: MeetingRequest) -> Meeting | None:
        """Find a meeting again."""
        return self.provider.find_meeting(request, self.api, self.settings)

    def listed(self, request: MeetingRequest) -> tuple[Listed, ...]:
        """List the meetings of the fortnight around the request."""
        week = timedelta(days=7)
        return self.provider.list_meetings(request.starts_at - week, request.starts_at + week, self.api, self.settings)

    def call(self, name: str, request: MeetingRequest, meeting: Meeting | None) -> Any:
        """Call one hook by its short name; an update changes the length to 45 minutes."""
        if name == "account":
            return self.account()
        if name == "create":
            return self.create(request)
        if name == "find":
            return self.find(request)
        if name == "list":
            return self.listed(request)
        assert meeting
        return self.delete(meeting) if name == "delete" else self.update(replace(request, minutes=45), meeting)

    def outcome(self, name: str, request: MeetingRequest, meeting: Meeting) -> str:
        """Call a hook that may meet anything; returns what is wrong with how it ended, empty where nothing is."""
        try:
            result = self.call(name, request, meeting)
        except PluginFault as fault:
            return f"the hook broke: {fault.__cause__ or fault}"
        except Temporary as fault:
            unsure = name == "create" and fault.outcome_known
            return "a meeting may have been made: raise Temporary(outcome_known=False)" if unsure else ""
        except ProviderError as fault:
            sure = name == "create"
            return f"a meeting may have been made, but {type(fault).__name__} was raised" if sure else ""
        if isinstance(result, Meeting):
            try:
                check_meeting(result)
            except AssertionError as fault:
                return f"the meeting can't be shown: {fault}"
            if not result.join_url:
                return "the meeting has no link"
        return ""
