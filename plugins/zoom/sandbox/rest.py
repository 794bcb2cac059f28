"""What all REST calls share: who is asking, in which order Zoom checks, and how it answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Response, current_app, request

from . import grants
from .errors import JSON_TYPE, Answer, ApiError, rest_headers
from .limits import Limits
from .model import JSON, User
from .state import Sandbox

View = Callable[..., JSON | None]


def here() -> Sandbox:
    """Return the sandbox of the running request."""
    return cast(Sandbox, current_app.extensions["zoom_sandbox"])


def operation(
    *, scope: str, label: str = "Light", counts: bool = False, status: int = 200
) -> Callable[[View], Callable[..., Response]]:
    """Turn `view(sandbox, user, body, **path)` into a REST operation with Zoom's order of checks.

    The view runs with the state's lock held; it returns the JSON of the answer, or None for a 204.
    With `counts` the call is one of the hundred creates and updates of a user's day.
    """

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def run(**path: Any) -> Response:
            sandbox = here()
            limits: Limits = current_app.extensions["zoom_sandbox_limits"]
            with sandbox.lock if request.method == "GET" else sandbox.change():
                try:
                    user = _caller(sandbox, scope)
                    limits.check(sandbox, user, label=label, counts=counts)
                    body = _body() if request.method in ("POST", "PATCH", "PUT") else {}
                    result = view(sandbox, user, body, **path)
                except ApiError as error:
                    error.headers.setdefault("x-ratelimit-category", label)
                    return respond(error.answer(xml=wants_xml(sandbox, request.headers.get("Accept"))))
            headers = rest_headers() | {"x-ratelimit-category": label}
            if result is None:
                return respond(Answer(204, b"", headers))
            text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
            return respond(Answer(status, text.encode(), headers | {"Content-Type": JSON_TYPE}))

        return run

    return decorate


def respond(answer: Answer) -> Response:
    """Return an Answer as a Flask response; an empty one has no content type."""
    response = Response(answer.body, status=answer.status)
    response.headers.pop("Content-Type", None)
    response.headers.update(answer.headers)
    return response


def wants_xml(sandbox: Sandbox, accept: str | None) -> bool:
    """Say whether errors go out as XML: real Zoom does that to who does not accept JSON."""
    if not sandbox.switches.xml_errors or not accept:
        return False
    return not any(kind in accept for kind in ("json", "*/*", "application/*"))


def _caller(sandbox: Sandbox, scope: str) -> User:
    if "access_token" in request.args:
        message = "Invalid access token, this access token is not supported as query parameter string."
        raise ApiError(401, 124, message)
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        raise ApiError(401, 124, "Invalid access token.")
    user, token = grants.who(sandbox, secret.strip())
    request.environ["zoom_sandbox.entry"]["user"] = user.email
    if scope not in token.scopes:
        raise missing_scope(sandbox, scope)
    return user


def missing_scope(sandbox: Sandbox, scope: str) -> ApiError:
    """Return the refusal of a token without the scope: 400, not 403."""
    message = f"Invalid access token, does not contain scopes:[{scope}, {scope}:admin]."
    return ApiError(400, sandbox.switches.scope_error_code, message)


def _body() -> JSON:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, 300, "Request Body should be a valid JSON object.")
    return body
