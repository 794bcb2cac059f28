"""People who use the hub in tests: hosts and invitees, who only do what a browser can."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from hub import accounts
from hub.scheduling import bookings
from hub.store.models import EventType, LocationRow
from tests.support.world import World

PASSWORD = "correct horse battery"


def token_of(page: str) -> str:
    """Return the forgery token of a page's first form."""
    match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert match, page[:500]
    return match.group(1)


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, app: Flask) -> None:
        self.browser: FlaskClient = app.test_client()
        self.page = ""

    def opens(self, path: str, status: int = 200) -> str:
        """Open a page, following redirects, and return its text."""
        answer = self.browser.get(path, follow_redirects=True)
        assert answer.status_code == status, (answer.status_code, answer.get_data(as_text=True)[-2000:])
        self.page = answer.get_data(as_text=True)
        return self.page

    def sends(self, path: str, follow: bool = True, **fields: Any) -> TestResponse:
        """Send a form as the page open now would."""
        data = {"csrf_token": token_of(self.page), **fields}
        answer = self.browser.post(path, data=data, follow_redirects=follow)
        if answer.mimetype == "text/html" and "csrf_token" in answer.get_data(as_text=True):
            self.page = answer.get_data(as_text=True)
        return answer

    def reads(self, text: str) -> bool:
        """Tell whether the page open now says `text`."""
        plain = html.unescape(re.sub(r"<[^>]+>", " ", self.page))
        return " ".join(text.split()) in " ".join(plain.split())


class Host(Person):
    """A host; signed up and signed in."""

    def __init__(self, app: Flask, world: World, name: str = "Ada Lovelace", email: str = "ada@example.com") -> None:
        super().__init__(app)
        self.world, self.email = world, email
        zone = "Europe/Vienna"
        self.id = accounts.sign_up(world.hub, name=name, email=email, password=PASSWORD, timezone=zone)
        self.opens("/login")
        answer = self.sends("/login", email=email, password=PASSWORD, next="/settings/integrations")
        assert answer.status_code == 200, answer.status_code
        self.handle = world.host(email).handle

    def connects(self, provider: str, *, user: str = "ada@example.com", decision: str = "allow") -> str:
        """Connect a provider by way of the vendor's own pages; returns the page the host ends on."""
        self.opens("/settings/integrations")
        answer = self.sends(f"/integrations/{provider}/connect", follow=False)
        assert answer.status_code == 302, answer.status_code
        back = consent(answer.location, user=user, decision=decision)
        return self.opens(urlsplit(back)._replace(scheme="", netloc="").geturl())

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


def consent(url: str, *, user: str, decision: str) -> str:
    """Decide on the vendor's consent page; returns the address it sends the browser back to.

    The sandbox's own pages are clicked through in the browser tests.
    """
    base = url.split("/oauth/")[0]
    asked = {"url": url, "user": user, "decision": decision}
    answer = httpx2.post(f"{base}/_sim/authorize", json=asked, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["location"])


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
