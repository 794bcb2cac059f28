"""Makes mails ready to send: sender, recipient, texts, and the calendar entry that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from hub.notify import calendar
from hub.outbox.outbox import Delivery
from hub.store.vault import digest
from hub.values import Person

if TYPE_CHECKING:
    from hub.container import Hub


@dataclass(frozen=True)
class Draft:
    """A mail ready to send; whether nothing more is to come by itself, and whether it tells where the meeting takes place."""

    message: EmailMessage
    complete: bool = True
    has_place: bool = True


def compose(hub: Hub, delivery: Delivery, to: Person, texts: list[str]) -> EmailMessage:
    """Return the mail with these three texts (subject, text, HTML); its Message-ID is the same at every try."""
    subject, text, html = texts
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = sender(hub)
    message["To"] = address(to)
    message["Date"] = format_datetime(hub.clock())
    message["Message-ID"] = f"<{digest(delivery.key)[:32]}@{domain(hub)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def attach_entry(message: EmailMessage, entry: calendar.Entry) -> None:
    """Attach the entry twice: inline for clients that show invitations, as a file for those that only open files."""
    data = calendar.ics(entry)
    message.add_alternative(
        data, maintype="text", subtype="calendar", params={"method": entry.method, "charset": "utf-8"}
    )
    message.add_attachment(data, maintype="application", subtype="ics", filename="invite.ics")


def address(person: Person) -> Address:
    """Return the person's address for a header; a domain of other letters in its ASCII form."""
    user, _, host = person.email.rpartition("@")
    return Address(person.name[:200], user, host.encode("idna").decode() if not host.isascii() else host)


def sender(hub: Hub) -> Address:
    """Return the address that all mails come from."""
    name, email = parseaddr(hub.settings.mail_from)
    return address(Person(name or "Scheduling Hub", email))


def domain(hub: Hub) -> str:
    """Return the domain in which ids of mails and calendar entries are unique."""
    return parseaddr(hub.settings.mail_from)[1].rpartition("@")[2] or "localhost"
