"""A forgotten password, a new address, a confirmed sign-up: by links that work once, without telling who has an account."""

from __future__ import annotations

import dataclasses
import re
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select

from hub import accounts
from hub.accounts import admin, resetting
from hub.app import create_app
from hub.container import Hub
from hub.operate import switch_provider
from hub.store.account_mail import AccountMail
from hub.store.models import Host as HostRow
from hub.store.vault import digest
from tests.support import traces
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import PASSWORD, Host, Invitee, Person
from tests.support.world import World

ADA, NEW = "ada@example.com", "ada.king@example.com"
FRESH = "a brand new secret"


def asks(person: Person, email: str) -> str:
    """Ask for a new password, and return the page that answers."""
    person.opens("/forgot")
    answer = person.sends("/forgot", email=email)
    assert answer.status_code == 200
    return re.sub(r'name="csrf_token" value="[^"]+"', "", person.page).replace(email, "EMAIL")


def text_of(mail: EmailMessage) -> str:
    """Return the mail's text."""
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


def link(world: World, to: str) -> str:
    """Do what is due, and return the path that the newest mail to the address links to."""
    world.work()
    return re.findall(r"http://localhost(/account/\S+)", text_of(world.mails(to)[-1]))[-1]


def signs_in(app: Flask, email: str, password: str) -> Person:
    """Return somebody who tried to sign in."""
    person = Person(app)
    person.opens("/login")
    person.sends("/login", email=email, password=password, next="/profile")
    return person


def inside(person: Person) -> bool:
    """Tell whether the person's browser is signed in."""
    return person.browser.get("/profile").status_code == 200


def test_a_new_password_by_mail(app: Flask, world: World, ada: Host) -> None:
    """A link by mail sets a new password, once, signs in here, and ends all other sessions. (Row 14: it leads to the
    hub's own address, whatever the request named.)"""
    person = Person(app)
    asks(person, " ADA@example.com ")
    path = link(world, ADA)
    person.opens(path)
    assert person.reads("Choose a new password")
    assert person.sends(path, new="password123").status_code == 422
    assert person.sends(path, new=FRESH).status_code == 200
    assert inside(person)
    assert not inside(ada)
    assert not inside(signs_in(app, ADA, PASSWORD))
    assert inside(signs_in(app, ADA, FRESH))
    person.opens(path, 410)
    assert person.reads("This link has been used, or is too old, or is not whole.")
    assert 'href="/forgot"' in person.page


def test_row_12_unknown_addresses(app: Flask, world: World, ada: Host) -> None:
    """Row 12: an unknown address gets the same answer and the same work, and no mail; it is written down nowhere."""
    assert asks(Person(app), ADA) == asks(Person(app), "nobody@example.com")
    with world.hub.store.read() as session:
        assert len(session.scalars(select(AccountMail)).all()) == 2
    world.work()
    assert len(world.mails(ADA)) == 1
    assert world.mails("nobody@example.com") == []
    assert traces.in_tables(world.hub.store, "nobody@example.com") == []


@pytest.mark.parametrize("spoil", ["cut", "late", "other", "case"])
def test_row_13_links_that_do_not_work(app: Flask, world: World, ada: Host, spoil: str) -> None:
    """Row 13: a link that is cut, too old, changed or used up by another one gets one sentence and a button."""
    person = Person(app)
    asks(person, ADA)
    path = link(world, ADA)
    person.opens(path)
    if spoil == "late":
        world.clock.advance(minutes=30)
    elif spoil == "other":
        asks(Person(app), ADA)
        other = link(world, ADA)
        resetting.reset(world.hub, other.rpartition("/")[2], FRESH)
    path = {"cut": path[:-1], "case": path.swapcase().replace("/ACCOUNT/PASSWORD/", "/account/password/")}.get(
        spoil, path
    )
    assert person.sends(path, new="yet another secret").status_code == 410
    assert person.reads("Get a new link")
    assert not inside(person)


def test_nothing_secret_is_kept(world: World, ada: Host) -> None:
    """A link's token is nowhere in the database once it is mailed, only its digest; in the end that goes too."""
    resetting.ask(world.hub, ADA)
    token = link(world, ADA).rpartition("/")[2]
    assert traces.in_tables(world.hub.store, token) == []
    assert traces.in_tables(world.hub.store, digest(token)) == ["account_mail.digest"]
    with world.hub.store.read() as session:
        assert session.scalars(select(AccountMail.token)).one() == ""
    world.clock.advance(minutes=31)
    world.work()
    assert traces.in_tables(world.hub.store, digest(token)) == []


def test_three_links_an_hour(app: Flask, world: World, ada: Host) -> None:
    """One address gets at most three links an hour, known or not."""
    for email in (ADA, "nobody@example.com"):
        for _ in range(3):
            asks(Person(app), email)
        person = Person(app)
        person.opens("/forgot")
        answer = person.sends("/forgot", email=email)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) <= 3600


def test_a_new_address(app: Flask, world: World, ada: Host) -> None:
    """A new address counts once the link that was mailed there is used; the old one is told before and after."""
    ada.opens("/profile")
    assert ada.sends("/profile/email", email=NEW, email_password=PASSWORD).status_code == 200
    assert ada.reads(f"A mail with a link is on its way to {NEW}. Until you open it, your present address stays.")
    resetting.ask(world.hub, ADA)
    path = link(world, NEW)
    assert world.host().email == ADA
    assert [mail["Subject"] for mail in world.mails(ADA)] == [
        "Your address is to change",
        "A new password for your account",
    ]
    elsewhere = Person(app)
    elsewhere.opens(path)
    assert elsewhere.reads(NEW)
    assert world.host().email == ADA
    assert elsewhere.sends(path).status_code == 200
    assert world.host(NEW).id == ada.id
    world.work()
    assert world.mails(ADA)[-1]["Subject"] == "Your address has changed"
    assert inside(signs_in(app, NEW, PASSWORD))
    assert not inside(signs_in(app, ADA, PASSWORD))
    reset = re.findall(r"/account/password/\S+", text_of(world.mails(ADA)[1]))[0]
    elsewhere.opens(reset, 410)
    elsewhere.opens(path, 410)
    assert traces.in_tables(world.hub.store, ADA) == []


def test_row_18_a_new_address_needs_the_password(world: World, ada: Host) -> None:
    """Row 18: without the password no address is changed and nobody is mailed; what was typed stays, all faults are named."""
    ada.opens("/profile")
    assert ada.sends("/profile/email", email="nonsense", email_password="wrong").status_code == 422
    assert ada.reads("This is not your password.")
    assert ada.reads("This does not look like an email address")
    assert 'value="nonsense"' in ada.page
    assert ada.sends("/profile/email", email="Ada@Example.com", email_password=PASSWORD).status_code == 422
    assert ada.reads("This is your address already.")
    world.work()
    assert world.mails() == []


def test_an_address_that_is_taken(app: Flask, world: World, ada: Host) -> None:
    """Asking for somebody else's address gets the same answer; only the mail that goes there says that it is taken."""
    Host(app, world, "Eve", "eve@example.com")
    ada.opens("/profile")
    ada.sends("/profile/email", email="eve@example.com", email_password=PASSWORD)
    assert ada.reads("A mail with a link is on its way to eve@example.com.")
    world.work()
    mail = world.mails("eve@example.com")[-1]
    assert mail["Subject"] == "This address has an account"
    assert "Ada" not in mail.as_string()
    assert "/account/" not in text_of(mail)


def test_an_address_that_is_taken_meanwhile(app: Flask, world: World, ada: Host) -> None:
    """Who signs up with the address before the link is used, keeps it."""
    ada.opens("/profile")
    ada.sends("/profile/email", email=NEW, email_password=PASSWORD)
    path = link(world, NEW)
    Host(app, world, "Other", NEW)
    ada.opens(path)
    assert ada.sends(path).status_code == 410
    assert ada.reads("it has an account of its own by now")
    assert world.host().id == ada.id


@pytest.fixture(name="careful")
def _careful(hub: Hub) -> Flask:
    """The pages of a hub that confirms addresses by mail."""
    return create_app(hub=dataclasses.replace(hub, settings=dataclasses.replace(hub.settings, signup="confirm")))


def signs_up(app: Flask, email: str, name: str = "Ada King") -> tuple[Person, str]:
    """Sign up, and return the person with the page that answers."""
    person = Person(app)
    person.opens("/signup")
    answer = person.sends("/signup", name=name, email=email, password=FRESH, timezone="Europe/Vienna")
    assert answer.status_code == 200
    return person, re.sub(r'name="csrf_token" value="[^"]+"', "", person.page).replace(email, "EMAIL")


@pytest.mark.parametrize("known", [ADA, "ADA@Example.com", "\uff21da@example.com"])
def test_row_1_sign_up_tells_nobody(careful: Flask, world: World, ada: Host, known: str) -> None:
    """Row 1: an address that has an account, however it is spelled, gets the page that a new one gets; its account stays as it is."""
    before = world.host().password_hash
    answers = [signs_up(careful, email)[1] for email in (known, "new@example.com")]
    assert answers[0].replace(ADA, "EMAIL") == answers[1]
    world.work()
    assert [mail["Subject"] for mail in world.mails(ADA)] == ["You have an account already"]
    assert [mail["Subject"] for mail in world.mails("new@example.com")] == ["Open your account"]
    assert world.host().password_hash == before
    with world.hub.store.read() as session:
        assert len(session.scalars(select(HostRow)).all()) == 1


def test_the_account_opens_by_its_link(careful: Flask, world: World, ada: Host) -> None:
    """The link makes the account, not by being looked at, and leads to onboarding; a second time it does nothing."""
    signs_up(careful, NEW)
    path = link(world, NEW)
    person = Person(careful)
    person.opens(path)
    with world.hub.store.read() as session:
        assert accounts.find(session, NEW) is None
    person.sends(path)
    assert person.reads("How do people find you?")
    assert world.host(NEW).name == "Ada King"
    assert person.sends(path).status_code == 410
    assert inside(signs_in(careful, NEW, FRESH))


def test_sign_up_can_be_closed(hub: Hub, world: World, ada: Host) -> None:
    """Where the operator makes all accounts, the page says so, and nobody can sign up."""
    closed = create_app(hub=dataclasses.replace(hub, settings=dataclasses.replace(hub.settings, signup="closed")))
    person = Person(closed)
    person.opens("/login")
    assert "/signup" not in person.page
    assert person.sends("/signup", name="Eve", email=NEW, password=FRESH, timezone="UTC").status_code == 403
    assert person.reads("Accounts are made by the operator of this hub.")


def test_an_operator_makes_an_account(app: Flask, world: World, ada: Host) -> None:
    """An account that the operator made has no password until its host sets one by the link, once, within three days."""
    url = admin.add(world.hub, email=NEW, name="Ada King", timezone="Europe/Vienna")
    assert not inside(signs_in(app, NEW, ""))
    path = url.removeprefix("http://localhost")
    person = Person(app)
    person.opens(path)
    person.sends(path, new=FRESH)
    assert person.reads("How do people find you?")
    assert inside(signs_in(app, NEW, FRESH))
    person.opens(path, 410)


def test_an_inactive_account(app: Flask, world: World, ada: Host) -> None:
    """A SchedulingKit account with an active subscription. Without it nothing is booked or connected, pages are not
    found, and the host reads why; what was booked stays."""
    offered = ada.offers("phone")
    Invitee(world).books(offered, "2026-12-01T09:00:00+00:00", location="phone", phone="+441632960961")
    admin.switch(world.hub, ADA, active=False)
    ada.opens("/bookings")
    assert ada.reads("Your account is not active. It takes no new bookings, and nothing can be connected.")
    assert ada.reads("Bob Invitee")
    ada.opens("/settings/integrations")
    assert "Connect Zoom" not in ada.page
    assert ada.reads("Zoom is not enabled for your account.")
    assert ada.sends("/integrations/zoom/connect", follow=False).status_code == 404
    ada.opens("/ada-lovelace/intro-call", 404)
    ada.opens("/ada-lovelace", 404)
    booking = world.booking(1)
    token = world.hub.vault.open(booking.manage_token, f"booking:{booking.ref}:manage")
    ada.opens(f"/b/{token}")
    assert ada.reads("You are booked")
    admin.switch(world.hub, ADA, active=True)
    ada.opens("/ada-lovelace/intro-call")


def test_a_provider_that_is_not_enabled(app: Flask, hub: Hub, world: World, ada: Host) -> None:
    """The row: "Connect Zoom" button doesn't appear · Zoom integration may not be enabled for your account. Contact support."""
    switch_provider(world.hub, "zoom", ADA, on=False)
    helped = dataclasses.replace(hub, settings=dataclasses.replace(hub.settings, support_email="help@example.com"))
    person = Person(create_app(hub=helped))
    person.opens("/login")
    person.sends("/login", email=ADA, password=PASSWORD, next="/settings/integrations")
    assert "Connect Zoom" not in person.page
    assert person.reads("Zoom is not enabled for your account. Contact support: help@example.com.")
    assert person.sends("/integrations/zoom/connect", follow=False).status_code == 404
    switch_provider(world.hub, "zoom", ADA, on=True)
    person.opens("/settings/integrations")
    assert "Connect Zoom" in person.page
