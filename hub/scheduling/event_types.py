"""Makes, changes, copies and deletes a host's event types; one transaction each."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.errors import InvalidInput
from hub.scheduling import availability, offers
from hub.scheduling.event_type_form import Typed, TypedLocation, read, typed_of
from hub.store.models import Booking, EventType, Host, LocationRow

if TYPE_CHECKING:
    from hub.container import Hub

STEP = timedelta(days=14)


def create(hub: Hub, host_id: int, typed: Typed) -> int:
    """Make an event type and return its id. Raises InvalidForm with a sentence for each field at fault."""
    with hub.store.write() as session:
        host = session.get_one(Host, host_id)
        row = EventType(host_id=host_id, created_at=hub.clock())
        _fill(session, hub, host, row, typed)
        session.add(row)
        session.flush()
        return row.id


def update(hub: Hub, host_id: int, event_type_id: int, typed: Typed) -> bool:
    """Change an event type of this host's; bookings made earlier stay as they are. False where there is none.

    Raises InvalidForm with a sentence for each field at fault.
    """
    with hub.store.write() as session:
        row = find(session, host_id, event_type_id)
        if row is None:
            return False
        _fill(session, hub, row.host, row, typed)
    return True


def set_active(hub: Hub, host_id: int, event_type_id: int, *, active: bool) -> bool:
    """Open or close the event type for new bookings. False where this host has none such."""
    with hub.store.write() as session:
        row = find(session, host_id, event_type_id)
        if row is None:
            return False
        row.active = active
    return True


def duplicate(hub: Hub, host_id: int, event_type_id: int) -> int | None:
    """Make a copy that is not active yet, and return its id; None where this host has none such."""
    with hub.store.write() as session:
        row = find(session, host_id, event_type_id)
        if row is None:
            return None
        title = f"{row.title[:190]} (copy)"
        typed = dataclasses.replace(typed_of(row), title=title, slug="", active=False)
        copy = EventType(host_id=host_id, created_at=hub.clock())
        _fill(session, hub, row.host, copy, typed, kept={loc.provider for loc in row.locations})
        session.add(copy)
        session.flush()
        return copy.id


def delete(hub: Hub, host_id: int, event_type_id: int) -> bool:
    """Delete the event type; its bookings keep standing. False where this host has none such."""
    with hub.store.write() as session:
        row = find(session, host_id, event_type_id)
        if row is None:
            return False
        session.delete(row)
    return True


def prefer(hub: Hub, host_id: int, provider: str) -> None:
    """Have the host's new event types start with a location of this provider; an empty key ends that.

    Raises InvalidInput for a provider that is not installed.
    """
    if provider and hub.registry.get(provider) is None:
        raise InvalidInput("provider", "Please choose one of the list.")
    with hub.store.write() as session:
        session.get_one(Host, host_id).default_provider = provider


def blank(session: Session, hub: Hub, host: Host) -> Typed:
    """Return what a new event type starts with: the preferred location, filled in as the host last did it."""
    key = host.default_provider
    if hub.registry.get(key) is None:
        return Typed()
    mine = select(LocationRow).join(EventType, LocationRow.event_type_id == EventType.id)
    mine = mine.where(EventType.host_id == host.id, LocationRow.provider == key)
    last = session.scalar(mine.order_by(LocationRow.id.desc()).limit(1))
    if last is None:
        return Typed(locations=(TypedLocation(key),))
    return Typed(locations=(TypedLocation(key, dict(last.inputs), last.label, last.show_before),))


def find(session: Session, host_id: int, event_type_id: int) -> EventType | None:
    """Return the event type with this id if it is this host's."""
    return session.scalar(select(EventType).where(EventType.id == event_type_id, EventType.host_id == host_id))


def all_of(session: Session, host_id: int) -> list[EventType]:
    """Return the host's event types by title."""
    query = select(EventType).where(EventType.host_id == host_id).order_by(func.lower(EventType.title), EventType.id)
    return list(session.scalars(query))


def upcoming(session: Session, hub: Hub, event_type_id: int) -> int:
    """Return how many confirmed bookings of the event type are yet to begin."""
    query = select(func.count(Booking.id)).where(
        Booking.event_type_id == event_type_id, Booking.status == "confirmed", Booking.starts_at > hub.clock()
    )
    return session.scalar(query) or 0


def bookable(hub: Hub, event_type: EventType) -> bool:
    """Tell whether hours, notice and buffers leave any time up to the horizon, were the host not busy at all."""
    rules, terms, now = offers.rules_of(event_type.host), offers.terms_of(event_type), hub.clock()
    since, end = now, now + timedelta(days=terms.horizon_days + 2)
    while since < end:
        if availability.slots(rules, terms, [], since=since, until=since + STEP, now=now):
            return True
        since += STEP
    return False


def _fill(session: Session, hub: Hub, host: Host, row: EventType, typed: Typed, kept: set[str] | None = None) -> None:
    """Write what was typed into the row. Raises InvalidForm before anything is changed."""
    session.execute(select(Host.id).where(Host.id == host.id).with_for_update())  # two forms at once: one slug each
    slugs = set(
        session.scalars(select(EventType.slug).where(EventType.host_id == host.id, EventType.id != (row.id or 0)))
    )
    kept = kept or {loc.provider for loc in row.locations}
    clean = read(typed, hub.registry, host, slugs=slugs, kept=kept)
    for name, value in clean.values.items():
        setattr(row, name, value)
    _place(row, clean.locations)


def _place(row: EventType, locations: tuple[TypedLocation, ...]) -> None:
    """Give the row these locations; one that was there keeps its id, which forms that are open elsewhere name."""
    known = {loc.id: loc for loc in row.locations if loc.id}
    placed = []
    for position, given in enumerate(locations):
        loc = known.pop(given.id, None)
        if loc is None or loc.provider != given.provider:
            loc = LocationRow()
        loc.position, loc.provider, loc.inputs = position, given.provider, dict(given.inputs)
        loc.label, loc.show_before = given.label, given.show_before
        placed.append(loc)
    row.locations[:] = placed
