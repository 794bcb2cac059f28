"""Zoom's ways of saying no: exact bodies, as JSON, as XML or as a page of a gateway."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from .model import JSON

JSON_TYPE = "application/json;charset=UTF-8"
XML_TYPE = "application/xml;charset=UTF-8"


@dataclass
class Answer:
    """A finished HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """Refuse a REST call with Zoom's `code` and `message`."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: list[JSON] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.errors = errors
        self.headers = headers or {}

    def answer(self, *, xml: bool = False) -> Answer:
        """Return the answer as JSON, or as the XML that Zoom sends to who does not accept JSON."""
        headers = rest_headers() | self.headers
        if xml:
            text = (
                '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
                f"<result><code>{self.code}</code><message>{escape(self.message)}</message></result>"
            )
            return Answer(self.status, text.encode(), headers | {"Content-Type": XML_TYPE})
        body: JSON = {"code": self.code, "message": self.message}
        if self.errors:
            body["errors"] = self.errors
        return Answer(self.status, json.dumps(body, ensure_ascii=False).encode(), headers | {"Content-Type": JSON_TYPE})


class OAuthError(Exception):
    """Refuse a call of the token or revoke endpoint with Zoom's `reason` and `error`."""

    def __init__(self, error: str, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.error, self.reason, self.status = error, reason, status

    def answer(self) -> Answer:
        """Return the answer."""
        body = json.dumps({"reason": self.reason, "error": self.error}).encode()
        return Answer(self.status, body, {"Content-Type": JSON_TYPE, "Cache-Control": "no-store"})


def rest_headers() -> dict[str, str]:
    """Return the headers that every REST answer carries, errors included."""
    return {
        "x-zm-trackingid": f"v=2.0;clid=sim;rid=WEB_{secrets.token_hex(16)}",
        "Cache-Control": "no-cache, no-store, must-revalidate, no-transform",
        "X-Content-Type-Options": "nosniff",
    }


def invalid_field(name: str, message: str = "Invalid field.") -> ApiError:
    """Return the refusal of one field of a request body."""
    return ApiError(400, 300, "Validation Failed.", errors=[{"field": name, "message": message}])


def no_meeting(key: object) -> ApiError:
    """Return the refusal of a meeting that is not there, or not this user's."""
    return ApiError(404, 3001, f"Meeting does not exist: {key}.")


def no_user(key: str) -> ApiError:
    """Return the refusal of a user that this token may not see."""
    return ApiError(404, 1001, f"User does not exist: {key}.")


def gateway_page(status: int) -> Answer:
    """Return what a gateway in front of Zoom sends when Zoom is down: a page, not JSON."""
    words = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Temporarily Unavailable"}
    text = f"{status} {words.get(status, 'Error')}"
    body = f"<html>\r\n<head><title>{text}</title></head>\r\n<body>\r\n<center><h1>{text}</h1></center>\r\n</body>\r\n</html>\r\n"
    return Answer(status, body.encode(), {"Content-Type": "text/html"})
