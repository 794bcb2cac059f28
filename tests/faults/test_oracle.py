"""The oracle: each violation is planted, and the oracle names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete

from hub.scheduling import bookings
from hub.store.models import Booking, EventType, MeetingRow
from plugins.zoom.sandbox.model import Meeting
from tests.faults.stage import LATER, SLOT, Guest, Stage
from tests.support.people import Host, at


@pytest.fixture(name="engine")
def _engine() -> str:
    return "embedded"


@pytest.fixture(name="booked")
def _booked(stage: Stage, ada: Host, bob: Guest) -> int:
    """A booking with its meeting and its mails."""
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    stage.calms()
    return stage.booking().id


def named(stage: Stage) -> set[str]:
    """Return which invariants the oracle finds broken."""
    return {sentence.split(":")[0] for sentence in stage.broken()}


def test_all_is_well(stage: Stage, booked: int) -> None:
    """Where nothing is wrong the oracle says nothing, through a move and a cancellation too."""
    assert stage.broken() == []
    bookings.move(stage.hub, booked, at(LATER), by="invitee")
    stage.calms()
    assert stage.broken() == []
    bookings.cancel(stage.hub, booked, by="host")
    stage.calms()
    assert stage.broken() == []


def at_zoom(stage: Stage) -> dict[int, Meeting]:
    return stage.zoom.gate.sandbox.data.meetings  # type: ignore[no-any-return]


def changes(stage: Stage, kind: type[Booking] | type[MeetingRow], **values: object) -> None:
    with stage.hub.store.write() as session:
        for row in session.query(kind):
            for name, value in values.items():
                setattr(row, name, value)


def forgets(stage: Stage) -> None:
    with stage.hub.store.write() as session:
        session.execute(delete(Booking))


def second_meeting(stage: Stage) -> None:
    (made,) = at_zoom(stage).values()
    number = max(at_zoom(stage)) + 1
    at_zoom(stage)[number] = dataclasses.replace(made, id=number)


def foreign_meeting(stage: Stage) -> None:
    (made,) = at_zoom(stage).values()
    made.agenda = "ref:" + "0" * 24


def wrong_time(stage: Stage) -> None:
    (made,) = at_zoom(stage).values()
    made.start_time = "2026-12-01T09:30:00Z"


def no_meeting(stage: Stage) -> None:
    at_zoom(stage).clear()


def left_over(stage: Stage) -> None:
    changes(stage, Booking, status="cancelled")


def mailed(stage: Stage, **values: object) -> None:
    stage.mailbox.got.append(dataclasses.replace(stage.mailbox.got[0], **values))  # type: ignore[arg-type]


def late_mail(stage: Stage) -> None:
    bookings.move(stage.hub, stage.booking().id, at(LATER), by="invitee")
    stage.calms()
    old = stage.mailbox.got.pop(0)
    stage.mailbox.got.append(dataclasses.replace(old, at=stage.clock()))


def odd_mail(stage: Stage) -> None:
    mailed(stage)
    first = stage.mailbox.got[0].message
    del first["Message-ID"]
    first["Message-ID"] = "<nobody@hub.example>"


def secret_logged(stage: Stage) -> None:
    stage.texts = lambda: {"the log": f"GET /b/{stage.promised[0]}"}


def overlapping(stage: Stage) -> None:
    with stage.hub.store.read() as session:
        offered = session.query(EventType).one()
    Guest(stage, email="eve@example.net").books(offered, LATER, location="zoom")
    stage.calms()
    with stage.hub.store.write() as session:
        first = session.query(Booking).order_by(Booking.id).first()
        assert first
        first.busy_to += timedelta(days=3)


def silent_page(stage: Stage) -> None:
    stage.app.view_functions["manage.show"] = lambda token: ""


def waits_for_another(stage: Stage) -> None:
    changes(stage, Booking, location={**stage.booking().location, "provider": "phone"})
    changes(stage, MeetingRow, provider="phone", state="pending")


def other_provider(stage: Stage) -> None:
    changes(stage, MeetingRow, provider="phone")


def hurried(stage: Stage) -> None:
    call = stage.watch.of("create")[0]
    for n in range(7):
        stage.watch.calls.append(dataclasses.replace(call, began=call.ended + n, ended=call.ended + n))


def at_once(stage: Stage) -> None:
    call = stage.watch.of("create")[0]
    stage.watch.calls.append(dataclasses.replace(call))


def too_many(stage: Stage) -> None:
    call = stage.watch.of("create")[0]
    stage.watch.calls += [dataclasses.replace(call, ref="", route="update") for _ in range(100)]


def unmade(stage: Stage) -> None:
    changes(stage, MeetingRow, state="pending", value=None)
    no_meeting(stage)


PLANTED: list[tuple[str, Callable[[Stage], None]]] = [
    ("I1", forgets),
    ("I2", second_meeting),
    ("I3", wrong_time),
    ("I3", no_meeting),
    ("I3", unmade),
    ("I4", foreign_meeting),
    ("I4", left_over),
    ("I5", late_mail),
    ("I5", odd_mail),
    ("I5", lambda stage: mailed(stage, to=("stranger@example.org",))),
    ("I6", mailed),
    ("I6", lambda stage: stage.mailbox.got.clear()),
    ("I7", secret_logged),
    ("I7", lambda stage: changes(stage, Booking, notes=stage.promised[0])),
    ("I7", lambda stage: changes(stage, Booking, notes="https://zoom.example/s/123?zak=abc")),
    ("I8", overlapping),
    ("I9", other_provider),
    ("I9", silent_page),
    ("I10", waits_for_another),
    ("I11", at_once),
    ("I11", hurried),
    ("I11", too_many),
]


@pytest.mark.parametrize(("name", "plant"), PLANTED, ids=lambda one: getattr(one, "__name__", str(one)))
def test_names_what_is_planted(stage: Stage, booked: int, name: str, plant: Callable[[Stage], None]) -> None:
    """What is broken on purpose is found, under the invariant's own name."""
    plant(stage)
    assert name in named(stage)
