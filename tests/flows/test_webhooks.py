"""What Zoom tells by itself: that the app was removed, or a meeting moved, deleted or recovered. Sent by the local
Zoom's own sender to the hub on a real port."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from hub.meetings import noticed
from hub.scheduling import bookings
from hub.store.deliveries import WebhookDelivery
from hub.store.models import Connection, OutboxRow
from plugins.zoom.sandbox import sign
from plugins.zoom.sandbox.server import Server, serve
from tests.sandbox.driver import Browser, Endpoint
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SECRET = "sandbox-webhook-secret"
SLOT, SECOND = "2026-12-01T09:00:00+00:00", "2026-12-01T11:00:00+00:00"
LATER = "2026-12-02T10:30:00+00:00"
SCOPES = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]


@pytest.fixture(name="site")
def _site(engine: str, app: Flask, world: World) -> Iterator[Server]:
    """The hub on a real port; Zoom knows where, and hosts grant the scope that lets it tell of meetings."""
    with serve(app) as server:
        world.control("PATCH", "/app", webhook_url=f"{server.url}/webhooks/zoom")
        world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:meeting"])
        yield server


@pytest.fixture(name="held")
def _held(site: Server, world: World) -> Iterator[Endpoint]:
    """What Zoom sends is held back here, to be passed on as a test wants."""
    with Endpoint() as endpoint:
        world.control("PATCH", "/app", webhook_url=endpoint.url)
        yield endpoint


def settle(world: World) -> list[dict[str, Any]]:
    """Wait until Zoom has sent all it has to say, do what follows here, and return Zoom's list of deliveries."""
    assert world.control("POST", "/webhooks/settle")["settled"]
    world.work()
    found: list[dict[str, Any]] = world.control("GET", "/webhooks")["deliveries"]
    return found


def sends(site: Server, world: World, body: bytes, *, secret: str = SECRET, **headers: str) -> int:
    """Send a webhook as Zoom would at this moment, and return the answer's status."""
    stamp = str(int(world.clock().timestamp()))
    told = {
        "content-type": "application/json; charset=utf-8",
        "x-zm-request-timestamp": stamp,
        "x-zm-signature": sign(secret, stamp, body),
        **headers,
    }
    return world.hub.http.post(f"{site.url}/webhooks/zoom", content=body, headers=told).status_code


def books(world: World, ada: Host, bob: Invitee, start: str = SLOT) -> int:
    """Take a booking whose meeting is made, a minute later."""
    bob.books(ada.offers("zoom", title=f"Call {start[8:13]}"), start, location="zoom")
    world.work()
    world.clock.advance(minutes=1)
    return world.booking().id


def connections(world: World) -> list[Connection]:
    with world.hub.store.read() as session:
        return list(session.scalars(select(Connection).order_by(Connection.id)))


def mails(world: World, word: str, to: str = "ada@example.com") -> list[str]:
    """Return the texts of the mails to somebody that have this word in their subject."""
    return [str(mail.get_body(("plain",)).get_content()) for mail in world.mails(to) if word in str(mail["Subject"])]


def uninstalls(world: World, user: str) -> None:
    """Sign in to the local Zoom's own pages, and uninstall the app there."""
    browser = Browser(world.zoom.url)
    browser.get("/marketplace/installed")
    browser.submit("/signin", user=user)
    assert "Uninstall" in browser.follow().text
    assert "Uninstall Scheduling Hub?" in browser.get("/marketplace/installed/uninstall").text
    browser.submit("/marketplace/installed")
    assert "No app is installed" in browser.follow().text
    browser.http.close()


def zoom_id(world: World, booking_id: int) -> str:
    value = world.meeting(booking_id).value
    assert value
    return str(value["external_id"])


def page(ada: Host, world: World, booking_id: int) -> str:
    return ada.opens(f"/bookings/{world.booking(booking_id).ref}")


def test_the_address_is_checked(site: Server, world: World) -> None:
    """Zoom checks the address by a token that only whoever knows the secret can answer."""
    url = f"{site.url}/webhooks/zoom"
    assert world.control("POST", "/webhooks/validate", url=url, secret=SECRET) == {"ok": True, "error": ""}
    assert world.control("POST", "/webhooks/validate", url=url, secret="another")["ok"] is False


def test_uninstalled_at_zoom(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """To fully revoke SchedulingKit's access to your Zoom account: Log in to zoom.us. Go to the Zoom App Marketplace.
    Click Manage → Installed Apps. Find SchedulingKit and click Uninstall. Confirm the removal. This revokes all API
    access. SchedulingKit will no longer be able to create, update, or delete meetings on your behalf.

    When you disconnect or remove the integration: tokens and email are gone at once, the host is told once with a link
    to reconnect, and Zoom is not called again. Booking records that reference a Zoom meeting link are retained as part
    of your booking history but the Zoom API connection is severed.
    """
    ada.connects("zoom")
    kept, moved = books(world, ada, bob), books(world, ada, bob, SECOND)
    link = world.link(kept)
    bookings.move(world.hub, moved, at(LATER), by="invitee")
    calls = len(world.calls_at_zoom())
    uninstalls(world, "ada@example.com")
    assert world.control("POST", "/webhooks/settle")["settled"]
    (row,) = connections(world)
    assert (row.tokens, row.account_label, row.account_data, row.scopes, row.expires_at) == ("", "", {}, [], None)
    books(world, ada, bob, "2026-12-03T09:00:00+00:00")
    waiting = world.booking().id
    bookings.cancel(world.hub, kept, by="invitee")
    world.clock.advance(hours=2)
    delivery = settle(world)[-1]
    assert (delivery["event"], delivery["state"]) == ("app_deauthorized", "delivered")
    assert len(world.calls_at_zoom()) == calls
    assert [world.meeting(i).state for i in (kept, moved, waiting)] == ["left", "ready", "pending"]
    assert world.meeting(kept).value["join_url"] == link  # type: ignore[index]
    assert len(world.meetings_at_zoom()) == 2
    (told,) = mails(world, "needs to be reconnected")
    assert "The hub was removed in your Zoom account" in told
    assert "http://localhost/settings/integrations" in told
    ada.opens("/settings/integrations")
    assert ada.reads("Needs reconnect")
    assert "ada@example.com" not in ada.page.split("<main")[1]
    ada.connects("zoom")
    world.work()
    assert world.link(waiting)
    assert len(mails(world, "needs to be reconnected")) == 1


def test_disconnected_after_it_was_removed(site: Server, ada: Host, world: World) -> None:
    """A host who does not want to come back disconnects, and nothing of Zoom is left here but old bookings."""
    ada.connects("zoom")
    uninstalls(world, "ada@example.com")
    settle(world)
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    assert ada.reads("Not connected")
    settle(world)
    (row,) = connections(world)
    assert (row.tokens, row.account_label, row.account_data, row.broken_reason) == ("", "", {}, "")
    assert len(mails(world, "reconnected")) == 1


def test_the_vendors_number_of_a_meeting_is_in_an_index(engine: str, world: World) -> None:
    """A webhook is answered as fast with a million meetings: the one it is about is looked up, on both engines."""
    with world.hub.store.engine.connect() as raw:
        words = noticed.EXTERNAL_ID[raw.dialect.name]
        query = f"SELECT booking_id FROM meeting WHERE {words} = '7' AND provider = 'zoom'"
        if engine == "production":
            raw.execute(text("SET enable_seqscan = off"))  # a table with few rows would be read whole
        told = raw.execute(text(f"EXPLAIN {'QUERY PLAN ' if engine == 'embedded' else ''}{query}")).all()
    assert "ix_meeting_external_id" in str(told)


def test_a_dead_grant_looks_the_same(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """Private apps are never told of an uninstall: the first call that fails tells the host the same, once, and the
    tokens are deleted then."""
    world.control("PATCH", "/app", published=False)
    ada.connects("zoom")
    books(world, ada, bob)
    world.control("POST", "/users/ada@example.com/uninstall")
    assert [d["event"] for d in settle(world)] == ["meeting.created"]
    for start in (SECOND, LATER):
        books(world, ada, bob, start)
    world.clock.advance(hours=2)
    world.work()
    (told,) = mails(world, "needs to be reconnected")
    assert "http://localhost/settings/integrations" in told
    assert connections(world)[0].tokens == ""
    assert world.meeting().state == "pending"
    ada.opens("/settings/integrations")
    assert ada.reads("Needs reconnect")
    ada.connects("zoom")
    world.work()
    assert world.link()


def test_all_hosts_of_the_account(site: Server, app: Flask, ada: Host, world: World) -> None:
    """Where one Zoom user was connected by several hosts, each of them is disconnected and told; others are not."""
    grace = Host(app, world, "Grace Hopper", "grace@example.com")
    eve = Host(app, world, "Eve Other", "eve@example.com")
    for host, user in ((ada, "ada@example.com"), (grace, "ada@example.com"), (eve, "grace@example.com")):
        host.connects("zoom", user=user)
    world.control("POST", "/users/ada@example.com/uninstall")
    settle(world)
    assert [bool(row.tokens) for row in connections(world)] == [False, False, True]
    assert [len(mails(world, "reconnected", host.email)) for host in (ada, grace, eve)] == [1, 1, 0]


def test_a_hosts_own_disconnect_is_no_news(site: Server, ada: Host, world: World) -> None:
    """When a host disconnects here, Zoom tells that it was so; nobody is told of it again."""
    ada.connects("zoom")
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    delivery = settle(world)[-1]
    assert (delivery["event"], delivery["state"]) == ("app_deauthorized", "delivered")
    assert mails(world, "reconnected") == []
    ada.opens("/settings/integrations")
    assert ada.reads("Not connected")


def test_reconnected_before_it_was_told(held: Endpoint, site: Server, ada: Host, world: World) -> None:
    """News of an uninstall that come after the host has connected anew do not end the new connection."""
    ada.connects("zoom")
    world.clock.advance(minutes=5)
    world.control("POST", "/users/ada@example.com/uninstall")
    settle(world)
    world.clock.advance(minutes=1)
    ada.connects("zoom")
    _, body = held.received[-1]
    assert sends(site, world, body) == 204
    world.work()
    assert connections(world)[0].tokens
    assert mails(world, "reconnected") == []


def test_another_apps_removal(site: Server, ada: Host, world: World) -> None:
    """Fault row 54: that another app was removed, or somebody whom we do not know removed ours, has no effect."""
    ada.connects("zoom")
    user = next(u for u in world.control("GET", "/state")["users"] if u["email"] == "ada@example.com")["id"]
    for who, client in ((user, "another-client"), ("nobody-we-know", "sandbox-client"), ("", "sandbox-client")):
        payload = {"user_id": who, "account_id": "a", "client_id": client}
        body = json.dumps({"event": "app_deauthorized", "payload": payload, "event_ts": 1764600000000}).encode()
        assert sends(site, world, body) == 204
    assert connections(world)[0].tokens


def forged(world: World, body: bytes, kind: str) -> tuple[bytes, dict[str, str]]:
    """Return what a forger would send instead of Zoom's own bytes."""
    stamp = int(world.clock().timestamp())
    if kind == "wrong":
        return body, {"x-zm-signature": sign("another", stamp, body)}
    if kind == "reserialised":
        other = json.dumps(json.loads(body)).encode()
        assert other != body
        return other, {"x-zm-signature": sign(SECRET, stamp, body)}
    if kind == "stale":
        stamp -= 301
    elif kind == "early":
        stamp += 301
    return body, {"x-zm-request-timestamp": str(stamp), "x-zm-signature": sign(SECRET, stamp, body)}


@pytest.mark.parametrize("kind", ["wrong", "reserialised", "stale", "early"])
def test_forged(held: Endpoint, site: Server, ada: Host, world: World, kind: str) -> None:
    """What Zoom did not sign, to the byte and in these minutes, has no effect."""
    ada.connects("zoom")
    world.control("POST", "/users/ada@example.com/uninstall")
    settle(world)
    body, headers = forged(world, held.received[-1][1], kind)
    assert sends(site, world, body, **headers) == 401
    assert connections(world)[0].tokens
    assert sends(site, world, held.received[-1][1]) == 204, "the forger has not used it up"
    assert not connections(world)[0].tokens


def test_moved_in_zoom(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """A meeting that the host moved in Zoom is shown as such, with what to do; the booking stays where it is."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    number = zoom_id(world, booking)
    told = len(world.mails(bob.email))
    world.control("PATCH", f"/meetings/{number}", start_time="2026-12-02T10:30:00Z", timezone="UTC")
    settle(world)
    assert world.booking(booking).starts_at == at(SLOT)
    page(ada, world, booking)
    assert ada.reads("Moved in Zoom")
    assert ada.reads("In Zoom this meeting was moved: Wed 2 Dec 2026, 11:30–12:00 (Europe/Vienna, CET).")
    assert ada.reads("Move the booking to that time")
    assert world.timeline(booking)[-2:] == ["noticed", "mailed"]
    ada.opens("/bookings")
    assert ada.reads("Moved in Zoom")
    (mail,) = mails(world, "needs your hand")
    assert "11:30–12:00" in mail
    assert len(world.mails(bob.email)) == told
    world.control("PATCH", f"/meetings/{number}", start_time="2026-12-02T11:00:00Z", timezone="UTC", duration=45)
    settle(world)
    page(ada, world, booking)
    assert ada.reads("12:00–12:45")
    assert len(mails(world, "needs your hand")) == 1, "one mail as long as it is not as it should be"
    assert f"/bookings/{world.booking(booking).ref}/move?slot=20261202T110000Z" in ada.page
    ada.opens(f"/bookings/{world.booking(booking).ref}/move?slot=20261202T110000Z")
    ada.sends(f"/bookings/{world.booking(booking).ref}/move", slot="20261202T110000Z")
    settle(world)
    page(ada, world, booking)
    assert not ada.reads("Moved in Zoom")
    assert ada.reads("Link ready")
    (meeting,) = world.meetings_at_zoom()
    assert meeting["start_time"] == "2026-12-02T11:00:00Z"


def test_lengthened_in_zoom(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """A meeting that only lasts longer in Zoom is shown with its times there; there is no other start to move to."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    world.control("PATCH", f"/meetings/{zoom_id(world, booking)}", duration=60)
    settle(world)
    page(ada, world, booking)
    assert ada.reads("In Zoom this meeting was moved: Tue 1 Dec 2026, 10:00–11:00")
    assert ada.reads("To keep the booking's time, set the time back in Zoom.")
    assert not ada.reads("Move the booking to that time")


def test_set_back_in_zoom(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """Set back by the host, all is as it should be again; moved once more, the host is told once more."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    number = zoom_id(world, booking)
    for turn in (1, 2):
        for start in ("2026-12-02T10:30:00Z", "2026-12-01T09:00:00Z"):
            world.clock.advance(minutes=1)
            world.control("PATCH", f"/meetings/{number}", start_time=start, timezone="UTC")
            settle(world)
        assert len(mails(world, "needs your hand")) == turn
    assert world.timeline(booking)[-1] == "in_step"
    page(ada, world, booking)
    assert not ada.reads("Moved in Zoom")


def test_deleted_in_zoom(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """A meeting that the host deleted in Zoom: neither side sees a dead link as fine, and the host can make a new one."""
    ada.connects("zoom")
    token = bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    booking, link = world.booking().id, world.link()
    world.clock.advance(minutes=1)
    world.control("POST", f"/meetings/{zoom_id(world, booking)}/delete")
    settle(world)
    page(ada, world, booking)
    assert ada.reads("Deleted in Zoom")
    assert ada.reads("This meeting was deleted in Zoom, so its link leads nowhere any more.")
    assert link not in ada.page
    (mail,) = mails(world, "needs your hand")
    assert "was deleted in Zoom" in mail
    seen = ada.opens(f"/b/{token}")
    assert link not in seen
    assert ada.reads("Ada has been told and will send you the details")
    assert ada.reads("The Zoom meeting does not exist any more.")
    page(ada, world, booking)
    assert ada.reads("Make a new meeting")
    ada.sends(f"/bookings/{world.booking(booking).ref}/retry")
    settle(world)
    assert world.link(booking) != link
    assert world.link(booking) in mails(world, "", bob.email)[-1]
    page(ada, world, booking)
    assert ada.reads("Link ready")
    assert len(mails(world, "needs your hand")) == 1


def test_deleted_then_moved_here(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """A booking that moves after its meeting was deleted in Zoom gets a new one; ours wins at each reschedule."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    world.control("POST", f"/meetings/{zoom_id(world, booking)}/delete")
    settle(world)
    bookings.move(world.hub, booking, at(LATER), by="invitee")
    settle(world)
    assert world.link(booking)
    (meeting,) = world.meetings_at_zoom()
    assert meeting["start_time"] == "2026-12-02T10:30:00Z"
    page(ada, world, booking)
    assert ada.reads("Link ready")


def test_recovered_in_zoom(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """A meeting that is recovered from Zoom's trash is as good as before."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    link, number = world.link(booking), zoom_id(world, booking)
    world.control("POST", f"/meetings/{number}/delete")
    world.clock.advance(minutes=1)
    world.control("POST", f"/meetings/{number}/recover")
    settle(world)
    assert link in page(ada, world, booking)
    assert ada.reads("Link ready")
    assert world.timeline(booking)[-1] == "in_step"
    assert mails(world, "needs your hand") == [], "the mail that was still waiting is not sent"


def test_our_own_changes_are_no_news(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """Zoom also tells of what we did ourselves: create, move, cancel. Nobody hears of that."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    for start in (LATER, SECOND, SLOT):
        bookings.move(world.hub, booking, at(start), by="invitee")
        world.clock.advance(seconds=30)
        settle(world)
        page(ada, world, booking)
        assert ada.reads("Link ready")
    bookings.cancel(world.hub, booking, by="invitee")
    events = [delivery["event"] for delivery in settle(world)]
    assert events == ["meeting.created", *["meeting.updated"] * 3, "meeting.deleted"]
    assert "noticed" not in world.timeline(booking)
    assert mails(world, "needs your hand") == []


@pytest.mark.parametrize("lost", [False, True])
def test_any_order(held: Endpoint, site: Server, ada: Host, bob: Invitee, world: World, lost: bool) -> None:
    """Fault row 53: however they come, and whichever are lost, the last of them decides; our own changes never alarm anybody."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    number = zoom_id(world, booking)
    for start in (LATER, SECOND):
        bookings.move(world.hub, booking, at(start), by="invitee")
        world.work()
        world.clock.advance(seconds=30)
    for start in ("2026-12-03T09:00:00Z", "2026-12-04T09:00:00Z", "2026-12-05T09:00:00Z"):
        world.control("PATCH", f"/meetings/{number}", start_time=start, timezone="UTC")
        world.clock.advance(seconds=30)
    settle(world)
    bodies = [body for _, body in held.received]
    assert len(bodies) == 6
    for body in [bodies[5], *([] if lost else [bodies[3]]), bodies[1], bodies[4], bodies[2], bodies[0]]:
        assert sends(site, world, body) == 204
    world.work()
    page(ada, world, booking)
    assert ada.reads("In Zoom this meeting was moved: Sat 5 Dec 2026, 10:00–10:30 (Europe/Vienna, CET).")
    assert world.timeline(booking).count("noticed") == 1
    assert len(mails(world, "needs your hand")) == 1


def test_replayed(held: Endpoint, site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 52: the same webhook a hundred times, whatever number it says it has, has one effect."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    world.control("POST", f"/meetings/{zoom_id(world, booking)}/delete")
    settle(world)
    headers, body = held.received[-1]
    for n in range(100):
        number = headers["x-zm-request-id"] if n % 2 else f"number_{n}"
        assert sends(site, world, body, **{"x-zm-request-id": number}) == 204
    world.work()
    assert world.timeline(booking).count("noticed") == 1
    assert len(mails(world, "needs your hand")) == 1
    with world.hub.store.read() as session:
        assert len(session.scalars(select(WebhookDelivery)).all()) == 2
    world.clock.advance(hours=24, minutes=1)
    assert sends(site, world, json.dumps({**json.loads(body), "event_ts": 1}).encode()) == 204
    with world.hub.store.read() as session:
        (left,) = session.scalars(select(WebhookDelivery))
    assert left.taken_at == world.clock()


def test_at_the_same_moment(held: Endpoint, site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 52: the same webhook in eight processes at once has one effect, and all are answered as taken."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    for turn, action in enumerate(("delete", "recover", "delete"), 1):
        world.clock.advance(minutes=1)
        world.control("POST", f"/meetings/{zoom_id(world, booking)}/{action}")
        assert world.control("POST", "/webhooks/settle")["settled"]
        body, barrier = held.received[-1][1], threading.Barrier(8)

        def send(_: int, body: bytes = body, barrier: threading.Barrier = barrier) -> int:
            barrier.wait()
            return sends(site, world, body)

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(send, range(8))) == [204] * 8
        what = [word for word in world.timeline(booking) if word in ("noticed", "in_step")]
        assert what == ["noticed", "in_step", "noticed"][:turn]


def test_somebody_elses_meeting(held: Endpoint, site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """Fault row 54: a meeting that we do not know, or that is said to be of another user, is none of ours."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    number = int(zoom_id(world, booking))
    for meeting, host in ((number, "somebody-else"), (number + 1, "somebody-else"), (2**63, ""), (-1, ""), (1.5, "")):
        payload = {"account_id": "a", "object": {"id": meeting, "uuid": "u", "host_id": host, "type": 2}}
        body = json.dumps({"event": "meeting.deleted", "payload": payload, "event_ts": 1890000000000}).encode()
        assert sends(site, world, body) == 204
    page(ada, world, booking)
    assert ada.reads("Link ready")
    # Zoom does not promise host_id, and writes ids as text at times; the number alone says which meeting it is.
    payload = {"account_id": "a", "object": {"id": str(number), "uuid": "u", "type": 2}}
    body = json.dumps({"event": "meeting.deleted", "payload": payload, "event_ts": 1890000000000}).encode()
    assert sends(site, world, body) == 204
    page(ada, world, booking)
    assert ada.reads("Deleted in Zoom")


def test_database_down(site: Server, ada: Host, world: World) -> None:
    """A database that fails answers 503, after which Zoom tries again; then it has its effect."""
    ada.connects("zoom")
    with world.hub.store.engine.begin() as raw:
        raw.execute(text("ALTER TABLE webhook_delivery RENAME TO away"))
    world.control("POST", "/users/ada@example.com/uninstall")
    (delivery,) = settle(world)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503]
    assert connections(world)[0].tokens
    with world.hub.store.engine.begin() as raw:
        raw.execute(text("ALTER TABLE away RENAME TO webhook_delivery"))
    world.clock.advance(minutes=6)
    world.control("POST", "/webhooks/flush")
    (delivery,) = settle(world)
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503, 204]
    assert not connections(world)[0].tokens
    assert len(mails(world, "needs to be reconnected")) == 1


def test_no_word_of_secrets(site: Server, ada: Host, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the secret nor a person's address is in a log line, and the outbox has ids only."""
    caplog.set_level("DEBUG")
    ada.connects("zoom")
    world.control("POST", "/users/ada@example.com/uninstall")
    settle(world)
    with world.hub.store.read() as session:
        rows = [f"{row.key} {row.ids}" for row in session.scalars(select(OutboxRow))]
    said = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("hub")) + "".join(rows)
    assert "AccountRemoved" in said
    assert SECRET not in said
    assert "ada@example.com" not in said


def test_moved_beyond_all_time(site: Server, ada: Host, bob: Invitee, world: World) -> None:
    """A start that no calendar can have is not kept."""
    ada.connects("zoom")
    booking = books(world, ada, bob)
    number = int(zoom_id(world, booking))
    for start, minutes in (("9999-12-31T23:59:59Z", 30), ("0001-01-01T00:00:00Z", 30), (None, 9_999)):
        changed = {"id": number, "start_time": start, "duration": minutes}
        event_ts = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)
        body = {"event": "meeting.updated", "payload": {"object": changed, "n": str(start)}, "event_ts": event_ts}
        assert sends(site, world, json.dumps(body).encode()) == 204
    page(ada, world, booking)
    assert ada.reads("Link ready")
