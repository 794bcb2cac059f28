"""Booking by HTTP POST while each call to the vendor takes 20 seconds, and while Redis is gone, against normal times."""

from __future__ import annotations

import contextlib

from bench.booking import prepared, requests
from bench.engines import Engine, spawn
from bench.load import Client, Result, burst
from bench.report import Line, ratio_line
from bench.served import served
from hub import processes
from plugins.zoom.sandbox.server import serve_sandbox
from tests.support.world import TO_VENDOR

NORMAL, SLOW, NO_REDIS = "normal", "slow", "no-redis"
SLOW_SECONDS = 20
MOST = 1.1  # times its own normal that a booking may take


def measure(engine: Engine, *, rounds: int, seconds: float) -> list[Line]:
    """Return how long one browser's bookings take in each of three hubs, in turns of so many seconds.

    They differ in their outage only: each has a web server, a worker, and a local Zoom of its own. The worker of the
    hub whose Redis is gone hears of nothing, and does nothing.
    """
    found = {name: Result() for name in (NORMAL, SLOW, NO_REDIS)}
    with contextlib.ExitStack() as stack:
        browsers = {}
        for name in found:
            zoom = stack.enter_context(serve_sandbox(published=False, daily_limit=0))
            environ, slots = prepared(engine, engine.folder / name, zoom)
            folder = engine.folder / name
            if name == SLOW:
                late = {"route": "*", "kind": "latency", "count": None, "seconds": SLOW_SECONDS}
                TO_VENDOR.post(f"{zoom.url}/_sim/faults", json=late).raise_for_status()
            if name == NO_REDIS:
                environ["HUB_REDIS_URL"] = f"unix://{folder / 'nobody.sock'}"
            else:
                worker = spawn(["-m", "bench.workers", "hub", "fork"], environ, folder / "worker.log")
                stack.callback(processes.end, worker)
            port = stack.enter_context(served("hub_app", environ, folder))
            client = Client(port)
            stack.callback(client.close)
            browsers[name] = (client, requests(client, port, slots))
        for turn in range(rounds + 1):
            for name, (client, waiting) in browsers.items():
                taken = burst([client], [waiting], seconds=seconds, wanted=b"HTTP/1.1 303")
                if taken.failed:
                    raise RuntimeError(f"{name}: {taken.last_failure.decode(errors='replace')[:3000]}")
                if turn:  # the first one warms up
                    found[name].add(taken)
    normal = found[NORMAL].quantile(0.5)
    return [
        ratio_line(f"each call to Zoom takes {SLOW_SECONDS} s, p50", found[SLOW].quantile(0.5), normal, most=MOST),
        ratio_line("Redis is gone, p50", found[NO_REDIS].quantile(0.5), normal, most=MOST),
    ]
