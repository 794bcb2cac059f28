"""Rows 5-8 and 19: processes die at each point that hub/crash.py names, in forks of their own, and lose nothing."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import pytest

from hub import crash
from hub.connections import http, service
from hub.outbox import sweep
from hub.scheduling import bookings
from hub.store.models import EventType
from tests.faults.stage import LATER, SLOT, Guest, Stage
from tests.support.people import Host, at


class Ears:
    """A Redis that takes every wake-up, for which no worker listens."""

    def poke(self, outbox_id: int) -> bool:
        return True

    def waiting(self) -> int:
        return 0


def dies(stage: Stage, point: str, work: Callable[[], Any] | None = None) -> bool:
    """Do this work, else all that is due, in a process that dies at this point. Returns whether it did."""
    child = os.fork()
    if not child:
        try:
            os.environ |= {"HUB_CRASH_AT": point, "HUB_TESTING": "1"}
            stage.hub.store.dispose(close=False)
            stage.hub = dataclasses.replace(stage.hub, http=http.client())
            (work or stage.work)()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == crash.KILLED


@pytest.fixture(name="offered")
def _offered(ada: Host) -> EventType:
    return ada.offers("zoom")


@pytest.fixture(name="booked")
def _booked(stage: Stage, bob: Guest, offered: EventType) -> int:
    """A booking whose meeting is still to be made."""
    bob.books(offered, SLOT, location="zoom")
    return stage.booking().id


def moves(stage: Stage, booking: int) -> None:
    stage.calms()
    bookings.move(stage.hub, booking, at(LATER), by="invitee")


def cancels(stage: Stage, booking: int) -> None:
    stage.calms()
    bookings.cancel(stage.hub, booking, by="invitee")


@pytest.mark.parametrize("change", [None, moves, cancels], ids=["create", "update", "delete"])
def test_killed_between_zooms_answer_and_ours(
    stage: Stage, booked: int, change: Callable[[Stage, int], None] | None
) -> None:
    """Row 5: a worker that dies after Zoom has done it and before we wrote it down leaves one meeting, or none."""
    if change:
        change(stage, booked)
    assert dies(stage, "after_http_before_commit")
    stage.holds()
    assert len(stage.watch.of("create")) == 1


def test_killed_before_the_call(stage: Stage, booked: int) -> None:
    """Row 6: a worker that dies before it calls Zoom holds its booking up for as long as its lease, and no longer."""
    assert dies(stage, "after_attempt_commit")
    stage.holds()
    assert len(stage.watch.of("create")) == 1


def test_killed_before_the_mails(stage: Stage, booked: int) -> None:
    """Row 7: a worker that dies when the meeting is made and the mails are still to go out: one mail each."""
    assert dies(stage, "after_commit_before_mail")
    stage.holds()
    assert [mail.to[0] for mail in stage.received()] == ["bob@example.net", "ada@example.com"]


def test_killed_after_the_mail(stage: Stage, booked: int, figure: Callable[[str], None]) -> None:
    """Row 8: a worker that dies between the mail server's word and ours may mail twice, under one Message-ID."""
    stage.mailbox.swallows = 0
    assert dies(stage, "after_mail_sent_before_marking")
    first = stage.mailbox.got[-1]
    stage.mailbox.got[-1] = dataclasses.replace(first, told=False)  # the process that was told is gone
    stage.holds()
    copies = [mail for mail in stage.received() if mail.id == first.id]
    assert len(copies) == 2
    figure("2 copies at most, same Message-ID")


def test_mail_servers_last_word_lost(stage: Stage, booked: int) -> None:
    """Row 8: where the mail server takes a mail and the connection breaks before it says so, the same."""
    stage.mailbox.swallows = 1
    stage.holds()
    ids = [mail.id for mail in stage.received()]
    assert (len(ids), len(set(ids))) == (3, 2)


@pytest.mark.parametrize("grace", [0, 600], ids=["strict", "lenient"])
def test_killed_before_new_tokens_are_kept(stage: Stage, booked: int, ada: Host, grace: int) -> None:
    """Row 19: new tokens that died with their process: Zoom takes the old one again, or the host is asked once."""
    stage.control("PATCH", "/switches", grace_s=grace)
    stage.clock.advance(hours=2)
    assert dies(stage, "after_token_response_before_persist")
    stage.calms()
    told = [mail for mail in stage.received(ada.email) if "reconnect" in str(mail.message["Subject"]).lower()]
    assert len(told) == (0 if grace else 1)
    if not grace:
        ada.connects("zoom")
    stage.holds()
    assert len(stage.meetings_at_zoom()) == 1


def sweeps(stage: Stage) -> Callable[[], Any]:
    stage.clock.advance(seconds=10)
    return lambda: sweep.sweep(dataclasses.replace(stage.hub, queue=Ears()))


Work = Callable[[Stage, Host, EventType], Callable[[], Any] | None]
EXPIRED: Work = lambda stage, ada, offered: stage.clock.advance(hours=2)  # type: ignore[func-returns-value] # noqa: E731
AT: dict[str, Work] = {
    "before_poke": lambda stage, ada, offered: (
        lambda: Guest(stage, email="eve@example.net").books(offered, LATER, location="zoom")
    ),
    "in_sweep_before_waking": lambda stage, ada, offered: sweeps(stage),
    "in_sweep_before_marking": lambda stage, ada, offered: sweeps(stage),
    "after_token_response_before_persist": EXPIRED,
    "after_refresh_persisted": EXPIRED,
    "after_exchange_before_save": lambda stage, ada, offered: lambda: ada.connects("zoom"),
    "after_disconnect_before_revoke": lambda stage, ada, offered: (
        lambda: service.disconnect(
            stage.hub,
            stage.hub.registry.get("zoom"),
            host_id=ada.id,  # type: ignore[arg-type]
        )
    ),
}
"""What a process does that dies at this point; where nothing is said, it does what is due."""


@pytest.mark.faults
@pytest.mark.parametrize("point", crash.POINTS)
def test_every_point(stage: Stage, ada: Host, booked: int, offered: EventType, point: str) -> None:
    """Rows 5, 6, 7, 8: at whichever of the named points a process dies, in the end all is as it should be."""
    stage.control("PATCH", "/switches", grace_s=600)
    assert dies(stage, point, AT.get(point, lambda *_: None)(stage, ada, offered))
    if point == "after_mail_sent_before_marking":
        stage.mailbox.got[-1] = dataclasses.replace(stage.mailbox.got[-1], told=False)
    if point in ("after_exchange_before_save", "after_disconnect_before_revoke"):
        ada.connects("zoom")  # the host sees that it did not come to its end, and does it again
    stage.clock.advance(seconds=61)
    stage.holds()
    if point == "after_disconnect_before_revoke":
        return  # without a connection the booking got no meeting, and its host was told
    assert len(stage.meetings_at_zoom()) == len(stage.zoom.gate.sandbox.data.meetings)


@pytest.mark.faults
@pytest.mark.parametrize("change", [None, moves, cancels], ids=["create", "update", "delete"])
def test_killed_many_times(
    stage: Stage,
    bob: Guest,
    offered: EventType,
    change: Callable[[Stage, int], None] | None,
    figure: Callable[[str], None],
) -> None:
    """Rows 5, 6: 25 workers, each killed at one of the worst points, leave no meeting doubled, missing or left over."""
    points = ("after_http_before_commit", "after_attempt_commit")
    killed = 0
    for n in range(25):
        bob.books(offered, f"2026-12-{1 + n // 12:02}T{9 + n % 12 // 2:02}:{n % 2 * 30:02}:00+00:00", location="zoom")
        if change is moves:
            stage.calms()
            later = f"2026-12-{7 + n // 12:02}T{9 + n % 12 // 2:02}:{n % 2 * 30:02}:00+00:00"
            bookings.move(stage.hub, stage.booking().id, at(later), by="invitee")
        elif change:
            change(stage, stage.booking().id)
        killed += dies(stage, points[n % 2])
    stage.holds()
    figure(f"{killed} kills, 0 doubled, 0 missing")


def test_the_table_is_complete() -> None:
    """Each point of the code is in the table of crashes, and the table names none that is not there."""
    assert set(AT) <= set(crash.POINTS)
