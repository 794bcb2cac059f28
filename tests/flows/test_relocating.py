"""The location of one booking is changed, by the invitee or the host: one transition, one mail each."""

from __future__ import annotations

from tests.support.people import Host, Invitee
from tests.support.world import World

SLOT = "2026-12-01T09:00:00+00:00"


def subjects(world: World, address: str) -> list[str]:
    return [str(mail["Subject"]) for mail in world.mails(address)]


def test_from_zoom_to_phone_and_back(ada: Host, bob: Invitee, world: World) -> None:
    """The invitee can change to another offered location: the old meeting is gone, a new one is made, one mail each."""
    ada.connects("zoom")
    offered = ada.offers("zoom", "phone")
    zoom, phone = offered.locations
    token = bob.books(offered, SLOT, location="zoom")
    world.work()
    first = world.link()
    ada.opens(f"/b/{token}/location")
    ada.sends(f"/b/{token}/location", **{"location": str(phone.id), f"loc{phone.id}-phone": "+43 1 58058"})
    assert ada.reads("Your booking has a new place")
    world.work()
    assert world.meetings_at_zoom() == []
    assert world.booking().version == 2
    for address in (ada.email, bob.email):
        assert len(subjects(world, address)) == 2
    ada.opens(f"/bookings/{world.booking().ref}/location")
    ada.sends(f"/bookings/{world.booking().ref}/location", location=str(zoom.id))
    world.work()
    assert len(world.meetings_at_zoom()) == 1
    assert world.link() != first
    for address in (ada.email, bob.email):
        assert len(subjects(world, address)) == 3
        assert world.link() in world.mails(address)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
