"""What vendors publish of their APIs, as tables of our own, and what of a conversation differs from them.

A table lies beside this file as JSON. Of each operation that a plugin uses it has method and path, JSON Schemas of the
query, of the body that is sent and of the answer to each good status (null: an answer without a body), and as `span`
how many minutes must lie between two times of a body. Members that are not described count as differences. A table
names where its facts were read, when, and what could not be confirmed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

FOLDER = Path(__file__).parent
NONE: dict[str, Any] = {"type": "object", "additionalProperties": False}


@dataclass(frozen=True)
class Exchange:
    """One call and its answer; `sent` and `answer` are None where there was no body, and `media` is what was sent."""

    method: str
    path: str
    query: Mapping[str, str]
    media: str
    sent: Any
    status: int
    answer: Any


class Recorder:
    """A WSGI app around a sandbox that keeps what is said to the vendor, and what a browser is sent there with."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.heard: list[Exchange] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        media = environ.get("CONTENT_TYPE", "").partition(";")[0]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        parts, line, headers = run_wsgi_app(self._app, environ)
        answer, status = b"".join(parts), int(line.split(" ")[0])
        if path == "/_sim/authorize":  # a test's browser: it calls the control API with the address it was sent to
            address = urlsplit(json.loads(body)["url"])
            self.heard.append(Exchange("GET", address.path, dict(parse_qsl(address.query)), "", None, 302, None))
        elif not path.startswith("/_sim"):
            query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            sent, said = _read(body, media), _read(answer, "application/json")
            self.heard.append(Exchange(method, path, query, media if body else "", sent, status, said))
        return Response(answer, status=line, headers=headers)(environ, start_response)


class Table:
    """One vendor's table."""

    def __init__(self, key: str) -> None:
        self.data: dict[str, Any] = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))

    def schemas(self) -> Iterator[dict[str, Any]]:
        """Yield every schema of the table."""
        yield from self.data["$defs"].values()
        yield self.data["refusal"]["answer"]
        for one in self.data["operations"].values():
            found = [one.get("query"), one.get("request"), *one["answers"].values()]
            yield from (schema for schema in found if schema is not None)

    def name_of(self, exchange: Exchange) -> str:
        """Return which operation this is, empty where the table has none such."""
        for name, one in self.data["operations"].items():
            path = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one["path"]))
            if one["method"] == exchange.method and re.fullmatch(path, exchange.path):
                return str(name)
        return ""

    def asked(self, exchange: Exchange) -> list[str]:
        """Return what of the request is not as the vendor publishes it."""
        name = self.name_of(exchange)
        if not name:
            return [f"there is no {exchange.method} {exchange.path}"]
        one = self.data["operations"][name]
        wrong = self._wrong(one.get("query", NONE), dict(exchange.query))
        if "request" not in one:
            return wrong if exchange.sent is None else [*wrong, f"{name} takes no body"]
        if exchange.media != one["media"]:
            wrong.append(f"{name} was sent as {exchange.media!r}")
        wrong += self._wrong(one["request"], exchange.sent)
        return wrong or _apart(one.get("span"), exchange.sent)

    def answered(self, exchange: Exchange) -> list[str]:
        """Return what of the answer is not as the vendor publishes it."""
        one = self.data["operations"].get(self.name_of(exchange), {"answers": {}})
        if exchange.status in self.data["refusal"]["statuses"]:
            return self._wrong(self.data["refusal"]["answer"], exchange.answer)
        if str(exchange.status) not in one["answers"]:
            return [f"{exchange.method} {exchange.path} is never answered with {exchange.status}"]
        schema = one["answers"][str(exchange.status)]
        if schema is None:
            return [] if exchange.answer is None else ["the answer has no body"]
        return self._wrong(schema, exchange.answer)

    def differences(self, exchange: Exchange) -> list[str]:
        """Return what of an exchange is not as the vendor publishes it."""
        return self.asked(exchange) + self.answered(exchange)

    def _wrong(self, schema: dict[str, Any], content: Any) -> list[str]:
        validator = Draft202012Validator({**schema, "$defs": self.data["$defs"]})
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


def _read(body: bytes, media: str) -> Any:
    if not body:
        return None
    if media == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode()))
    return json.loads(body)


def _apart(span: dict[str, Any] | None, sent: dict[str, Any]) -> list[str]:
    if not span or not {span["from"], span["to"]} <= sent.keys():
        return []
    since, until = (datetime.fromisoformat(sent[span[name]]) for name in ("from", "to"))
    minutes = (until - since).total_seconds() / 60
    fits = span["least"] <= minutes <= span.get("most", minutes)
    return [] if fits else [f"{minutes:g} minutes lie between {span['from']} and {span['to']}"]
