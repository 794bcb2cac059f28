"""All faults mixed: a state machine books, changes, breaks and mends at random, and asks the oracle after each step.

`./run faults -k machine` makes the long run; MACHINE_EXAMPLES sets how many lives it goes through. The seed is printed,
and MACHINE_SEED plays it again; a life that ends badly is printed as the shortest list of steps that does so.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from hub import crash
from hub.app import create_app
from hub.connections import service
from hub.errors import NotPossible, SlotTaken
from hub.scheduling import bookings
from hub.store.db import Store
from plugins.zoom.sandbox.server import Server
from tests.faults.mailbox import Mailbox
from tests.faults.stage import Guest, Stage
from tests.faults.watch import Watch
from tests.support.people import Host, at
from tests.support.world import START, TEMPLATES, Clock, make_hub
from tests.support.world import settings as hub_settings

SLOTS = [f"2026-12-{day:02}T{hour:02}:00:00+00:00" for day in (1, 2, 3) for hour in (9, 11, 13)]
KINDS = ["reset_before", "reset_after", "cut", "html", "empty", "no_join_url", "503", "slow_answer"]
KINDS += ["429_second", "429_user_daily", "429_concurrent", "expired_token", "redirect"]
ROUTES = ["create", "update", "delete", "list", "token"]
FIRST = "ada@example.com"
MOST_CONNECTS = 15  # the page allows no more within an hour than a person would
POINTS = [point for point in crash.POINTS if not point.startswith(("in_sweep", "after_exchange", "after_disconnect"))]


class Died(BaseException):
    """A worker has died here."""


class MortalStore(Store):
    """A database to which a process that has died writes nothing."""

    dead = False

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self.dead:
            raise Died
        with super().write() as session:
            yield session


class Life(RuleBasedStateMachine):
    """One hub, one host, some bookings, and whatever may happen to them."""

    steps = 0
    zoom: Server
    watch: Watch
    mailbox: Mailbox
    clock: Clock
    template: Path
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.clock.now = START
        self.mailbox.got.clear()
        self.watch.calls.clear()
        database = self.folder / "hub.sqlite"
        for old in self.folder.glob("hub.sqlite*"):
            old.unlink()
        shutil.copy(self.template, database)
        url = f"sqlite:///{database}"
        given = hub_settings(
            self.folder, url, "unix:///nonexistent/redis.sock", self.zoom.url, HUB_MAIL_URL=self.mailbox.url
        )
        self.store = MortalStore(url)
        hub = dataclasses.replace(make_hub(given, self.clock), store=self.store)
        app = create_app(hub=hub)
        app.jinja_env.bytecode_cache = TEMPLATES
        self.stage = Stage(hub, self.clock, self.zoom, self.mailbox, self.watch, app)
        self.stage.control("POST", "/reset")
        self.stage.control("PATCH", "/switches", grace_s=600)
        self.stage.searchable()
        self.stage.patient(0.3)
        self.connects, self.user = 0, FIRST
        self.dies_at = ""
        self._point, crash.point = crash.point, self.point

    def point(self, name: str) -> None:
        """Take the place of hub.crash.point."""
        if name == self.dies_at:
            self.dies_at, self.store.dead = "", True
            if name == "after_mail_sent_before_marking":  # the process that was told is gone
                self.mailbox.got[-1] = dataclasses.replace(self.mailbox.got[-1], told=False)
            raise Died

    def teardown(self) -> None:
        """End the faults; the host connects the first account again; then all is as it should be."""
        self.dies_at = ""
        try:
            self.stage.mends_zoom()
            self.ada.connects("zoom")
            self.stage.calms()
            assert self.stage.broken() == []
        finally:
            crash.point = self._point
            self.stage.hub.http.close()
            self.store.dispose()

    def alive(self) -> list[int]:
        """Return the bookings that stand and have not begun."""
        with self.store.read() as session:
            rows = session.query(bookings.Booking).filter_by(status="confirmed")
            return [row.id for row in rows if row.starts_at > self.clock()]

    def one(self, n: int) -> int:
        alive = self.alive()
        return alive[n % len(alive)]

    def uncertain(self) -> bool:
        """Whether there is a create of which nobody knows what became of it."""
        with self.store.read() as session:
            return any(row.attempted_at for row in session.query(bookings.MeetingRow))

    def does(self, what: Any) -> None:
        """Have a process do something; it may die, and people may be refused."""
        try:
            what()
        except (SlotTaken, NotPossible, Died):
            pass
        finally:
            self.store.dead = False

    @initialize()
    def begins(self) -> None:
        self.ada = Host(self.stage.app, self.stage)
        self.ada.connects("zoom")
        self.offered = self.ada.offers("zoom")
        self.bob = Guest(self.stage)

    @rule(slot=st.sampled_from(SLOTS))
    def book(self, slot: str) -> None:
        self.does(lambda: self.bob.books(self.offered, slot, location="zoom"))

    @precondition(lambda self: self.alive())
    @rule(n=st.integers(0, 8), slot=st.sampled_from(SLOTS))
    def move(self, n: int, slot: str) -> None:
        self.does(lambda: bookings.move(self.stage.hub, self.one(n), at(slot), by="host"))

    @precondition(lambda self: self.alive())
    @rule(n=st.integers(0, 8))
    def cancel(self, n: int) -> None:
        self.does(lambda: bookings.cancel(self.stage.hub, self.one(n), by="host"))

    @rule(enabled=st.booleans())
    def toggle(self, enabled: bool) -> None:
        service.set_enabled(self.stage.hub, self.zoom_plugin, host_id=self.ada.id, enabled=enabled)

    @precondition(lambda self: not self.uncertain())
    @rule()
    def disconnect(self) -> None:
        service.disconnect(self.stage.hub, self.zoom_plugin, host_id=self.ada.id)

    @precondition(lambda self: self.connects < MOST_CONNECTS and (self.user == FIRST or not self.uncertain()))
    @rule()
    def reconnect(self) -> None:
        self.connect(FIRST)

    @precondition(lambda self: self.connects < MOST_CONNECTS and not self.uncertain())
    @rule()
    def change_account(self) -> None:
        self.connect("grace@example.com")

    def connect(self, user: str) -> None:
        self.connects, self.user = self.connects + 1, user
        self.stage.control("DELETE", "/faults")
        self.does(lambda: self.ada.connects("zoom", user=user))

    @precondition(lambda self: self.made())
    @rule(n=st.integers(0, 8), moves=st.booleans())
    def host_at_zoom(self, n: int, moves: bool) -> None:
        made = self.made()
        number = made[n % len(made)]
        self.stage.by_hand.add(number)
        if moves:
            self.stage.control("PATCH", f"/meetings/{number}", start_time="2026-12-09T09:00:00Z")
        else:
            self.stage.control("POST", f"/meetings/{number}/delete")

    def made(self) -> list[str]:
        """Return the numbers of the meetings that exist."""
        return [str(meeting["id"]) for meeting in self.stage.meetings_at_zoom()]

    @rule(kind=st.sampled_from(KINDS), route=st.sampled_from(ROUTES), times=st.integers(1, 3))
    def zoom_fails(self, kind: str, route: str, times: int) -> None:
        if route != "token" or kind in ("reset_before", "503", "reset_after"):
            self.stage.breaks_zoom(kind, route, times=times, seconds=0.6)

    @rule(point=st.sampled_from(POINTS))
    def dies(self, point: str) -> None:
        self.dies_at = point

    @rule()
    def work(self) -> None:
        self.does(self.stage.work)

    @rule(seconds=st.sampled_from([1, 13, 61, 400, 1300]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.does(self.stage.work)

    @rule()
    def token_ends(self) -> None:
        self.stage.control("POST", "/users/ada@example.com/expire")

    @property
    def zoom_plugin(self) -> Any:
        return self.stage.hub.registry.get("zoom")

    @invariant()
    def nothing_is_broken(self) -> None:
        Life.steps += 1
        if hasattr(self, "bob"):
            assert self.stage.broken(quiet=False) == []


def lives(count: int, steps: int) -> str:
    """Go through so many lives of so many steps each; returns what to say of it."""
    chosen = int(os.environ.get("MACHINE_SEED") or secrets.randbelow(2**32))
    sys.stdout.write(f"MACHINE_SEED={chosen}\n")  # shown where it fails
    seed(chosen)(Life)
    Life.steps = 0
    told = settings(
        max_examples=count,
        stateful_step_count=steps,
        derandomize=False,  # the seed says which lives
        database=None,
        print_blob=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Life, settings=told)  # type: ignore[no-untyped-call]
    return f"{count} lives, {Life.steps} steps, seed {chosen}"


@pytest.fixture(name="world_of_lives", autouse=True)
def _world_of_lives(zoom: Server, clock: Clock, mailbox: Mailbox, sqlite_template: Path, tmp_path: Path) -> None:
    Life.zoom, Life.clock, Life.mailbox, Life.watch = zoom, clock, mailbox, Watch(zoom, clock)
    Life.template, Life.folder = sqlite_template, tmp_path


def test_a_few_lives() -> None:
    """Rows 5, 6, 11, 12, 23, 24, 30, 32, 34, 35, 37: whatever happens in whatever order, the invariants hold."""
    lives(3, 8)


@pytest.mark.faults
@pytest.mark.timeout(7200)
def test_many_lives(figure: Any) -> None:
    """Rows 5, 6, 11, 12, 23, 24, 30, 32, 34, 35, 37: the same, for long."""
    count = int(os.environ.get("MACHINE_EXAMPLES", "60"))
    figure(lives(count, 30))
