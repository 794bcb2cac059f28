"""Books, moves, cancels and relocates: one transaction each, with everything that must follow in the outbox."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.connections.readiness import standing
from hub.errors import InvalidInput, NotPossible, SlotTaken
from hub.notify import announce, unmade
from hub.outbox import outbox
from hub.scheduling import offers
from hub.scheduling.wish import Wish as Wish
from hub.scheduling.wish import new_booking, snapshot
from hub.store import sealed
from hub.store.models import Booking, EventType, Host, MeetingRow
from hub.store.vault import digest

if TYPE_CHECKING:
    from hub.container import Hub

By = Literal["invitee", "host"]
MOST_CHANGES = 10  # by the invitee; each costs a call at the provider, and those are limited


def book(hub: Hub, event_type_id: int, wish: Wish) -> str:
    """Book and return the manage token. The same wish posted again returns the same booking's token.

    Raises SlotTaken, InvalidInput for a location that is not offered, and NotPossible where the form was used for
    another booking or the event type can't be booked.
    """
    token, view = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    try:
        with hub.store.write() as session:
            again = _booked_before(session, hub, wish)
            if again:
                return again
            event_type = _bookable(session, event_type_id)
            option = next((o for o in _options(session, hub, event_type) if o.id == wish.location_id), None)
            if option is None:
                raise InvalidInput("location", "Please choose one of the places offered.")
            if not offers.is_free(session, hub, event_type, wish.starts_at):
                raise SlotTaken
            booking = new_booking(hub, event_type, wish, option, token=token, view=view)
            session.add(booking)
            session.flush()
            row = MeetingRow(booking_id=booking.id, n=1, provider=option.provider.key)
            session.add(row)
            announce.note(session, hub, booking, "booked", f"{wish.name} booked.")
            with outbox.gathered(session):
                announce.change(session, hub, booking, "booked")
                announce.remind(session, hub, booking, event_type.reminders)
                _sync(session, hub, booking)
            unmade.settle(session, hub, booking, row, option.readiness)
    except (IntegrityError, SlotTaken):
        # Another process was faster: with the very same form, or with this time (PostgreSQL's constraint says so).
        with hub.store.read() as session:
            again = _booked_before(session, hub, wish)
        if again:
            return again
        raise SlotTaken from None
    return token


def move(hub: Hub, booking_id: int, starts_at: datetime, *, by: By) -> None:
    """Move the booking to the aware time `starts_at`. Raises SlotTaken or NotPossible."""
    try:
        with hub.store.write() as session:
            booking = _changeable(session, hub, booking_id, by)
            if booking.starts_at == starts_at:
                raise NotPossible("That is the time it has already.")
            event_type = session.get(EventType, booking.event_type_id) if booking.event_type_id else None
            if event_type is None:
                raise NotPossible("This kind of meeting is not offered any more; please make a new booking elsewhere.")
            if not offers.is_free(session, hub, event_type, starts_at, besides=booking.id):
                raise SlotTaken
            length = booking.ends_at - booking.starts_at
            booking.starts_at, booking.ends_at = starts_at, starts_at + length
            booking.busy_from = starts_at - timedelta(minutes=event_type.buffer_before)
            booking.busy_to = booking.ends_at + timedelta(minutes=event_type.buffer_after)
            _changed(session, hub, booking, by, "moved", f"Moved by the {by}.", event_type)
            if booking.meeting and booking.meeting.state in ("skipped", "manual"):
                announce.hasten(session, hub, booking)  # there is no meeting to wait for
    except IntegrityError:
        raise SlotTaken from None


def cancel(hub: Hub, booking_id: int, *, by: By, reason: str = "") -> None:
    """Cancel the booking; one that is cancelled already stays as it is. Raises NotPossible once it has begun."""
    with hub.store.write() as session:
        booking = _locked(session, booking_id)
        if not booking.confirmed:
            return
        if booking.starts_at <= hub.clock():
            raise NotPossible("This booking has begun or is over; it can't be cancelled any more.")
        booking.status, booking.cancel_reason, booking.cancelled_by = "cancelled", reason, by
        _changed(session, hub, booking, by, "cancelled", f"Cancelled by the {by}.")


def relocate(hub: Hub, booking_id: int, location_id: int, answers: Mapping[str, str], *, by: By) -> None:
    """Give the booking another of its event type's locations: the old meeting goes, a new one is made, one mail.

    Raises InvalidInput for a location that is not offered, NotPossible where the booking's state forbids it.
    """
    with hub.store.write() as session:
        booking = _changeable(session, hub, booking_id, by)
        event_type = session.get(EventType, booking.event_type_id) if booking.event_type_id else None
        offered = _options(session, hub, event_type) if event_type else []
        option = next((o for o in offered if o.id == location_id), None)
        if option is None:
            raise InvalidInput("location", "Please choose one of the places offered.")
        booking.location, booking.answers = snapshot(option), dict(answers)
        n = max((row.n for row in booking.meetings), default=0) + 1
        row = MeetingRow(booking_id=booking.id, n=n, provider=option.provider.key)
        session.add(row)
        _changed(session, hub, booking, by, "relocated", f"Place changed by the {by}: {option.label}.", event_type)
        unmade.settle(session, hub, booking, row, option.readiness)


def find(session: Session, token: str) -> tuple[Booking, bool] | None:
    """Return the booking of a manage or view token and whether it may be changed with it; None for any other text."""
    if not 20 <= len(token) <= 64 or not token.isascii():
        return None
    known = digest(token)
    booking = session.scalar(select(Booking).where((Booking.manage_digest == known) | (Booking.view_digest == known)))
    return (booking, secrets.compare_digest(booking.manage_digest, known)) if booking else None


def _booked_before(session: Session, hub: Hub, wish: Wish) -> str:
    earlier = session.scalar(select(Booking).where(Booking.nonce == wish.nonce))
    if earlier is None:
        return ""
    if earlier.nonce_digest != wish.digest():
        raise NotPossible("This form was already sent with other details. The mail you got has the link to change it.")
    return hub.vault.open(earlier.manage_token, sealed.booking_token(earlier.ref, "manage"))


def _bookable(session: Session, event_type_id: int) -> EventType:
    event_type = session.get(EventType, event_type_id)
    if event_type is None or not event_type.active or not event_type.host.active:
        raise NotPossible("This can't be booked any more.")
    # One booking at a time for each host: the others wait here and then see that the time is taken.
    session.execute(select(Host.id).where(Host.id == event_type.host_id).with_for_update())
    return event_type


def _options(session: Session, hub: Hub, event_type: EventType) -> list[offers.Option]:
    return offers.options(hub, standing(session, hub, event_type.host), event_type)


def _changed(
    session: Session, hub: Hub, booking: Booking, by: By, kind: str, text: str, event_type: EventType | None = None
) -> None:
    booking.version += 1
    booking.sequence += 1
    booking.changes += by == "invitee"
    booking.changed_by, booking.updated_at = by, hub.clock()
    for row in booking.meetings:
        row.next_try_at = None  # what is wanted has changed, so what failed before may work now
    session.flush()
    announce.note(session, hub, booking, kind, text)
    announce.change(session, hub, booking, kind)
    announce.remind(session, hub, booking, event_type.reminders if event_type else ())
    _sync(session, hub, booking)


def _sync(session: Session, hub: Hub, booking: Booking) -> None:
    outbox.add(session, hub, "sync", f"sync:{booking.id}:{booking.version}", booking=booking.id)


def _locked(session: Session, booking_id: int) -> Booking:
    booking = session.get(Booking, booking_id, with_for_update={"of": Booking}, populate_existing=True)
    if booking is None:
        raise NotPossible("There is no such booking.")
    return booking


def _changeable(session: Session, hub: Hub, booking_id: int, by: By) -> Booking:
    booking = _locked(session, booking_id)
    if not booking.confirmed:
        raise NotPossible("This booking is cancelled; please make a new one.")
    if booking.starts_at <= hub.clock():
        raise NotPossible("This booking has begun or is over; it can't be changed any more.")
    if by == "invitee" and booking.changes >= MOST_CHANGES:
        raise NotPossible("This booking was changed too often. Please write to your host.")
    session.execute(select(Host.id).where(Host.id == booking.host_id).with_for_update())
    return booking
