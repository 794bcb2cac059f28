"""Rows 23-26: bookings change while their meetings are being made, before it, and in any order."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import select

from hub.app import handlers
from hub.outbox import outbox
from hub.scheduling import bookings
from hub.store.models import OutboxRow
from tests.faults.stage import LATER, SLOT, Guest, Stage
from tests.support.people import Host, at


@pytest.fixture(name="booking")
def _booking(stage: Stage, ada: Host, bob: Guest) -> int:
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    return stage.booking().id


@pytest.mark.parametrize("when", ["before", "after"])
def test_moved_meanwhile(stage: Stage, booking: int, when: str) -> None:
    """Row 23: a booking that moves while its meeting is being made ends with one meeting, at the new time."""
    getattr(stage.watch, when)["create"] = lambda: bookings.move(stage.hub, booking, at(LATER), by="invitee")
    stage.holds()
    assert [meeting["start_time"] for meeting in stage.meetings_at_zoom()] == ["2026-12-02T10:30:00Z"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_cancelled_meanwhile(stage: Stage, booking: int, when: str) -> None:
    """Row 24: a booking that is cancelled while its meeting is being made leaves none; the last mail says cancelled."""
    getattr(stage.watch, when)["create"] = lambda: bookings.cancel(stage.hub, booking, by="invitee")
    stage.holds()
    assert stage.meetings_at_zoom() == []
    assert str(stage.mails()[-1]["Subject"]).startswith("Cancelled")


def test_cancelled_before(stage: Stage, booking: int) -> None:
    """Row 25: a booking that is cancelled before its meeting was begun costs no call at all."""
    bookings.cancel(stage.hub, booking, by="invitee")
    stage.holds()
    assert stage.watch.of("create") == []


def test_jobs_in_reverse(stage: Stage, booking: int) -> None:
    """Row 26: the jobs of two moves, done in reverse, end with the last move."""
    for start in ("2026-12-03T09:00:00+00:00", LATER):
        bookings.move(stage.hub, booking, at(start), by="invitee")
    with stage.hub.store.read() as session:
        rows = session.scalars(
            select(OutboxRow.id).where(OutboxRow.topic == "sync").order_by(OutboxRow.id.desc())
        ).all()
    for row in rows:
        outbox.deliver(stage.hub, handlers(stage.hub), row)
    stage.holds()
    assert [meeting["start_time"] for meeting in stage.meetings_at_zoom()] == ["2026-12-02T10:30:00Z"]


@pytest.mark.faults
def test_any_order(stage: Stage, ada: Host, bob: Guest, figure: Callable[[str], None]) -> None:
    """Rows 23, 24, 26: 150 changes that come before, in, and after calls of any kind, with jobs in any order."""
    chance = random.Random(23)
    offered = ada.offers("zoom")
    starts = [f"2026-12-{day:02}T{hour:02}:00:00+00:00" for day in (1, 2, 3, 4) for hour in range(9, 15)]
    for n, start in enumerate(starts[:12]):
        bob.books(offered, start, location="zoom")
        stage.control("PATCH", "/switches", daily_limit=0) if n == 0 else None

    def change(booking: int) -> None:
        try:
            if chance.random() < 0.15:
                bookings.cancel(stage.hub, booking, by="host")
            else:
                bookings.move(stage.hub, booking, at(chance.choice(starts)), by="host")
        except (bookings.SlotTaken, bookings.NotPossible):
            pass

    for _ in range(150):
        booking = chance.randint(1, 12)
        if chance.random() < 0.5:
            when = chance.choice([stage.watch.before, stage.watch.after])
            when[chance.choice(["create", "update", "delete"])] = lambda n=booking: change(n)  # type: ignore[misc]
        else:
            change(booking)
        if chance.random() < 0.4:
            with stage.hub.store.read() as session:
                rows = list(session.scalars(select(OutboxRow.id).where(OutboxRow.done_at.is_(None))))
            for row in chance.sample(rows, min(3, len(rows))):
                outbox.deliver(stage.hub, handlers(stage.hub), row)
        stage.clock.advance(seconds=chance.choice([0, 1, 7]))
    stage.holds()
    figure("150 changes, 12 bookings, all right")
