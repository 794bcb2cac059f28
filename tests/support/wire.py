"""What stands on the wire: a tap on the local Zoom for flows, and an answering one for unit tests of plugins."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from hub import Reply
from plugins.zoom.sandbox.server import Server


@dataclass(frozen=True)
class Sent:
    """One request as it came over the wire."""

    method: str
    path: str
    query: str
    authorization: str
    form: dict[str, str] = field(repr=False)

    @property
    def basic(self) -> str:
        """Return "id:secret" of a Basic authorization, empty where there is none."""
        kind, _, value = self.authorization.partition(" ")
        return base64.b64decode(value).decode() if kind == "Basic" else ""


class Tap:
    """Notes requests to the local Zoom; `says` answers those of a path in its place.

    `before` is called for each request, `after` once the local Zoom has acted on it and before it answers.
    """

    def __init__(self, zoom: Server) -> None:
        self.sent: list[Sent] = []
        self._says: dict[str, tuple[str, list[tuple[str, str]], bytes]] = {}
        self.before: Callable[[Sent], None] | None = None
        self.after: Callable[[Sent], None] | None = None
        self._inner = zoom.app
        zoom._httpd.app = self

    def says(self, path: str, body: bytes, *, status: str = "200 OK", kind: str = "application/json") -> None:
        """Answer all requests of this path with these bytes."""
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        self._says[path] = (status, headers, body)

    def quiet(self) -> None:
        """Let the local Zoom answer again."""
        self._says.clear()

    def at(self, path: str) -> list[Sent]:
        """Return the requests to a path."""
        return [sent for sent in self.sent if sent.path == path]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        sent = Sent(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_AUTHORIZATION", ""),
            form,
        )
        if not sent.path.startswith("/_sim"):
            self.sent.append(sent)
            if self.before:
                self.before(sent)
        if sent.path in self._says:
            status, headers, text = self._says[sent.path]
            start_response(status, headers)
            return [text]
        answer = list(self._inner(environ, start_response))
        if self.after:
            self.after(sent)
        return answer


class Wire:
    """Stands in for the authenticated HTTP: records what is sent, answers what the test says."""

    def __init__(self, *answers: Any) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.answers = list(answers)

    def _answer(self, verb: str, path: str, what: Any) -> Reply:
        self.sent.append((verb, path, what))
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return Reply(200, {}, answer, "")

    def get(self, path: str, *, params: Mapping[str, str] | None = None) -> Reply:
        return self._answer("GET", path, params)

    def post(self, path: str, *, json: Mapping[str, Any]) -> Reply:
        return self._answer("POST", path, json)

    def patch(self, path: str, *, json: Mapping[str, Any]) -> Reply:
        return self._answer("PATCH", path, json)

    def delete(self, path: str, *, params: Mapping[str, str] | None = None) -> Reply:
        return self._answer("DELETE", path, params)
