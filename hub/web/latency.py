"""How long requests take, by endpoint: counted in memory that all web processes of a machine share."""

from __future__ import annotations

import itertools
import mmap
import threading
import time
from collections.abc import Iterator

from flask import Flask, Response, g, request

from hub.metrics import Metric

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
CLASSES = ("2xx", "3xx", "4xx", "5xx")
CELLS = len(BUCKETS) + 2 + len(CLASSES)  # those above, longer ones, the sum of all, and each class of status
MOST_ENDPOINTS = 200
NOWHERE = "none"  # an address that is none of ours


class Latencies:
    """Cells of shared memory. Each process writes to a part of its own, so that none waits for another.

    Made before the web processes are forked, which then `take` their parts; a single process needs none of that.
    A part outlives its process, so that counts never fall.
    """

    def __init__(self, parts: int = 1) -> None:
        self._parts = parts
        self._cells = memoryview(mmap.mmap(-1, parts * MOST_ENDPOINTS * CELLS * 8)).cast("d")
        self._part = 0
        self._lock = threading.Lock()

    def take(self, number: int) -> None:
        """Write to part `number` from now on; numbers go round."""
        self._part = number % self._parts

    def observe(self, endpoint: int, seconds: float, status: int) -> None:
        """Count one request to the endpoint of this number."""
        bucket = next((n for n, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))
        first = (self._part * MOST_ENDPOINTS + endpoint) * CELLS
        kind = min(max(status // 100 - 2, 0), len(CLASSES) - 1)
        with self._lock:
            self._cells[first + bucket] += 1
            self._cells[first + len(BUCKETS) + 1] += seconds
            self._cells[first + len(BUCKETS) + 2 + kind] += 1

    def read(self, endpoint: int) -> list[float]:
        """Return the endpoint's cells, summed over all processes."""
        starts = ((part * MOST_ENDPOINTS + endpoint) * CELLS for part in range(self._parts))
        return [sum(cells) for cells in zip(*(self._cells[at : at + CELLS] for at in starts), strict=True)]


def init_app(app: Flask, latencies: Latencies | None = None) -> None:
    """Count every request. To be called before other work is added to requests, which is to be counted too."""
    kept = app.extensions["latencies"] = latencies or Latencies()
    numbers: dict[str, int] = {}

    @app.before_request
    def _begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        if not numbers:
            numbers.update(_endpoints(app))
        if "began" in g:
            number = numbers.get(request.endpoint or NOWHERE, 0)
            kept.observe(number, time.perf_counter() - g.began, response.status_code)
        return response


def metrics(app: Flask) -> Iterator[Metric]:
    """Return what was counted: a histogram of seconds, and how requests ended."""
    latencies: Latencies = app.extensions["latencies"]
    seconds, ended = [], []
    for name, number in _endpoints(app).items():
        cells = latencies.read(number)
        counts, total = list(itertools.accumulate(cells[: len(BUCKETS) + 1])), cells[len(BUCKETS) + 1]
        if not counts[-1]:
            continue
        at = {"endpoint": name}
        bounds = (*(f"{most:g}" for most in BUCKETS), "+Inf")
        seconds += [("_bucket", {**at, "le": most}, count) for most, count in zip(bounds, counts, strict=True)]
        seconds += [("_sum", at, total), ("_count", at, counts[-1])]
        ended += [("", {**at, "status": kind}, n) for kind, n in zip(CLASSES, cells[-len(CLASSES) :], strict=True) if n]
    yield Metric("hub_request_seconds", "histogram", "How long requests took, on this machine.", tuple(seconds))
    yield Metric("hub_requests_total", "counter", "How requests ended, on this machine.", tuple(ended))


def _endpoints(app: Flask) -> dict[str, int]:
    """Return the number of each endpoint: the same in every process that runs the same code."""
    names = sorted({rule.endpoint for rule in app.url_map.iter_rules()})
    return {name: number for number, name in enumerate((NOWHERE, *names)) if number < MOST_ENDPOINTS}
