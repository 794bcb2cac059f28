"""What a host offers now: free times of an event type, and the locations an invitee may choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections.readiness import Standing
from hub.errors import ProviderError
from hub.facts import Field
from hub.provider import Provider
from hub.scheduling import availability
from hub.store.models import Booking, EventType, Host, LocationRow
from hub.values import Location, Readiness

if TYPE_CHECKING:
    from hub.container import Hub

LONGEST = timedelta(days=3)  # no padded booking is longer, so the index need not be read from its beginning


@dataclass(frozen=True)
class Option:
    """A location as an invitee may choose it; `readiness` tells whether its meeting could be made now."""

    id: int
    provider: Provider
    location: Location
    label: str
    line: str
    fields: tuple[Field, ...]
    readiness: Readiness

    @property
    def ready(self) -> bool:
        """Whether its meeting could be made now."""
        return self.readiness is Readiness.READY


def rules_of(host: Host) -> availability.Rules:
    """Return the host's weekly hours and date overrides."""
    return availability.Rules(
        timezone=host.timezone,
        weekly={int(day): tuple((a, b) for a, b in ranges) for day, ranges in host.hours.items()},
        overrides={date.fromisoformat(day): tuple((a, b) for a, b in r) for day, r in host.overrides.items()},
    )


def terms_of(event_type: EventType) -> availability.Terms:
    """Return the terms on which the event type is booked."""
    return availability.Terms(
        minutes=event_type.minutes,
        before=event_type.buffer_before,
        after=event_type.buffer_after,
        notice=event_type.notice,
        horizon_days=event_type.horizon_days,
        interval=event_type.interval,
    )


def busy(
    session: Session, host_id: int, since: datetime, until: datetime, *, besides: int | None = None
) -> list[availability.Busy]:
    """Return the host's taken times, buffers included, that touch [since, until); the booking `besides` left out."""
    query = select(Booking.busy_from, Booking.busy_to).where(
        Booking.host_id == host_id,
        Booking.status == "confirmed",
        Booking.busy_from < until,
        Booking.busy_from > since - LONGEST,
        Booking.busy_to > since,
    )
    if besides is not None:
        query = query.where(Booking.id != besides)
    return [(start, end) for start, end in session.execute(query)]


def free_times(
    session: Session, hub: Hub, event_type: EventType, since: datetime, until: datetime, *, besides: int | None = None
) -> list[datetime]:
    """Return the free starts (aware UTC) in [since, until); a booking that is to be moved does not stand in its own way."""
    padding = timedelta(minutes=event_type.minutes + event_type.buffer_before + event_type.buffer_after)
    taken = busy(session, event_type.host_id, since - padding, until + padding, besides=besides)
    return availability.slots(
        rules_of(event_type.host), terms_of(event_type), taken, since=since, until=until, now=hub.clock()
    )


def nearest(session: Session, hub: Hub, event_type: EventType, wanted: datetime, count: int = 4) -> list[datetime]:
    """Return up to `count` free starts closest to `wanted`, in order of time."""
    around = free_times(session, hub, event_type, wanted - timedelta(days=3), wanted + timedelta(days=7))
    return sorted(sorted(around, key=lambda start: abs(start - wanted))[:count])


def is_free(session: Session, hub: Hub, event_type: EventType, start: datetime, *, besides: int | None = None) -> bool:
    """Tell whether `start` is offered and free now."""
    terms = terms_of(event_type)
    padding = timedelta(minutes=terms.minutes + terms.before + terms.after)
    taken = busy(session, event_type.host_id, start - padding, start + padding, besides=besides)
    return availability.is_offered(rules_of(event_type.host), terms, taken, start, now=hub.clock())


def options(hub: Hub, known: Standing, event_type: EventType) -> list[Option]:
    """Return the locations to choose from: those that can be used now, or all installed ones where none can."""
    all_of_them = [option for row in event_type.locations if (option := _option(hub, known, row)) is not None]
    return [option for option in all_of_them if option.ready] or all_of_them


def shown(location: Location, fields: tuple[Field, ...], *, hide: bool) -> Location:
    """Return the location without its private inputs where `hide` is set."""
    if not hide:
        return location
    private = {field.name for field in fields if field.private}
    inputs = {name: value for name, value in location.inputs.items() if name not in private}
    return Location(location.provider, inputs, location.label)


def _option(hub: Hub, known: Standing, row: LocationRow) -> Option | None:
    provider = hub.registry.get(row.provider)
    if provider is None:
        return None
    visible = shown(row.value, provider.facts.host_fields, hide=not row.show_before)
    try:
        line = provider.describe_location(visible, known.host.first_name)
        fields = provider.invitee_fields(row.value)
    except ProviderError:
        return None  # a plugin that breaks takes only its own option along; the log names it
    return Option(
        id=row.id,
        provider=provider,
        location=row.value,
        label=row.label or provider.facts.label,
        line=line,
        fields=fields,
        readiness=known.readiness(row.provider),
    )
