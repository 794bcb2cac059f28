"""The page of a booking: what its holder sees, and what can still be done with it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from hub.scheduling import bookings
from hub.store.models import Booking, EventType
from tests.support.people import Host, Invitee, Person
from tests.support.world import World
from tests.web.test_booking_page import unlabelled

START, OTHER = "2026-12-02T09:00:00+00:00", "20261203T100000Z"


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    return Host(app, world)


@pytest.fixture(name="offered")
def _offered(ada: Host) -> EventType:
    ada.connects("zoom")
    return ada.offers("zoom", "phone", "inperson")


@pytest.fixture(name="bob")
def _bob(app: Flask) -> Person:
    return Person(app)


@pytest.fixture(name="token")
def _token(offered: EventType, world: World) -> str:
    """A booking's manage token; its meeting is not made yet."""
    return Invitee(world).books(offered, START, location="zoom")


def view_token(world: World) -> str:
    """Return the newest booking's other token, which is in calendar entries."""
    booking = world.booking()
    return world.hub.vault.open(booking.view_token, f"booking:{booking.ref}:view")


def test_link_comes_by_itself(token: str, bob: Person, world: World) -> None:
    """The page says that the meeting is being created, asks again by itself, and shows the link once it is there."""
    bob.opens(f"/b/{token}")
    assert bob.reads("You are booked")
    assert bob.reads("Creating your Zoom meeting… this takes a few seconds")
    poll = re.search(r'hx-get="([^"]+)" hx-trigger="every 1s"', bob.page)
    assert poll
    url = poll[1].replace("&amp;", "&")
    assert bob.browser.get(url).status_code == 204
    world.work()
    part = bob.browser.get(url).get_data(as_text=True)
    meeting = world.meeting().value
    assert f'href="{meeting["join_url"]}"'.replace("&", "&amp;") in part
    assert 'data-announce="Your meeting is ready"' in part
    assert "hx-get" not in part
    assert meeting["passcode"] in part


def test_dial_in_of_the_invitees_country_first(token: str, bob: Person, world: World) -> None:
    """Dial-in numbers are by country, the invitee's own first, and enter the meeting by a tap."""
    world.work()
    page = bob.opens(f"/b/{token}")
    assert bob.reads("United Kingdom")
    tap = re.search(r'class="first"><span>United Kingdom[^<]*</span><a href="tel:([^"]+)"', page)
    assert tap
    assert world.meeting().value["dial_in_id"].replace(" ", "") in tap[1]


def test_both_zones(token: str, bob: Person) -> None:
    """The time stands in the invitee's zone, with the host's beneath where it differs."""
    bob.opens(f"/b/{token}")
    assert bob.reads("Wed 2 Dec 2026, 09:00–09:30 Europe/London, GMT")
    assert bob.reads("Wed 2 Dec 2026, 10:00–10:30 Europe/Vienna, CET (Ada)")


def test_late_and_told(token: str, bob: Person, world: World) -> None:
    """A link that is late is promised by mail, and asked for less often; one that does not come is the host's to send."""
    world.clock.advance(seconds=world.hub.settings.link_deadline + 1)
    bob.opens(f"/b/{token}")
    assert bob.reads("This is taking longer than usual; we will mail you the link")
    assert 'hx-trigger="every 10s"' in bob.page
    with world.hub.store.write() as session:
        session.get_one(Booking, 1).meetings[0].state = "failed"
    bob.opens(f"/b/{token}")
    assert bob.reads("Ada has been told and will send you the details")
    assert "hx-get" not in bob.page


def test_page_that_is_behind_is_loaded_anew(token: str, ada: Host, bob: Person, world: World) -> None:
    """What the host changed meanwhile reaches an open page as a whole."""
    bookings.cancel(world.hub, 1, by="host", reason="Flu")
    answer = bob.browser.get(f"/b/{token}/where?seen=making&version=1")
    assert answer.headers["HX-Refresh"] == "true"
    bob.opens(f"/b/{token}")
    assert bob.reads("This booking is cancelled")
    assert bob.reads("Ada cancelled it, saying: “Flu”")


@pytest.mark.parametrize(
    ("place", "answers", "words"),
    [
        ("phone", {"phone": "+442079460100"}, "Ada Lovelace calls you at +44 20 7946 0100"),
        ("inperson", {}, "Café Central"),
    ],
)
def test_other_places(
    offered: EventType, bob: Person, world: World, place: str, answers: dict[str, str], words: str
) -> None:
    """Other places run through the same page: prepared, then shown."""
    token = Invitee(world).books(offered, START, location=place, **answers)
    bob.opens(f"/b/{token}")
    assert bob.reads("Preparing the details… this takes a few seconds")
    world.work()
    bob.opens(f"/b/{token}")
    assert bob.reads(words)
    assert all(bob.reads(answer) for answer in answers.values())


def test_host_is_called_by_a_tap(ada: Host, bob: Person, world: World) -> None:
    """Where the invitee calls, the number is a button."""
    event_type = ada.offers("phone")
    with world.hub.store.write() as session:
        session.merge(event_type.locations[0]).inputs = {"mode": "invitee_calls", "number": "+43158058"}
    token = Invitee(world).books(event_type, START, location="phone")
    world.work()
    assert 'href="tel:+43158058"' in bob.opens(f"/b/{token}")


def test_wrong_tokens_are_all_alike(token: str, bob: Person, app: Flask) -> None:
    """Row 44: a token that is wrong, cut, doubled, upper-cased or encoded twice: the same page, with the same hint."""
    app.config["TOKEN_LIMIT"] = "1000/minute"
    off = ("A" if token[3] != "A" else "B").join((token[:3], token[4:]))
    wrong = [off, token[:-1], token * 2, token.swapcase(), "%2525" + token, "x", "ä" * 30, token + "%00", "1"]
    pages = set()
    for text in wrong:
        for part in ("", "/where", "/calendar.ics", "/reschedule", "/cancel", "/location"):
            page = bob.opens(f"/b/{text}{part}", 404)
            assert "copy the whole link" in page
            pages.add(re.sub(r'<span class="code">\w+</span>|name="next" value="[^"]*"|value="[\w.-]{60,}"', "", page))
    assert len(pages) == 1


def test_trying_out_tokens_is_slowed_down(token: str, bob: Person) -> None:
    """The 21st wrong token within a minute has to wait; looking at a right one costs nothing."""
    for _ in range(25):
        bob.opens(f"/b/{token}")
    statuses = [bob.browser.get(f"/b/{'x' * 30}{n}").status_code for n in range(21)]
    assert statuses == [404] * 20 + [429]


def test_view_token_changes_nothing(token: str, bob: Person, world: World) -> None:
    """Row 45: the link in calendars shows the booking, without the invitee's own words, and can do nothing with it."""
    view = view_token(world)
    page = bob.opens(f"/b/{view}")
    assert bob.reads("This link only shows the booking.")
    assert "Cancel booking" not in page
    assert "bob@example.net" not in re.sub(r'href="[^"]+"', "", page)
    for part in ("reschedule", "cancel", "location"):
        bob.opens(f"/b/{view}/{part}", 404)
        bob.opens(f"/b/{view}")
        assert bob.sends(f"/b/{view}/{part}", slot=OTHER, location="2").status_code == 404
        bob.opens(f"/b/{view}")
    assert (world.booking().status, world.booking().version) == ("confirmed", 1)


def test_nothing_acts_on_looking(token: str, bob: Person, world: World) -> None:
    """Row 47: a mail scanner that opens every link, however, changes nothing; nor does a form without its token."""
    for part in (
        "",
        "/where",
        "/calendar.ics",
        "/reschedule",
        f"/reschedule?slot={OTHER}",
        "/cancel?reason=x",
        "/location",
    ):
        assert bob.browser.get(f"/b/{token}{part}").status_code == 200
        assert bob.browser.head(f"/b/{token}{part}").status_code == 200
    for part in ("reschedule", "cancel", "location"):
        assert bob.browser.post(f"/b/{token}/{part}", data={"slot": OTHER, "location": "2"}).status_code == 400
    assert world.booking().version == 1


def test_reschedules(token: str, bob: Person, world: World) -> None:
    """The invitee picks another time, is asked once, and the same booking moves."""
    bob.opens(f"/b/{token}/reschedule")
    assert bob.reads("Now Wed 2 Dec 2026, 09:00–09:30")
    assert "slot=20261202T090000Z" not in bob.opens(f"/b/{token}/reschedule?date=2026-12-02")
    assert "slot=20261202T093000Z" in bob.page
    bob.opens(f"/b/{token}/reschedule?slot={OTHER}")
    assert bob.reads("Move to this time?")
    assert bob.reads("Thu 3 Dec 2026, 10:00–10:30")
    bob.sends(f"/b/{token}/reschedule", slot=OTHER)
    assert bob.reads("Your booking has a new time")
    assert f"{world.booking().starts_at:%Y%m%dT%H%M%SZ}" == OTHER
    assert world.booking().id == 1


@pytest.mark.parametrize(
    ("slot", "status", "words"),
    [
        ("", 422, "Please choose a time."),
        ("2026-12-03T10:00", 422, "Please choose a time."),
        ("99991231T000000Z", 422, "Please choose a time."),
        ("20261203T100001Z", 409, "can't be moved to this time"),
        ("20251203T100000Z", 409, "can't be moved to this time"),
        ("20261204T090000Z", 409, "has just been taken"),
        ("20261202T090000Z", 200, "You are booked"),
    ],
)
def test_times_that_cannot_be(
    token: str, offered: EventType, bob: Person, world: World, slot: str, status: int, words: str
) -> None:
    """Row 46: a time that is none, not offered or taken is answered in words and with the nearest free ones; the same
    time changes nothing."""
    Invitee(world, email="eve@example.net").books(offered, "2026-12-04T09:00:00+00:00", location="phone", phone="+431")
    bob.opens(f"/b/{token}/reschedule?slot={OTHER}")
    assert bob.sends(f"/b/{token}/reschedule", slot=slot).status_code == status
    assert bob.reads(words)
    assert status == 200 or "reschedule?slot=2026" in bob.page
    assert world.booking(1).version == 1


def test_changes_are_counted(token: str, bob: Person, world: World) -> None:
    """Row 46: after ten changes the invitee is asked to write to the host, and can still cancel."""
    for n in range(10):
        bob.opens(f"/b/{token}")
        bob.sends(f"/b/{token}/reschedule", slot=f"20261203T1{n % 2}0000Z")
    assert world.booking().version == 11
    bob.opens(f"/b/{token}/reschedule?slot=20261204T100000Z")
    assert bob.reads("This booking was changed too often to be changed here once more. Please write to Ada.")
    bob.sends(f"/b/{token}/reschedule", slot="20261204T100000Z")
    assert world.booking().version == 11
    assert "/cancel" in bob.page


def test_cancels(token: str, bob: Person, world: World) -> None:
    """The invitee cancels with a reason; doing so twice changes nothing more, and nothing else can be done after."""
    bob.opens(f"/b/{token}/cancel")
    assert bob.reads("Cancel this booking?")
    assert bob.sends(f"/b/{token}/cancel", reason="x" * 1001).status_code == 422
    assert "x" * 1001 in bob.page
    bob.sends(f"/b/{token}/cancel", reason="I am ill\x00")
    assert bob.reads("You cancelled it, saying: “I am ill”")
    assert bob.reads("Book a new time")
    version = world.booking().version
    for part in ("cancel", "reschedule", "location"):
        bob.sends(f"/b/{token}/{part}", slot=OTHER, location="2", reason="again")
        assert bob.reads("This booking is cancelled, so there is nothing left to change.")
        bob.opens(f"/b/{token}/{part}")
        assert bob.reads("This booking is cancelled")
    assert (world.booking().version, world.booking().cancel_reason) == (version, "I am ill")


def test_what_has_begun_or_is_over(token: str, bob: Person, world: World) -> None:
    """Row 46: once it has begun nothing can be changed, and the page says so; once it is over, too."""
    bob.opens(f"/b/{token}")
    world.clock.now = world.booking().starts_at + timedelta(minutes=1)
    bob.sends(f"/b/{token}/cancel", reason="late")
    assert bob.reads("Your meeting is on now")
    assert bob.reads("This meeting has begun, so it can't be changed or cancelled any more.")
    world.clock.advance(hours=1)
    bob.opens(f"/b/{token}/reschedule")
    assert bob.reads("This meeting is over, so there is nothing left to change.")
    assert world.booking().status == "confirmed"


def test_long_over(token: str, bob: Person, world: World) -> None:
    """Row 49: thirty days after the end the page is gone, for either token."""
    view = view_token(world)
    world.clock.now = world.booking().ends_at + timedelta(days=30, seconds=-1)
    bob.opens(f"/b/{token}")
    world.clock.advance(seconds=1)
    for text in (token, view):
        bob.opens(f"/b/{text}", 410)
        bob.opens(f"/b/{text}/where", 410)
    assert bob.reads("Your host can help.")


def test_changes_the_place(token: str, offered: EventType, bob: Person, world: World) -> None:
    """Another place asks its own inputs, keeps what was typed, and replaces the meeting; the same place changes nothing."""
    world.work()
    assert len(world.meetings_at_zoom()) == 1
    zoom, call, _ = (str(row.id) for row in offered.locations)
    bob.opens(f"/b/{token}/location")
    assert f'value="{zoom}" checked' in bob.page
    bob.sends(f"/b/{token}/location", location=zoom)
    assert world.booking().version == 1
    bob.opens(f"/b/{token}/location")
    typed = {"location": call, f"loc{call}-phone": "12"}
    assert bob.sends(f"/b/{token}/location", **typed).status_code == 422
    assert f'value="{call}" checked' in bob.page
    assert 'value="12"' in bob.page
    assert bob.sends(f"/b/{token}/location", location="999").status_code == 422
    bob.sends(f"/b/{token}/location", **typed | {f"loc{call}-phone": "020 7946 0100"})
    assert bob.reads("Your booking has a new place")
    world.work()
    assert world.meetings_at_zoom() == []
    bob.opens(f"/b/{token}")
    assert bob.reads("calls you at +44 20 7946 0100")


def test_only_the_token_decides(token: str, offered: EventType, bob: Person, world: World) -> None:
    """Row 48: whatever else stands in the form, the token's own booking is the one that changes."""
    Invitee(world, email="eve@example.net").books(offered, "2026-12-04T09:00:00+00:00", location="inperson")
    bob.opens(f"/b/{token}/cancel?id=2&booking=2")
    bob.sends(f"/b/{token}/cancel", id="2", booking="2", token="x")
    assert [world.booking(n).status for n in (1, 2)] == ["cancelled", "confirmed"]


def test_event_type_that_is_gone(token: str, bob: Person, world: World) -> None:
    """A booking outlives its event type: it can be cancelled, but not moved, and the page says why."""
    with world.hub.store.write() as session:
        session.get_one(Booking, 1).event_type_id = None
    bob.opens(f"/b/{token}/reschedule")
    assert bob.reads("Ada does not offer this kind of meeting any more")
    bob.sends(f"/b/{token}/location", location="2")
    assert world.booking().version == 1
    assert "/cancel" in bob.page


def test_calendars(token: str, bob: Person, world: World) -> None:
    """The booking goes into calendars by link and by file; both lead to the page that only shows."""
    world.work()
    page = bob.opens(f"/b/{token}")
    assert "https://calendar.google.com/calendar/render?action=TEMPLATE" in page
    assert "https://outlook.live.com/calendar" in page
    answer = bob.browser.get(f"/b/{token}/calendar.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    text = answer.get_data(as_text=True).replace("\r\n ", "")
    assert "DTSTART:20261202T090000Z" in text
    assert token not in text
    assert token not in "".join(re.findall(r'href="https://[^"]+"', page))


def test_tokens_stay_here(token: str, bob: Person) -> None:
    """Pages of tokens are kept by nobody, found by no search engine, and tell no other site their address."""
    for part in ("", "/reschedule", "/cancel", "/location"):
        answer = bob.browser.get(f"/b/{token}{part}")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        page = answer.get_data(as_text=True)
        assert '<meta name="robots" content="noindex">' in page
        assert unlabelled(page) == []
