"""One provider: its facts, and its hooks as the core calls them, with what they return checked."""

from __future__ import annotations

import logging
import traceback
import types
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from hub.admission import check_account, check_card, check_fields
from hub.errors import ConnectionLost, PluginFault, ProviderError, Rejected, Temporary
from hub.events import VendorEvent, WebhookReply, WebhookRequest
from hub.facts import Field, LocationProvider, OAuth2
from hub.texts import Unusable
from hub.values import Account, Api, Card, Listed, Location, Meeting, MeetingRequest

log = logging.getLogger(__name__)


class Provider:
    """One provider's facts and hooks. Hook calls raise ProviderError only; see hub.hookspecs for each."""

    def __init__(
        self, facts: LocationProvider, files: list[str], version: str, call: Callable[..., Any], hooks: set[str]
    ):
        self.facts = facts
        self.key = facts.key
        self.icon_svg, self.readme, *self.manifests = files
        self.version = version
        self._call_hook = call
        self._hooks = frozenset(hooks)

    def __repr__(self) -> str:
        return f"Provider({self.key!r})"

    @property
    def oauth(self) -> OAuth2 | None:
        """The provider's OAuth facts, None where no connection is needed."""
        return self.facts.oauth

    @property
    def hooks(self) -> tuple[str, ...]:
        """The names of the hooks it implements, sorted."""
        return tuple(sorted(self._hooks))

    def can(self, hook: str, scopes: Iterable[str] | None = None) -> bool:
        """Tell whether the plugin implements `hook` and, where `scopes` are given, whether they allow it."""
        if hook not in self._hooks:
            return False
        if self.oauth is None or scopes is None:
            return True
        needed = {scope.name for scope in self.oauth.optional_scopes if hook in scope.enables.split()}
        return needed <= set(scopes)

    def connect_account(self, api: Api) -> Account:
        account: Account = self._call("connect_account", Account, api=api)
        try:
            check_account(account)
        except Exception:  # the vendor may have said anything of the account, and the plugin passed it on
            raise Rejected(f"What {self.facts.label} says of the account can't be used.") from None
        return account

    def describe_location(self, location: Location, host: str) -> str:
        if not self.can("describe_location"):
            return self.facts.for_invitees or self.facts.blurb
        line: str = self._call("describe_location", str, location=location, host=host)
        return " ".join(line[:1000].split())[:300]

    def invitee_fields(self, location: Location) -> tuple[Field, ...]:
        if not self.can("invitee_fields"):
            return ()
        fields: tuple[Field, ...] = self._call("invitee_fields", tuple, location=location)
        self._holds(check_fields, fields)
        return fields

    def create_meeting(self, request: MeetingRequest, api: Api | None, settings: Mapping[str, str]) -> Meeting:
        made: Meeting = self._call("create_meeting", Meeting, request=request, api=api, settings=settings)
        return made

    def update_meeting(
        self, request: MeetingRequest, meeting: Meeting, api: Api | None, settings: Mapping[str, str]
    ) -> Meeting:
        given = {"request": request, "meeting": meeting, "api": api, "settings": settings}
        moved: Meeting = self._call("update_meeting", Meeting, **given)
        return moved

    def delete_meeting(self, meeting: Meeting, api: Api | None, settings: Mapping[str, str]) -> None:
        self._call("delete_meeting", object, meeting=meeting, api=api, settings=settings)

    def find_meeting(self, request: MeetingRequest, api: Api | None, settings: Mapping[str, str]) -> Meeting | None:
        given = {"request": request, "api": api, "settings": settings}
        found: Meeting | None = self._call("find_meeting", (Meeting, types.NoneType), **given)
        return found

    def list_meetings(
        self, since: datetime, until: datetime, api: Api | None, settings: Mapping[str, str]
    ) -> tuple[Listed, ...]:
        listed: tuple[Listed, ...] = self._call(
            "list_meetings", tuple, since=since, until=until, api=api, settings=settings
        )
        if not all(isinstance(one, Listed) for one in listed):
            raise PluginFault(f"The plugin of {self.facts.label} listed something unusable.")
        return listed

    def settings_card(self, card: Card, account: Account | None, settings: Mapping[str, str]) -> Card:
        if not self.can("settings_card"):
            return card
        changed = self._call("settings_card", (Card, types.NoneType), card=card, account=account, settings=settings)
        if changed is not None:
            self._holds(check_card, card, changed)
        return changed or card

    def receive_webhook(self, request: WebhookRequest, settings: Mapping[str, str]) -> WebhookReply:
        reply: WebhookReply = self._call("receive_webhook", WebhookReply, request=request, settings=settings)
        if not all(isinstance(event, VendorEvent) for event in reply.events):
            raise PluginFault(f"The plugin of {self.facts.label} told of something unknown.")
        return reply

    def sandbox_app(self, public_url: str) -> Any:
        return self._call("sandbox_app", object, public_url=public_url)

    def _holds(self, check: Callable[..., None], *values: Any) -> None:
        """Raise PluginFault where what a hook returned does not stand this check."""
        try:
            check(*values)
        except Exception as fault:  # the values may hold anything
            log.exception("provider %s returned something unusable", self.key)
            raise PluginFault(f"The plugin of {self.facts.label} returned something unusable.") from fault

    def _call(self, hook: str, kind: Any, **arguments: Any) -> Any:
        if self.oauth and arguments.get("api", self) is None:
            raise ConnectionLost(f"{self.facts.label} is not connected.")
        try:
            result = self._call_hook(hook, arguments)
        except ProviderError:
            raise
        except BaseException as fault:  # a plugin's SystemExit or KeyboardInterrupt must not end our process
            if self.oauth and isinstance(fault, Unusable):  # the vendor's words; the call may well have taken effect
                raise Temporary(f"{self.facts.label}'s answer is unusable: {fault}.", outcome_known=False) from fault
            if isinstance(fault, MemoryError):
                traceback.clear_frames(fault.__traceback__)  # lets go of what ate it, so that there is room to say so
            log.exception("provider %s failed in %s", self.key, hook)
            raise PluginFault(f"The plugin of {self.facts.label} failed ({type(fault).__name__}).") from fault
        if not isinstance(result, kind):
            log.error("provider %s returned %s from %s", self.key, type(result).__name__, hook)
            raise PluginFault(f"The plugin of {self.facts.label} returned something unusable.")
        return result
