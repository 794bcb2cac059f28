"""A host's bookings: the lists, one booking, and everything that can be done about it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from hub.scheduling import bookings
from hub.store.models import Booking, EventType
from tests.support.people import Host, Invitee
from tests.support.world import World

SLOT, OTHER = "2026-12-01T09:00:00+00:00", "20261202T103000Z"


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    host = Host(app, world)
    host.connects("zoom")
    return host


@pytest.fixture(name="offered")
def _offered(ada: Host) -> EventType:
    return ada.offers("zoom", "phone", "inperson")


@pytest.fixture(name="bob")
def _bob(world: World) -> Invitee:
    return Invitee(world)


@pytest.fixture(name="path")
def _path(offered: EventType, bob: Invitee, world: World) -> str:
    """The page of a booking whose meeting is made."""
    bob.books(offered, SLOT, location="zoom")
    world.work()
    return f"/bookings/{world.booking().ref}"


@pytest.fixture(name="broken")
def _broken(offered: EventType, bob: Invitee, world: World) -> str:
    """The page of a booking whose meeting the vendor refused to make."""
    world.breaks_zoom("error", "create", status=400, code=300)
    bob.books(offered, SLOT, location="zoom")
    world.work()
    assert world.meeting().state == "failed"
    return f"/bookings/{world.booking().ref}"


def test_the_list_says_what_to_do_first(ada: Host) -> None:
    """Without bookings the page says how to get some."""
    assert "No upcoming bookings" in ada.opens("/bookings")
    assert "Nothing here" in ada.opens("/bookings?tab=past")


def test_lists_by_day_and_tab(ada: Host, offered: EventType, bob: Invitee, world: World) -> None:
    """Bookings are grouped by day in the host's zone, with time, invitee, location and the meeting's state in words."""
    bob.books(offered, SLOT, location="zoom")
    Invitee(world, "Grace <b>", "grace@example.net").books(
        offered, "2026-12-02T10:00:00+00:00", location="phone", phone="+43158058"
    )
    ada.opens("/bookings")
    assert ada.reads("Tue 1 Dec 2026")
    assert ada.reads("10:00–10:30 · Bob Invitee")
    assert ada.reads("Being made")
    assert "Grace &lt;b&gt;" in ada.page
    world.work()
    ada.opens("/bookings")
    assert ada.reads("Link ready")
    bookings.cancel(world.hub, world.booking().id, by="host")
    ada.opens("/bookings?tab=cancelled")
    assert "Grace" in ada.page
    assert not ada.reads("Bob Invitee")
    world.clock.advance(days=3)
    assert "Bob Invitee" not in ada.opens("/bookings")
    assert "Bob Invitee" in ada.opens("/bookings?tab=past&page=x")


def test_pages_of_a_long_list(ada: Host, bob: Invitee, world: World) -> None:
    """A long list comes in pages that lead to each other; each booking is on one of them."""
    event_type = ada.offers("phone", title="Short", minutes=15, interval=15)
    for hour in range(8, 16):
        for minute in (0, 15, 30, 45):
            bob.books(event_type, f"2026-12-01T{hour:02}:{minute:02}:00+00:00", location="phone", phone="+43158058")
    first = re.findall(r"/bookings/(\w{16})", ada.opens("/bookings"))
    assert "/bookings?tab=upcoming&amp;page=2" in ada.page
    second = re.findall(r"/bookings/(\w{16})", ada.opens("/bookings?page=2"))
    assert "page=3" not in ada.page
    assert (len(first), len({*first, *second})) == (25, 32)
    assert "Nothing here" in ada.opens("/bookings?page=9")


def test_one_booking(ada: Host, path: str, world: World) -> None:
    """One booking shows all details: times in both zones, link, passcode, dial-in, and the timeline in words."""
    ada.opens(path)
    assert ada.reads("Tue 1 Dec 2026, 10:00–10:30 (Europe/Vienna, CET)")
    assert ada.reads("Tue 1 Dec 2026, 09:00–09:30 (Europe/London, GMT)")
    assert world.link() in ada.page.replace("&amp;", "&")
    assert ada.reads("Meeting ID")
    assert ada.reads("The Zoom meeting was made.")
    assert ada.reads("Mon 30 Nov 2026, 09:00")


def test_the_invitees_words_are_marked(ada: Host, offered: EventType, bob: Invitee, world: World) -> None:
    """Answers and notes stand under “Written by the invitee”, as plain text."""
    bob.books(offered, SLOT, location="phone", phone="+43158058")
    booking = world.booking()
    with world.hub.store.write() as session:
        session.get_one(Booking, booking.id).notes = "See https://evil.example <script>\n{{7*7}}"
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads("Written by the invitee Your phone number +43158058")
    assert "See https://evil.example &lt;script&gt;" in ada.page
    assert 'href="https://evil' not in ada.page
    assert "{{7*7}}" in ada.page


def test_move(ada: Host, path: str, world: World) -> None:
    """Reschedule by the host: a free time is chosen, asked about, and the same meeting moves."""
    link = world.link()
    ada.opens(f"{path}/move?date=2026-12-02")
    assert f"slot={OTHER}" in ada.page
    ada.opens(f"{path}/move?slot={OTHER}")
    assert ada.reads("Move to this time?")
    assert ada.reads("Wed 2 Dec 2026, 11:30–12:00 Europe/Vienna, CET")
    assert world.booking().version == 1
    ada.sends(f"{path}/move", slot=OTHER)
    assert ada.reads("The booking is moved.")
    world.work()
    assert world.link() == link
    assert world.meetings_at_zoom()[0]["start_time"] == "2026-12-02T10:30:00Z"
    assert world.timeline().count("moved") == 2  # the booking, and its meeting


def test_move_to_a_time_that_is_taken(ada: Host, path: str, offered: EventType, bob: Invitee, world: World) -> None:
    """A time that is not free, is no time or lies outside the hours moves nothing and leads to those that are free."""
    ref = world.booking().id
    ada.opens(f"{path}/move?slot={OTHER}")
    bob.books(offered, "2026-12-02T10:30:00+00:00", location="phone", phone="+43158058")
    assert ada.sends(f"{path}/move", slot=OTHER).status_code == 409
    assert ada.reads("This time is not free. Please choose another one.")
    assert "slot=20261202T110000Z" in ada.page
    assert ada.sends(f"{path}/move", slot="tomorrow").status_code == 422
    assert ada.sends(f"{path}/move", slot="20261202T230000Z").status_code == 409
    assert world.booking(ref).version == 1


def test_cancel_with_a_reason(ada: Host, path: str, world: World) -> None:
    """Cancelling asks on its own page; the reason reaches the invitee and the meeting is deleted."""
    ada.opens(f"{path}/cancel")
    assert world.booking().confirmed
    ada.sends(f"{path}/cancel", reason="I am ill\r\n{{7*7}}")
    assert ada.reads("The booking is cancelled.")
    assert ada.reads("Cancelled by the host")
    world.work()
    assert world.meetings_at_zoom() == []
    assert "I am ill" in world.mails("bob@example.net")[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    ada.opens(f"{path}/cancel")
    assert ada.reads("This booking is cancelled")
    assert ada.sends(f"{path}/cancel", reason="x" * 1001).status_code == 200
    assert world.timeline().count("cancelled") == 1


def test_a_reason_that_is_too_long(ada: Host, path: str, world: World) -> None:
    """A reason that is too long stays as typed, with its sentence."""
    ada.opens(f"{path}/cancel")
    assert ada.sends(f"{path}/cancel", reason="x" * 1001).status_code == 422
    assert "x" * 1001 in ada.page
    assert world.booking().confirmed


def test_change_location(ada: Host, path: str, offered: EventType, world: World) -> None:
    """The host gives a booking another location, with what it asks; the old meeting goes, and nobody waits for a link."""
    phone = next(row.id for row in offered.locations if row.provider == "phone")
    ada.opens(f"{path}/location")
    fields = {"location": str(phone), f"loc{phone}-phone": "12"}
    assert ada.sends(f"{path}/location", **fields).status_code == 422
    assert f'id="loc{phone}-phone-error"' in ada.page
    assert ada.sends(f"{path}/location", location="999").status_code == 422
    ada.sends(f"{path}/location", **{**fields, f"loc{phone}-phone": "020 7946 0958"})
    assert ada.reads("The location is changed.")
    world.work()
    assert world.meetings_at_zoom() == []
    assert world.booking().answers == {"phone": "+442079460958"}
    assert ada.opens(path)
    assert ada.reads("Ada Lovelace calls you")


def test_retry(ada: Host, broken: str, world: World) -> None:
    """A meeting that was refused says so, and Retry makes it."""
    ada.opens("/bookings")
    assert ada.reads("Needs a hand")
    ada.opens(broken)
    assert ada.reads("There will be no meeting by itself.")
    ada.sends(f"{broken}/retry")
    assert world.meeting().state == "pending"
    world.work()
    assert world.link()
    assert world.mails("bob@example.net")[-1]["Subject"].startswith("Link for: ")
    ada.opens(broken)
    assert not ada.reads("Retry")
    ada.sends(f"{broken}/retry")
    assert ada.reads("There is nothing to try again")


def test_retry_while_paused_says_why(ada: Host, broken: str, world: World) -> None:
    """While the provider is paused nothing can come of a retry: the reason is said and the state stays."""
    ada.opens("/settings/integrations")
    ada.sends("/integrations/zoom/enabled")
    ada.opens(broken)
    ada.sends(f"{broken}/retry")
    assert ada.reads("Zoom is paused: it is offered only where there is no other place, and then without a link.")
    assert world.meeting().state == "failed"


def test_paste_a_link(ada: Host, broken: str, world: World) -> None:
    """A link pasted by hand is mailed to both, and automation never touches it again, even when the booking moves."""
    ada.opens(broken)
    ada.sends(f"{broken}/link", link=" https://meet.example.com/ada ")
    assert world.meeting().state == "manual"
    world.work()
    for address in ("bob@example.net", ada.email):
        mail = world.mails(address)[-1]
        assert "https://meet.example.com/ada" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    ada.opens(f"{broken}/move")
    ada.sends(f"{broken}/move", slot=OTHER)
    world.work()
    assert world.meeting().state == "manual"
    assert world.meetings_at_zoom() == []
    assert "https://meet.example.com/ada" in ada.opens(broken)
    assert ada.reads("Own link")


def test_a_pasted_link_replaces_the_meeting(ada: Host, path: str, world: World) -> None:
    """Where a meeting was made, a pasted link takes its place and the meeting is deleted; a second paste mails anew."""
    ada.opens(path)
    ada.sends(f"{path}/link", link="https://meet.example.com/one")
    world.work()
    assert world.meetings_at_zoom() == []
    ada.sends(f"{path}/link", link="https://meet.example.com/two")
    world.work()
    text = world.mails("bob@example.net")[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "https://meet.example.com/two" in text
    assert "https://meet.example.com/one" not in text


@pytest.mark.parametrize("typed", ["", "http://meet.example.com", "javascript:alert(1)", "https://a b", "x" * 2000])
def test_links_that_can_not_be(ada: Host, broken: str, world: World, typed: str) -> None:
    """What is no https address is refused with a sentence, and stays as typed."""
    ada.opens(broken)
    assert ada.sends(f"{broken}/link", link=typed).status_code == 422
    assert ada.reads("Please give a full address that begins with https://.")
    assert f'value="{typed}"' in ada.page
    assert world.meeting().state == "failed"


def test_what_is_over_can_not_be_changed(ada: Host, path: str, world: World) -> None:
    """Once the booking is over its page says so, and every action leads back to it."""
    ada.opens(path)
    world.clock.advance(days=3)
    for action in ("move", "location", "cancel", "retry", "link"):
        ada.sends(f"{path}/{action}", slot=OTHER, link="https://meet.example.com/x")
        assert ada.reads("over")
    assert world.booking().version == 1
    assert world.meeting().state == "ready"


def test_a_deleted_event_type_can_not_be_moved(ada: Host, path: str, offered: EventType, world: World) -> None:
    """A booking of a deleted event type still shows and can be cancelled, but not be moved."""
    ada.opens(f"/event-types/{offered.id}/delete")
    ada.sends(f"/event-types/{offered.id}/delete")
    ada.opens(f"{path}/move")
    assert ada.reads("Its event type was deleted, so it can't be moved; it still takes place.")
    ada.sends(f"{path}/cancel", reason="")
    assert not world.booking().confirmed


def test_nothing_acts_on_get(ada: Host, path: str, world: World) -> None:
    """Opening every page of a booking changes nothing; what acts can't be opened."""
    before = world.timeline()
    for action in ("", "/move", f"/move?slot={OTHER}", "/location", "/cancel"):
        ada.opens(path + action)
    for action in ("/retry", "/link"):
        assert ada.browser.get(path + action).status_code == 405
    assert world.booking().version == 1
    assert world.timeline() == before


def test_others_see_nothing(app: Flask, ada: Host, path: str, world: World) -> None:
    """Another host's booking is as missing as one that never was, for reading and for every action."""
    before = world.timeline()
    eve = Host(app, world, "Eve Other", "eve@example.com")
    assert "Bob Invitee" not in eve.opens("/bookings")
    for base in (path, "/bookings/0123456789abcdef", "/bookings/" + "x" * 200):
        for action in ("", "/move", "/location", "/cancel"):
            assert eve.browser.get(base + action).status_code == 404
        for action in ("/move", "/location", "/cancel", "/retry", "/link"):
            fields = {"slot": OTHER, "link": "https://meet.example.com/x", "reason": ""}
            assert eve.sends(base + action, **fields).status_code == 404
    assert world.booking().version == 1
    assert world.timeline() == before
