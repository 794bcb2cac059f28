"""What the help page says of Zoom and nothing else here shows; each docstring quotes it."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from flask import Flask
from sqlalchemy import inspect, select

from hub.app import create_app
from hub.connections import service
from hub.doctor import examine
from hub.scheduling import bookings
from hub.store.models import Connection, EventType
from hub.store.models import Host as HostRow
from hub.values import Meeting
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee, Person, at, consent
from tests.support.world import World

SLOTS = [f"2026-12-01T{hour:02}:00:00+00:00" for hour in range(9, 16)]
LATER = "2026-12-02T10:30:00+00:00"
# What Zoom is asked for over a booking's whole life, by the sandbox's names of its routes.
ASKED = {"token", "revoke", "user", "create", "update", "delete"}
# The columns of a connection that hold something of Zoom's; all others are the hub's own bookkeeping.
OF_ZOOM = {"account", "account_label", "account_data", "scopes", "tokens"}
BOOKKEEPING = {
    "id", "host_id", "provider", "enabled", "grant_number", "expires_at", "connected_at", "last_success_at",
    "broken_reason", "broken_at", "refresh_lease", "refresh_lease_until",
    "failures", "outage_since", "open_until",
}  # fmt: skip


def connection(world: World) -> Connection:
    with world.hub.store.read() as session:
        return session.scalars(select(Connection)).one()


def lives(world: World, ada: Host, bob: Invitee) -> list[int]:
    """Have one booking that stands, one that moved and one that was cancelled; returns their ids."""
    offered = ada.offers("zoom")
    ids = []
    for start in SLOTS[:3]:
        bob.books(offered, start, location="zoom")
        world.work()
        ids.append(world.booking().id)
    bookings.move(world.hub, ids[1], at(LATER), by="invitee")
    bookings.cancel(world.hub, ids[2], by="host")
    world.work()
    return ids


def asked(world: World) -> list[str]:
    """Return what Zoom was asked for so far, in order."""
    return [call["route"] for call in world.calls_at_zoom()]


def text_of(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


def test_a_unique_link_each(ada: Host, bob: Invitee, world: World) -> None:
    """Connect your Zoom account to SchedulingKit so that every booking with "Zoom" as the meeting location
    automatically creates a unique Zoom meeting link — no manual setup needed."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    links = []
    for start in SLOTS[:4]:
        bob.books(offered, start, location="zoom")
        world.work()
        links.append(world.link())
    assert len(set(links)) == 4
    assert len(world.meetings_at_zoom()) == 4


@pytest.mark.parametrize(("user", "limit"), [("grace@example.com", True), ("ada@example.com", False)])
def test_free_or_paid(ada: Host, bob: Invitee, world: World, user: str, limit: bool) -> None:
    """A Zoom account (free or paid)."""
    ada.connects("zoom", user=user)
    assert ada.reads("Zoom's free plan ends meetings after 40 minutes.") == limit
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    assert world.link()


def test_any_event_type(ada: Host, bob: Invitee, world: World) -> None:
    """Once connected, you can assign Zoom as the meeting location for any event type. Save the event type. All future
    bookings for this event type will automatically include a Zoom meeting link."""
    old = [ada.offers("phone", title="Old"), ada.offers("inperson", title="Older")]
    bob.books(old[0], SLOTS[0], location="phone", phone="+431234567")
    world.work()
    before = world.booking().id
    ada.connects("zoom")
    for row in old:
        ada.opens(f"/event-types/{row.id}")
        fields = {"title": row.title, "minutes": "30", "notice": "0", "notice_unit": "minutes", "horizon_days": "60"}
        fields |= {"interval": "30", "buffer_before": "0", "buffer_after": "0", "active": "1", "do": "save"}
        fields |= {"loc-0-provider": "zoom", "loc-0-position": "0", "loc-0-label": ""}
        assert ada.sends(f"/event-types/{row.id}", **fields).status_code == 200
        assert ada.reads(f"“{row.title}” is saved.")
        with world.hub.store.read() as session:
            now = session.get_one(EventType, row.id)
        for start in SLOTS[1 + 2 * old.index(row) :][:2]:
            bob.books(now, start, location="zoom")
            world.work()
            assert world.link() in text_of(world.mails(bob.email)[-1])
    assert world.booking(before).location["provider"] == "phone"


def test_follows_the_booking(ada: Host, bob: Invitee, world: World) -> None:
    """SchedulingKit will automatically create, update, and delete Zoom meetings based on booking activity."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    assert [m["start_time"] for m in world.meetings_at_zoom()] == ["2026-12-01T09:00:00Z"]
    bookings.move(world.hub, world.booking().id, at(LATER), by="invitee")
    world.work()
    assert [m["start_time"] for m in world.meetings_at_zoom()] == ["2026-12-02T10:30:00Z"]
    bookings.cancel(world.hub, world.booking().id, by="invitee")
    world.work()
    assert world.meetings_at_zoom() == []
    assert [name for name in asked(world) if name in ("create", "update", "delete")] == ["create", "update", "delete"]


def test_no_button_where_it_is_not_enabled(ada: Host, world: World) -> None:
    """ "Connect Zoom" button doesn't appear · Zoom integration may not be enabled for your account. Contact support."""
    with world.hub.store.write() as session:
        session.get_one(HostRow, ada.id).providers_off = ["zoom"]
    settings = dataclasses.replace(world.hub.settings, support_email="support@example.org")
    grace = Host(create_app(hub=dataclasses.replace(world.hub, settings=settings)), world, "Grace", "grace@example.com")
    grace.opens("/settings/integrations")
    assert grace.reads("Connect Zoom")
    with world.hub.store.write() as session:
        session.get_one(HostRow, grace.id).providers_off = ["zoom"]
    for path in ("/settings/integrations", "/onboarding/4"):
        grace.opens(path)
        assert not grace.reads("Connect Zoom")
        assert grace.reads("Zoom is not enabled for your account. Contact support: support@example.org")


def test_authorization_that_fails(ada: Host, bob: Invitee, world: World) -> None:
    """Authorization fails or shows an error · Try disconnecting and reconnecting. Ensure you're signing in with the
    correct Zoom account."""
    world.breaks_zoom("500", "token")
    ada.connects("zoom")
    assert ada.reads("Zoom could not be connected just now.")
    assert ada.reads("Not connected")
    ada.connects("zoom", user="grace@example.com")
    assert ada.reads("grace@example.com")
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    ada.connects("zoom", user="ada@example.com")
    assert ada.reads("ada@example.com")
    assert not ada.reads("grace@example.com")
    bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    (meeting,) = world.meetings_at_zoom()
    users = {user["id"]: user["email"] for user in world.control("GET", "/state")["users"]}
    assert users[meeting["host_id"]] == "ada@example.com"


def test_error_after_the_authorization(ada: Host, world: World, app: Flask) -> None:
    """Redirected to an error page after authorization · Clear your browser cache and try again, or use an
    incognito/private window."""
    ada.opens("/settings/integrations")
    url = ada.sends("/integrations/zoom/connect", follow=False).location
    back = urlsplit(consent(url, user="ada@example.com", decision="allow"))._replace(scheme="", netloc="").geturl()
    ada.browser = app.test_client()  # as after clearing what the browser keeps, or in a private window
    ada.opens("/login")
    ada.sends("/login", email=ada.email, password="correct horse battery", next="/settings/integrations")
    ada.opens(back)
    assert ada.reads("This authorization was not begun here, or was used already.")
    assert ada.reads("Connect Zoom")
    ada.connects("zoom")
    assert ada.reads("Zoom is connected.")


def test_invalid_redirect(ada: Host, world: World) -> None:
    """ "Invalid redirect" error · This is usually a temporary issue. Wait a few minutes and try again. If it persists,
    contact support."""
    world.control("PATCH", "/app", redirect_uris=["https://elsewhere.example/callback"])
    ada.opens("/settings/integrations")
    shown = httpx2.get(ada.sends("/integrations/zoom/connect", follow=False).location, trust_env=False)
    assert shown.status_code == 400
    assert "Invalid redirect" in shown.text
    ada.opens("/settings/integrations")
    assert ada.reads("Not connected")
    told = " ".join(check.text for check in examine.examine(world.hub.settings.environ))
    registered = re.search(r"redirect URL to register at Zoom, to the letter: (\S+)", told)
    assert registered
    world.control("PATCH", "/app", redirect_uris=[registered[1]])
    ada.connects("zoom")
    assert ada.reads("Zoom is connected.")


def test_link_on_the_manage_page(ada: Host, bob: Invitee, world: World, app: Flask) -> None:
    """The invitee can also view the Zoom link on their manage booking page."""
    ada.connects("zoom")
    token = bob.books(ada.offers("zoom"), SLOTS[0], location="zoom")
    world.work()
    page = Person(app).opens(f"/b/{token}").replace("&amp;", "&")
    assert f'href="{world.link()}"' in page


def test_status(ada: Host, world: World) -> None:
    """View status — Go to Settings → Integrations. The Zoom card shows "Connected" with the email address of the
    connected Zoom account."""
    ada.connects("zoom", user="grace@example.com")
    world.clock.advance(days=3)
    ada.opens("/settings/integrations")
    card = ada.page.split('id="zoom"')[1].split("</section>")[0]
    assert "Connected</span>" in card
    assert "grace@example.com" in card


def test_disconnected(ada: Host, bob: Invitee, world: World, app: Flask) -> None:
    """New bookings will no longer create Zoom meetings automatically. Event types with Zoom as the location will show
    a warning to update the location setting. Existing booking confirmations that already include a Zoom link will
    continue to work — those meetings are not affected. Booking records that reference a Zoom meeting link are retained
    as part of your booking history but the Zoom API connection is severed."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    token = bob.books(offered, SLOTS[0], location="zoom")
    world.work()
    link, ref = world.link(), world.booking().ref
    ada.opens("/event-types")
    assert not ada.reads("Warning")
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    calls = len(asked(world))

    ada.opens("/event-types")
    assert ada.reads("Warning")
    assert ada.reads("Zoom is not connected")
    assert ada.reads("Connect it or change the location.")
    ada.opens(f"/event-types/{offered.id}")
    assert ada.reads("Warning")
    bob.books(offered, SLOTS[1], location="zoom")
    world.work()
    assert world.meeting().state == "skipped"
    assert len(world.meetings_at_zoom()) == 1

    assert link in text_of(world.mails(bob.email)[0])
    assert httpx2.get(link, trust_env=False).status_code == 200
    assert link in Person(app).opens(f"/b/{token}").replace("&amp;", "&")
    assert link in ada.opens(f"/bookings/{ref}").replace("&amp;", "&")
    world.clock.advance(hours=30)
    world.work()
    ada.opens("/bookings?tab=past")
    assert ref in ada.page
    assert link in ada.opens(f"/bookings/{ref}").replace("&amp;", "&")
    assert len(asked(world)) == calls


def test_permissions(ada: Host, bob: Invitee, world: World) -> None:
    """SchedulingKit requests the following Zoom permissions: Create meetings · Automatically create Zoom meetings when
    bookings are made. Update meetings · Update meeting time when bookings are rescheduled. Delete meetings · Remove
    meetings when bookings are cancelled. Read user info · Display the connected Zoom account email in settings."""
    ada.opens("/settings/integrations")
    for permission, purpose in (
        ("Create meetings", "Automatically create Zoom meetings when bookings are made"),
        ("Update meetings", "Update meeting time when bookings are rescheduled"),
        ("Delete meetings", "Remove meetings when bookings are cancelled"),
        ("Read user info", "Display the connected Zoom account email in settings"),
    ):
        assert ada.reads(f"{permission} {purpose}")
    four = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
    world.control("PATCH", "/switches", scopes=four)
    ada.connects("zoom")
    assert asked(world) == ["token", "user"]
    assert ada.reads("ada@example.com")
    offered = ada.offers("zoom")
    bob.books(offered, SLOTS[0], location="zoom")
    world.work()
    assert asked(world)[2:] == ["create"]
    bookings.move(world.hub, world.booking().id, at(LATER), by="invitee")
    world.work()
    assert asked(world)[3:] == ["update"]
    bookings.cancel(world.hub, world.booking().id, by="invitee")
    world.work()
    assert asked(world)[4:] == ["delete"]


def test_what_is_asked_of_zoom_and_kept(ada: Host, bob: Invitee, world: World) -> None:
    """SchedulingKit does not access your Zoom recordings, chat messages, contacts, or any data beyond what is needed to
    manage meeting links for bookings. SchedulingKit does not store any Zoom meeting recordings, chat messages, or
    participant data."""
    ada.connects("zoom")
    lives(world, ada, bob)
    service.disconnect(world.hub, world.hub.registry.get("zoom"), host_id=ada.id)  # type: ignore[arg-type]
    assert set(asked(world)) == ASKED
    assert all("/meetings" not in c["path"] or c["method"] != "GET" for c in world.calls_at_zoom())
    allowed = {field.name for field in dataclasses.fields(Meeting)}
    for booking_id in (1, 2, 3):
        value = world.meeting(booking_id).value
        assert value
        assert set(value) == allowed
        assert set(value["data"]) == {"start", "minutes", "title", "timezone"}
        assert "/s/" not in json.dumps(value)
        assert "zak" not in json.dumps(value)


def test_all_that_is_kept_of_the_connection(ada: Host, bob: Invitee, world: World) -> None:
    """When you disconnect or remove the integration: The only Zoom-related data stored is the OAuth connection (tokens
    and connected email), which is removed upon disconnection."""
    ada.connects("zoom")
    lives(world, ada, bob)
    row = connection(world)
    assert {column.key for column in inspect(Connection).columns} == OF_ZOOM | BOOKKEEPING
    assert row.account_label == "ada@example.com"
    assert set(row.account_data) == {"external_id", "pool", "notes", "max_minutes", "warning"}
    assert set(row.account_data["notes"]) <= {"plan", "account_id", "display_name"}
    assert set(json.loads(world.hub.vault.open(row.tokens, f"connection:{row.id}:tokens"))) == {
        "access_token", "refresh_token"
    }  # fmt: skip
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    row = connection(world)
    assert (row.tokens, row.account_label, row.account_data, row.scopes) == ("", "", {}, [])
