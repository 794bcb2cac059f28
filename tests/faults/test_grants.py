"""Rows 17-22 and 34-37: grants that die, expire, are used by many at once, paused, disconnected or exchanged."""

from __future__ import annotations

import dataclasses
import os
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from hub.connections import http, service
from hub.connections.tokens import fresh_token
from hub.scheduling import bookings
from hub.store.models import Connection, EventType
from tests.faults.stage import HELP_PAGE, LATER, SLOT, Guest, Stage
from tests.support.people import Host, at

DAY = [f"2026-12-01T{9 + n // 2:02}:{n % 2 * 30:02}:00+00:00" for n in range(12)]


@pytest.fixture(name="offered")
def _offered(ada: Host) -> EventType:
    return ada.offers("zoom")


def zoom(stage: Stage) -> Any:
    return stage.hub.registry.get("zoom")


def asked_to_reconnect(stage: Stage, host: Host) -> int:
    return sum("reconnect" in str(mail.message["Subject"]).lower() for mail in stage.received(host.email))


def test_dead_grant(stage: Stage, ada: Host, bob: Guest, offered: EventType, figure: Callable[[str], None]) -> None:
    """Row 17: a dead grant costs one call and one mail; bookings wait, and get their meetings on reconnect."""
    stage.clock.advance(hours=2)
    stage.control("POST", "/users/ada@example.com/revoke")
    for start in DAY[:6]:
        bob.books(offered, start, location="zoom")
    before = len(stage.watch.of("token"))
    stage.worked_over(minutes=30)
    refreshes = len(stage.watch.of("token")) - before
    assert (refreshes, len(stage.watch.of("create")), asked_to_reconnect(stage, ada)) == (1, 0, 1)
    assert stage.broken() == []
    ada.connects("zoom")
    stage.holds()
    assert len(stage.meetings_at_zoom()) == 6
    figure(f"6 waiting: {refreshes} refresh, 1 mail; 6 meetings on reconnect")


def test_refreshed_once(stage: Stage, ada: Host, figure: Callable[[str], None]) -> None:
    """Row 18: of 16 processes that need a token at the moment it expires, one asks Zoom; the old token works once."""
    stage.clock.advance(hours=2)
    with stage.hub.store.read() as session:
        connection = session.query(Connection).one().id
    before = len(stage.watch.of("token"))
    go = os.pipe()
    children = []
    for _ in range(16):
        child = os.fork()
        if not child:
            try:
                stage.hub.store.dispose(close=False)
                own = dataclasses.replace(stage.hub, http=http.client())
                os.close(go[1])
                os.read(go[0], 1)  # until the other end is closed, for all of them at once
                fresh_token(own, zoom(stage), connection)
            except BaseException:
                os._exit(1)
            os._exit(0)
        children.append(child)
    os.close(go[1])
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 16
    os.close(go[0])
    assert len(stage.watch.of("token")) - before == 1
    assert stage.broken() == []
    figure("16 processes, 1 refresh")


@pytest.mark.parametrize("when", ["before", "after"])
def test_reconnected_while_it_is_refreshed(stage: Stage, ada: Host, bob: Guest, offered: EventType, when: str) -> None:
    """Row 20: a host who reconnects while the old token is being refreshed keeps the new grant, whatever Zoom says."""
    stage.clock.advance(hours=2)
    bob.books(offered, SLOT, location="zoom")
    getattr(stage.watch, when)["token"] = lambda: ada.connects("zoom")
    stage.holds()
    assert asked_to_reconnect(stage, ada) == 0


@pytest.mark.parametrize("kind", ["expired_token", "invalid_token"])
def test_refused_before_its_time(stage: Stage, ada: Host, bob: Guest, offered: EventType, kind: str) -> None:
    """Row 21: a token that Zoom refuses before its time is refreshed once, and the call made again; nobody notices."""
    stage.breaks_zoom(kind, "create")
    before = len(stage.watch.of("token"))
    bob.books(offered, SLOT, location="zoom")
    stage.work()
    stage.holds()
    assert (len(stage.watch.of("token")) - before, asked_to_reconnect(stage, ada)) == (1, 0)


@pytest.mark.parametrize("scope", HELP_PAGE[:3])
def test_missing_scope(stage: Stage, ada: Host, bob: Guest, offered: EventType, scope: str) -> None:
    """Row 22: where a permission has gone the host is asked once, by its name; nothing is lost meanwhile."""
    booking = 0
    steps = [
        lambda: bob.books(offered, SLOT, location="zoom"),
        lambda: bookings.move(stage.hub, booking, at(LATER), by="invitee"),
        lambda: bookings.cancel(stage.hub, booking, by="invitee"),
    ]
    n = HELP_PAGE.index(scope)
    for step in steps[:n]:
        step()
        stage.calms()
        booking = stage.booking().id
    stage.breaks_zoom("missing_scope", ("create", "update", "delete")[n])
    steps[n]()
    stage.work()
    assert asked_to_reconnect(stage, ada) == 1
    assert any(scope in mail.text for mail in stage.received(ada.email))
    ada.connects("zoom")
    stage.holds()


def test_disconnected_while_it_is_called(stage: Stage, ada: Host, bob: Guest, offered: EventType) -> None:
    """Row 34: after a disconnect nothing more is asked of Zoom, at whatever moment it came; meetings stay."""
    calls: list[int] = []
    for n, start in enumerate(DAY[:6]):
        bob.books(offered, start, location="zoom")
        if n == 3:
            stage.watch.after["create"] = lambda: (
                service.disconnect(stage.hub, zoom(stage), host_id=ada.id),
                calls.append(len(stage.watch.calls)),
            )
        stage.work()
    assert all(call.route == "revoke" for call in stage.watch.calls[calls[0] :])
    assert [stage.meeting(n).state for n in range(1, 7)] == ["ready"] * 4 + ["skipped"] * 2
    assert stage.broken() == []


@pytest.mark.faults
def test_disconnected_at_any_moment(
    stage: Stage, ada: Host, bob: Guest, offered: EventType, figure: Callable[[str], None]
) -> None:
    """Row 34: a host who disconnects at random moments while workers are busy: at most the call that is under way comes."""
    chance, rounds, under_way = random.Random(34), 12, 0
    for n in range(rounds):
        for start in (
            f"2026-12-{n // 3 + 1:02}T{9 + n % 3 * 2 + m // 2:02}:{m % 2 * 30:02}:00+00:00" for m in range(3)
        ):
            bob.books(offered, start, location="zoom")
        worker = threading.Thread(target=stage.work)
        worker.start()
        threading.Event().wait(chance.random() * 0.2)
        service.disconnect(stage.hub, zoom(stage), host_id=ada.id)
        after = len(stage.watch.calls)
        worker.join(30)
        late = [call.route for call in stage.watch.calls[after:] if call.route != "revoke"]
        assert len(late) <= 1
        under_way += len(late)
        ada.connects("zoom")
    stage.holds()
    figure(f"{rounds} rounds, {under_way} calls under way came after the commit")


def test_another_account(stage: Stage, ada: Host, bob: Guest, offered: EventType) -> None:
    """Row 35: a meeting of the account that was connected before is left alone, and the host is told to remove it."""
    bob.books(offered, SLOT, location="zoom")
    stage.calms()
    ada.connects("zoom", user="grace@example.com")
    before = len(stage.watch.of("delete"))
    bookings.cancel(stage.hub, stage.booking().id, by="invitee")
    stage.calms()
    assert len(stage.watch.of("delete")) == before
    assert stage.meeting().state == "left"
    assert stage.broken() == []


def test_one_account_of_two_hosts(stage: Stage, ada: Host, bob: Guest, offered: EventType) -> None:
    """Row 36: two hosts with one Zoom account are independent; where the second ends the first's grant, that is said."""
    grace = Host(stage.app, stage, "Grace Hopper", "grace@example.com")
    grace.connects("zoom", user="ada@example.com")
    theirs = grace.offers("zoom")
    bob.books(offered, SLOT, location="zoom")
    bob.books(theirs, SLOT, location="zoom")
    stage.calms()
    assert stage.broken() == []
    assert (asked_to_reconnect(stage, ada), asked_to_reconnect(stage, grace)) == (1, 0)
    assert len(stage.meetings_at_zoom()) == 1


def test_paused_in_the_middle(stage: Stage, ada: Host, bob: Guest, offered: EventType) -> None:
    """Row 37: pausing while a meeting is being made stops new ones only; those that exist still move and go."""
    stage.watch.before["create"] = lambda: service.set_enabled(stage.hub, zoom(stage), host_id=ada.id, enabled=False)
    bob.books(offered, SLOT, location="zoom")
    bob.books(offered, DAY[5], location="zoom")
    stage.calms()
    states = [stage.meeting(n).state for n in (1, 2)]
    assert sorted(states) == ["ready", "skipped"]  # both are due at once: either may come first
    made = 1 + states.index("ready")
    bookings.move(stage.hub, made, at(LATER), by="invitee")
    stage.calms()
    assert stage.link(made)
    bookings.cancel(stage.hub, made, by="invitee")
    stage.calms()
    assert stage.meetings_at_zoom() == []
    assert stage.broken() == []
