"""A hub with everything around it that can break: in this process on a clock that tests move, or as real processes."""

from __future__ import annotations

import dataclasses
import html
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
from flask import Flask
from sqlalchemy import func, select

from hub.container import Hub
from hub.store.db import Store
from hub.store.models import Activity, Booking, EventType, MeetingRow, OutboxRow
from plugins.zoom.sandbox.server import Server
from tests.faults.mailbox import Mailbox, Received
from tests.faults.oracle import Scene, judge
from tests.faults.watch import Watch
from tests.support.people import Invitee, Person
from tests.support.running import Running, wait_for
from tests.support.servers import OwnRedis
from tests.support.world import Clock, World

HELP_PAGE = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
SLOT, LATER = "2026-12-01T09:00:00+00:00", "2026-12-02T10:30:00+00:00"  # in the days after World's clock begins
SEARCH = "meeting:read:list_meetings"  # with it, what became of a create whose answer was lost can be found out


class WallClock(Clock):
    """The machine's clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Stage(World):
    """A World that the oracle can judge; `promised` and `by_hand` are what it can't read anywhere."""

    def __init__(self, hub: Hub, clock: Clock, zoom: Server, mailbox: Mailbox, watch: Watch, app: Flask) -> None:
        super().__init__(hub, clock, zoom, Path())
        self.mailbox, self.watch, self.app = mailbox, watch, app
        self.promised: list[str] = []
        self.by_hand: set[str] = set()
        self.texts: Callable[[], dict[str, str]] = dict

    def searchable(self) -> None:
        """Have Zoom grant the optional permission to list meetings, from the next consent on."""
        self.control("PATCH", "/switches", scopes=[*HELP_PAGE, SEARCH])

    def mails(self, to: str = "") -> list[EmailMessage]:
        return [mail.message for mail in self.received(to)]

    def received(self, to: str = "") -> list[Received]:
        """Return the mails that arrived, with how they did."""
        return [mail for mail in self.mailbox.got if to in mail.to or not to]

    def patient(self, seconds: float) -> None:
        """Have this process wait no longer than so many seconds for an answer of Zoom's."""
        self.hub = dataclasses.replace(self.hub, http=httpx2.Client(timeout=seconds, trust_env=False, verify=False))

    def worked_over(self, **span: float) -> None:
        """Let so much time pass, with workers at work each minute."""
        until = self.clock() + timedelta(**span)
        while self.clock() < until:
            self.work()
            self.clock.advance(minutes=1)

    def in_zoom(self, action: str, booking_id: int = 0) -> None:
        """Have the host do something to the booking's meeting at Zoom: delete, start, end or recover it."""
        value = self.meeting(booking_id).value
        assert value
        self.by_hand.add(str(value["external_id"]))
        self.control("POST", f"/meetings/{value['external_id']}/{action}")

    def reaches(self, url: str) -> None:
        """Have pages and workers of this process reach the database at this address."""
        self.hub = dataclasses.replace(self.hub, store=Store(url))
        self.app.extensions["hub"] = self.hub

    def rows(self) -> list[int]:
        """Return how much there is of what a booking writes."""
        with self.hub.store.read() as session:
            kinds = (Booking, MeetingRow, OutboxRow, Activity)
            return [session.scalar(select(func.count()).select_from(kind)) or 0 for kind in kinds]

    def scene(self, *, quiet: bool = True) -> Scene:
        """Return what the oracle looks at."""
        browser = self.app.test_client()

        def page(path: str) -> tuple[int, str]:
            answer = browser.get(path)
            return answer.status_code, html.unescape(answer.get_data(as_text=True))

        return Scene(
            hub=self.hub,
            zoom=self.control("GET", "/state"),
            calls=list(self.watch.calls),
            mails=list(self.mailbox.got),
            promised=self.promised,
            by_hand=self.by_hand,
            texts=self.texts(),
            pages=page,
            quiet=quiet,
        )

    def broken(self, *, quiet: bool = True) -> list[str]:
        """Return the oracle's sentences."""
        return judge(self.scene(quiet=quiet))

    def calms(self) -> None:
        """End the faults, and let all that is still to happen happen: retries, second looks, mails."""
        self.mends_zoom()
        for minutes in (1, 1, 1, 2, 5, 5, 21, 21):
            self.work()
            self.clock.advance(minutes=minutes, seconds=1)
        self.work()

    def holds(self) -> None:
        """Calm down, then assert that nothing is broken."""
        self.calms()
        assert self.broken() == []

    def open_rows(self) -> list[str]:
        """Return the keys of what is still to be done within the next minutes, but for late looks at Zoom's list."""
        soon = self.clock() + timedelta(minutes=30)
        rows = select(OutboxRow.key).where(OutboxRow.done_at.is_(None), OutboxRow.due_at < soon)
        with self.hub.store.read() as session:
            return list(session.scalars(rows.where(OutboxRow.topic != "doubles")))


class Visitor(Person):
    """Somebody at the public page of an event type, with a form that can be sent again and again."""

    def __init__(self, app: Flask, event_type: EventType, start: str, who: int = 0) -> None:
        super().__init__(app)
        self.path = f"/{event_type.host.handle}/{event_type.slug}"
        slot = f"{datetime.fromisoformat(start).astimezone(UTC):%Y%m%dT%H%M%SZ}"
        self.opens(f"{self.path}?slot={slot}")
        fields = dict(re.findall(r'name="(csrf_token|nonce)"[^>]*value="([^"]+)"', self.page))
        place = str(event_type.locations[0].id)
        self.form = fields | {"slot": slot, "location": place, "tz": "UTC"}
        self.form |= {"name": f"Person {who}", "email": f"p{who}@example.net"}

    def books(self) -> tuple[int, str]:
        """Send the form; returns the status, and the manage token or the page."""
        answer = self.browser.post(self.path, data=self.form)
        told = answer.headers["Location"].rpartition("/b/")[2] if answer.status_code == 303 else answer.text
        return answer.status_code, told.split("?")[0] if answer.status_code == 303 else told


class Guest(Invitee):
    """An invitee whose bookings the oracle is told of."""

    def books(self, event_type: EventType, start: str, *, location: str, nonce: str = "", **answers: str) -> str:
        token = super().books(event_type, start, location=location, nonce=nonce, **answers)
        assert isinstance(self.world, Stage)
        self.world.promised.append(token)
        return token


@dataclass(frozen=True)
class Posted:
    """What came of a booking form: the status, how long the answer took, and the manage token of what was booked."""

    status: int
    seconds: float
    token: str
    page: str


@dataclass(frozen=True)
class Form:
    """A booking form that somebody has filled in, with what their browser sends along."""

    path: str
    fields: dict[str, Any]
    headers: dict[str, str]


class Live(Stage):
    """A Stage whose web, workers and sweeper are processes, on a Redis that can be broken and on the machine's clock."""

    running: Running
    redis: OwnRedis
    front: httpx2.BaseTransport | None = None  # what stands in front of several webs

    def posts(self, event_type: EventType, start: datetime, *, who: int = 0, **answers: str) -> Posted:
        """Book by the public page's form as visitor number `who`, from an address of their own."""
        return self.sends(self.opens(event_type, start, who=who, **answers))

    def opens(self, event_type: EventType, start: datetime, *, who: int = 0, **answers: str) -> Form:
        """Return the public page's form as visitor number `who` fills it in."""
        path, place = f"/{event_type.host.handle}/{event_type.slug}", event_type.locations[0].id
        address = f"10.{who >> 16 & 255}.{who >> 8 & 255}.{who & 255}"
        headers = {"X-Forwarded-For": address, "Host": self.running.name}
        slot = f"{start:%Y%m%dT%H%M%SZ}"
        kept: dict[str, Any] = {"trust_env": False, "timeout": 60, "headers": headers, "transport": self.front}
        with httpx2.Client(base_url=self.running.url, **kept) as browser:
            page = browser.get(f"{path}?slot={slot}").text
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        fields: dict[str, Any] = dict(re.findall(r'name="(csrf_token|nonce)"[^>]*value="([^"]+)"', page))
        fields |= {"slot": slot, "location": str(place), "name": f"Person {who}", "email": f"p{who}@example.net"}
        fields |= {"tz": "UTC", **{f"loc{place}-{name}": value for name, value in answers.items()}}
        return Form(path, fields, headers)

    def sends(self, form: Form, *, to: str = "", patience: float = 60) -> Posted:
        """Send a form to the web process at the address `to`, else to the first. Raises httpx2.TransportError."""
        url = (to or self.running.url) + form.path
        began = time.monotonic()
        with httpx2.Client(trust_env=False, timeout=patience, headers=form.headers, transport=self.front) as browser:
            answer = browser.post(url, data=form.fields)
        took = time.monotonic() - began
        token = (
            answer.headers.get("Location", "").rpartition("/b/")[2].split("?")[0] if answer.status_code == 303 else ""
        )
        if token and token not in self.promised:
            self.promised.append(token)
        return Posted(answer.status_code, took, token, answer.text)

    def settles(self, seconds: float = 60.0) -> float:
        """Wait until nothing is to be done any more and nothing is broken; returns how long that took.

        Raises AssertionError with what is broken, or still to be done.
        """
        began = time.monotonic()
        try:
            wait_for(lambda: not self.open_rows() and not self.broken(), seconds)
        except AssertionError:
            raise AssertionError("\n".join([*self.broken(), *self.open_rows()])) from None
        return time.monotonic() - began


def starts(count: int, *, first: int = 3, minutes: int = 30) -> list[datetime]:
    """Return so many times one after the other, from the morning `first` days from now on, in working hours."""
    found: list[datetime] = []
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=first)
    while len(found) < count:
        if day.weekday() < 5:
            found += [day + timedelta(hours=10, minutes=n) for n in range(0, 360, minutes)]
        day += timedelta(days=1)
    return found[:count]
