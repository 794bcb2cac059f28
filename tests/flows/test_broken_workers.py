"""Work that breaks its worker: what is not known is looked up, and what never succeeds is given up in plain sight."""

from __future__ import annotations

import signal

import pytest
from rq.timeouts import HorseMonitorTimeoutException, JobTimeoutException

from hub.app import handlers
from hub.errors import Temporary
from hub.meetings.given_up import given_up
from hub.outbox import sweep
from hub.outbox.outbox import PARK_AFTER, Delivery
from hub.outbox.worker import TimeUp
from hub.scheduling import bookings
from tests.support.people import Host, Invitee
from tests.support.world import World

SLOT, LATER = "2026-12-01T09:00:00+00:00", "2026-12-02T10:30:00+00:00"


def poison(delivery: Delivery) -> None:
    raise RuntimeError("never works")


def poisoned(world: World, topic: str = "sync") -> None:
    """Have every pass of this topic break, for so long that it is given up."""
    for _ in range(PARK_AFTER + 1):
        sweep.drain(world.hub, handlers(world.hub) | {topic: poison})
        world.clock.advance(minutes=20)


def test_time_up() -> None:
    """A job that takes too long ends as what it is: nobody knows what became of it."""
    with pytest.raises(Temporary) as caught, TimeUp(50, JobTimeoutException):
        signal.raise_signal(signal.SIGALRM)
    assert not caught.value.outcome_known
    with pytest.raises(HorseMonitorTimeoutException), TimeUp(50, HorseMonitorTimeoutException):
        signal.raise_signal(signal.SIGALRM)


def test_given_up(ada: Host, bob: Invitee, world: World) -> None:
    """A booking that breaks its worker each time is not shown as being made for ever: host and invitee know."""
    ada.connects("zoom")
    token = bob.books(ada.offers("zoom"), SLOT, location="zoom")
    poisoned(world)
    world.work()
    assert world.meeting().state == "failed"
    assert world.timeline().count("failed") == 1
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads("Needs a hand")
    assert ada.reads("It went wrong each time")
    assert any("not as it should be" in mail.get_body(("plain",)).get_content() for mail in world.mails("ada@"))
    page = ada.browser.get(f"/b/{token}").get_data(as_text=True)
    assert "has been told" in page
    ada.sends(f"/bookings/{world.booking().ref}/retry")
    world.work()
    assert world.link()


def test_given_up_delete(ada: Host, bob: Invitee, world: World) -> None:
    """A meeting whose deletion breaks the worker each time is left, and the host knows of it."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    bookings.cancel(world.hub, world.booking().id, by="host")
    poisoned(world)
    world.work()
    assert world.meeting().state == "left"
    assert world.timeline().count("failed") == 1


def test_given_up_mail(ada: Host, bob: Invitee, world: World) -> None:
    """A mail that can't be written, however often it is tried, is said on the booking's page; its meeting is untouched."""
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    poisoned(world, "mail")
    assert world.meeting().state == "ready"
    assert world.timeline().count("mail_failed") == 2  # the host's and the invitee's
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads("A mail could not be written, however often it was tried.")
    assert "A mail could not be written, however often it was tried." in world.told()


def test_given_up_of_nobody(ada: Host, bob: Invitee, world: World) -> None:
    """What is given up and concerns no booking, or one that is not there any more, is nobody's to be told."""
    given_up(world.hub, Delivery("parked:1:1", {"parked": "sync"}, 1, world.clock()))
    given_up(world.hub, Delivery("parked:2:1", {"parked": "sync", "booking": 7}, 1, world.clock()))
    ada.connects("zoom")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    before = world.timeline()
    given_up(world.hub, Delivery("parked:3:1", {"parked": "doubles", "booking": 1}, 1, world.clock()))
    assert world.timeline() == before
    assert world.meeting().state == "pending"
