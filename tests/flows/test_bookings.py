"""What happens with a booking's meeting, from the booking to its end; docstrings quote the help page."""

from __future__ import annotations

import pytest

from hub.errors import NotPossible, SlotTaken
from hub.meetings.decide import Action, Facts, decide
from hub.notify import unmade
from hub.scheduling import bookings
from hub.store.models import Booking
from hub.values import Readiness
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SLOT, LATER = "2026-12-01T09:00:00+00:00", "2026-12-02T10:30:00+00:00"


def test_creates(ada: Host, bob: Invitee, world: World) -> None:
    """A new Zoom meeting is created with the booking's date, time, and duration."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom", minutes=45), SLOT, location="zoom")
    assert world.meetings_at_zoom() == []
    world.work()
    (meeting,) = world.meetings_at_zoom()
    assert (meeting["start_time"], meeting["duration"]) == ("2026-12-01T09:00:00Z", 45)
    assert world.meeting().state == "ready"


def test_link_and_dial_in_in_both_mails(ada: Host, bob: Invitee, world: World) -> None:
    """The unique Zoom meeting link and dial-in details are included in the confirmation email sent to both the host
    and the invitee."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    link = world.link()
    for address in (ada.email, bob.email):
        (mail,) = world.mails(address)
        text = mail.get_body(("plain",)).get_content()
        assert link in text
        assert "Meeting ID:" in text
        assert "+43 11550100" in text
        assert link in mail.get_body(("html",)).get_content().replace("&amp;", "&")


def test_link_in_calendar_entry(ada: Host, bob: Invitee, world: World) -> None:
    """The meeting link is added to the calendar event (Google Calendar, Outlook, etc.)."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    link = world.link()
    event = world.entry(world.mails(bob.email)[0])
    assert str(event["LOCATION"]) == link
    assert str(event["URL"]) == link
    assert link in str(event["CONFERENCE"])
    assert "Meeting ID:" in str(event["DESCRIPTION"])


def test_moves_the_same_meeting(ada: Host, bob: Invitee, world: World) -> None:
    """Reschedule — The Zoom meeting is automatically updated to the new date and time."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    before, link = world.meetings_at_zoom()[0], world.link()
    first = world.entry(world.mails(bob.email)[0])
    bookings.move(world.hub, world.booking().id, at(LATER), by="invitee")
    world.work()
    (after,) = world.meetings_at_zoom()
    assert (after["id"], world.link()) == (before["id"], link)
    assert after["start_time"] == "2026-12-02T10:30:00Z"
    mail = world.mails(bob.email)[-1]
    second = world.entry(mail)
    assert mail["Subject"].startswith("Moved: ")
    assert link in mail.get_body(("plain",)).get_content()
    assert second["UID"] == first["UID"]
    assert int(second["SEQUENCE"]) > int(first["SEQUENCE"])


def test_deletes(ada: Host, bob: Invitee, world: World) -> None:
    """Cancel — The Zoom meeting is automatically deleted from your Zoom account."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    bookings.cancel(world.hub, world.booking().id, by="invitee", reason="I am ill")
    world.work()
    assert world.meetings_at_zoom() == []
    assert world.meeting().state == "deleted"
    for address in (ada.email, bob.email):
        mail = world.mails(address)[-1]
        assert mail["Subject"].startswith("Cancelled: ")
        assert "I am ill" in mail.get_body(("plain",)).get_content()
        assert world.calendar(mail)["METHOD"] == "CANCEL"


@pytest.mark.parametrize("provider", ["phone", "inperson"])
def test_other_places_take_the_same_path(ada: Host, bob: Invitee, world: World, provider: str) -> None:
    """You can offer Zoom alongside other location options (e.g. Zoom, Phone, In-person) and let your customers choose
    their preferred option during booking."""
    answers = {"phone": "+431234567"} if provider == "phone" else {}
    bob.books(ada.offers("zoom", "phone", "inperson"), SLOT, location=provider, **answers)
    world.work()
    assert world.meeting().state == "ready"
    expected = "Café Central, Wien" if provider == "inperson" else "+43 1 234567"
    assert expected in world.mails(bob.email)[0].get_body(("plain",)).get_content()
    bookings.move(world.hub, world.booking().id, at(LATER), by="host")
    bookings.cancel(world.hub, world.booking().id, by="host")
    world.work()
    assert world.timeline()[-1] in ("mailed", "left", "deleted")
    assert world.meetings_at_zoom() == []


def test_a_time_is_sold_once(ada: Host, bob: Invitee, world: World) -> None:
    """A time that somebody has booked can't be booked or moved to again, until it is free again."""
    offered = ada.offers("phone")
    bob.books(offered, SLOT, location="phone", phone="+431234567")
    with pytest.raises(SlotTaken):
        bob.books(offered, SLOT, location="phone", phone="+431234567")
    bob.books(offered, LATER, location="phone", phone="+431234567")
    with pytest.raises(SlotTaken):
        bookings.move(world.hub, world.booking().id, at(SLOT), by="invitee")
    bookings.cancel(world.hub, 1, by="invitee")
    bookings.move(world.hub, world.booking().id, at(SLOT), by="invitee")
    assert world.booking().starts_at == at(SLOT)


def test_one_form_one_booking(ada: Host, bob: Invitee, world: World) -> None:
    """The same form sent twice gives one booking; with other details it is refused."""
    offered = ada.offers("phone")
    first = bob.books(offered, SLOT, location="phone", nonce="same", phone="+431234567")
    assert bob.books(offered, SLOT, location="phone", nonce="same", phone="+431234567") == first
    with pytest.raises(NotPossible):
        bob.books(offered, LATER, location="phone", nonce="same", phone="+431234567")
    world.work()
    assert len(world.mails(bob.email)) == 1


def test_cancelled_before_it_was_made(ada: Host, bob: Invitee, world: World) -> None:
    """A booking that is cancelled before its meeting was made costs no call to Zoom, and one mail each."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    bookings.cancel(world.hub, world.booking().id, by="invitee")
    world.work()
    world.clock.advance(minutes=2)
    world.work()
    assert world.calls_at_zoom("create") == []
    assert [str(mail["Subject"]).split(":")[0] for mail in world.mails(bob.email)] == ["Cancelled"]


def test_late_link(ada: Host, bob: Invitee, world: World) -> None:
    """While Zoom is down the booking stands and the confirmation says that the link follows; then the link is mailed."""
    ada.connects("zoom")
    world.breaks_zoom("503", "create", times=2)
    bob.books(ada.offers("zoom", reminders=[]), SLOT, location="zoom")
    world.work()
    assert world.mails(bob.email) == []
    world.clock.advance(seconds=61)
    world.work()
    (mail,) = world.mails(bob.email)
    assert "follow" in mail.get_body(("plain",)).get_content()
    for _ in range(4):
        world.clock.advance(minutes=21)
        world.work()
    link = world.link()
    first, second = (world.entry(mail) for mail in world.mails(bob.email))
    assert int(second["SEQUENCE"]) > int(first["SEQUENCE"])
    assert str(world.mails(bob.email)[1]["Subject"]).startswith("Link for: ")
    assert link in world.mails(bob.email)[1].get_body(("plain",)).get_content()


def test_the_host_deleted_the_meeting(ada: Host, bob: Invitee, world: World) -> None:
    """A meeting that the host deleted in Zoom is made anew on reschedule, and its new link is in the mail."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    old = world.meetings_at_zoom()[0]
    world.control("POST", f"/meetings/{old['id']}/delete")
    bookings.move(world.hub, world.booking().id, at(LATER), by="invitee")
    world.work()
    (new,) = world.meetings_at_zoom()
    assert new["id"] != old["id"]
    assert world.link() in world.mails(bob.email)[-1].get_body(("plain",)).get_content()


@pytest.mark.parametrize("readiness", list(Readiness))
def test_settled_at_booking_as_a_worker_would(ada: Host, bob: Invitee, world: World, readiness: Readiness) -> None:
    """What a booking says of its meeting from the start is what a worker would decide about it a moment later."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), "2026-12-01T09:00:00+00:00", location="zoom")
    facts = Facts(True, "pending", True, False, readiness, same_account=True, can_move=True, can_delete=True)
    with world.hub.store.write() as session:
        booking = session.get_one(Booking, 1)
        unmade.settle(session, world.hub, booking, booking.meetings[0], readiness)
    row = world.meeting()
    expected = {
        Action.CREATE: ("pending", ""),
        Action.PARK: ("pending", unmade.PARKED),
        Action.SKIP: ("skipped", ""),
    }
    assert (row.state, row.error) == expected[decide(facts)]
