"""A booking with New Name, from the page to the mail."""

from __future__ import annotations

from hub.testing.people import Host, Invitee
from hub.testing.world import Mailbox, Worker


def test_a_booking_gets_its_place(host: Host, invitee: Invitee, worker: Worker, mailbox: Mailbox) -> None:
    """What the host filled in is in the invitee's mail, also after the booking was moved."""
    event_type = host.offers("newname", link="https://rooms.example.com/ada")
    invitee.books(host, event_type, location="newname")
    worker.works()
    assert "https://rooms.example.com/ada" in mailbox.text(invitee.email)
    invitee.moves()
    worker.works()
    assert "https://rooms.example.com/ada" in mailbox.text(invitee.email)
