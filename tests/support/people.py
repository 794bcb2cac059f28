"""People who use the hub in tests: hosts and invitees, who only do what a browser can."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from sqlalchemy import select

from hub.scheduling import bookings
from hub.store.models import EventType, LocationRow
from hub.testing import people
from hub.testing.people import PASSWORD as PASSWORD
from hub.testing.people import consent as consent
from hub.testing.people import token_of as token_of
from tests.support.world import World


class Person(people.Person):
    """Somebody with a browser of their own."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.test_client())


class Host(people.Host):
    """A host; signed up and signed in."""

    def __init__(self, app: Flask, world: World, name: str = "Ada Lovelace", email: str = "ada@example.com") -> None:
        super().__init__(app.test_client(), world.hub, name, email)
        self.world = world

    def offers(self, *providers: str, minutes: int = 30, title: str = "Intro call", **terms: Any) -> EventType:
        """Have an event type with these locations."""
        defaults: dict[str, dict[str, str]] = {
            "phone": {"mode": "host_calls"},
            "inperson": {"mode": "host_place", "address": "Café Central, Wien"},
        }
        with self.world.hub.store.write() as session:
            event_type = EventType(
                host_id=self.id,
                title=title,
                slug=title.lower().replace(" ", "-"),
                minutes=minutes,
                notice=0,
                created_at=self.world.clock(),
                **terms,
            )
            for position, key in enumerate(providers):
                row = LocationRow(position=position, provider=key, inputs=defaults.get(key, {}), show_before=True)
                event_type.locations.append(row)
            session.add(event_type)
            session.flush()
            return session.scalars(select(EventType).where(EventType.id == event_type.id)).one()


def query(url: str) -> dict[str, str]:
    """Return the query of an address as a dict."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def at(text: str) -> datetime:
    """Return an aware time from ISO text."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo
    return moment


class Invitee:
    """Somebody who books, as the booking page's form would have it."""

    def __init__(self, world: World, name: str = "Bob Invitee", email: str = "bob@example.net") -> None:
        self.world, self.name, self.email = world, name, email
        self.count = 0

    def books(self, event_type: EventType, start: str, *, location: str, nonce: str = "", **answers: str) -> str:
        """Book a start (ISO, with zone) at the location of this provider; returns the manage token."""
        row = next(row for row in event_type.locations if row.provider == location)
        self.count += 1
        return bookings.book(
            self.world.hub,
            event_type.id,
            bookings.Wish(
                starts_at=at(start),
                location_id=row.id,
                answers=answers,
                name=self.name,
                email=self.email,
                notes="",
                timezone="Europe/London",
                nonce=nonce or f"{self.email}-{self.count}",
            ),
        )
