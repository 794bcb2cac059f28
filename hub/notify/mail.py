"""Renders and sends the mails of the outbox, each from the booking as it is at that moment."""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import crash, words
from hub.notify import announce, calendar
from hub.notify.account_mail import account_draft, account_mailed
from hub.notify.connection_mail import connection_draft
from hub.notify.details import Details, Place, country_of, details, dial_in_for
from hub.notify.message import Draft, address, attach_entry, compose, domain, sender
from hub.notify.render import render
from hub.notify.transport import MailRefused
from hub.outbox.outbox import Delivery, Later, backoff
from hub.store import counters, sealed
from hub.store.models import Booking, OutboxRow
from hub.store.vault import Unreadable
from hub.values import Person

if TYPE_CHECKING:
    from hub.container import Hub

GIVE_UP = timedelta(hours=24)

log = logging.getLogger(__name__)


def send_mail(hub: Hub, delivery: Delivery) -> Later | None:
    """Send the mail of an outbox row; one that has become untrue is not sent. Returns when to try again."""
    with hub.store.read() as session:
        draft = _draft(session, hub, delivery)
    if draft is None:
        return None
    trouble = ""
    crash.point("before_mail_sent")
    try:
        hub.mailer.send(draft.message)
    except MailRefused as fault:
        trouble = str(fault)
    except (OSError, smtplib.SMTPException) as fault:
        if hub.clock() - delivery.created_at < GIVE_UP:
            return Later(hub.clock() + backoff(delivery.attempt, first=5), f"mail server: {type(fault).__name__}")
        trouble = "the mail server could not be reached for a day"
    crash.point("after_mail_sent_before_marking")
    _sent(hub, delivery, draft, trouble)
    return None


def _draft(session: Session, hub: Hub, delivery: Delivery) -> Draft | None:
    ids = delivery.ids
    if "account_mail" in ids:
        return account_draft(session, hub, delivery)
    if "connection" in ids:
        return connection_draft(session, hub, delivery)
    booking = session.get(Booking, int(ids["booking"]))
    if booking is None or (booking.version != ids["version"] and ids["kind"] != "problem"):
        return None  # a newer change has a mail of its own
    if ids["to"] == "host" and booking.host.deleted_at:
        return None
    about = details(hub, booking)
    if ids["kind"] == "link" and about.state is not Place.READY:
        return None
    if ids["kind"] == "reminder" and booking.starts_at <= hub.clock():
        return None
    if ids["kind"] == "problem" and not booking.confirmed and booking.version != ids["version"]:
        return None
    if str(ids.get("what", "")).startswith("noticed") and not about.noticed:
        return None  # it is as it should be again
    return _booking_mail(hub, delivery, booking, about)


def _booking_mail(hub: Hub, delivery: Delivery, booking: Booking, about: Details) -> Draft:
    kind, to = str(delivery.ids["kind"]), str(delivery.ids["to"])
    host = Person(booking.host.name, "" if booking.host.deleted_at else booking.host.email)
    invitee = Person(booking.invitee_name, booking.invitee_email)
    recipient, other = (invitee, host) if to == "invitee" else (host, invitee)
    zone = booking.invitee_timezone if to == "invitee" else booking.host.timezone
    public = hub.settings.public_url
    manage = f"{public}/b/{_token(hub, booking, 'manage')}" if to == "invitee" else f"{public}/bookings/{booking.ref}"
    context = {
        "kind": kind,
        "to": to,
        "booking": booking,
        "host": booking.host,
        "recipient": recipient,
        "other": other,
        "about": about,
        "meeting": about.meeting,
        "numbers": dial_in_for(about.meeting, country_of(zone)) if about.meeting else [],
        "when": words.when(booking.starts_at, booking.ends_at, zone),
        "there": words.when(*about.there, zone) if about.there else "",
        "short": words.short(booking.starts_at, zone),
        "manage_url": manage,
        "lead": _lead(int(delivery.ids.get("minutes", 0))),
        "settings_url": f"{public}/settings/integrations",
    }
    message = compose(hub, delivery, recipient, render(kind, context))
    if other.email:
        message["Reply-To"] = address(other)
    if kind not in ("problem", "reminder"):
        attach_entry(message, entry_for(hub, booking, recipient))
    complete = about.state is not Place.MAKING and about.state is not Place.LATE
    return Draft(message, complete=complete, has_place=about.state is Place.READY)


def entry_for(hub: Hub, booking: Booking, recipient: Person) -> calendar.Entry:
    """Return the recipient's calendar entry of the booking as it is now.

    Its texts hold the view link only: calendars are shared, and the manage link lets people cancel.
    """
    about = details(hub, booking)
    meeting = about.meeting
    page_url = f"{hub.settings.public_url}/b/{_token(hub, booking, 'view')}"
    numbers = dial_in_for(meeting, country_of(booking.invitee_timezone)) if meeting else []
    context = {"booking": booking, "about": about, "meeting": meeting, "numbers": numbers, "page_url": page_url}
    return calendar.Entry(
        uid=f"{booking.ref}@{domain(hub)}",
        sequence=booking.sequence,
        method="REQUEST" if booking.confirmed else "CANCEL",
        title=f"{booking.title}: {booking.invitee_name} and {booking.host.name}",
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        stamp=hub.clock(),
        # The organizer is our own address under the host's name: a calendar ignores an invitation from its own owner.
        organizer=Person(booking.host.name, sender(hub).addr_spec),
        attendee=recipient,
        where=meeting.where if meeting else about.label,
        join_url=meeting.join_url if meeting else "",
        text=render("entry", context, parts=("body.txt",))[0],
        page_url=page_url,
        tap=next((number.tap for number in numbers if number.tap), ""),
    )


def _lead(minutes: int) -> str:
    return "Tomorrow" if minutes == 1440 else f"In {words.minutes(minutes)}"


def _sent(hub: Hub, delivery: Delivery, draft: Draft, trouble: str) -> None:
    """Note that the mail went out; where the link came while it was on its way, announce that too."""
    ids = delivery.ids
    with hub.store.write() as session:
        row = session.scalar(select(OutboxRow).where(OutboxRow.key == delivery.key))
        if row is not None:
            row.done_at = hub.clock()
        counters.count(session, "mails", kind=str(ids["kind"]), outcome="failed" if trouble else "sent")
        if "account_mail" in ids:
            account_mailed(session, int(ids["account_mail"]))
        if "booking" not in ids:
            return
        booking = session.get(Booking, int(ids["booking"]), with_for_update={"of": Booking})
        if booking is None:
            return
        whom = booking.invitee_name if ids["to"] == "invitee" else booking.host.name
        if trouble:
            announce.note(session, hub, booking, "mail_failed", f"The mail to {whom} was not delivered: {trouble}.")
            return
        announce.note(session, hub, booking, "mailed", f"Mailed {whom}: {draft.message['Subject']}")
        if ids["kind"] == "reminder" and not draft.has_place and booking.meeting:
            announce.problem(session, hub, booking, booking.meeting.n, "reminded")
        missed = not draft.complete and details(hub, booking).state is Place.READY and booking.meeting is not None
        if missed and booking.version == ids["version"] and booking.meeting:
            announce.late_link(session, hub, booking, booking.meeting.n, str(ids["to"]))


def _token(hub: Hub, booking: Booking, which: str) -> str:
    try:
        return hub.vault.open(getattr(booking, f"{which}_token"), sealed.booking_token(booking.ref, which))
    except Unreadable:
        return ""
