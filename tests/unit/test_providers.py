"""Plugins that fail are left out and named; the others work, and no plugin's fault goes further than its own provider."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, datetime
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import ConnectionLost, InvalidInput, MeetingGone, PluginFault, ProviderError, Rejected, SlotTaken
from hub.facts import Choice, Field, LocationProvider, OAuth2, Setting
from hub.hookspecs import hookimpl
from hub.providers import Registry, load
from hub.values import Account, Card, Location, Meeting, MeetingRequest, Person, Readiness
from plugins import inperson

FACTS = LocationProvider(key="cafe", label="Cafe", group="Places", icon="icon.svg", blurb="Meet there")
OAUTH = OAuth2("https://vendor.example", "/authorize", "/token", "https://api.vendor.example", ())
REQUEST = MeetingRequest(
    "ref",
    "Talk",
    datetime(2026, 12, 1, tzinfo=UTC),
    30,
    "UTC",
    Person("A", "a@b.c"),
    Person("B", "b@c.d"),
    Location("cafe"),
)
CARD = Card("cafe", "Cafe", "Meet there", Readiness.READY)


class Made(SimpleNamespace):
    """A plugin made up here; as hashable as a module is."""

    __hash__ = object.__hash__


def plugin(facts: Any = FACTS, **hooks: Any) -> Any:
    """Return a plugin with these hooks; `facts` may be a function."""

    def location_provider() -> Any:
        return facts() if callable(facts) else facts

    made = Made(location_provider=hookimpl(location_provider), __package__="plugins.inperson")
    for name, hook in hooks.items():
        setattr(made, name, hookimpl(hook))
    return made


def registry(**plugins: Any) -> Registry:
    """Return a registry of these plugins, after one that works."""
    return Registry([("inperson", inperson, "1"), *((name, made, "1") for name, made in plugins.items())])


def others_work(found: Registry) -> bool:
    good = found.get("inperson")
    assert good
    location = Location("inperson", {"mode": "host_place", "address": "Wien"})
    request = dataclasses.replace(REQUEST, location=location)
    return good.create_meeting(request, None, {}).where == "Wien"


def raises(fault: BaseException) -> Any:
    def hook(*_: Any) -> Any:
        raise fault

    return hook


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (None, "did not return a LocationProvider"),
        ("rubbish", "did not return a LocationProvider"),
        (raises(RuntimeError("no licence")), "no licence"),
        (raises(SystemExit(3)), "3"),
        (raises(SystemExit()), "SystemExit"),
        (dataclasses.replace(FACTS, key="Cafe"), "key"),
        (dataclasses.replace(FACTS, key=""), "key"),
        (dataclasses.replace(FACTS, key="../x"), "key"),
        (dataclasses.replace(FACTS, key="cafe\n"), "key"),
        (dataclasses.replace(FACTS, key=None), ""),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, label=" "), "label"),
        (dataclasses.replace(FACTS, label="x" * 61), "too long"),
        (dataclasses.replace(FACTS, blurb="x" * 1_000_000), "too long"),
        (dataclasses.replace(FACTS, icon="../../../pyproject.svg"), "icon"),
        (dataclasses.replace(FACTS, icon="missing.svg"), "missing.svg"),
        (dataclasses.replace(FACTS, icon="icon.png"), "icon"),
        (dataclasses.replace(FACTS, host_fields=(Field("a", "A"), Field("a", "A"))), "twice"),
        (dataclasses.replace(FACTS, host_fields=(Field("a", "A", "choice"),)), "choice"),
        (dataclasses.replace(FACTS, host_fields=("a",)), ""),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, host_fields=(Field("a", "A", "date"),)), "kind"),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, oauth="https://vendor.example"), "oauth"),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, base_url="file:///etc")), "base address"),
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, api_url=None)), "base address"),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, authorize_path="javascript:x")), "authorize_path"),
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, token_path="token")), "token_path"),
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, scopes=("all",))), "scope"),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, read_error="x")), "read_error"),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, authorize_query={"a": 1})), "query"),  # type: ignore[dict-item]
        (dataclasses.replace(FACTS, oauth=dataclasses.replace(OAUTH, token_auth="none")), "token_auth"),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, settings=("url",)), "setting"),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, settings=None), ""),  # type: ignore[arg-type]
        (dataclasses.replace(FACTS, settings=(Setting("client_secret", "x"),)), "client_secret"),
        (dataclasses.replace(FACTS, settings=(Setting("../x", "x"),)), "../x"),
        (dataclasses.replace(FACTS, settings=(Setting("a", "x"), Setting("a", "x"))), "one name"),
        (dataclasses.replace(FACTS, settings=(Setting("a", 7),)), "setting"),  # type: ignore[arg-type]
    ],
)
def test_broken_facts(facts: Any, reason: str) -> None:
    """A plugin whose facts do not hold is left out with the reason; the others work."""
    found = registry(cafe=plugin(facts))
    assert found.get("cafe") is None
    assert reason in found.broken["cafe"]
    assert [one.key for one in found.all()] == ["inperson"]
    assert others_work(found)


@pytest.mark.parametrize(
    "made",
    [
        plugin(create_meting=lambda request: None),
        plugin(create_meeting=lambda request, nonsense: None),
        Made(location_provider=lambda: FACTS, __package__="plugins.inperson"),
        Made(),
        SimpleNamespace(location_provider=hookimpl(lambda: FACTS), __package__="plugins.inperson"),
        None,
        7,
    ],
)
def test_misspelt_hooks(made: Any) -> None:
    """Fault row 42: a hook that does not exist, an argument that no hook has, or no hook at all: left out and named."""
    found = registry(cafe=made)
    assert found.get("cafe") is None
    assert found.broken["cafe"]
    assert others_work(found)


def test_misspelt_hook_is_named() -> None:
    """The reason says which hook does not exist."""
    assert "create_meting" in registry(cafe=plugin(create_meting=lambda request: None)).broken["cafe"]


def test_key_is_taken() -> None:
    """Fault row 42: of two plugins with one key the first works and the second is named; its hooks are never called."""
    thief = plugin(dataclasses.replace(FACTS, key="inperson"), create_meeting=raises(AssertionError("it was called")))
    found = registry(thief=thief)
    assert "inperson" in found.broken["thief"]
    assert others_work(found)


def test_name_is_taken() -> None:
    """Of two packages that register under one name the first works, and the second is named as left out."""
    found = Registry([("inperson", inperson, "1"), ("inperson", plugin(), "1")])
    assert found.broken
    assert found.get("cafe") is None
    assert others_work(found)


def test_same_plugin_twice() -> None:
    """One plugin registered under two names is there once."""
    found = Registry([("inperson", inperson, "1"), ("again", inperson, "1")])
    assert list(found.broken) == ["again"]
    assert others_work(found)


def test_fails_at_import(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault row 42: a package that fails at import, in whatever way, is left out with the reason."""
    (tmp_path / "hub_broken_one.py").write_text("import a_package_that_nobody_has\n")
    (tmp_path / "hub_broken_two.py").write_text("raise SystemExit('licence expired')\n")
    (tmp_path / "hub_broken_three.py").write_text("def half(:\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names = ("one", "two", "three")
    points = [metadata.EntryPoint(name, f"hub_broken_{name}", "hub.providers") for name in names]
    points.append(metadata.EntryPoint("four", "hub_nowhere:plugin", "hub.providers"))
    points.append(metadata.EntryPoint("inperson", "plugins.inperson", "hub.providers"))
    found = load(points)
    assert set(found.broken) == {"one", "two", "three", "four"}
    assert "a_package_that_nobody_has" in found.broken["one"]
    assert "licence expired" in found.broken["two"]
    assert "SyntaxError" in found.broken["three"]
    assert others_work(found)


def provider(**hooks: Any) -> Any:
    found = registry(cafe=plugin(**hooks))
    assert not found.broken
    return found.get("cafe")


@pytest.mark.parametrize("fault", [RuntimeError("boom"), SystemExit(1), KeyError("x"), RecursionError(), MemoryError()])
def test_a_hook_that_breaks(fault: BaseException) -> None:
    """Fault row 38: whatever a hook raises arrives as one kind of error, with the provider's name and without the details."""
    broken = provider(create_meeting=raises(fault), invitee_fields=raises(fault), settings_card=raises(fault))
    for call in (
        lambda: broken.create_meeting(REQUEST, None, {}),
        lambda: broken.invitee_fields(Location("cafe")),
        lambda: broken.settings_card(CARD, None, {}),
    ):
        with pytest.raises(PluginFault, match="Cafe"):
            call()


@pytest.mark.parametrize("fault", [MeetingGone(), ConnectionLost()])
def test_errors_of_a_provider_pass(fault: ProviderError) -> None:
    """The errors that a provider may raise arrive as they are."""
    with pytest.raises(type(fault)):
        provider(create_meeting=raises(fault)).create_meeting(REQUEST, None, {})


@pytest.mark.parametrize("fault", [SlotTaken(), InvalidInput("a", "b")])
def test_errors_of_the_core_do_not_pass(fault: Exception) -> None:
    """A plugin can't speak for the core: errors that are not a provider's arrive as the plugin's fault."""
    with pytest.raises(PluginFault):
        provider(create_meeting=raises(fault)).create_meeting(REQUEST, None, {})


@pytest.mark.parametrize("rubbish", [None, "link", {}, 7, object(), Account("1", "x"), [Meeting("x")]])
def test_rubbish_is_refused(rubbish: Any) -> None:
    """Fault row 40: what is no meeting is not taken for one."""
    broken = provider(create_meeting=lambda: rubbish, update_meeting=lambda: rubbish, find_meeting=lambda: rubbish)
    with pytest.raises(PluginFault):
        broken.create_meeting(REQUEST, None, {})
    with pytest.raises(PluginFault):
        broken.update_meeting(REQUEST, Meeting("x"), None, {})
    if rubbish is not None:
        with pytest.raises(PluginFault):
            broken.find_meeting(REQUEST, None, {})


@pytest.mark.parametrize(
    "values",
    [
        {"where": ""},
        {"where": None},
        {"where": "x" * 10_000_000},
        {"where": "x", "join_url": "javascript:alert(1)"},
        {"where": "x", "join_url": "http://vendor.example/j/1"},
        {"where": "x", "join_url": "https://vendor.example/j/1\r\nBcc: all"},
        {"where": "x", "join_url": "//vendor.example"},
        {"where": "x", "external_id": 12345},
        {"where": "x", "data": {str(n): "x" for n in range(51)}},
    ],
)
def test_bad_meetings_are_refused(values: Any) -> None:
    """Fault row 40: a meeting with a dangerous link, a huge text or values of a wrong type never leaves its plugin."""
    with pytest.raises(PluginFault):
        provider(create_meeting=lambda: Meeting(**values)).create_meeting(REQUEST, None, {})


@pytest.mark.parametrize("rubbish", [None, "phone", [Field("a", "A")], ("a", "b"), (Choice("a", "b"),)])
def test_bad_fields_are_refused(rubbish: Any) -> None:
    """What an invitee is asked for is fields and nothing else."""
    with pytest.raises(PluginFault):
        provider(invitee_fields=lambda: rubbish).invitee_fields(Location("cafe"))


@pytest.mark.parametrize("rubbish", [7, None, b"x"])
def test_bad_lines_are_refused(rubbish: Any) -> None:
    """A location's line is text."""
    with pytest.raises(PluginFault):
        provider(describe_location=lambda: rubbish).describe_location(Location("cafe"), "Ada")


@pytest.mark.parametrize(
    "account",
    [
        Account("", "ada@example.com"),
        Account("1", "two\nlines"),
        Account("1", "x" * 10_000_000),
        Account("1", None),  # type: ignore[arg-type]
        Account("1", "ada", notes={"a": 7}),  # type: ignore[dict-item]
        Account("1", "ada", max_minutes="40"),  # type: ignore[arg-type]
    ],
)
def test_bad_accounts_are_refused(account: Account) -> None:
    """An account that can't be shown is not connected, and the host reads a sentence."""
    with pytest.raises(Rejected, match="Cafe"):
        provider(connect_account=lambda: account).connect_account(None)


def test_hooks_that_are_absent() -> None:
    """What a plugin leaves out, the core does without, and says so."""
    plain = provider()
    assert plain.describe_location(Location("cafe"), "Ada") == "Meet there"
    assert plain.invitee_fields(Location("cafe")) == ()
    assert plain.settings_card(CARD, None, {}) == CARD
    assert not plain.can("update_meeting")
    assert plain.hooks == ("location_provider",)
    with pytest.raises(PluginFault):
        plain.create_meeting(REQUEST, None, {})


def test_calls_stay_with_their_provider() -> None:
    """A call for one provider reaches no other one's hook."""
    found = registry(
        cafe=plugin(create_meeting=lambda request: Meeting("at the cafe")),
        park=plugin(dataclasses.replace(FACTS, key="park"), create_meeting=raises(AssertionError("wrong provider"))),
    )
    cafe = found.get("cafe")
    assert cafe
    assert cafe.create_meeting(REQUEST, None, {}).where == "at the cafe"
    assert others_work(found)


def test_wrapper() -> None:
    """A plugin without a location of its own, for an audit say, sees the calls of all providers and is none itself."""
    seen: list[str] = []

    class Audit:
        @hookimpl(wrapper=True)
        def create_meeting(self, request: MeetingRequest) -> Any:
            seen.append(request.title)
            return (yield)

    found = registry(audit=Audit(), cafe=plugin(create_meeting=lambda request: Meeting("at the cafe")))
    assert found.broken == {}
    assert {one.key for one in found.all()} == {"inperson", "cafe"}
    cafe = found.get("cafe")
    assert cafe
    assert cafe.create_meeting(REQUEST, None, {}).where == "at the cafe"
    assert others_work(found)
    assert seen == ["Talk", "Talk"]
    assert "create_meeting" in cafe.hooks


def test_wrapper_that_breaks() -> None:
    """A wrapper that breaks is a fault like any other."""

    class Audit:
        @hookimpl(wrapper=True)
        def create_meeting(self) -> Any:
            yield
            raise RuntimeError("audit")

    cafe = registry(audit=Audit(), cafe=plugin(create_meeting=lambda: Meeting("x"))).get("cafe")
    assert cafe
    with pytest.raises(PluginFault):
        cafe.create_meeting(REQUEST, None, {})


def test_optional_scopes() -> None:
    """A hook that needs a permission which was not granted counts as absent."""
    found = load().get("zoom")
    assert found
    assert found.can("find_meeting")
    assert not found.can("find_meeting", ["meeting:write:meeting"])
    assert found.can("find_meeting", ["meeting:read:list_meetings"])
    assert found.can("create_meeting", [])


@pytest.mark.parametrize(
    "icon",
    [
        "<svg><script>alert(1)</script></svg>",
        '<svg onload="alert(1)"/>',
        "<svg onload=alert(1)>",
        '<svg><a href="javascript:alert(1)"/></svg>',
        '<svg><use xlink:href="https://evil.example/x.svg#a"/></svg>',
        "<svg><use href='//evil.example#a'/></svg>",
        "<svg><foreignObject/></svg>",
        "<svg>" + "x" * 30_000 + "</svg>",
    ],
)
def test_icons(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, icon: str) -> None:
    """An icon with script, links to elsewhere or of great size is not put into pages."""
    folder = tmp_path / "hub_icon_plugin"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "icon.svg").write_text(icon)
    monkeypatch.syspath_prepend(str(tmp_path))
    made = plugin()
    made.__package__ = "hub_icon_plugin"
    found = registry(cafe=made)
    monkeypatch.delitem(sys.modules, "hub_icon_plugin", raising=False)
    assert "icon" in found.broken["cafe"]


@pytest.mark.parametrize(
    ("version", "reason"),
    [(0, "update the plugin"), (99, "update the hub"), ("1", "no whole number"), (True, "no whole number")],
)
def test_written_for_other_hooks(version: Any, reason: str) -> None:
    """A plugin that was written for hooks that this hub does not have is refused with a sentence, before any is called."""
    made = plugin(raises(AssertionError("it was called")), no_such_hook=lambda: None)
    made.HUB_API = version
    found = registry(cafe=made)
    assert reason in found.broken["cafe"]
    assert others_work(found)


def test_a_stranger_can_not_take_a_key_from_ours(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its entry point is called, a stranger's plugin comes after those of the hub's own distribution."""
    (tmp_path / "hub_thief").mkdir()
    text = "from hub import *\n@hookimpl\ndef location_provider():\n"
    text += "    return LocationProvider('inperson', 'In person', 'In person', 'icon.svg', 'Mine now')\n"
    (tmp_path / "hub_thief" / "__init__.py").write_text(text)
    (tmp_path / "hub_thief" / "icon.svg").write_text("<svg/>")
    monkeypatch.syspath_prepend(str(tmp_path))
    ours = [point for point in metadata.entry_points(group="hub.providers") if point.name == "inperson"]
    found = load([metadata.EntryPoint("aaa", "hub_thief", "hub.providers"), *ours])
    assert "taken" in found.broken["aaa"]
    assert others_work(found)


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), GeneratorExit(), type("Odd", (BaseException,), {})("odd")])
def test_exceptions_that_are_no_exceptions(fault: BaseException) -> None:
    """What a plugin raises past `except Exception` ends neither the start nor the process that calls a hook."""
    assert registry(cafe=plugin(raises(fault))).broken["cafe"]
    with pytest.raises(PluginFault):
        provider(create_meeting=raises(fault)).create_meeting(REQUEST, None, {})


def test_reasons_are_short() -> None:
    """Why a plugin is left out is one short line, whatever its error says, and even where the error breaks."""
    assert len(registry(cafe=plugin(raises(RuntimeError("x\n" * 1_000_000)))).broken["cafe"]) <= 300

    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert registry(cafe=plugin(raises(Unspeakable()))).broken["cafe"] == "Unspeakable"


def test_ours_all_work() -> None:
    """The plugins that come with the hub are all there, none broken."""
    found = load()
    assert found.broken == {}
    assert {"zoom", "phone", "inperson"} <= {one.key for one in found.all()}
