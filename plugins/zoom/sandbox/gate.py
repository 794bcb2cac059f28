"""The WSGI layer in front of the sandbox: writes the request log and breaks what is to be broken."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import run_wsgi_app

from . import wire
from .clock import stamp
from .errors import Answer
from .faults import AFTER, Fault, Faults, refusal, spoil
from .model import JSON
from .rest import wants_xml
from .routes import Route, route_of
from .state import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

WSGIApp = Callable[..., Iterable[bytes]]

MAX_BODY = 1_000_000

_SECRETS = {"access_token", "code", "state", "code_challenge", "code_verifier", "refresh_token", "token"}


class Gate:
    """The WSGI app that the world sees; `sandbox`, `faults` and `rules` (all paths) are there for tests."""

    def __init__(self, app: WSGIApp, sandbox: Sandbox, faults: Faults, *, rules: Sequence[str] = ()) -> None:
        self.sandbox = sandbox
        self.rules = rules
        self.faults = faults
        self._app = app
        self._numbers = itertools.count(1)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        route = route_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"))
        if route is None:
            return self._app(environ, start_response)
        entry = environ["zoom_sandbox.entry"] = self._record(environ, route)
        fault = self.faults.take(route)
        if fault is None:
            answer = self._usual(environ)
        else:
            entry["fault"] = fault.kind
            if fault.kind == "reset_before":
                return wire.reset(environ, start_response)
            answer = self._faulty(fault, route, environ)
        entry["done"] = answer.status
        if fault and fault.kind == "reset_after":
            return wire.reset(environ, start_response)
        if fault and fault.kind == "cut":
            return wire.cut(answer.body[: len(answer.body) // 2] or b"{", start_response, status=_line(answer))
        if fault and fault.kind in AFTER:
            answer = spoil(fault, answer)
        entry["status"] = answer.status
        start_response(_line(answer), list(answer.headers.items()))
        return [answer.body]

    def _faulty(self, fault: Fault, route: Route, environ: dict[str, Any]) -> Answer:
        if fault.kind == "latency":
            fault.cleared.wait(fault.seconds)
            return self._usual(environ)
        if fault.kind in AFTER:
            return self._usual(environ)
        return refusal(self.sandbox, fault, route, xml=wants_xml(self.sandbox, environ.get("HTTP_ACCEPT")))

    def _usual(self, environ: dict[str, Any]) -> Answer:
        parts, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        return Answer(int(status.split(" ", 1)[0]), b"".join(parts), dict(headers.items()))

    def _record(self, environ: dict[str, Any], route: Route) -> JSON:
        """Log a request. `status` is what the caller saw (None: nothing), `done` what the work had come to."""
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        entry: JSON = {
            "n": next(self._numbers),
            "at": stamp(self.sandbox.now()),
            "route": route.name,
            "method": environ["REQUEST_METHOD"],
            "path": environ.get("PATH_INFO", "/"),
            "query": {name: "(hidden)" if name in _SECRETS else value for name, value in query.items()},
            "body": None,
            "user": None,
            "fault": None,
            "done": None,
            "status": None,
        }
        self._note_body(entry, environ, route)
        self.sandbox.requests.append(entry)
        return entry

    def _note_body(self, entry: JSON, environ: dict[str, Any], route: Route) -> None:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or not 0 < int(length) <= MAX_BODY:
            return
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = BytesIO(body)
        if route.name == "token":
            entry["body"] = {"grant_type": parse_qs(body.decode(errors="replace")).get("grant_type", [""])[0]}
        elif entry["path"].startswith("/v2/"):
            try:
                entry["body"] = json.loads(body)
            except ValueError:
                entry["body"] = "(not JSON)"


def _line(answer: Answer) -> str:
    return f"{answer.status} {HTTP_STATUS_CODES.get(answer.status, 'Unknown')}"
