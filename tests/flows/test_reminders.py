"""Reminders: rendered when they are sent, from the booking as it is then."""

from __future__ import annotations

from hub.scheduling import bookings
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SLOT, LATER = "2026-12-03T09:00:00+00:00", "2026-12-04T10:00:00+00:00"


def reminders(world: World, to: str) -> list[str]:
    """Return the beginnings of the subjects of the mails sent, but for the booking's own."""
    subjects = [str(mail["Subject"]).split(":")[0] for mail in world.mails(to)]
    return [subject for subject in subjects if subject not in ("Booked", "Moved", "Cancelled")]


def test_a_day_and_an_hour_before(ada: Host, bob: Invitee, world: World) -> None:
    """Both sides are reminded a day and an hour before, each with the link."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    world.clock.now = at(SLOT)
    world.clock.advance(days=-1)
    world.work()
    world.clock.advance(hours=23)
    world.work()
    for address in (ada.email, bob.email):
        assert reminders(world, address) == ["Tomorrow", "In 1 hour"]
        assert world.link() in world.mails(address)[-1].get_body(("plain",)).get_content()


def test_moved(ada: Host, bob: Invitee, world: World) -> None:
    """A booking that was moved is reminded of at its new time only; a cancelled one not at all."""
    bob.books(ada.offers("inperson"), SLOT, location="inperson")
    bookings.move(world.hub, world.booking().id, at(LATER), by="invitee")
    world.clock.now = at(SLOT)
    world.work()
    assert reminders(world, bob.email) == []
    world.clock.advance(hours=2)
    world.work()
    assert reminders(world, bob.email) == ["Tomorrow"]
    bookings.cancel(world.hub, world.booking().id, by="host")
    world.clock.now = at(LATER)
    world.work()
    assert reminders(world, bob.email) == ["Tomorrow"]


def test_missing_link_is_an_alert(ada: Host, bob: Invitee, world: World) -> None:
    """A reminder without a link says so in words, and the host is asked for a hand."""
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    world.clock.now = at(SLOT)
    world.clock.advance(hours=-1)
    world.work()
    mail = world.mails(bob.email)[-1]
    assert mail["Subject"].startswith("In 1 hour: ")
    assert "There is no link yet" in mail.get_body(("plain",)).get_content()
    assert any("needs your hand" in str(mail["Subject"]) for mail in world.mails(ada.email))


def test_off(ada: Host, bob: Invitee, world: World) -> None:
    """An event type without reminders sends none."""
    bob.books(ada.offers("inperson", reminders=[]), SLOT, location="inperson")
    world.clock.now = at(SLOT)
    world.work()
    assert reminders(world, bob.email) == []
