"""Faults on order: which route misbehaves how, how often, and what it then answers."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from .grants import OAuthError
from .rest import Answer, Refused
from .state import JSON

KINDS = {
    "latency": "waits `seconds`, then does as usual",
    "slow_answer": "does as usual, then waits `seconds` before it answers",
    "429_second": "429: too many calls; Retry-After says `seconds`",
    "500": "500 with an HTML page, nothing done",
    "502": "502 with an HTML page, nothing done",
    "503": "503 with an HTML page, nothing done",
    "reset_before": "the connection is reset, nothing done",
    "reset_after": "done, then the connection is reset (at `token`: a lost refresh answer)",
    "cut": "done, then the answer breaks off before its promised length",
    "truncated": "done, but the JSON ends half-way",
    "empty": "done, but the body is empty",
    "html": "done, but the answer is an HTML page with status 200",
    "without": "done, but the answer lacks the field `name`",
    "redirect": "302 to the address `to`, nothing done",
    "invalid_token": "401: the access token is invalid",
    "missing_scope": "the answer to a token without the route's scope",
    "invalid_grant": "400 invalid_grant, as for a revoked refresh token",
    "error": "`status` and `message` of your choice",
}

AFTER = {"slow_answer", "reset_after", "cut", "truncated", "empty", "html", "without"}
"""Faults that strike once the work is done: the caller can't know the outcome."""

HTML = b"<!doctype html><title>Please wait</title><p>We are checking your browser.</p>"


@dataclass
class Fault:
    """One fault on order: it lets `skip` matching requests pass, then hits `count` of them (None: until cleared)."""

    route: str
    kind: str
    count: int | None = 1
    skip: int = 0
    seconds: float = 1.0
    status: int = 400
    message: str = "This was refused."
    name: str = ""
    to: str = "http://127.0.0.1:9/"
    id: int = 0
    hits: int = 0
    cleared: threading.Event = field(default_factory=threading.Event, repr=False)

    def describe(self) -> JSON:
        """Return the fault as JSON."""
        return {name: value for name, value in vars(self).items() if name != "cleared"}


class Faults:
    """The faults on order at a sandbox with these routes."""

    def __init__(self, routes: Collection[str]) -> None:
        self.routes = sorted(routes)
        self._list: list[Fault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, route: str, kind: str, **values: Any) -> Fault:
        """Order a fault for a route (`*` for all). Raises ValueError or TypeError if there is no such thing."""
        if route != "*" and route not in self.routes:
            raise ValueError(f"unknown route: {route}")
        if kind not in KINDS:
            raise ValueError(f"unknown fault: {kind}")
        if {"id", "hits", "cleared"} & values.keys():
            raise ValueError("id and hits are not yours to set")
        fault = Fault(route, kind, **values)
        with self._lock:
            fault.id = next(self._ids)
            self._list.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Clear one fault or all; whoever waits in one goes on at once."""
        with self._lock:
            gone = [fault for fault in self._list if fault_id in (None, fault.id)]
            self._list = [fault for fault in self._list if fault not in gone]
        for fault in gone:
            fault.cleared.set()

    def listed(self) -> list[JSON]:
        """Return the faults on order, used-up ones included."""
        with self._lock:
            return [fault.describe() for fault in self._list]

    def take(self, route: str) -> Fault | None:
        """Return the fault that hits this request, and count it."""
        with self._lock:
            for fault in self._list:
                if fault.route not in ("*", route) or (fault.count is not None and fault.hits >= fault.count):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                return fault
        return None


def refusal(
    fault: Fault, scope: str, refuse: Callable[[Refused], Answer], oauth: Callable[[OAuthError], Answer]
) -> Answer:
    """Return the answer of a fault that strikes before anything was done; `refuse` and `oauth` give errors the vendor's shape."""
    if fault.kind in ("500", "502", "503"):
        page = f"<html><head><title>{fault.kind}</title></head><body><h1>{fault.kind}</h1></body></html>"
        return Answer(int(fault.kind), page.encode(), {"Content-Type": "text/html"})
    if fault.kind == "redirect":
        return Answer(302, b"", {"Location": fault.to})
    if fault.kind == "invalid_grant":
        return oauth(OAuthError("invalid_grant", "This token was revoked."))
    if fault.kind == "429_second":
        answer = refuse(Refused(429, "Too many requests."))
        return Answer(answer.status, answer.body, answer.headers | {"Retry-After": str(int(fault.seconds))})
    if fault.kind == "invalid_token":
        return refuse(Refused(401, "This access token is invalid."))
    if fault.kind == "missing_scope":
        return refuse(Refused.missing(scope))
    return refuse(Refused(fault.status, fault.message))


def spoil(fault: Fault, answer: Answer) -> Answer:
    """Return what is left of an answer whose work is done."""
    if fault.kind == "slow_answer":
        fault.cleared.wait(fault.seconds)
        return answer
    if fault.kind == "html":
        return Answer(200, HTML, {"Content-Type": "text/html; charset=utf-8"})
    if not answer.body.startswith(b"{"):
        return answer  # an empty answer has nothing to spoil
    body = {"truncated": answer.body[: len(answer.body) // 2], "empty": b""}.get(fault.kind)
    if body is None:
        content = json.loads(answer.body)
        content.pop(fault.name, None)
        body = json.dumps(content).encode()
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
    return Answer(answer.status, body, headers)
