"""A booking at Zoom that nobody has worked on, for tests of one step of its sync."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from sqlalchemy import select

from hub import Location, Meeting, MeetingRequest, Person
from hub.connections.readiness import Standing, standing
from hub.meetings.decide import Action
from hub.meetings.step import Step
from hub.store.models import Activity, Booking, Connection, MeetingRow, OutboxRow
from tests.support.people import Host, Invitee
from tests.support.world import World

MEETING = Meeting(where="https://zoom.example/j/1", external_id="1", join_url="https://zoom.example/j/1")


class Stage:
    """A booking at Zoom that nobody has worked on, and the step that is taken for it."""

    def __init__(self, app: Flask, world: World) -> None:
        self.world, self.hub = world, world.hub
        ada = Host(app, world)
        ada.connects("zoom")
        self.link = ada.offers("zoom")
        Invitee(world).books(self.link, "2026-12-02T10:00:00+00:00", location="zoom")
        self.id = world.booking().id
        with self.hub.store.read() as session:
            self.connection = session.scalars(select(Connection)).one()
        provider = self.hub.registry.get("zoom")
        assert provider
        self.provider = provider
        ada_and_bob = Person("Ada", "ada@example.com"), Person("Bob", "bob@example.net")
        starts_at = self.booking().starts_at
        request = MeetingRequest("r" * 32, "Intro", starts_at, 30, "UTC", *ada_and_bob, Location("zoom"), {})
        self._step = Step(
            action=Action.CREATE,
            wanted=True,
            row_id=self.row().id,
            version=1,
            lease="ours",
            provider=provider,
            api=None,
            scopes=tuple(self.connection.scopes),
            request=request,
            meeting=None,
            attempted_at=self.hub.clock(),
            connection_id=self.connection.id,
            connected_at=self.connection.connected_at,
            account=self.connection.account,
        )

    def step(self, action: Action, **more: object) -> Step:
        return dataclasses.replace(self._step, action=action, **more)  # type: ignore[arg-type]

    def booking(self) -> Booking:
        with self.hub.store.read() as session:
            return session.get_one(Booking, self.id)

    def row(self, n: int = 1) -> MeetingRow:
        return next(row for row in self.booking().meetings if row.n == n)

    def has(self, **values: object) -> None:
        """Set these values of the meeting's row."""
        with self.hub.store.write() as session:
            row = session.get_one(Booking, self.id).meetings[0]
            for name, value in values.items():
                setattr(row, name, value)

    def changes(self, **values: object) -> None:
        """Set these values of the booking."""
        with self.hub.store.write() as session:
            for name, value in values.items():
                setattr(session.get_one(Booking, self.id), name, value)

    def grants(self, **values: object) -> None:
        """Set these values of the connection."""
        with self.hub.store.write() as session:
            for name, value in values.items():
                setattr(session.get_one(Connection, self.connection.id), name, value)

    def asks(self, act: Callable[..., Any], n: int, *more: object) -> Any:
        """Return what this says with the host's standing, the booking and its row number `n`."""
        with self.hub.store.write() as session:
            booking = session.get_one(Booking, self.id)
            known: Standing = standing(session, self.hub, booking.host)
            return act(session, known, booking, next(row for row in booking.meetings if row.n == n), *more)

    def plays(self, **hooks: Callable[..., object]) -> list[tuple[str, Mapping[str, Any]]]:
        """Put these in the place of the plugin's hooks; returns the calls that come."""
        calls: list[tuple[str, Mapping[str, Any]]] = []

        def call(hook: str, arguments: Mapping[str, Any]) -> object:
            calls.append((hook, arguments))
            return hooks[hook](**arguments)

        self.provider._call_hook = call
        return calls

    def told(self, act: Callable[..., object], *more: object) -> tuple[list[tuple[str, str]], list[str]]:
        """Do it; return the new lines of the timeline, and the keys of the mails that it made."""
        lines, mails = self.lines(), self._mails()
        with self.hub.store.write() as session:
            booking = session.get_one(Booking, self.id)
            act(session, self.hub, booking, booking.meetings[0], *more)
        return self.lines()[len(lines) :], [key for key in self._mails() if key not in mails]

    def lines(self) -> list[tuple[str, str]]:
        """Return the timeline: what each line is about, and its words."""
        with self.hub.store.read() as session:
            return [(line.what, line.text) for line in session.scalars(select(Activity).order_by(Activity.id))]

    def _mails(self) -> list[str]:
        with self.hub.store.read() as session:
            return list(session.scalars(select(OutboxRow.key).where(OutboxRow.topic == "mail").order_by(OutboxRow.id)))

    def waiting(self) -> int:
        """Return how many mails wait for the meeting."""
        with self.hub.store.read() as session:
            late = (OutboxRow.key.contains(":booked:"), OutboxRow.due_at > self.hub.clock())
            return len(session.scalars(select(OutboxRow.id).where(*late)).all())


def problem(stage: Stage, what: str, n: int = 1, version: int = 1) -> str:
    """Return the key of the mail that tells the host of this."""
    return f"mail:{stage.id}:{version}:problem{n}-{what}:host"
