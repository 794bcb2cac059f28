"""The free times of one event type, read from the database once: of a month, the next one, the nearest ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub import words
from hub.scheduling import availability, offers
from hub.store.models import Booking, EventType

if TYPE_CHECKING:
    from hub.container import Hub

STRETCH = timedelta(days=14)  # how much is looked through at a time when searching onwards


@dataclass(frozen=True)
class FreeTimes:
    """What can be booked of an event type at the aware UTC time `now`.

    `besides` is the start of a booking that is to be moved: it stands in nobody's way and is not offered again.
    """

    rules: availability.Rules
    terms: availability.Terms
    busy: Sequence[availability.Busy]
    now: datetime
    besides: datetime | None = None

    @property
    def until(self) -> datetime:
        """A time after the last bookable one; aware."""
        return self.now + timedelta(days=self.terms.horizon_days + 2)

    def between(self, since: datetime, until: datetime) -> list[datetime]:
        """Return the free starts (aware UTC) in [since, until)."""
        found = availability.slots(self.rules, self.terms, self.busy, since=since, until=until, now=self.now)
        return [start for start in found if start != self.besides]

    def month(self, first: date, zone: str) -> dict[date, list[datetime]]:
        """Return the free starts of the month that begins with the date `first`, by their date in the zone."""
        found = self.between(midnight(first, zone), midnight(following(first), zone))
        return availability.by_local_date(found, zone)

    def next(self, since: datetime) -> datetime | None:
        """Return the first free start at or after the aware `since`."""
        since = max(since, self.now)
        while since < self.until:
            found = self.between(since, since + STRETCH)
            if found:
                return found[0]
            since += STRETCH
        return None

    def has(self, start: datetime) -> bool:
        """Tell whether the aware `start` is free."""
        return start != self.besides and availability.is_offered(self.rules, self.terms, self.busy, start, now=self.now)

    def would_have(self, start: datetime) -> bool:
        """Tell whether the aware `start` would be free without anybody's bookings."""
        return availability.is_offered(self.rules, self.terms, (), start, now=self.now)

    def nearest(self, wanted: datetime, count: int = 4) -> list[datetime]:
        """Return up to `count` free starts closest to `wanted`, in order of time; the next ones where none is near."""
        wanted = min(max(wanted, self.now), self.until)
        around = self.between(wanted - timedelta(days=3), wanted + timedelta(days=7))
        if not around:
            onward = self.next(wanted) or self.next(self.now)
            around = self.between(onward, onward + timedelta(days=7)) if onward else []
        return sorted(sorted(around, key=lambda start: abs(start - wanted))[:count])


def read(session: Session, hub: Hub, event_type: EventType, *, besides: Booking | None = None) -> FreeTimes:
    """Return the event type's free times, in one query."""
    now, terms = hub.clock(), offers.terms_of(event_type)
    padding = timedelta(minutes=terms.minutes + terms.before + terms.after)
    until = now + timedelta(days=terms.horizon_days + 2) + padding
    taken = offers.busy(session, event_type.host_id, now - padding, until, besides=besides.id if besides else None)
    start = besides.starts_at if besides else None
    return FreeTimes(offers.rules_of(event_type.host), terms, taken, now, start)


def midnight(day: date, zone: str) -> datetime:
    """Return the beginning of the date in the zone; aware."""
    return datetime.combine(day, time(), words.zone(zone))


def following(first: date) -> date:
    """Return the first day of the month after the one that begins with `first`."""
    return (first + timedelta(days=31)).replace(day=1)


def preceding(first: date) -> date:
    """Return the first day of the month before the one that begins with `first`."""
    return (first - timedelta(days=1)).replace(day=1)
