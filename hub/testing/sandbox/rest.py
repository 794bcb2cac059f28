"""The vendor's REST API as an author writes it: operations, the calls that they get, and how they say no."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .state import JSON, User

F = TypeVar("F", bound=Callable[..., "JSON | tuple[int, JSON] | None"])
MARK = "_sandbox_operation"


@dataclass(frozen=True)
class Answer:
    """A finished HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One authorized call: who calls, the JSON object that was sent (else empty), and the query's first values."""

    user: User
    body: JSON
    query: Mapping[str, str]
    headers: Mapping[str, str]

    def text(self, name: str, *, required: bool = False, most: int = 10_000) -> str:
        """Return a text of the body, empty where it is missing. Raises Refused (400) for what the vendor refuses."""
        value = self.body.get(name, "")
        if not isinstance(value, str) or len(value) > most or (required and not value.strip()):
            raise Refused(400, f"{name} must be a text of at most {most} characters.", field=name)
        return value


class Refused(Exception):
    """Refuse a call with a status and a sentence; `more` is for the sandbox's own `refusal`."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.more = status, message, more

    @classmethod
    def missing(cls, scope: str) -> Refused:
        """Return the refusal of a token without this scope."""
        return cls(403, f"The access token lacks the scope {scope}.", scope=scope)


@dataclass(frozen=True)
class Operation:
    """Where a method of the sandbox is reached, and what it takes to call it."""

    method: str
    path: str
    route: str
    scope: str
    status: int


def operation(method: str, path: str, route: str, *, scope: str = "", status: int = 200) -> Callable[[F], F]:
    """Mark a sandbox's method as a REST operation: `def create(self, call: Call, **path) -> JSON | None`.

    `path` has `<name>` for parts that become arguments. `route` names it for faults and the log: the contract wants
    create, update, delete, list and user for what the plugin's hooks call. `scope` is what the token must have. The
    method runs with the state's lock held and returns the answer's JSON, or None for a 204; where the status depends on
    what was found, it returns the pair of status and JSON. It may raise Refused.
    """

    def mark(function: F) -> F:
        setattr(function, MARK, Operation(method, path, route, scope, status))
        return function

    return mark


def json_answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of JSON; None is an answer without a body."""
    if content is None:
        return Answer(status, b"", dict(headers or {}))
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


def body_of(raw: bytes) -> JSON:
    """Return the JSON object that was sent. Raises Refused (400) for anything else but nothing."""
    try:
        body = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    return body
