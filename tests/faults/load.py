"""People who book without a pause, through what stands in front of several webs, while parts are stopped and started."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import httpx2

from hub.store.models import EventType
from tests.faults.stage import Live, Posted, starts
from tests.support.running import Running, wait_for

WEBS = ("web-1", "web-2")
WORKERS = ("worker-1", "worker-2")
PAUSE = 3.0  # seconds between a thread's bookings: a user's day at Zoom has to last for the whole test
PARTS = (*WEBS, *WORKERS, "sweep")


class Front(httpx2.BaseTransport):
    """A proxy as operators have one: hands each request to a web that takes the connection, and repeats none of them."""

    def __init__(self, running: Running) -> None:
        self._running, self._turn = running, itertools.count()
        self._inner = httpx2.HTTPTransport(limits=httpx2.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        webs = self._running.webs()
        first = next(self._turn) % len(webs)
        for name in (*webs[first:], *webs[:first]):
            web = httpx2.URL(self._running.web(name))
            there = request.url.copy_with(host=web.host, port=web.port)  # its Host header and its cookies stay
            try:
                return self._inner.handle_request(
                    httpx2.Request(request.method, there, headers=request.headers, content=request.read())
                )
            except httpx2.ConnectError:
                continue
        raise httpx2.ConnectError("no web takes a connection")

    def close(self) -> None:
        pass  # one for all browsers, each of which closes it


class Load:
    """A thread for each event type, which books one time after the other until the `with` block ends."""

    def __init__(
        self, live: Live, offers: Sequence[EventType], then: Callable[[EventType], None] = lambda _: None
    ) -> None:
        self._live, self._then, self._over = live, then, threading.Event()
        live.front = Front(live.running)
        self.posted: list[Posted] = []
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._books, args=(n, one)) for n, one in enumerate(offers)]

    def goes_on(self, count: int = 4) -> None:
        """Wait until so many more bookings were taken."""
        wanted = len(self.posted) + count
        wait_for(lambda: len(self.posted) >= wanted or self.failed, 60)
        assert self.failed == []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _books(self, number: int, offered: EventType) -> None:
        for n, start in enumerate(starts(80)):  # Zoom allows a user no more than these a day
            if self._over.is_set() or self.failed:
                return
            try:
                posted = self._live.posts(offered, start, who=1000 * number + n)
            except httpx2.TransportError as fault:
                self.failed.append(f"{type(fault).__name__}: {fault}")
                continue
            if posted.status == 303:
                self.posted.append(posted)
            else:
                self.failed.append(f"{posted.status}: {posted.page[-300:]}")
            self._then(offered)
            self._over.wait(PAUSE)


def restart(running: Running, changes: Mapping[str, str]) -> None:
    """Have each part stop and start again with these changes in its environment, one after the other."""
    running.env.update(changes)
    for name in PARTS:
        running.stop(name)
        running.start(name)
