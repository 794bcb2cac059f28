"""Stands in front of the local Zoom: notes each call with its beginning and end, and has things happen meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from plugins.zoom.sandbox.routes import route_of
from plugins.zoom.sandbox.server import Server
from tests.support.world import Clock


@dataclass
class Call:
    """One call: its route, the marker of the meeting to be made, and from when to when it was served, in seconds.

    `at` is the test's clock; `user` and `status` are filled in by its end.
    """

    route: str
    ref: str
    at: datetime
    began: float
    ended: float = float("inf")
    user: str = ""
    status: int | None = None


class Watch:
    """All calls that the local Zoom has had; `before` and `after` hold, by route, what happens once at its next call."""

    def __init__(self, zoom: Server, clock: Clock) -> None:
        self.calls: list[Call] = []
        self.before: dict[str, Callable[[], Any]] = {}
        self.after: dict[str, Callable[[], Any]] = {}
        self._clock, self._inner = clock, zoom.app
        zoom._httpd.app = self

    def of(self, route: str) -> list[Call]:
        """Return the calls of one route."""
        return [call for call in self.calls if call.route == route]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        route = route_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"))
        if route is None:
            return self._inner(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        call = Call(route.name, _ref(body), self._clock(), time.monotonic())
        self.calls.append(call)
        self.before.pop(route.name, lambda: None)()
        try:
            return self._inner(environ, start_response)
        finally:
            entry = environ["zoom_sandbox.entry"]
            call.user, call.status = entry["user"] or "", entry["status"]
            self.after.pop(route.name, lambda: None)()
            call.ended = time.monotonic()


def _ref(body: bytes) -> str:
    """Return the marker at the start of a new meeting's agenda."""
    try:
        agenda = str(json.loads(body).get("agenda", ""))
    except (ValueError, AttributeError):
        return ""
    return agenda[4:28] if agenda.startswith("ref:") else ""
