"""A booking with New Name, from the page to the mail."""

from __future__ import annotations

from hub.testing.people import Host, Invitee
from hub.testing.world import Mailbox, Worker


def test_a_booking_gets_its_place(host: Host, invitee: Invitee, worker: Worker, mailbox: Mailbox) -> None:
    """What the host filled in is in the invitee's mail, also after the booking was moved."""
    event_type = host.offers("newname", where="At the fountain")
    invitee.books(host, event_type, location="newname")
    worker.works()
    assert "At the fountain" in mailbox.text(invitee.email)
    invitee.moves()
    worker.works()
    assert "At the fountain" in mailbox.text(invitee.email)
