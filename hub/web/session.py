"""Who is signed in: Flask-Login over sessions that the account can end everywhere."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from hub.store.models import Host

if TYPE_CHECKING:
    from hub.container import Hub

ABSOLUTE = timedelta(days=14)


class SignedIn(UserMixin):  # type: ignore[misc]
    """The host of this request, detached from the database."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.id = host.id
        self.name = host.name

    def get_id(self) -> str:
        """Return what the session keeps: raising the host's epoch ends all sessions."""
        return f"{self.host.id}.{self.host.session_epoch}"


def init_app(app: Flask, hub: Hub) -> None:
    """Set the cookie's flags and load the host of each request."""
    secure = hub.settings.secure
    app.config.update(
        SESSION_COOKIE_NAME="__Host-hub" if secure else "hub",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=ABSOLUTE,
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    manager = LoginManager(app)
    manager.session_protection = None  # sessions are bound by their epoch, not by the visitor's network address
    manager.user_loader(lambda text: _load(hub, text))
    manager.unauthorized_handler(_to_sign_in)

    @app.before_request
    def _load_early() -> None:
        """Load the host before a page opens a transaction of its own: they do not nest."""
        if request.endpoint != "static":
            bool(current_user)


def sign_in(host: Host) -> None:
    """Begin a new session for the host; nothing of an earlier one is kept."""
    session.clear()
    session.permanent = True
    login_user(SignedIn(host))


def sign_out() -> None:
    """End this session."""
    logout_user()
    session.clear()


def browser_secret() -> str:
    """Return a secret that only this browser session has."""
    if "browser" not in session:
        session["browser"] = secrets.token_urlsafe(24)
    return str(session["browser"])


def host_id() -> int:
    """Return the id of the signed-in host."""
    return int(current_user.host.id)


def local_path(target: str, fallback: str = "/event-types") -> str:
    """Return `target` if it is a path on this site, else the fallback."""
    parts = urlsplit(target)
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    safe = plain and target.isascii() and target.isprintable() and "\\" not in target and "%2f%2f" not in target.lower()
    return target if safe else fallback


def _load(hub: Hub, text: str) -> SignedIn | None:
    number, _, epoch = text.partition(".")
    if not number.isdigit():
        return None
    with hub.store.read() as db:
        host = db.get(Host, int(number))
    if host is None or str(host.session_epoch) != epoch:
        return None
    return SignedIn(host)


def _to_sign_in() -> Response | Any:
    target = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("auth.login", next=target or None))
