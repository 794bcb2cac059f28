"""Faults on order: which route misbehaves how, how often, and what it then answers."""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from . import limits
from .errors import Answer, ApiError, OAuthError, gateway_page
from .model import JSON
from .rest import missing_scope
from .routes import ROUTES, Route
from .state import Sandbox

KINDS = {
    "latency": "waits `seconds`, then does as usual",
    "slow_answer": "does as usual, then waits `seconds` before it answers",
    "429_second": "429: too many calls per second",
    "429_4001": "429 with code 4001: too many updates per second",
    "429_user_daily": "429: the user's hundred creates and updates are used up",
    "429_daily": "429: the account's day is used up, Retry-After as ISO date-time",
    "429_concurrent": "429: another request holds the user's lock",
    "500": "500 with an HTML page, nothing done",
    "502": "502 with an HTML page, nothing done",
    "503": "503 with an HTML page, nothing done",
    "reset_before": "the connection is reset, nothing done",
    "reset_after": "done, then the connection is reset (at `token`: a lost refresh answer)",
    "cut": "done, then the answer breaks off before its promised length",
    "truncated": "done, but the JSON ends half-way",
    "empty": "done, but the body is empty",
    "html": "done, but the answer is an HTML page with status 200",
    "no_join_url": "done, but the answer lacks join_url",
    "redirect": "302 to the address `to`, nothing done",
    "expired_token": "401/124 Access token is expired.",
    "invalid_token": "401/124 Invalid access token.",
    "missing_scope": "400/4711 naming the route's scope",
    "invalid_grant": "400 invalid_grant, as for a revoked refresh token",
    "error": "`status`, `code` and `message` of your choice",
    "xml_error": "the same as XML, whatever is accepted",
}

AFTER = {"slow_answer", "reset_after", "cut", "truncated", "empty", "html", "no_join_url"}
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
    code: int = 300
    message: str = "Validation Failed."
    to: str = "http://127.0.0.1:9/"
    id: int = 0
    hits: int = 0
    cleared: threading.Event = field(default_factory=threading.Event, repr=False)

    def describe(self) -> JSON:
        """Return the fault as JSON."""
        return {name: value for name, value in vars(self).items() if name != "cleared"}


class Faults:
    """The faults on order."""

    def __init__(self) -> None:
        self._list: list[Fault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, route: str, kind: str, **values: Any) -> Fault:
        """Order a fault for a route (`*` for all). Raises ValueError or TypeError if there is no such thing."""
        if route != "*" and route not in {known.name for known in ROUTES}:
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

    def take(self, route: Route) -> Fault | None:
        """Return the fault that hits this request, and count it."""
        with self._lock:
            for fault in self._list:
                if fault.route not in ("*", route.name) or (fault.count is not None and fault.hits >= fault.count):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                return fault
        return None


def refusal(sandbox: Sandbox, fault: Fault, route: Route, *, xml: bool) -> Answer:
    """Return the answer of a fault that strikes before anything was done."""
    if fault.kind in ("500", "502", "503"):
        return gateway_page(int(fault.kind))
    if fault.kind == "redirect":
        return Answer(302, b"", {"Location": fault.to})
    if fault.kind == "invalid_grant":
        return OAuthError("invalid_grant", "Invalid Token!").answer()
    errors = {
        "429_second": limits.per_second(route.label, 4),
        "429_4001": limits.per_second(route.label, 4, code=4001),
        "429_user_daily": limits.per_user(route.label, 100),
        "429_daily": limits.per_day(sandbox, route.label),
        "429_concurrent": limits.concurrent(route.label),
        "expired_token": ApiError(401, 124, "Access token is expired."),
        "invalid_token": ApiError(401, 124, "Invalid access token."),
        "missing_scope": missing_scope(sandbox, route.scope),
    }
    error = errors.get(fault.kind) or ApiError(fault.status, fault.code, fault.message)
    return error.answer(xml=xml or fault.kind == "xml_error")


def spoil(fault: Fault, answer: Answer) -> Answer:
    """Return what is left of an answer whose work is done."""
    if fault.kind == "slow_answer":
        fault.cleared.wait(fault.seconds)
        return answer
    if fault.kind == "html":
        return Answer(200, HTML, {"Content-Type": "text/html; charset=utf-8"})
    if not answer.body.startswith(b"{"):
        return answer  # a 204 has nothing to spoil
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
    body = {"truncated": answer.body[: len(answer.body) // 2], "empty": b""}.get(fault.kind)
    if body is None:
        content = json.loads(answer.body)
        content.pop("join_url", None)
        body = json.dumps(content).encode()
    return Answer(answer.status, body, headers | {"Content-Length": str(len(body))})
