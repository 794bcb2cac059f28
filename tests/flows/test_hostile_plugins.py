"""A plugin that fails, lies or goes away touches the bookings that use it and nothing else: faults.md, rows 38 to 43."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from hub import Account, Card, Choice, DialIn, Field, LocationProvider, Meeting, hookimpl
from hub.container import Hub
from hub.providers import Registry
from hub.testing.people import Invitee as Guest
from plugins import inperson, phone
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee
from tests.support.world import World

FACTS = LocationProvider("cafe", "Cafe", "In person", "icon.svg", "Meet in a cafe")
START, LATER, OTHER = "2026-12-02T09:00+00:00", "2026-12-02T09:30+00:00", "2026-12-02T10:00+00:00"
GOOD = Meeting("At the cafe", external_id="7")


class Hostile(SimpleNamespace):
    """A plugin whose hooks do what `does` says by name; as hashable as a module is."""

    __hash__ = object.__hash__


class Cafe:
    """What the hostile plugin does now, and how often it was asked."""

    def __init__(self) -> None:
        self.does: dict[str, Callable[[], Any]] = {}
        self.asked: list[str] = []

    def plugin(self) -> Hostile:
        def ask(name: str, usual: Any) -> Any:
            self.asked.append(name)
            return self.does[name]() if name in self.does else usual

        return Hostile(
            __package__="plugins.inperson",
            location_provider=hookimpl(lambda: FACTS),
            describe_location=hookimpl(lambda: ask("describe_location", "Meet in a cafe")),
            invitee_fields=hookimpl(lambda: ask("invitee_fields", ())),
            create_meeting=hookimpl(lambda request: ask("create_meeting", GOOD)),
            update_meeting=hookimpl(lambda request, meeting: ask("update_meeting", meeting)),
            delete_meeting=hookimpl(lambda meeting: ask("delete_meeting", None)),
            settings_card=hookimpl(lambda card: ask("settings_card", None)),
        )


def _raises(fault: BaseException) -> Callable[[], Any]:
    def hook() -> Any:
        raise fault

    return hook


@pytest.fixture(name="cafe")
def _cafe() -> Cafe:
    return Cafe()


def registry(*more: tuple[str, Any, str]) -> Registry:
    return Registry([("inperson", inperson, "1"), ("phone", phone, "1"), *more])


@pytest.fixture(name="hub")
def _hub(hub: Hub, cafe: Cafe) -> Hub:
    """A hub with two providers of ours and the hostile one."""
    return dataclasses.replace(hub, registry=registry(("cafe", cafe.plugin(), "1")))


def _another_booking_is_as_usual(ada: Host, bob: Invitee, world: World) -> None:
    """Somebody books with another provider, and gets everything."""
    other = ada.offers("inperson", title="Walk")
    before = len(world.mails(bob.email))
    bob.books(other, OTHER, location="inperson")
    world.work()
    assert world.meeting().state == "ready"
    assert "Café Central" in world.mails(bob.email)[-1].as_string().replace("=C3=A9", "é").replace("=\n", "")
    assert len(world.mails(bob.email)) == before + 1


FAULTS = [
    RuntimeError("boom"),
    SystemExit("licence expired"),
    KeyboardInterrupt(),
    MemoryError(),
    RecursionError(),
    type("Odd", (BaseException,), {})("odd"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_row_38_a_create_that_raises(ada: Host, bob: Invitee, world: World, cafe: Cafe, fault: BaseException) -> None:
    """Row 38: whatever create_meeting raises, the booking stands, failed is said, the host is told, others get theirs."""
    cafe.does["create_meeting"] = _raises(fault)
    token = bob.books(ada.offers("cafe"), START, location="cafe")
    world.work()
    assert world.booking().confirmed
    assert world.meeting().state == "failed"
    assert world.mails(bob.email)
    assert any("Cafe" in str(mail["Subject"]) + mail.as_string() for mail in world.mails(ada.email))
    assert "boom" not in ada.opens(f"/b/{token}")
    asked = cafe.asked.count("create_meeting")
    world.clock.advance(hours=2)
    world.work()
    assert cafe.asked.count("create_meeting") == asked, "a plugin that broke is not asked for ever"
    _another_booking_is_as_usual(ada, bob, world)


@pytest.mark.parametrize("fault", FAULTS[:3], ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("hook", ["describe_location", "invitee_fields", "settings_card"])
def test_row_38_pages_whose_hooks_raise(
    ada: Host, app: Flask, world: World, cafe: Cafe, hook: str, fault: BaseException
) -> None:
    """Row 38: a page that asks the plugin shows everything else, and still takes bookings."""
    offered = ada.offers("cafe", "inperson")
    cafe.does[hook] = _raises(fault)
    for path in ("/settings/integrations", "/event-types", f"/event-types/{offered.id}", "/bookings"):
        ada.opens(path)
    guest = Guest(app.test_client())
    guest.books(ada, offered, location="inperson")
    world.work()
    assert world.meeting().state == "ready"


@pytest.mark.parametrize("fault", FAULTS[:3], ids=lambda fault: type(fault).__name__)
def test_row_38_moves_and_cancellations_that_raise(
    ada: Host, app: Flask, world: World, cafe: Cafe, fault: BaseException
) -> None:
    """Row 38: a booking moves and is cancelled although the plugin can't follow."""
    guest = Guest(app.test_client())
    guest.books(ada, ada.offers("cafe"), location="cafe")
    world.work()
    assert world.meeting().state == "ready"
    cafe.does = {"update_meeting": _raises(fault), "delete_meeting": _raises(fault)}
    guest.moves()
    world.work()
    assert world.booking().version == 2
    guest.cancels()
    world.work()
    assert not world.booking().confirmed
    assert "cancel" in str(world.mails(guest.email)[-1]["Subject"]).lower()


def _meeting(**values: Any) -> Callable[[], Any]:
    return lambda: Meeting(**{"where": "x", **values})


@pytest.mark.parametrize(
    "rubbish",
    [
        lambda: None,
        lambda: "https://vendor.example/j/1",
        lambda: {"where": "x"},
        lambda: [Meeting("x")],
        _meeting(where="x" * 10_000_000),
        _meeting(where="two\nlines"),
        _meeting(join_url="javascript:alert(1)"),
        _meeting(join_url="data:text/html,x"),
        _meeting(passcode="1\r\nBcc: all@example.com"),
        _meeting(external_id=7),
        _meeting(data={"x": "x" * 10_000_000}),
        _meeting(data={"x": {"y": 1}}),
        _meeting(dial_in=("555",)),
        lambda: Meeting("x", dial_in=(DialIn("555-0100", tap="javascript:alert(1)"),)),
        lambda: Meeting("x", dial_in=(DialIn(""),)),
    ],
)
def test_row_40_rubbish_instead_of_a_meeting(ada: Host, bob: Invitee, world: World, cafe: Cafe, rubbish: Any) -> None:
    """Row 40: what is no meeting is refused with the plugin's name, and nothing of it is mailed or shown."""
    cafe.does["create_meeting"] = rubbish
    token = bob.books(ada.offers("cafe"), START, location="cafe")
    world.work()
    assert world.meeting().state == "failed"
    assert "Cafe" in (world.meeting().error or "")
    said = "".join(mail.as_string() for mail in world.mails()) + ada.opens(f"/b/{token}")
    assert "javascript:" not in said
    assert len(said) < 200_000
    _another_booking_is_as_usual(ada, bob, world)


@pytest.mark.parametrize(
    ("hook", "rubbish"),
    [
        ("describe_location", lambda: b"x"),
        ("describe_location", lambda: "<script>alert(1)</script>"),
        ("describe_location", lambda: "x" * 10_000_000),
        ("invitee_fields", lambda: None),
        ("invitee_fields", lambda: ("phone",)),
        ("invitee_fields", lambda: (Field("x", "x" * 1_000_000),)),
        ("invitee_fields", lambda: (Field("a", "<script>alert(1)</script>"),)),
        ("invitee_fields", lambda: (Field('"><script>', "A"),)),
        ("invitee_fields", lambda: (Field("a", "A", "choice", choices=("x",)),)),  # type: ignore[arg-type]
        ("invitee_fields", lambda: tuple(Field(f"f{n}", "A") for n in range(1000))),
        ("invitee_fields", lambda: (Field("a", "A", "choice", choices=(Choice("x", None),)),)),  # type: ignore[arg-type]
        ("settings_card", lambda: "card"),
        ("settings_card", lambda: Card("phone", "Phone", "Mine", "ready")),  # type: ignore[arg-type]
        ("settings_card", lambda: Account("1", "x")),
    ],
)
def test_row_40_rubbish_on_pages(
    ada: Host, app: Flask, world: World, cafe: Cafe, hook: str, rubbish: Callable[[], Any]
) -> None:
    """Rows 40 and 67: pages show what can be shown, escaped, and nothing else of it."""
    offered = ada.offers("cafe", "inperson")
    cafe.does[hook] = rubbish
    pages = [ada.opens(path) for path in ("/settings/integrations", f"/event-types/{offered.id}")]
    guest = Guest(app.test_client())
    guest.books(ada, offered, location="inperson")
    pages.append(guest.opens(f"/{ada.handle}/{offered.slug}"))
    for page in pages:
        assert "<script>alert(1)" not in page
        assert len(page) < 300_000


def test_row_40_a_naive_time_is_no_time() -> None:
    """Row 40: a value of ours that would carry a time without a zone can't be made."""
    from datetime import datetime

    from hub import Location, MeetingRequest, Person

    with pytest.raises(ValueError, match="no time zone"):
        MeetingRequest("r", "T", datetime(2026, 12, 2), 30, "UTC", Person("A", "a"), Person("B", "b"), Location("cafe"))


def test_row_41_a_plugin_that_is_uninstalled(ada: Host, app: Flask, world: World, hub: Hub, cafe: Cafe) -> None:
    """Row 41: without the plugin all pages load and say so, cancelling works, and once it is back it takes up its work."""
    from hub.app import create_app

    offered = ada.offers("cafe")
    first, second = Guest(app.test_client()), Guest(app.test_client(), "Eve", "eve@example.net")
    first.books(ada, offered, location="cafe")
    second.books(ada, offered, location="cafe")
    world.work()
    gone = dataclasses.replace(hub, registry=registry())
    pages = create_app(hub=gone)
    ada.browser, first.browser, second.browser = (_same(person, pages) for person in (ada, first, second))
    world.hub = gone
    for path in (
        "/settings/integrations",
        "/event-types",
        f"/event-types/{offered.id}",
        "/bookings",
        f"/bookings/{world.booking(1).ref}",
    ):
        ada.opens(path)
    assert "not installed" in ada.opens("/event-types")
    first.opens(first.manage)
    first.opens(f"/{ada.handle}/{offered.slug}")
    first.cancels()
    world.work()
    assert not world.booking(1).confirmed
    second.moves()
    world.work()
    assert world.booking(2).confirmed
    world.hub = hub
    asked = len(cafe.asked)
    world.clock.advance(hours=1)
    second.browser = _same(second, create_app(hub=hub))
    second.moves()
    world.work()
    assert world.meeting(2).state == "ready"
    assert len(cafe.asked) > asked


def _same(person: Any, app: Flask) -> Any:
    """Return the person's browser, cookies and all, at another app."""
    browser = app.test_client()
    browser._cookies = person.browser._cookies
    return browser


def test_row_43_a_newer_version_that_can_not_read_the_old_meetings(
    ada: Host, app: Flask, world: World, cafe: Cafe
) -> None:
    """Row 43: a plugin that no longer understands what it made fails for those bookings; new ones are as usual."""
    guest = Guest(app.test_client())
    offered = ada.offers("cafe")
    guest.books(ada, offered, location="cafe")
    world.work()
    cafe.does["update_meeting"] = _raises(KeyError("version"))
    guest.moves()
    world.work()
    assert world.booking(1).confirmed
    assert "failed" in world.timeline(1)
    newer = Guest(app.test_client(), "Eve", "eve@example.net")
    newer.books(ada, offered, location="cafe")
    world.work()
    assert world.meeting(2).state == "ready"


def test_rows_42_and_65_what_is_left_out_is_named(ada: Host, app: Flask, hub: Hub) -> None:
    """Rows 42 and 65: the settings page says which plugin is left out and why; nobody else's card is missing."""
    from hub.app import create_app

    def bad(**changes: Any) -> Hostile:
        facts = dataclasses.replace(FACTS, **changes)
        return Hostile(__package__="plugins.inperson", location_provider=hookimpl(lambda: facts))

    newer = bad(key="newer")
    newer.HUB_API = 99
    wrong = Hostile(__package__="plugins.inperson", create_meeting=hookimpl(lambda request, colour: None))
    broken = registry(
        ("double", bad(key="phone"), "1"),
        ("path", bad(key="../../etc"), "1"),
        ("huge", bad(key="huge", label="x" * 1_000_000), "1"),
        ("signature", wrong, "1"),
        ("markup", bad(key="markup", label="<b>\n</b>"), "1"),
        ("newer", newer, "1"),
    )
    assert set(broken.broken) == {"double", "path", "huge", "signature", "markup", "newer"}
    ada.browser = _same(ada, create_app(hub=dataclasses.replace(hub, registry=broken)))
    ada.opens("/settings/integrations")
    for words in ("double", "is taken by another plugin", "update the hub", "Phone", "In person"):
        assert ada.reads(words)
    assert len(ada.page) < 100_000
