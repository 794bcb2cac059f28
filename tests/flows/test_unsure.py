"""A meeting was made, its vendor's answer was lost, and the connection ends before the vendor can be asked: row 11, I2."""

from __future__ import annotations

import pytest

from hub.scheduling import bookings
from tests.support.people import Host, Invitee
from tests.support.world import World

SCOPES = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
SLOT = "2026-12-01T09:00:00+00:00"
MAYBE = "A Zoom meeting may exist: Zoom did not say whether it was made, and can't be asked now."
STILL = "It is looked for and deleted once"


@pytest.fixture(autouse=True)
def _made_and_not_told(ada: Host, bob: Invitee, world: World) -> None:
    """A booking whose meeting stands at Zoom, as nobody knows."""
    world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:list_meetings"])
    ada.connects("zoom")
    world.breaks_zoom("reset_after", "create")
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    world.work()
    world.clock.advance(minutes=2)
    assert len(world.meetings_at_zoom()) == 1


@pytest.fixture(name="disconnected")
def _disconnected(ada: Host) -> None:
    """The host has disconnected since."""
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")


def cancels(world: World) -> None:
    bookings.cancel(world.hub, world.booking().id, by="invitee")
    world.work()


@pytest.mark.usefixtures("disconnected")
def test_cancelled(ada: Host, world: World) -> None:
    """Fault row 11: where it was cancelled meanwhile, the host is told that a meeting may exist; a reconnect deletes it."""
    cancels(world)
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads(f"{MAYBE} {STILL} the account that was to make it is connected again.")
    assert ada.page.count(STILL) == 2
    (mail,) = [mail for mail in world.mails(ada.email) if "needs your hand" in str(mail["Subject"])]
    assert MAYBE in " ".join(mail.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    ada.connects("zoom")
    world.work()
    assert world.meetings_at_zoom() == []
    assert world.meeting().state == "deleted"
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.page.count(STILL) == 1  # in the timeline only


@pytest.mark.usefixtures("disconnected")
def test_stands(ada: Host, bob: Invitee, world: World) -> None:
    """The booking stands: the host reads that a meeting may exist, and a reconnect finds it by itself, not a second one."""
    world.work()
    assert world.meeting().state == "skipped"
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads(f"{MAYBE} It is looked for before another one is made.")
    (there,) = world.meetings_at_zoom()
    ada.connects("zoom")
    world.work()
    assert [meeting["id"] for meeting in world.meetings_at_zoom()] == [there["id"]]
    assert world.link() in world.mails(bob.email)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.usefixtures("disconnected")
def test_another_account(ada: Host, world: World) -> None:
    """Another account can't know of it: what may exist is still said, until the first account is connected again."""
    cancels(world)
    ada.connects("zoom", user="grace@example.com")
    world.work()
    assert len(world.meetings_at_zoom()) == 1
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads(MAYBE)
    ada.connects("zoom")
    world.work()
    assert world.meetings_at_zoom() == []


@pytest.mark.usefixtures("disconnected")
def test_never_made(ada: Host, world: World) -> None:
    """If there was none after all, it is looked for once, and nothing is left to say."""
    world.control("POST", f"/meetings/{world.meetings_at_zoom()[0]['id']}/delete")
    cancels(world)
    ada.connects("zoom")
    world.work()
    looks = len(world.calls_at_zoom("list"))
    assert looks
    world.clock.advance(hours=1)
    ada.connects("zoom")
    world.work()
    assert len(world.calls_at_zoom("list")) == looks
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.page.count(STILL) == 1  # in the timeline only


def test_another_account_at_once(ada: Host, bob: Invitee, world: World) -> None:
    """Fault rows 11, 35: with another account connected a meeting is made there, the host reads that one may exist in the
    first, and once that is connected again it is found and deleted."""
    (there,) = world.meetings_at_zoom()
    ada.connects("zoom", user="grace@example.com")
    world.work()
    assert world.calls_at_zoom("list") == []
    (made,) = [meeting for meeting in world.meetings_at_zoom() if meeting["id"] != there["id"]]
    assert world.meeting().value["external_id"] == str(made["id"])
    ada.opens(f"/bookings/{world.booking().ref}")
    assert ada.reads(f"{MAYBE} {STILL} the account that was to make it is connected again.")
    assert world.link() in world.mails(bob.email)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    ada.connects("zoom")
    world.work()
    assert [meeting["id"] for meeting in world.meetings_at_zoom()] == [made["id"]]
