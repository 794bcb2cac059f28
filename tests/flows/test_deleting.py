"""Profile → Delete Account; docstrings quote the help page where they show a sentence of it."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select

from hub import accounts
from hub.accounts import resetting
from hub.connections import service
from hub.connections.token_endpoint import Grant
from hub.container import Hub
from hub.errors import NotPossible
from hub.outbox.jobs import RedisQueue
from hub.profile import deletion, export
from hub.store.models import Booking, Connection, EventType, OutboxRow
from hub.store.models import Host as HostRow
from hub.values import Account
from plugins.zoom.sandbox.server import Server
from tests.support import traces
from tests.support.people import PASSWORD, Host, Invitee, Person, consent
from tests.support.wire import Sent, Tap
from tests.support.world import Clock, World, make_hub, settings

ADA = "ada@example.com"
PATH = "/profile/delete"


@pytest.fixture(name="hub")
def _hub(engine: str, database_url: str, redis_url: str, zoom: Server, clock: Clock, tmp_path) -> Iterator[Hub]:  # type: ignore[no-untyped-def]
    """A hub with a real Redis, whose keys can be looked at."""
    made = make_hub(settings(tmp_path, database_url, redis_url, zoom.url), clock, RedisQueue(redis_url))
    yield made
    made.http.close()
    made.store.dispose()


def deletes(host: Host, upcoming: str = "leave", password: str = PASSWORD) -> int:
    """Delete the account by its page; returns the status of the answer."""
    host.opens(PATH)
    return host.sends(PATH, upcoming=upcoming, password=password).status_code


def page_of(app: Flask, world: World, booking_id: int) -> Person:
    """Return somebody who has opened the booking's page."""
    booking = world.booking(booking_id)
    token = world.hub.vault.open(booking.manage_token, f"booking:{booking.ref}:manage")
    person = Person(app)
    person.opens(f"/b/{token}")
    return person


def test_nothing_is_left(
    app: Flask, world: World, ada: Host, bob: Invitee, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """If you wish to have all your data removed from SchedulingKit entirely, contact support at your account's support
    email or delete your account from Profile → Delete Account. (Row 67: a search of the database, of Redis and of the
    outbox for the host's address finds nothing.)"""
    caplog.set_level(logging.DEBUG)
    ada.connects("zoom")
    offered = ada.offers("zoom", "phone")
    bob.books(offered, "2026-12-01T09:00:00+00:00", location="zoom")
    Invitee(world, "Ada herself", ADA).books(offered, "2026-12-02T09:00:00+00:00", location="zoom")
    world.work()
    resetting.ask(world.hub, ADA)
    ada.opens("/profile")
    ada.sends("/profile/email", email="new@example.com", email_password=PASSWORD)
    other = Person(app)
    other.opens("/login")
    other.sends("/login", email=ADA, password="wrong")
    other.sends("/login", email=ADA, password=PASSWORD)
    with world.hub.store.write() as session:
        booking = session.get_one(Booking, 1)
        booking.cancel_reason, booking.meetings[0].error = f"Write to {ADA.upper()}", f"User {ADA} does not exist"
        session.scalars(select(OutboxRow)).first().error = f"KeyError: {ADA}"  # type: ignore[union-attr]
    link = world.link(1)
    assert traces.in_tables(world.hub.store, ADA)
    assert deletes(ada) == 200
    assert ada.reads("Your account is deleted.")
    assert traces.in_tables(world.hub.store, ADA) == []
    assert traces.in_files(world.hub.store, ADA) == []
    assert traces.in_redis(redis_url, ADA) == []
    assert ADA not in caplog.text
    assert [call["path"] for call in world.calls_at_zoom() if "revoke" in call["path"]] == ["/oauth/revoke"]
    for browser in (ada.browser, other.browser):
        assert browser.get("/profile").status_code == 302
    ada.opens("/ada-lovelace/intro-call", 404)
    ada.opens("/ada-lovelace", 404)
    assert page_of(app, world, 1).reads("with Ada Lovelace")
    assert link in page_of(app, world, 1).page


def test_jobs_do_nothing_afterwards(app: Flask, world: World, ada: Host, bob: Invitee) -> None:
    """Fault row 67: afterwards no job calls the provider; the invitee is reminded of a booking that was left, without the address."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    bob.books(offered, "2026-12-01T09:00:00+00:00", location="zoom")
    world.work()
    bob.books(offered, "2026-12-02T09:00:00+00:00", location="zoom")  # its meeting is yet to be made
    assert deletes(ada) == 200
    late = page_of(app, world, 2)
    assert late.reads("There is no link, and none will come: Ada has closed the account here.")
    assert late.reads("Your booking stands, but what you change now is not passed on.")
    calls, mails = len(world.calls_at_zoom()), len(world.mails(ADA))
    for _ in range(5):
        world.clock.advance(hours=12)
        world.work()
    assert len(world.calls_at_zoom()) == calls
    assert len(world.mails(ADA)) == mails
    reminders = [
        mail for mail in world.mails("bob@example.net") if "Tomorrow" in mail["Subject"] or "In 1" in mail["Subject"]
    ]
    assert reminders
    for mail in reminders:
        assert ADA not in mail.as_string()
        assert mail["Reply-To"] is None
        assert "departed" not in mail.as_string()
        assert "Ada Lovelace" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_invitees_are_told(app: Flask, world: World, ada: Host, bob: Invitee) -> None:
    """Fault row 67: upcoming bookings are cancelled with a mail that says who the host was, though the account is gone by then."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    for day in (1, 2):
        bob.books(offered, f"2026-12-0{day}T09:00:00+00:00", location="zoom")
    world.work()
    ada.opens(PATH)
    assert ada.reads("2 upcoming meetings stay in your Zoom account.")
    assert ada.reads("1 event type")
    assert deletes(ada, "cancel") == 200
    assert ada.reads("The invitees of 2 bookings are told by mail.")
    world.work()
    told = [
        mail for mail in world.mails("bob@example.net") if mail["Subject"].startswith("Cancelled: Intro call with Ada")
    ]
    assert len(told) == 2
    for mail in told:
        assert ADA not in mail.as_string()
        assert "departed" not in mail.as_string()
        assert mail["Reply-To"] is None
        assert world.calendar(mail)["METHOD"] == "CANCEL"
    assert len(world.meetings_at_zoom()) == 2
    assert page_of(app, world, 1).reads("This booking is cancelled")
    assert world.booking(1).sequence > 0


def test_it_is_asked_once_with_a_password(world: World, ada: Host, bob: Invitee) -> None:
    """Without the password, or without a choice for upcoming bookings, nothing is deleted, and the page says what is missing."""
    bob.books(ada.offers("phone"), "2026-12-01T09:00:00+00:00", location="phone", phone="+441632960961")
    assert deletes(ada, "leave", "wrong password") == 422
    assert ada.reads("This is not your password.")
    assert 'value="leave" checked' in ada.page.replace("  ", " ") or "checked" in ada.page
    assert deletes(ada, "") == 422
    assert ada.reads("Please choose what happens to your upcoming bookings.")
    assert world.host().active
    assert ada.browser.get(f"{PATH}?password={PASSWORD}").status_code == 200
    assert world.host()


def test_the_name_goes_too(app: Flask, world: World, ada: Host, bob: Invitee) -> None:
    """The name is kept until 30 days after the last booking's end; then the sweeper's row removes what is left."""
    bob.books(ada.offers("inperson"), "2026-12-01T09:00:00+00:00", location="inperson")
    world.work()
    page = page_of(app, world, 1)
    assert deletes(ada) == 200
    world.clock.advance(days=30)
    world.work()
    assert traces.in_tables(world.hub.store, "Lovelace")
    page.opens("/login")
    world.clock.advance(days=2)
    world.work()
    assert traces.in_tables(world.hub.store, "Lovelace") == []
    with world.hub.store.read() as session:
        assert session.scalars(select(Booking)).all() == []


def test_old_bookings_go_at_once(world: World, ada: Host, bob: Invitee) -> None:
    """Bookings whose pages have ended are deleted with the account, with what was written about them."""
    bob.books(ada.offers("phone"), "2026-12-01T09:00:00+00:00", location="phone", phone="+441632960961")
    world.work()
    world.clock.advance(days=40)
    ada.opens("/login")
    ada.sends("/login", email=ADA, password=PASSWORD)
    assert deletes(ada) == 200
    for text in ("Lovelace", "bob@example.net", "Bob"):
        assert traces.in_tables(world.hub.store, text) == []


def test_the_place_is_free_again(app: Flask, world: World, ada: Host, bob: Invitee) -> None:
    """Address and handle can be used again, by an account that has nothing of the earlier one, whatever ids it gets."""
    bob.books(ada.offers("phone"), "2026-12-01T09:00:00+00:00", location="phone", phone="+441632960961")
    world.work()
    world.clock.advance(days=40)
    ada.opens("/login")
    ada.sends("/login", email=ADA, password=PASSWORD)
    old = Person(app)
    old.opens("/login")
    old.sends("/login", email=ADA, password=PASSWORD)
    assert deletes(ada) == 200
    again = Host(app, world)
    assert again.handle == "ada-lovelace"
    assert old.browser.get("/profile").status_code == 302
    again.opens("/event-types")
    assert again.reads("Intro call") is False
    Invitee(world, "Carl", "carl@example.net").books(
        again.offers("phone"), "2027-01-12T09:00:00+00:00", location="phone", phone="+441632960962"
    )
    world.clock.advance(minutes=2)
    world.work()
    assert len(world.mails("carl@example.net")) == 1


def test_a_connection_that_comes_too_late(world: World, ada: Host) -> None:
    """An authorization that ends after the account was deleted stores nothing."""
    ada.opens("/settings/integrations")
    answer = ada.sends("/integrations/zoom/connect", follow=False)
    back = consent(answer.location, user=ADA, decision="allow")
    deletion.delete(world.hub, ada.id, cancel=False)
    ada.opens(urlsplit(back)._replace(scheme="", netloc="").geturl())
    assert ada.reads("Sign in")
    provider = world.hub.registry.get("zoom")
    assert provider
    grant = Grant("access", "refresh", world.clock(), ())
    with pytest.raises(NotPossible):
        service.save(world.hub, provider, host_id=ada.id, grant=grant, account=Account("1", "ada"))
    with world.hub.store.read() as session:
        assert session.scalars(select(Connection)).all() == []


def test_twice_is_once(world: World, ada: Host) -> None:
    """An account that is deleted already is no account."""
    deletion.delete(world.hub, ada.id, cancel=False)
    with pytest.raises(NotPossible):
        deletion.delete(world.hub, ada.id, cancel=True)


def test_other_hosts_keep_theirs(app: Flask, world: World, ada: Host) -> None:
    """What belongs to other hosts stays, a booking that the leaving host made with one of them included."""
    eve = Host(app, world, "Eve", "eve@example.com")
    offered = eve.offers("phone")
    Invitee(world, "Ada Lovelace", ADA).books(
        offered, "2026-12-01T09:00:00+00:00", location="phone", phone="+441632960961"
    )
    deletion.delete(world.hub, ada.id, cancel=True)
    assert world.booking(1).invitee_email == ADA
    assert world.booking(1).confirmed
    with world.hub.store.read() as session:
        assert [row.host_id for row in session.scalars(select(EventType))] == [eve.id]
        assert [row.email for row in session.scalars(select(HostRow))] == ["eve@example.com"]


def test_export(world: World, ada: Host, bob: Invitee) -> None:
    """Before leaving, hosts take along all that is kept of them: readable anywhere, without a token in it."""
    ada.connects("zoom")
    bob.name = "=cmd|' /C calc'!A0"
    bob.books(ada.offers("zoom"), "2026-12-01T09:00:00+00:00", location="zoom")
    world.work()
    with world.hub.store.read() as session:
        connection = session.scalars(select(Connection)).one()
        tokens = json.loads(world.hub.vault.open(connection.tokens, f"connection:{connection.id}:tokens"))
    answer = ada.browser.get("/profile/export.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ada-lovelace-2026-11-30.json"'
    known = answer.get_json()
    assert known["account"]["email"] == ADA
    assert known["event_types"][0]["locations"][0]["provider"] == "zoom"
    assert known["bookings"][0]["invitee_email"] == "bob@example.net"
    assert known["bookings"][0]["meetings"][0]["value"]["join_url"] == world.link(1)
    assert known["bookings"][0]["timeline"]
    assert known["connections"][0]["account_label"] == ADA
    text = answer.get_data(as_text=True)
    for secret in (*tokens.values(), world.host().password_hash, world.booking(1).manage_digest, connection.tokens):
        assert secret not in text
    calendar = Calendar.from_ical(ada.browser.get("/profile/export.ics").data)
    assert calendar["METHOD"] == "PUBLISH"
    assert [event["SUMMARY"] for event in calendar.walk("VEVENT")] == [f"Intro call: {bob.name} and Ada Lovelace"]
    lines = list(csv.reader(io.StringIO(ada.browser.get("/profile/export.csv").data.decode("utf-8-sig"))))
    assert lines[1][:4] == ["2026-12-01 10:00", "2026-12-01 10:30", "Intro call", "confirmed"]
    assert lines[1][6] == f"'{bob.name}"
    assert ada.browser.get("/profile/export.exe").status_code == 404


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_row_76_cells(cell: str) -> None:
    """Row 76: a cell that a spreadsheet would take for a formula gets a quote in front; others stay as they are."""
    assert export.harmless(cell) == f"'{cell}"
    assert export.harmless(f"a{cell}") == f"a{cell}"


def test_sign_up_is_untouched(app: Flask, world: World, ada: Host) -> None:
    """A wrong address deletes nothing: only the account's own page or the operator's command does."""
    stranger = Person(app)
    stranger.opens("/login")
    assert stranger.sends(PATH, follow=False, password=PASSWORD, upcoming="leave").status_code == 302
    with world.hub.store.read() as session:
        assert accounts.find(session, ADA)


@pytest.mark.parametrize("upcoming", ["leave", "cancel"])
def test_while_a_meeting_is_being_made(
    app: Flask, world: World, zoom: Server, ada: Host, bob: Invitee, upcoming: str
) -> None:
    """A meeting that is under way while the account is deleted reaches the invitee of a booking that was left, and
    nobody of one that was cancelled; no call follows, and nothing brings the account back."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), "2026-12-01T09:00:00+00:00", location="zoom")
    tap = Tap(zoom)

    def while_asked(sent: Sent) -> None:
        if sent.method == "POST" and sent.path.endswith("/meetings"):
            tap.after = None
            deletion.delete(world.hub, ada.id, cancel=upcoming == "cancel")

    tap.after = while_asked
    world.work()
    world.clock.advance(minutes=5)
    world.work()
    assert [sent.path for sent in tap.sent] == ["/v2/users/me/meetings", "/oauth/revoke"]
    assert len(world.meetings_at_zoom()) == 1
    assert traces.in_tables(world.hub.store, ADA) == []
    subjects = [str(mail["Subject"]).split(":")[0] for mail in world.mails("bob@example.net")]
    page = page_of(app, world, 1)
    if upcoming == "leave":
        assert page.reads("Join")
        assert subjects == ["Booked"]
        assert ADA not in world.mails("bob@example.net")[0].as_string()
    else:
        assert page.reads("This booking is cancelled")
        assert subjects == ["Cancelled"]
