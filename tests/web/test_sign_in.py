"""Signing up and in: every fault named at once, and who guesses is shut out without shutting out the owner."""

from __future__ import annotations

import base64
import json

import pytest
from flask import Flask

from tests.support.people import PASSWORD, Host, Person
from tests.support.world import World

ADA = "ada@example.com"


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    return Host(app, world)


def tries(person: Person, password: str, email: str = ADA, **headers: str) -> int:
    """Try to sign in; returns the status of the answer."""
    person.opens("/login")
    return person.sends("/login", follow=False, email=email, password=password).status_code


def test_all_faults_at_once(app: Flask, ada: Host) -> None:
    """Sign-up names all faults of the form at once, and keeps what was typed, but for the password."""
    person = Person(app)
    person.opens("/signup")
    answer = person.sends("/signup", name=" ", email="a@b\r\nBcc: x@y", password="short", timezone="Mars/X")
    assert answer.status_code == 422
    for sentence in ("Please fill in your name.", "at least 8 characters", "Please choose a time zone from the list."):
        assert person.reads(sentence)
    assert 'id="email-error"' in person.page
    assert "short" not in person.page


def test_row_1_on_one_machine(app: Flask, ada: Host, world: World) -> None:
    """Row 1: where mails go to nobody, a known address is told so, in any case, and its account stays as it is."""
    before = world.host().password_hash
    person = Person(app)
    person.opens("/signup")
    for email in ("ADA@example.com", " ada@EXAMPLE.com "):
        answer = person.sends("/signup", name="Eve", email=email, password="a brand new secret", timezone="UTC")
        assert answer.status_code == 422
        assert person.reads("This address has an account already.")
    assert world.host().password_hash == before
    assert world.host().name == "Ada Lovelace"


@pytest.mark.parametrize("email", ["a@b\r\nBcc:x@y", '"<script>"@x.y', f"{'a' * 320}@example.com", "ada@example.com."])
def test_row_5_addresses(app: Flask, ada: Host, email: str) -> None:
    """Row 5: what is no address is refused in the form."""
    person = Person(app)
    person.opens("/signup")
    given = {"name": "Eve", "password": "a brand new secret", "timezone": "UTC"}
    assert person.sends("/signup", email=email, **given).status_code == 422
    assert 'id="email-error"' in person.page


def test_row_7_one_answer(app: Flask, ada: Host) -> None:
    """Row 7: a wrong password and an unknown address get the same page."""
    pages = []
    for email in (ADA, "ada@example.org"):
        person = Person(app)
        assert tries(person, "wrong", email) == 422
        token = person.page.split('name="csrf_token" value="')[1].split('"')[0]
        pages.append(person.page.replace(token, "").replace(email, "EMAIL"))
    assert pages[0] == pages[1]


def test_row_8_wrong_passwords(app: Flask, ada: Host) -> None:
    """Row 8: after ten wrong passwords strangers wait, and read how long; a device that the account knows is let in."""
    stranger, owner = Person(app), Person(app)
    assert tries(owner, PASSWORD) == 302
    for _ in range(10):
        assert tries(stranger, "wrong") == 422
    stranger.opens("/login")
    answer = stranger.sends("/login", email=ADA, password=PASSWORD)
    assert answer.status_code == 429
    assert 500 < int(answer.headers["Retry-After"]) <= 600
    stranger.page = answer.get_data(as_text=True)
    assert stranger.reads("Please try again in 10 minutes.")
    assert 'href="/forgot"' in stranger.page
    owner.opens("/event-types")
    owner.sends("/logout")
    assert tries(owner, PASSWORD) == 302


def test_a_known_device_has_a_limit_of_its_own(app: Flask, ada: Host) -> None:
    """Even from a known device a password can't be tried without end, and its cookie is of no use for other accounts."""
    owner = Person(app)
    assert tries(owner, PASSWORD) == 302
    owner.opens("/event-types")
    owner.sends("/logout")
    for _ in range(10):
        assert tries(owner, "wrong") == 422
    assert tries(owner, PASSWORD) == 429
    for _ in range(10):
        assert tries(owner, "wrong", "eve@example.com") == 422
    assert tries(Person(app), "wrong", "eve@example.com") == 429


def test_right_passwords_cost_nothing(app: Flask, ada: Host) -> None:
    """Only wrong passwords are counted."""
    for _ in range(12):
        assert tries(Person(app), PASSWORD) == 302


def test_the_devices_cookie(app: Flask, ada: Host) -> None:
    """The cookie of a device names no address, is no key to anything, and one that was changed counts as none."""
    owner = Person(app)
    assert tries(owner, PASSWORD) == 302
    cookie = owner.browser.get_cookie("device")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    payload = base64.urlsafe_b64decode(cookie.value.partition(".")[0] + "==")
    _, accounts = json.loads(payload)
    assert [len(bytes.fromhex(account)) for account in accounts] == [16]
    assert b"@" not in payload
    other = Person(app)
    other.browser.set_cookie("device", cookie.value)
    assert other.browser.get("/profile").status_code == 302
    other.browser.set_cookie("device", cookie.value[:-2] + "xx")
    assert tries(other, PASSWORD) == 302
