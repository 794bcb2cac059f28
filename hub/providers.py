"""Finds the providers' plugins and keeps those that work, by key; the only user of pluggy's manager."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Any

import pluggy

from hub.admission import check_facts, check_version, import_reason, reason_of
from hub.facts import LocationProvider
from hub.hookspecs import Hooks
from hub.provider import Provider

GROUP = "hub.providers"
OURS = "scheduling-hub"
HOOKS = tuple(name for name, _ in inspect.getmembers(Hooks, inspect.isfunction) if not name.startswith("_"))

log = logging.getLogger(__name__)


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
        self._sorted = sorted(
            self._providers.values(), key=lambda p: (p.facts.group != "Video Conferencing", p.facts.label)
        )

    def get(self, key: str) -> Provider | None:
        """Return the provider with this key, or None where no working plugin has it."""
        return self._providers.get(key)

    def label(self, key: str) -> str:
        """Return the provider's name for people, or its key where no working plugin has it."""
        provider = self._providers.get(key)
        return provider.facts.label if provider else key

    def absence(self, key: str) -> str:
        """Return what is to be said of a plugin that is not among these: "is not installed", or why it is left out."""
        return f"is left out: {self.broken[key]}" if key in self.broken else "is not installed"

    def all(self) -> list[Provider]:
        """Return all working providers, by group and label."""
        return list(self._sorted)

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
