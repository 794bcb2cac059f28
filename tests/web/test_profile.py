"""The profile page: who the host is, how they sign in, and where."""

from __future__ import annotations

import logging

import pytest
from flask import Flask

from hub import accounts
from hub.inputs import RESERVED
from tests.support.people import PASSWORD, Host, Person
from tests.support.world import World

PATH = "/profile"
DETAILS = {"name": "Ada Lovelace", "handle": "ada-lovelace", "timezone": "Europe/Vienna"}


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    host = Host(app, world)
    host.opens(PATH)
    return host


def signs_in(app: Flask, password: str) -> Person:
    """Return somebody who tried to sign in as Ada in another browser."""
    person = Person(app)
    person.opens("/login")
    person.sends("/login", email="ada@example.com", password=password, next="/profile")
    return person


def inside(person: Person) -> bool:
    """Tell whether the person's browser is signed in."""
    return person.browser.get(PATH).status_code == 200


def test_change_details(ada: Host, world: World) -> None:
    """Name, handle and zone are changed together, and the public pages move with the handle."""
    ada.offers("phone")
    answer = ada.sends(PATH, name="  Ada   King ", handle="Countess", timezone="Europe/London")
    assert answer.status_code == 200
    host = world.host()
    assert (host.name, host.handle, host.timezone) == ("Ada King", "countess", "Europe/London")
    assert ada.reads("Your profile is saved.")
    ada.opens("/countess/intro-call")


def test_row_16_names(ada: Host, world: World) -> None:
    """Row 16: a name of spaces or hidden marks or 10,000 characters is refused; HTML is text; marks that reorder go."""
    for name in ("", "   ", "\u200b\u2060", "x" * 10_000):
        assert ada.sends(PATH, **{**DETAILS, "name": name}).status_code == 422
        assert 'id="name-error"' in ada.page
    ada.sends(PATH, **{**DETAILS, "name": "<b>Ada</b>\u202e {{7*7}}"})
    assert world.host().name == "<b>Ada</b> {{7*7}}"
    assert "&lt;b&gt;Ada&lt;/b&gt; {{7*7}}" in ada.page


@pytest.mark.parametrize(
    "handle", ["admin", "api", "static", "..", "a/b", "a\u200fb", "a" * 300, "", "-a", *sorted(RESERVED)[:5]]
)
def test_row_4_handles(ada: Host, world: World, handle: str) -> None:
    """Row 4: a handle that is reserved or of other letters is refused, the allowed set is shown, what was typed stays."""
    assert ada.sends(PATH, **{**DETAILS, "handle": handle, "name": "Other"}).status_code == 422
    assert 'id="handle-error"' in ada.page
    assert ada.reads("Letters a–z, digits and hyphens.")
    assert 'value="Other"' in ada.page
    assert world.host().handle == "ada-lovelace"


def test_a_handle_of_somebody_else(app: Flask, ada: Host, world: World) -> None:
    """A handle that somebody else has, in any case, is refused."""
    Host(app, world, "Eve", "eve@example.com")
    assert ada.sends(PATH, **{**DETAILS, "handle": "EVE"}).status_code == 422
    assert ada.reads("“eve” is taken. Please choose another.")


@pytest.mark.parametrize("zone", ["Mars/X", "../../etc", ""])
def test_row_15_zones(ada: Host, world: World, zone: str) -> None:
    """Row 15: a time zone that is none is refused, and the list is offered."""
    assert ada.sends(PATH, **{**DETAILS, "timezone": zone}).status_code == 422
    assert ada.reads("Please choose a time zone from the list.")
    assert '<option value="Asia/Kathmandu"' in ada.page


def test_row_18_password_needs_the_current_one(app: Flask, ada: Host, world: World) -> None:
    """Row 18: without the current password nothing changes, and neither is shown again."""
    before = world.host().password_hash
    for current in ("", "wrong password"):
        answer = ada.sends(f"{PATH}/password", current=current, new="a brand new secret")
        assert answer.status_code == 422
        assert ada.reads("This is not your current password.")
        assert "brand new" not in ada.page
    assert world.host().password_hash == before


@pytest.mark.parametrize("new", ["", "short", "password123", "x" * 1025, "aaaaaaaaaa"])
def test_passwords_that_can_not_be(ada: Host, world: World, new: str) -> None:
    """A new password that is too short, too long or too common is refused with the reason."""
    assert ada.sends(f"{PATH}/password", current=PASSWORD, new=new).status_code == 422
    assert 'id="new-error"' in ada.page
    assert accounts.check_password(world.host(), PASSWORD)


def test_a_new_password_ends_other_sessions(app: Flask, ada: Host, world: World) -> None:
    """A changed password signs out all other browsers; this one stays; only the new password opens the door."""
    other = signs_in(app, PASSWORD)
    assert inside(other)
    ada.sends(f"{PATH}/password", current=PASSWORD, new="a brand new secret")
    assert ada.reads("All other browsers are signed out.")
    assert inside(ada)
    assert not inside(other)
    assert not inside(signs_in(app, PASSWORD))
    assert inside(signs_in(app, "a brand new secret"))


def test_sign_out_everywhere(app: Flask, ada: Host) -> None:
    """Signing out everywhere ends the sessions of all browsers, this one too."""
    other = signs_in(app, PASSWORD)
    ada.opens(PATH)
    ada.sends(f"{PATH}/sign-out")
    assert ada.reads("You are signed out everywhere.")
    assert not inside(ada)
    assert not inside(other)


def test_row_19_fields_not_asked_for(ada: Host, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Row 19: fields that nobody asked for change nothing, and the log says that they came."""
    more = {"operator": "1", "is_admin": "1", "id": "2", "session_epoch": "9", "email": "eve@example.com"}
    epoch = world.host().session_epoch
    with caplog.at_level(logging.WARNING):
        assert ada.sends(PATH, **DETAILS, **more).status_code == 200
    host = world.host()
    assert (host.operator, host.session_epoch, host.email) == (False, epoch, "ada@example.com")
    assert "is_admin" in caplog.text
    assert "eve@example.com" not in caplog.text


def test_guessing_is_limited(ada: Host) -> None:
    """The current password can't be tried without end."""
    for _ in range(10):
        ada.sends(f"{PATH}/password", current="wrong password", new="a brand new secret")
    assert ada.sends(f"{PATH}/password", current=PASSWORD, new="a brand new secret").status_code == 429


def test_nothing_without_signing_in(app: Flask) -> None:
    """Whoever is not signed in is asked to, for reading and for every action."""
    person = Person(app)
    person.opens("/login")
    for path in (PATH, f"{PATH}/password", f"{PATH}/sign-out"):
        assert person.sends(path, follow=False).status_code == 302
    assert person.browser.get(f"{PATH}/sign-out").status_code == 405
