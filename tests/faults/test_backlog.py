"""Rows 14 and 16: what has piled up while Zoom was away is made minutes after its return, at the pace that Zoom allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.faults.stage import Guest, Live, WallClock, starts
from tests.support import servers
from tests.support.people import Host
from tests.support.running import wait_for
from tests.support.world import settings

pytestmark = [pytest.mark.faults, pytest.mark.alone, pytest.mark.timeout(3600)]
HOSTS, EACH = 6, 84  # what each host's day at Zoom bears, with its reserve
WITHIN = 300.0  # seconds


class BehindClock(WallClock):
    """The machine's clock some time ago; `advance` brings it nearer to the present."""

    behind = timedelta(hours=2)

    def __call__(self) -> datetime:
        return super().__call__() - self.behind

    def advance(self, **amount: float) -> None:
        self.behind -= timedelta(**amount)


@pytest.fixture(name="clock")
def _clock() -> BehindClock:
    return BehindClock()


def books(live: Live, app: Flask, bob: Guest) -> int:
    """Book with several hosts, each with a Zoom account of their own; returns how many bookings there are."""
    for n in range(HOSTS):
        address = f"host{n}@example.com"
        live.zoom.gate.sandbox.add_user(address, "Host", str(n))
        host = Host(app, live, f"Host {n}", address)
        host.connects("zoom", user=address)
        offered = host.offers("zoom")
        for start in starts(EACH):
            bob.books(offered, start.isoformat(), location="zoom")
    return HOSTS * EACH


def test_drained(
    live: Live,
    app: Flask,
    bob: Guest,
    clock: BehindClock,
    tmp_path: Path,
    database_url: str,
    figure: Callable[[str], None],
) -> None:
    """Rows 14, 16: what waited for two hours without Zoom has its meetings within five minutes of its return, and no call is refused."""
    live.control("PATCH", "/switches", rate_limits=True)
    reachable, nobody = live.hub, f"http://127.0.0.1:{servers.free_port()}"
    count = books(live, app, bob)
    away = settings(tmp_path, database_url, reachable.settings.redis_url, nobody, HUB_MAIL_URL=live.mailbox.url)
    live.hub = dataclasses.replace(reachable, settings=away)
    while clock.behind:
        live.work()
        clock.advance(minutes=20)
    live.hub = reachable
    assert live.watch.of("create") == []
    live.running.start("web", "worker-1", "worker-2", "worker-3", "sweep")
    began = live.clock()
    wait_for(lambda: sum(call.status == 201 for call in live.watch.of("create")) == count, 2 * WITHIN)
    seconds = (live.clock() - began).total_seconds()
    live.settles(WITHIN)
    refused = sum(call.status == 429 for call in live.watch.calls)
    figure(f"{count} waiting for 2 h: all made {seconds:.0f} s after its return, {refused} calls refused")
    assert seconds <= WITHIN
    assert refused == 0
