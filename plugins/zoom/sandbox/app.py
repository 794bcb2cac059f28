"""Assembles the sandbox: pages, token endpoint, REST API, control API, and around them faults and the request log."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from . import api, consent, control, host, hosting, operator, room, token
from .errors import ApiError
from .faults import Faults
from .gate import Gate
from .limits import Limits
from .pages import csrf_token, message, signed_in
from .rest import here, respond, wants_xml
from .state import Sandbox
from .webhooks import Sender

_HEADERS = {
    # form-action stays open: Allow and Decline lead to the app's own address.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def build(sandbox: Sandbox) -> Gate:
    """Return the WSGI app around a sandbox."""
    app = Flask(__name__, root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=sandbox.data.cookie_key,
        SESSION_COOKIE_NAME="zoom_sandbox",
        SESSION_COOKIE_PATH=urlsplit(sandbox.public_url).path or "/",
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=1_000_000,
    )
    faults = Faults()
    app.extensions["zoom_sandbox"] = sandbox
    app.extensions["zoom_sandbox_limits"] = Limits()
    app.extensions["zoom_sandbox_faults"] = faults
    app.extensions["zoom_sandbox_sender"] = Sender(sandbox)
    for module in (consent, token, api, room, host, operator, control, hosting):
        app.register_blueprint(module.blueprint)
    app.register_error_handler(HTTPException, _http_error)
    app.after_request(_headers)
    app.context_processor(_page_values)
    return Gate(app, sandbox, faults, rules=[rule.rule for rule in app.url_map.iter_rules()])


def _page_values() -> dict[str, Any]:
    return {"csrf": csrf_token, "me": signed_in()}


def _http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if request.path.startswith("/v2"):
        refusal = ApiError(404, 2300, "This API endpoint is not recognized.")
        return respond(refusal.answer(xml=wants_xml(here(), request.headers.get("Accept"))))
    if request.path.startswith("/_sim/") and not request.path.startswith("/_sim/ui"):
        return {"error": error.description}, status
    return message(error.name, error.description or "", status=status)


def _headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
    return response
