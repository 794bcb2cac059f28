"""What holds for every request: headers, cross-site forgery, limits, and errors in words."""

from __future__ import annotations

import logging
import math
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, render_template, request
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError, CSRFProtect
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError
from werkzeug.routing import IntegerConverter, Map

from hub import logs, words
from hub.texts import LOOPBACK

if TYPE_CHECKING:
    from hub.container import Hub

LARGEST_FORM = 64 * 1024
SAFE = ("GET", "HEAD", "OPTIONS")
SIGNED = ("webhooks.receive",)  # other machines call these, and sign what they send
LIMITER_SECONDS = 0.05

log = logging.getLogger(__name__)
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, headers_enabled=False)

TEXTS = {
    400: ("That did not work", "The request could not be understood. Please go back and try again."),
    403: ("Not allowed", "This page is not open to you."),
    404: ("Not found", "There is nothing here. If you followed a link from a mail, please copy the whole link."),
    405: ("Not like this", "This address does something only when a button is pressed."),
    410: ("No longer kept", "This booking is long over and its page has been removed. Your host can help."),
    413: ("Too much", "That was more than can be sent in one go."),
    415: ("Not understood", "This kind of content can't be read here."),
    429: ("Please wait a little", "That was tried too often. Please wait some minutes and try again."),
    500: ("Something broke", "The fault is ours and has been noted. Please try again in a moment."),
    503: ("Please try again", "The hub is busy right now. Nothing was lost; please try again in a moment."),
}


class RowNumber(IntegerConverter):
    """A number in an address that can be a row's: larger ones are no address of ours."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=2**31 - 1)


def init_app(app: Flask, hub: Hub) -> None:
    """Install all of it."""
    app.url_map.converters["int"] = RowNumber
    host = urlsplit(hub.settings.public_url).hostname or ""
    app.config.update(
        SECRET_KEY=hub.settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=500,
        TRUSTED_HOSTS=[host, *LOOPBACK, "[::1]"],
        WTF_CSRF_TIME_LIMIT=None,  # a page left open for days still works; the token is bound to the session
        WTF_CSRF_SSL_STRICT=False,  # we compare the origin ourselves, below
        RATELIMIT_STORAGE_URI=_limit_storage(hub),
        RATELIMIT_STORAGE_OPTIONS=_limit_options(hub),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,  # without Redis each process counts for itself
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_SWALLOW_ERRORS=True,
    )
    csrf.init_app(app)
    limiter.init_app(app)
    app.before_request(_name_request)
    app.teardown_request(lambda _fault: logs.bind(request=""))  # the thread goes on; its next lines are another's
    app.before_request(_same_site)
    policy = _policy(hub)
    app.after_request(lambda response: _headers(response, policy, hub.settings.secure))
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(RateLimitExceeded, _too_often)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _fault)


def _limit_storage(hub: Hub) -> str:
    url = hub.settings.redis_url
    return f"redis+{url}" if url.startswith("unix:") else url


def _limit_options(hub: Hub) -> dict[str, object]:
    return {
        "socket_connect_timeout": LIMITER_SECONDS,
        "socket_timeout": LIMITER_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }


def _name_request() -> None:
    g.request_id = secrets.token_hex(6)
    logs.bind(request=g.request_id)


def _same_site() -> None:
    """Refuse changes that another site's page asks for, whatever token they bring."""
    if request.method in SAFE or request.endpoint in SIGNED:
        return
    origin = request.headers.get("Origin", "")
    foreign = origin not in ("", "null") and urlsplit(origin).netloc != request.host
    if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def _policy(hub: Hub) -> str:
    """Return the content policy; browsers hold a form's redirect to it too, so vendors' sign-in pages are named."""
    oauth = [hub.settings.bases(p.facts)[0] for p in hub.registry.all() if p.oauth]
    origins = sorted({"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in oauth})
    return (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; img-src 'self' data:; "
        + " ".join(["form-action 'self'", *origins])
    )


def _headers(response: Response, policy: str, secure: bool) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response


def error_page(code: int, text: str = "", action: tuple[str, str] | None = None) -> tuple[str, int]:
    """Return the page for an HTTP error, in plain words."""
    title, usual = TEXTS.get(code, TEXTS[400 if code < 500 else 500])
    number = g.get("request_id", "")
    told = {"title": title, "text": text or usual, "request_id": number, "action": action}
    return render_template("errors/error.html", code=code, **told), code


def _forged(fault: CSRFError) -> tuple[str, int]:
    return error_page(400, "This page was open for too long, or cookies are off. Please reload it and send it again.")


def _too_often(fault: RateLimitExceeded) -> tuple[str, int, dict[str, str]]:
    """Return the page that says how long to wait."""
    limit = limiter.current_limit
    seconds = max(1, int(limit.reset_at - time.time())) if limit else 60
    text = f"That was tried too often. Please try again in {words.minutes(math.ceil(seconds / 60))}."
    if request.endpoint == "auth.login":
        text += (
            " On a device where you have signed in before you can sign in now; elsewhere, set a new password by mail."
        )
    action = ("Set a new password", "/forgot") if request.endpoint == "auth.login" else None
    return (*error_page(429, text, action), {"Retry-After": str(seconds)})


def _http_error(fault: HTTPException) -> tuple[str, int] | tuple[str, int, dict[str, str]] | Response:
    if isinstance(fault, SecurityError):  # a foreign Host header: no page of ours can be built for it
        return Response("This hub is not reached under that address.\n", 400, mimetype="text/plain")
    if fault.response is not None and fault.code is None:
        return fault.get_response()  # type: ignore[return-value]
    if fault.code and 300 <= fault.code < 400:
        return fault.get_response()  # type: ignore[return-value]
    own = fault.description if getattr(fault, "spoken", False) else ""
    page, code = error_page(fault.code or 500, own or "")
    allowed = fault.valid_methods if isinstance(fault, MethodNotAllowed) else None
    return (page, code, {"Allow": ", ".join(sorted(allowed))}) if allowed else (page, code)


def _database_error(fault: SQLAlchemyError) -> tuple[str, int, dict[str, str]]:
    log.exception("the database failed")
    return (*error_page(503), {"Retry-After": "5"})


def _fault(fault: Exception) -> tuple[str, int]:
    log.exception("a request failed")
    return error_page(500)
