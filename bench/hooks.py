"""What a hook call costs by way of the registry, with one and with a hundred plugins."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any

import pluggy

from bench.report import Line, us
from hub import LocationProvider, hookimpl
from hub.providers import Registry
from hub.values import Location

MOST = 100
spec = pluggy.HookspecMarker("bench")
impl = pluggy.HookimplMarker("bench")


class Plugin:
    """A provider with the least that one needs; its icon is a built-in one's."""

    __package__ = "plugins.inperson"

    def __init__(self, n: int) -> None:
        self.key = f"made{n}"

    @hookimpl
    def location_provider(self) -> LocationProvider:
        """Return made-up facts."""
        return LocationProvider(key=self.key, label=f"Made {self.key}", group="Other", icon="icon.svg", blurb="Made up")

    @hookimpl
    def describe_location(self, location: Location, host: str) -> str:
        """Return a line."""
        return f"You meet {host}"


class Spec:
    """The same hook without our rules: every plugin is asked."""

    @spec
    def describe_location(self, location: Location, host: str) -> str:
        """Return a line."""
        raise NotImplementedError


class Listener:
    """A plugin of the floor's."""

    @impl
    def describe_location(self, location: Location, host: str) -> str:
        """Return a line."""
        return f"You meet {host}"


def many(count: int = MOST) -> Registry:
    """Return a registry with so many made-up providers."""
    registry = Registry((f"plugin{n}", Plugin(n), "1") for n in range(count))
    assert not registry.broken, registry.broken
    return registry


def measure(*, seconds: float) -> list[Line]:
    """Return the cost of resolving a provider and of calling one hook, against a plain call and pluggy's broadcast."""
    place = Location("made0", {}, "")
    plain = _each(lambda: _plain(place, "Ada"), seconds)
    lines, calls = [Line("a plain function call", us(plain))], []
    for count in (1, MOST):
        registry = many(count)
        key = f"made{count - 1}"
        provider = registry.get(key)
        assert provider
        resolve = _each(lambda found=registry, key=key: found.get(key), seconds)
        call = _each(lambda one=provider: one.describe_location(place, "Ada"), seconds)
        calls.append(call)
        broadcast = _each(_broadcast(count, place), seconds)
        of = f"{count} plugin{'s' if count > 1 else ''}"
        lines += [
            Line(f"resolve by key, {of}", us(resolve), target="≤ 2 µs", met=resolve <= 2e-6),
            Line(
                f"describe_location of one provider, {of}", us(call), f"{us(plain)} plain call", f"{call / plain:.1f}x"
            ),
            Line("  the same", us(call), f"{us(broadcast)} pluggy asks all", f"{call / broadcast:.2f}x"),
            Line(f"pluggy's broadcast (the hub makes none), per plugin, {of}", us(broadcast / count)),
        ]
    growth = calls[1] / calls[0]
    lines.append(Line("describe_location, 100 plugins against 1", us(calls[1]), us(calls[0]), f"{growth:.2f}x", "flat"))
    return lines


def _plain(location: Location, host: str) -> str:
    return f"You meet {host}"


def _broadcast(count: int, place: Location) -> Callable[[], Any]:
    manager = pluggy.PluginManager("bench")
    manager.add_hookspecs(Spec)
    for n in range(count):
        manager.register(Listener(), f"plugin{n}")
    hook = manager.hook
    return lambda: hook.describe_location(location=place, host="Ada")


def _each(call: Callable[[], Any], seconds: float) -> float:
    """Return the seconds of one call: the best of five rounds, so that what else runs here counts little."""
    timer = timeit.Timer(call)
    number, _ = timer.autorange()
    share = max(1, int(number * seconds / 5 / 0.2))
    return min(timer.repeat(5, share)) / share
