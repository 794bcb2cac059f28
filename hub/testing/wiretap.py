"""Stands between the hub and a sandbox: hears the secrets that pass, and puts other answers in place of the vendor's."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

JUNK: tuple[Any, ...] = (None, 7, True, "", [], {}, [None], "javascript:alert(1)", "x" * 5000, "a\r\nb", -1e400)
"""What a field of an answer may hold where the vendor has a fault."""

SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Heard:
    """One exchange with the vendor's API: what was asked, and the answer's status and JSON (None if it is none)."""

    method: str
    path: str
    status: int
    data: Any


class Wiretap:
    """A WSGI app around a sandbox. Calls below /_sim pass unheard."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._instead: dict[tuple[str, str], bytes] = {}
        self.heard: list[Heard] = []
        self.secrets: set[str] = set()

    def says(self, heard: Heard, body: bytes) -> None:
        """Answer further calls like this one with this body and the status that was heard."""
        self._instead[heard.method, heard.path] = body

    def replays(self, heard: Iterable[Heard]) -> None:
        """Answer further calls like these as the vendor did; it is not asked again."""
        for one in heard:
            self.says(one, b"" if one.data is None else json.dumps(one.data).encode())

    def quiet(self) -> None:
        """Let the vendor answer again."""
        self._instead.clear()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
        if path.startswith("/_sim"):
            return self._app(environ, start_response)
        self._listen(environ.get("HTTP_AUTHORIZATION", ""))
        if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            form = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(form)
            self.secrets.update(parse_qs(form.decode()).get("client_secret", ()))
        body = self._instead.get((method, path))
        if body is not None:
            status = next(one.status for one in reversed(self.heard) if (one.method, one.path) == (method, path))
            return Response(body, status=status, mimetype="application/json")(environ, start_response)
        parts, line, headers = run_wsgi_app(self._app, environ)
        whole = b"".join(parts)
        self.heard.append(Heard(method, path, int(line.split(" ")[0]), _json(whole)))
        self._tokens(self.heard[-1].data)
        start_response(line, list(headers.items()))
        return [whole]

    def _listen(self, authorization: str) -> None:
        kind, _, value = authorization.partition(" ")
        if kind == "Basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        if len(value) >= SHORTEST_SECRET:
            self.secrets.add(value)

    def _tokens(self, data: Any) -> None:
        if isinstance(data, dict):
            found = (data.get(name) for name in ("access_token", "refresh_token"))
            self.secrets |= {one for one in found if isinstance(one, str)}


def twisted(data: Any) -> Iterator[tuple[str, bytes]]:
    """Yield answers with which a faulty vendor could reply instead of this one, each with a word on what it is."""
    for junk in (None, [], {}, 7, "text", [data], {"data": data}):
        yield f"{junk!r:.40} instead of the answer", json.dumps(junk).encode()
    yield "an answer nested too deep", b"[" * 100_000
    yield "an answer of 2 MB", json.dumps({"x": "x" * 2_000_000}).encode()
    yield "half an answer", json.dumps(data).encode()[: len(json.dumps(data)) // 2]
    if not isinstance(data, dict):
        return
    for name in data:
        yield f"no {name}", json.dumps({k: v for k, v in data.items() if k != name}).encode()
        for junk in JUNK:
            yield f"{name} = {junk!r:.40}", json.dumps({**data, name: junk}).encode()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
