"""A booking with New Name, from the connection to the cancellation."""

from __future__ import annotations

from hub.testing.people import Host, Invitee
from hub.testing.vendor import Vendor
from hub.testing.world import Mailbox, Worker


def test_a_booking_has_a_meeting_as_long_as_it_stands(
    host: Host, invitee: Invitee, worker: Worker, mailbox: Mailbox, vendor: Vendor
) -> None:
    """A booking makes a meeting whose link is mailed, a move keeps it, a cancellation deletes it."""
    host.connects("newname")
    event_type = host.offers("newname")
    invitee.books(host, event_type, location="newname")
    worker.works()
    (meeting,) = vendor.meetings()
    assert meeting in mailbox.text(invitee.email)
    invitee.moves()
    worker.works()
    assert vendor.meetings() == [meeting]
    invitee.cancels()
    worker.works()
    assert vendor.meetings() == []
