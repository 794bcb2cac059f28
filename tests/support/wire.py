"""A wire for unit tests of what plugins send and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import Reply


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
