"""Finds the providers' plugins and calls their hooks, one provider at a time; the only user of pluggy's manager."""

from __future__ import annotations

import inspect
import logging
import traceback
import types
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from importlib import metadata
from typing import Any, TypeVar

import pluggy

from hub.admission import check_account, check_card, check_facts, check_fields, check_version, import_reason, reason_of
from hub.errors import ConnectionLost, PluginFault, ProviderError, Rejected
from hub.events import VendorEvent, WebhookReply, WebhookRequest
from hub.facts import Field, LocationProvider, OAuth2
from hub.hookspecs import Hooks
from hub.values import Account, Api, Card, Listed, Location, Meeting, MeetingRequest

GROUP = "hub.providers"
OURS = "scheduling-hub"
HOOKS = tuple(name for name, _ in inspect.getmembers(Hooks, inspect.isfunction) if not name.startswith("_"))

log = logging.getLogger(__name__)
T = TypeVar("T")


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
            return self.facts.blurb
        line: str = self._call("describe_location", str, location=location, host=host)
        return " ".join(line[:1000].split())[:300]

    def invitee_fields(self, location: Location) -> tuple[Field, ...]:
        if not self.can("invitee_fields"):
            return ()
        fields: tuple[Field, ...] = self._call("invitee_fields", tuple, location=location)
        self._holds(check_fields, fields)
        return fields

    def create_meeting(self, request: MeetingRequest, api: Api | None, settings: Mapping[str, str]) -> Meeting:
        return self._call("create_meeting", Meeting, request=request, api=api, settings=settings)

    def update_meeting(
        self, request: MeetingRequest, meeting: Meeting, api: Api | None, settings: Mapping[str, str]
    ) -> Meeting:
        return self._call("update_meeting", Meeting, request=request, meeting=meeting, api=api, settings=settings)

    def delete_meeting(self, meeting: Meeting, api: Api | None, settings: Mapping[str, str]) -> None:
        self._call("delete_meeting", object, meeting=meeting, api=api, settings=settings)

    def find_meeting(self, request: MeetingRequest, api: Api | None, settings: Mapping[str, str]) -> Meeting | None:
        return self._call("find_meeting", (Meeting, types.NoneType), request=request, api=api, settings=settings)

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
            if isinstance(fault, MemoryError):
                traceback.clear_frames(fault.__traceback__)  # lets go of what ate it, so that there is room to say so
            log.exception("provider %s failed in %s", self.key, hook)
            raise PluginFault(f"The plugin of {self.facts.label} failed ({type(fault).__name__}).") from fault
        if not isinstance(result, kind):
            log.error("provider %s returned %s from %s", self.key, type(result).__name__, hook)
            raise PluginFault(f"The plugin of {self.facts.label} returned something unusable.")
        return result


class Registry:
    """All providers that work, by key, and why the others do not."""

    def __init__(self, plugins: Iterable[tuple[str, Any, str]], broken: Mapping[str, str] | None = None) -> None:
        self.broken = dict(broken or {})
        self._providers: dict[str, Provider] = {}
        self._manager = pluggy.PluginManager("hub")
        self._manager.add_hookspecs(Hooks)
        facts = {}
        for name, plugin, version in plugins:
            found = self._admit(name, plugin)
            if found:
                facts[name] = (*found, version)
        for name, (known, files, version) in facts.items():
            if known.key in self._providers:
                self._refuse(name, f"the key {known.key!r} is taken by another plugin")
                continue
            hooks = {c.name for c in self._manager.get_hookcallers(self._manager.get_plugin(name)) or ()}
            others = [self._manager.get_plugin(other) for other in facts if other != name]
            self._providers[known.key] = Provider(known, files, version, _scoped(self._manager, others), hooks)

    def get(self, key: str) -> Provider | None:
        """Return the provider with this key, or None where no working plugin has it."""
        return self._providers.get(key)

    def label(self, key: str) -> str:
        """Return the provider's name for people, or its key where no working plugin has it."""
        provider = self._providers.get(key)
        return provider.facts.label if provider else key

    def all(self) -> list[Provider]:
        """Return all working providers, by group and label."""
        return sorted(self._providers.values(), key=lambda p: (p.facts.group != "Video Conferencing", p.facts.label))

    def _admit(self, name: str, plugin: Any) -> tuple[LocationProvider, list[str]] | None:
        if self._manager.has_plugin(name):
            self.broken[f"{name} (a second one)"] = "its name is taken by another plugin"
            return None
        try:
            hash(plugin)  # plugins are kept in sets; one that can't be would break the calls of all others
            check_version(plugin)
            self._manager.register(plugin, name)
            self._check_pending(plugin)
            hooks = {caller.name for caller in self._manager.get_hookcallers(plugin) or ()}
            if not hooks:
                raise ValueError("it implements no hook")
            if "location_provider" not in hooks:
                return None  # a wrapper plugin: sees every call, has no location of its own
            facts = plugin.location_provider()
            return facts, check_facts(facts, plugin)
        except BaseException as fault:  # SystemExit, KeyboardInterrupt: whatever a plugin raises is its own affair
            self._refuse(name, reason_of(fault))
            return None

    def _check_pending(self, plugin: Any) -> None:
        callers = self._manager.get_hookcallers(plugin) or []
        unknown = [c.name for c in callers if c.name not in HOOKS]
        if unknown:
            raise ValueError(f"it implements a hook that does not exist: {', '.join(sorted(unknown))}")

    def _refuse(self, name: str, reason: str) -> None:
        log.error("provider plugin %s is left out: %s", name, reason)
        self.broken[name] = reason
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)


def load(entry_points: Iterable[metadata.EntryPoint] | None = None) -> Registry:
    """Return the registry of all installed plugins; one that fails is left out and named in `broken`."""
    points = metadata.entry_points(group=GROUP) if entry_points is None else entry_points
    plugins, broken = [], {}
    for point in sorted(points, key=_rank):
        try:
            plugins.append((point.name, point.load(), point.dist.version if point.dist else ""))
        except KeyboardInterrupt:
            raise  # somebody's Ctrl-C while the process starts
        except BaseException as fault:
            log.exception("provider plugin %s can't be imported", point.name)
            broken[point.name] = import_reason(fault)
    return Registry(plugins, broken)


def _rank(point: metadata.EntryPoint) -> tuple[bool, str]:
    """Sort what comes with the hub before strangers' plugins, so that none of them can take a key from it."""
    return (point.dist.name if point.dist else "") != OURS, point.name


def _scoped(manager: pluggy.PluginManager, others: list[Any]) -> Callable[..., Any]:
    callers: dict[str, pluggy.HookCaller] = {}

    def call(hook: str, arguments: dict[str, Any]) -> Any:
        caller = callers.get(hook)
        if caller is None:
            caller = callers[hook] = manager.subset_hook_caller(hook, remove_plugins=others)
        return caller(**arguments)

    return call
