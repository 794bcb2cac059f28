"""Finds the providers' plugins and calls their hooks, one provider at a time; the only user of pluggy's manager."""

from __future__ import annotations

import inspect
import logging
import re
import types
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata, resources
from typing import Any, TypeVar, get_args

import pluggy

from hub.errors import PluginFault, ProviderError
from hub.events import VendorEvent, WebhookReply, WebhookRequest
from hub.facts import Field, FieldKind, LocationProvider, OAuth2
from hub.hookspecs import Hooks
from hub.values import Account, Api, Card, Location, Meeting, MeetingRequest

GROUP = "hub.providers"
HOOKS = tuple(name for name, _ in inspect.getmembers(Hooks, inspect.isfunction) if not name.startswith("_"))
LARGEST_ICON = 20_000
LARGEST_README = 100_000
KINDS = get_args(FieldKind)

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
        needed = {scope.name for scope in self.oauth.optional_scopes if scope.enables == hook}
        return needed <= set(scopes)

    def connect_account(self, api: Api) -> Account:
        return self._call("connect_account", Account, api=api)

    def describe_location(self, location: Location, host: str) -> str:
        if not self.can("describe_location"):
            return self.facts.blurb
        return self._call("describe_location", str, location=location, host=host)[:300]

    def invitee_fields(self, location: Location) -> tuple[Field, ...]:
        if not self.can("invitee_fields"):
            return ()
        fields: tuple[Field, ...] = self._call("invitee_fields", tuple, location=location)
        if not all(isinstance(field, Field) and field.kind in KINDS for field in fields):
            raise PluginFault(f"The plugin of {self.facts.label} asks for something unusable.")
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

    def settings_card(self, card: Card, account: Account | None, settings: Mapping[str, str]) -> Card:
        if not self.can("settings_card"):
            return card
        changed = self._call("settings_card", (Card, types.NoneType), card=card, account=account, settings=settings)
        return changed or card

    def receive_webhook(self, request: WebhookRequest, settings: Mapping[str, str]) -> WebhookReply:
        reply: WebhookReply = self._call("receive_webhook", WebhookReply, request=request, settings=settings)
        if not all(isinstance(event, VendorEvent) for event in reply.events):
            raise PluginFault(f"The plugin of {self.facts.label} told of something unknown.")
        return reply

    def sandbox_app(self, public_url: str) -> Any:
        return self._call("sandbox_app", object, public_url=public_url)

    def _call(self, hook: str, kind: Any, **arguments: Any) -> Any:
        try:
            result = self._call_hook(hook, arguments)
        except ProviderError:
            raise
        except (Exception, SystemExit) as fault:
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
            self._manager.register(plugin, name)
            self._check_pending(plugin)
            hooks = {caller.name for caller in self._manager.get_hookcallers(plugin) or ()}
            if not hooks:
                raise ValueError("it implements no hook")
            if "location_provider" not in hooks:
                return None  # a wrapper plugin: sees every call, has no location of its own
            facts = plugin.location_provider()
            return facts, _checked(facts, plugin)
        except (Exception, SystemExit) as fault:
            self._refuse(name, str(fault) or type(fault).__name__)
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
    for point in sorted(points, key=lambda p: p.name):
        try:
            plugins.append((point.name, point.load(), point.dist.version if point.dist else ""))
        except (Exception, SystemExit) as fault:
            log.exception("provider plugin %s can't be imported", point.name)
            broken[point.name] = f"it can't be imported ({type(fault).__name__}: {fault})"
    return Registry(plugins, broken)


def _scoped(manager: pluggy.PluginManager, others: list[Any]) -> Callable[..., Any]:
    callers: dict[str, pluggy.HookCaller] = {}

    def call(hook: str, arguments: dict[str, Any]) -> Any:
        caller = callers.get(hook)
        if caller is None:
            caller = callers[hook] = manager.subset_hook_caller(hook, remove_plugins=others)
        return caller(**arguments)

    return call


def _checked(facts: Any, plugin: Any) -> list[str]:
    """Return icon, README and manifests of a provider whose facts hold. Raises ValueError that says what does not."""
    if not isinstance(facts, LocationProvider):
        raise ValueError("location_provider() did not return a LocationProvider")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,30}", facts.key):
        raise ValueError("its key must be lower-case letters and digits")
    if not (facts.label.strip() and facts.group.strip()) or len(facts.label) > 60 or len(facts.blurb) > 300:
        raise ValueError("its label or group is empty, or its texts are too long")
    if facts.oauth is not None and not isinstance(facts.oauth, OAuth2):
        raise ValueError("its oauth is no OAuth2")
    if not all(isinstance(f, Field) and f.kind in KINDS for f in facts.host_fields):
        raise ValueError("a host field is no Field or has a kind that does not exist")
    names = [f.name for f in facts.host_fields]
    if len(set(names)) != len(names) or any(f.kind == "choice" and not f.choices for f in facts.host_fields):
        raise ValueError("its host fields have a name twice or a choice without choices")
    if "/" in facts.icon or not facts.icon.endswith(".svg") or any("/" in name for name in facts.manifests):
        raise ValueError("its icon must be an .svg file beside the plugin, and so must its manifests be")
    folder = resources.files(getattr(plugin, "__package__", "") or getattr(plugin, "__name__", ""))
    icon, *manifests = (folder.joinpath(name).read_text("utf-8") for name in (facts.icon, *facts.manifests))
    if len(icon) > LARGEST_ICON or re.search(
        r"<script|\son\w+\s*=|javascript:|<foreignObject|href\s*=\s*[\"']?(?!#)", icon, re.I
    ):
        raise ValueError("its icon is too large, or holds script or links")
    readme = folder.joinpath("README.md")
    text = readme.read_bytes()[:LARGEST_README].decode("utf-8", "replace") if readme.is_file() else ""
    return [icon, text, *manifests]
