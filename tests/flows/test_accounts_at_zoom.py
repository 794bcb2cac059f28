"""Which Zoom account is connected, by whom, and what a host reads about it on the card."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from hub.scheduling import bookings
from hub.store.models import Connection
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee, at, consent
from tests.support.world import World

SLOTS = [f"2026-12-01T{hour:02}:00:00+00:00" for hour in (9, 10, 11, 12)]


def disconnects(host: Host) -> None:
    host.opens("/integrations/zoom/disconnect")
    host.sends("/integrations/zoom/disconnect")


def text_of(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def test_meetings_of_another_account_are_listed(ada: Host, bob: Invitee, world: World) -> None:
    """With another Zoom account, the old meetings are left alone and the host is told which, by mail and on a page."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    for slot in SLOTS[:2]:
        bob.books(offered, slot, location="zoom")
        world.work()
    links = [world.link(1), world.link(2)]
    disconnects(ada)
    ada.connects("zoom", user="grace@example.com")
    assert ada.reads("2 upcoming meetings were made in another Zoom account")
    ada.opens("/integrations/zoom/earlier")
    assert ada.reads("Intro call with Bob Invitee")
    world.work()
    (mail,) = [m for m in world.mails(ada.email) if "of another account" in m["Subject"]]
    for link in links:
        assert link in ada.page
        assert link in text_of(mail)
    assert "change them by hand" in text_of(mail)
    calls = len(world.calls_at_zoom())
    bookings.cancel(world.hub, 1, by="invitee")
    world.work()
    assert len(world.calls_at_zoom()) == calls
    assert "Please delete it there." in text_of(world.mails(ada.email)[-1])
    ada.opens("/integrations/zoom/earlier")
    assert links[0] not in ada.page
    disconnects(ada)
    ada.connects("zoom")
    assert not ada.reads("another Zoom account")
    ada.opens("/integrations/zoom/earlier")
    assert ada.reads("Video Conferencing")


def test_the_same_account_again(ada: Host, bob: Invitee, world: World) -> None:
    """Who reconnects the same account gets no mail about it."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    disconnects(ada)
    ada.connects("zoom")
    world.work()
    assert [m for m in world.mails(ada.email) if "of another account" in m["Subject"]] == []


@pytest.fixture(name="eve")
def _eve(ada: Host, app: Flask, world: World) -> Host:
    """A second host of the hub."""
    return Host(app, world, "Eve Adams", "eve@example.com")


def test_two_hosts_with_one_account(ada: Host, eve: Host, bob: Invitee, world: World) -> None:
    """Two hosts who connect one Zoom user are warned, without names, and read why a connection ended (faults, row 36)."""
    ada.connects("zoom")
    assert not ada.reads("Another host of this hub")
    world.clock.advance(minutes=1)
    eve.connects("zoom", user="ada@example.com")
    for host, other in ((ada, "Eve Adams"), (eve, "Ada Lovelace")):
        host.opens("/settings/integrations")
        assert host.reads("Another host of this hub has connected the same Zoom account.")
        assert other not in host.page
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.clock.advance(hours=1)
    world.work()
    ada.opens("/settings/integrations")
    assert ada.reads("Another host of this hub connected the same account later, which ended this connection.")
    eve.opens("/settings/integrations")
    assert eve.reads("Connected")


def test_one_disconnects(ada: Host, eve: Host, bob: Invitee, world: World) -> None:
    """A disconnect does not take the grant from another host who has connected the same account (faults, row 36)."""
    eve.connects("zoom", user="ada@example.com")
    world.clock.advance(minutes=1)
    ada.connects("zoom")
    disconnects(eve)
    assert eve.reads("Zoom is disconnected.")
    assert len(world.calls_at_zoom("revoke")) == 0
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    assert world.link()
    disconnects(ada)
    assert len(world.calls_at_zoom("revoke")) == 1


def test_tokens_that_cannot_be_read(ada: Host, bob: Invitee, world: World) -> None:
    """Damaged tokens, or ones of a lost key, ask for a reconnect; no page fails and the host is told once (rows 63, 64)."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    bob.books(offered, SLOTS[0], location="zoom")
    world.work()
    with world.hub.store.write() as session:
        connection = session.scalars(select(Connection)).one()
        connection.tokens = connection.tokens[:-6] + "AAAAA="
    calls = len(world.calls_at_zoom())
    token = bob.books(offered, SLOTS[1], location="zoom")
    for path in (
        "/settings/integrations",
        "/event-types",
        "/event-types/1",
        "/bookings",
        f"/b/{token}",
        "/onboarding/4",
    ):
        ada.opens(path)
    ada.opens("/settings/integrations")
    assert ada.reads("Needs reconnect")
    assert ada.reads("The stored connection can't be read any more.")
    bookings.move(world.hub, 1, at(SLOTS[3]), by="invitee")
    world.work()
    world.work()
    assert len(world.calls_at_zoom()) == calls
    assert len([m for m in world.mails(ada.email) if "needs to be reconnected" in m["Subject"]]) == 1
    ada.connects("zoom")
    world.work()
    assert len(world.meetings_at_zoom()) == 2
    assert world.link(2)


def test_the_card_once_connected(ada: Host, world: World) -> None:
    """The connected card shows since when, the end of the account's id, and each permission that was granted."""
    ada.opens("/settings/integrations")
    assert ada.reads("Connect your Zoom account, and every booking with Zoom gets a meeting of its own.")
    assert ada.reads("Create meetings")
    assert '<details class="disclosure" open>' in ada.page
    ada.connects("zoom")
    assert ada.reads("New bookings with Zoom get a meeting of their own.")
    assert ada.reads("Account id …")
    assert ada.reads("Connected since")
    assert ada.reads("Create meetings Automatically create Zoom meetings when bookings are made Yes")


def test_what_went_wrong_stands_on_the_card(ada: Host, world: World) -> None:
    """Authorization fails or shows an error: the card says it in one sentence, with the button beside it."""
    ada.opens("/settings/integrations")
    answer = ada.sends("/integrations/zoom/connect", follow=False)
    back = urlsplit(consent(answer.location, user=ada.email, decision="deny"))
    answer = ada.browser.get(f"{back.path}?{back.query}")
    assert answer.location.endswith("/settings/integrations#zoom")
    ada.opens("/settings/integrations")
    card = ada.page[ada.page.index('id="zoom"') : ada.page.index('class="toasts"')]
    assert "because access was not allowed" in card
    assert "because access was not allowed" not in ada.page[ada.page.index('class="toasts"') :]
    ada.opens("/settings/integrations")
    assert "because access was not allowed" not in ada.page


def test_signed_out_on_the_way(ada: Host, world: World) -> None:
    """A host who comes back from Zoom signed out signs in and reads what to do next."""
    ada.opens("/settings/integrations")
    answer = ada.sends("/integrations/zoom/connect", follow=False)
    back = urlsplit(consent(answer.location, user=ada.email, decision="allow"))
    ada.opens("/settings/integrations")
    ada.sends("/logout")
    ada.opens(f"{back.path}?{back.query}")
    assert ada.reads("Sign in")
    target = ada.page.split('name="next" value="')[1].split('"')[0].replace("&amp;", "&")
    ada.sends("/login", email=ada.email, password="correct horse battery", next=target)
    assert ada.reads("This authorization was not begun here, or was used already. Please start again.")
    assert ada.reads("Connect Zoom")


def test_free_account(ada: Host, bob: Invitee, world: World) -> None:
    """A Zoom account (free or paid): of a free one, list, editor and booking warn where a meeting is longer than it lasts."""
    ada.connects("zoom", user=free_user(world))
    ada.offers("zoom", minutes=60)
    bob.books(ada.offers("zoom", minutes=60, title="Long call"), SLOTS[0], location="zoom")
    bob.books(ada.offers("zoom", minutes=30, title="Short call"), SLOTS[2], location="zoom")
    world.work()
    for path in ("/event-types", "/event-types/1", f"/bookings/{world.booking(1).ref}"):
        ada.opens(path)
        assert ada.reads("Warning"), path
        assert ada.reads("40 minutes"), path
    ada.opens(f"/bookings/{world.booking(2).ref}")
    assert not ada.reads("40 minutes")


def free_user(world: World) -> str:
    """Return the address of a user of the local Zoom whose plan is free."""
    users = world.control("GET", "/state")["users"]
    return str(next(user["email"] for user in users if user["type"] == 1))
