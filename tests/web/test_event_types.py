"""Event types: the list with its warnings, and the editor that loses nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from hub.scheduling import event_types
from hub.scheduling.event_type_form import Typed, TypedLocation
from hub.store.models import EventType, LocationRow
from hub.store.models import Host as Account
from tests.support.people import Host, Invitee
from tests.support.world import World

FIELDS: dict[str, Any] = {
    "title": "First talk",
    "slug": "",
    "minutes": "25",
    "description": "About {{7*7}} {% raw %} %(x)s {0.__class__}",
    "buffer_before": "5",
    "buffer_after": "10",
    "notice": "4",
    "notice_unit": "hours",
    "horizon_days": "30",
    "interval": "15",
    "active": "1",
    "reminders": ["60"],
    "do": "save",
}


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    return Host(app, world)


def place(index: int, provider: str, label: str = "", **inputs: str) -> dict[str, str]:
    """Return the fields of one location in the form."""
    prefix = f"loc-{index}-"
    typed = {f"{prefix}inputs-{name}": text for name, text in inputs.items()}
    return {f"{prefix}provider": provider, f"{prefix}label": label, f"{prefix}position": str(index), **typed}


def saved(world: World) -> EventType | None:
    """Return the newest event type."""
    with world.hub.store.read() as session:
        return session.scalars(select(EventType).order_by(EventType.id.desc())).first()


def order(page: str) -> list[str]:
    """Return the providers of the editor's locations, from the top."""
    found = re.findall(r'name="loc-(\d+)-provider" value="(\w+)"', page)
    assert [index for index, _ in found] == [str(i) for i in range(len(found))]
    return [provider for _, provider in found]


def test_make_one_with_several_locations(ada: Host, world: World) -> None:
    """Go to Event Types and create an event type; everything typed is kept, in the order of the locations."""
    ada.opens("/event-types/new")
    answer = ada.sends(
        "/event-types/new",
        **FIELDS,
        **place(0, "zoom"),
        **place(1, "phone", "Call me", mode="invitee_calls", number="01 58058"),
        **place(2, "inperson", mode="host_place", address="Café Central\r\nWien"),
        **{"loc-2-show-asked": "1"},
    )
    assert answer.status_code == 200
    row = saved(world)
    assert row
    assert (row.title, row.slug, row.minutes, row.notice, row.interval) == ("First talk", "first-talk", 25, 240, 15)
    assert (row.buffer_before, row.buffer_after, row.horizon_days, row.reminders) == (5, 10, 30, [60])
    assert row.active
    assert row.description == FIELDS["description"]
    assert [loc.provider for loc in row.locations] == ["zoom", "phone", "inperson"]
    assert row.locations[1].inputs == {"mode": "invitee_calls", "number": "+43158058"}
    assert (row.locations[1].label, row.locations[1].show_before) == ("Call me", True)
    assert row.locations[2].show_before is False
    assert ada.reads("“First talk” is saved.")


@pytest.mark.parametrize("minutes", ["0", "-5", "1000000000", "7.5", "NaN", "30 min", "1441", ""])
def test_row_20_durations(ada: Host, world: World, minutes: str) -> None:
    """Row 20: a duration is a whole number from 1 to 1440; what was typed stays."""
    ada.opens("/event-types/new")
    fields = {**FIELDS, "minutes": minutes}
    answer = ada.sends("/event-types/new", **fields, **place(0, "phone", mode="host_calls"))
    assert answer.status_code == 422
    assert ada.reads("Please give a whole number from 1 to 1440.")
    assert 'id="minutes-error"' in ada.page
    assert f'value="{minutes}"' in ada.page
    assert 'value="First talk"' in ada.page
    assert order(ada.page) == ["phone"]
    assert saved(world) is None


@pytest.mark.parametrize("slug", ["new", "taken", "a" * 200, "%00", "прив-et", "a b", "-x"])
def test_row_21_addresses(ada: Host, world: World, slug: str) -> None:
    """Row 21: an address that is taken, reserved, too long or of other letters is refused with the reason."""
    ada.offers("phone", title="Taken")
    ada.opens("/event-types/new")
    answer = ada.sends("/event-types/new", **{**FIELDS, "slug": slug}, **place(0, "phone", mode="host_calls"))
    assert answer.status_code == 422
    assert 'id="slug-error"' in ada.page
    assert saved(world).title == "Taken"  # type: ignore[union-attr]


def test_addresses_are_made_of_titles(ada: Host, world: World) -> None:
    """Without an address one is made of the title, which no other event type of the host has."""
    for title, slug in (("Intro!", "intro"), ("intro", "intro-2"), ("相談", "meeting"), ("New", "new-2")):
        typed = Typed(title=title, locations=(TypedLocation("phone", {"mode": "host_calls"}),))
        event_types.create(world.hub, ada.id, typed)
        assert saved(world).slug == slug  # type: ignore[union-attr]


def test_row_22_locations(ada: Host, world: World) -> None:
    """Row 22: no location and an unknown kind are refused; a location that can't be used yet is saved with a warning."""
    ada.opens("/event-types/new")
    assert ada.sends("/event-types/new", **FIELDS).status_code == 422
    assert ada.reads("Please add at least one location.")
    assert ada.sends("/event-types/new", **FIELDS, **place(0, "nosuch")).status_code == 422
    assert ada.reads("This kind of location is not known here.")
    assert ada.sends("/event-types/new", **FIELDS, **place(0, "zoom")).status_code == 200
    assert ada.reads("Warning")
    assert ada.reads(
        "Zoom is not connected: it is offered only where there is no other place, and then without a link. Connect it or change the location."
    )
    assert "/settings/integrations#zoom" in ada.page


def test_a_disabled_provider_warns(ada: Host, world: World) -> None:
    """Row 22: a provider that is not enabled for the account is named so, and the list leads to the editor."""
    row = ada.offers("zoom")
    with world.hub.store.write() as session:
        session.get_one(Account, ada.id).providers_off = ["zoom"]
    ada.opens("/event-types")
    assert ada.reads("Zoom is not enabled for your account.")
    assert f"/event-types/{row.id}#location" in ada.page
    ada.opens("/event-types/new")
    assert ada.reads("Zoom (not enabled)")


def test_row_23_too_long_for_the_account(ada: Host, world: World) -> None:
    """Row 23: more than 40 minutes with a Basic account is saved, with a warning."""
    world.control("PATCH", "/users/ada@example.com", type=1)
    ada.connects("zoom")
    ada.offers("zoom", minutes=45)
    ada.opens("/event-types")
    assert ada.reads("Warning")
    assert ada.reads("40 minutes")


def test_row_25_nothing_bookable(ada: Host, world: World) -> None:
    """Row 25: an event type for which hours and length leave no time is saved, and the list says so."""
    ada.opens("/event-types/new")
    fields = {**FIELDS, "minutes": "700"}
    assert ada.sends("/event-types/new", **fields, **place(0, "phone", mode="host_calls")).status_code == 200
    assert ada.reads("Nothing bookable")
    world.clock.advance(days=1)
    ada.opens("/event-types/new")
    fields = {**FIELDS, "title": "Late", "notice": "40", "notice_unit": "days"}
    ada.sends("/event-types/new", **fields, **place(0, "phone", mode="host_calls"))
    assert ada.page.count("Nothing bookable") == 2


def test_rows_26_and_27_text_stays_text(ada: Host, world: World) -> None:
    """Rows 26 and 27: templates in a description are shown as typed, and a title is one line."""
    fields = {**FIELDS, "title": "A;\nBEGIN:VALARM, <b>", "slug": "a"}
    ada.opens("/event-types/new")
    assert ada.sends("/event-types/new", **fields, **place(0, "phone", mode="host_calls")).status_code == 200
    assert saved(world).title == "A;BEGIN:VALARM, <b>"  # type: ignore[union-attr]
    ada.opens(f"/event-types/{saved(world).id}")  # type: ignore[union-attr]
    assert ada.reads(FIELDS["description"])
    assert "A;BEGIN:VALARM, &lt;b&gt;" in ada.page


def test_all_faults_at_once(ada: Host, world: World) -> None:
    """Every fault has its sentence beside its field and in the summary, and nothing typed is lost."""
    ada.opens("/event-types/new")
    fields = {**FIELDS, "title": " ", "interval": "x", "notice_unit": "years", "description": "d" * 5001}
    answer = ada.sends(
        "/event-types/new",
        **fields,
        **place(0, "phone", mode="invitee_calls", number="12"),
        **place(1, "inperson", "L" * 81, mode="host_place"),
    )
    assert answer.status_code == 422
    names = {"title", "interval", "notice", "description", "loc-0-inputs-number", "loc-1-inputs-address", "loc-1-label"}
    assert set(re.findall(r'<li><a href="#([\w-]+)">', ada.page)) == names
    for name in names:
        assert f'id="{name}-error"' in ada.page
    assert ada.reads("Please check 7 things")
    assert 'value="12"' in ada.page
    assert "d" * 5001 in ada.page
    assert saved(world) is None


def test_buttons_keep_what_was_typed(ada: Host, world: World) -> None:
    """Adding, moving and removing locations are plain submits that save nothing and keep everything."""
    ada.opens("/event-types/new")
    rows = {**place(0, "zoom"), **place(1, "phone", "Ring", mode="invitee_calls", number="12")}
    fields = {**FIELDS, **rows, "minutes": "abc"}
    assert ada.sends("/event-types/new", **{**fields, "do": "add", "add": "inperson"}).status_code == 200
    assert order(ada.page) == ["zoom", "phone", "inperson"]
    ada.sends("/event-types/new", **fields, move="up:1")
    assert order(ada.page) == ["phone", "zoom"]
    assert 'name="loc-0-label"' in ada.page
    assert 'value="Ring"' in ada.page
    assert 'value="abc"' in ada.page
    ada.sends("/event-types/new", **fields, move="remove:0")
    assert order(ada.page) == ["phone"]
    ada.sends("/event-types/new", **{**fields, "loc-0-position": "1", "loc-1-position": "0", "do": "preview"})
    assert order(ada.page) == ["phone", "zoom"]
    assert saved(world) is None


def test_the_invitees_view_stands_beside(ada: Host) -> None:
    """Beside the form is what invitees will read of each location, with a number only where it is to be shown."""
    ada.opens("/event-types/new")
    fields = {**FIELDS, **place(0, "phone", mode="invitee_calls", number="01 58058"), "do": "preview"}
    ada.sends("/event-types/new", **fields)
    assert ada.reads("You call Ada at +43 1 58058")
    ada.sends("/event-types/new", **fields, **{"loc-0-show-asked": "1"})
    assert ada.reads("You call Ada; the number comes with your booking")


def test_locations_keep_their_ids(ada: Host, world: World) -> None:
    """Editing keeps the rows that stay, so a booking form that is open elsewhere still fits; others are removed."""
    row = ada.offers("zoom", "phone", "inperson")
    zoom, phone, _ = row.locations
    ada.opens(f"/event-types/{row.id}")
    kept = {**place(0, "phone", mode="host_calls"), **place(1, "zoom"), **place(2, "zoom")}
    answer = ada.sends(
        f"/event-types/{row.id}", **FIELDS, **kept, **{"loc-0-id": str(phone.id), "loc-1-id": str(zoom.id)}
    )
    assert answer.status_code == 200
    after = saved(world)
    assert after
    assert [loc.id for loc in after.locations][:2] == [phone.id, zoom.id]
    assert len(after.locations) == 3
    with world.hub.store.read() as session:
        assert len(list(session.scalars(select(LocationRow)))) == 3


def test_ids_of_others_are_not_taken_over(app: Flask, ada: Host, world: World) -> None:
    """A location id of another host's event type makes a new location and leaves theirs alone."""
    eve = Host(app, world, "Eve Other", "eve@example.com")
    theirs = eve.offers("phone")
    ada.opens("/event-types/new")
    ada.sends("/event-types/new", **FIELDS, **place(0, "zoom"), **{"loc-0-id": str(theirs.locations[0].id)})
    with world.hub.store.read() as session:
        rows = list(session.scalars(select(LocationRow).order_by(LocationRow.id)))
    assert [row.provider for row in rows] == ["phone", "zoom"]


def test_on_and_off(ada: Host, world: World) -> None:
    """The switch in the list opens and closes an event type for bookings."""
    row = ada.offers("phone")
    ada.opens("/event-types")
    ada.sends(f"/event-types/{row.id}/active")
    assert saved(world).active is False  # type: ignore[union-attr]
    ada.sends(f"/event-types/{row.id}/active", **{f"active-{row.id}": "1"})
    assert saved(world).active is True  # type: ignore[union-attr]


def test_a_copy_is_off(ada: Host, world: World) -> None:
    """A copy has everything but the address, and takes no bookings until it is switched on."""
    row = ada.offers("phone", "inperson", buffer_after=20)
    ada.opens(f"/event-types/{row.id}")
    ada.sends(f"/event-types/{row.id}/duplicate")
    copy = saved(world)
    assert copy
    assert (copy.title, copy.slug, copy.active) == ("Intro call (copy)", "intro-call-copy", False)
    assert copy.buffer_after == 20
    assert [loc.inputs for loc in copy.locations] == [loc.inputs for loc in row.locations]
    assert copy.locations[0].id != row.locations[0].id


def test_delete_asks_with_numbers(ada: Host, world: World) -> None:
    """Deleting asks on its own page with numbers; upcoming bookings keep standing."""
    row = ada.offers("phone")
    Invitee(world).books(row, "2026-12-01T09:00:00+00:00", location="phone", phone="+43158058")
    ada.opens(f"/event-types/{row.id}/delete")
    assert ada.reads("1 upcoming booking stands")
    assert saved(world) is not None
    ada.sends(f"/event-types/{row.id}/delete")
    assert saved(world) is None
    assert world.booking().confirmed


def test_others_see_nothing(app: Flask, ada: Host, world: World) -> None:
    """Another host's event type is as missing as one that never was, for reading and for every button."""
    row = ada.offers("phone")
    eve = Host(app, world, "Eve Other", "eve@example.com")
    assert "Intro call" not in eve.opens("/event-types")
    for number in (row.id, 9999):
        for path in ("", "/delete"):
            assert eve.browser.get(f"/event-types/{number}{path}").status_code == 404
        for path in ("", "/delete", "/duplicate", "/active"):
            fields = {**FIELDS, **place(0, "zoom")}
            assert eve.sends(f"/event-types/{number}{path}", **fields).status_code == 404
    assert saved(world).title == "Intro call"  # type: ignore[union-attr]


def test_the_list_says_what_to_do_first(ada: Host) -> None:
    """A host without event types reads what one is; with one, sees its address to share."""
    ada.opens("/event-types")
    assert ada.reads("No event types yet")
    ada.offers("phone")
    ada.opens("/event-types")
    assert 'data-copy="http://localhost/ada-lovelace/intro-call"' in ada.page


def test_numbers_that_no_row_has(app: Flask, world: World) -> None:
    """A number in an address that is larger than any row's is an unknown address."""
    ada = Host(app, world)
    for path in (f"/event-types/{'9' * 25}", f"/event-types/{'9' * 25}/delete", "/event-types/0"):
        ada.opens(path, 404)
