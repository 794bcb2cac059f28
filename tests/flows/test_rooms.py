"""Video rooms without a vendor's API: Jitsi and the host's own link, from the booking to the mails."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from hub.scheduling import bookings
from hub.store.models import LocationRow
from tests.support.people import Host, Invitee, at
from tests.support.world import World

START, LATER = "2026-12-02T10:00:00+00:00", "2026-12-02T14:00:00+00:00"


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


def test_jitsi(ada: Host, bob: Invitee, world: World) -> None:
    """Each booking has a room of its own, which both sides read in their mails and keep when the booking moves."""
    event_type = ada.offers("jitsi")
    bob.books(event_type, START, location="jitsi")
    world.work()
    link = world.meeting().value["join_url"]  # type: ignore[index]
    assert len(link.rpartition("/")[2]) == 32, "128 bits in hex"
    assert [link in text_of(mail) for mail in world.mails()] == [True, True]
    bookings.move(world.hub, world.booking().id, at(LATER), by="invitee")
    world.work()
    assert world.meeting().value["join_url"] == link  # type: ignore[index]
    bob.books(event_type, START, location="jitsi")
    world.work()
    assert world.meeting().value["join_url"] != link  # type: ignore[index]
    bookings.cancel(world.hub, world.booking().id, by="invitee")
    world.work()
    assert not [mail for mail in world.mails(ada.email) if "needs your hand" in str(mail["Subject"])]


def test_own_link(ada: Host, bob: Invitee, world: World) -> None:
    """The link that a host pasted for an event type stays hidden until somebody has booked."""
    event_type = ada.offers("weblink")
    link = "https://video.example.com/ada-room"
    with world.hub.store.write() as session:
        row = session.get_one(LocationRow, event_type.locations[0].id)
        row.inputs, row.show_before = {"url": link}, False
    page = ada.opens(f"/{ada.handle}/{event_type.slug}?slot=20261202T100000Z")
    assert "video.example.com" not in page
    assert ada.reads("A video call; you get the link by mail")
    token = bob.books(event_type, START, location="weblink")
    world.work()
    assert link in ada.opens(f"/b/{token}")
    assert [link in text_of(mail) for mail in world.mails()] == [True, True]


@pytest.mark.parametrize("typed", ["http://video.example.com/a", "javascript:alert(1)", "video.example.com"])
def test_link_that_can_not_be_used(ada: Host, typed: str) -> None:
    """A link without https is refused beside its field, and stays there as it was typed."""
    ada.opens("/event-types/new")
    place = {"loc-0-provider": "weblink", "loc-0-inputs-url": typed}
    answer = ada.sends("/event-types/new", title="Call", minutes="30", **place)
    assert answer.status_code == 422
    assert typed in ada.page
    assert ada.reads("Please give a full address that begins with https://.")
