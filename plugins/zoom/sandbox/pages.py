"""What the sandbox's HTML pages share: who is signed in, protection against forged forms, safe redirects."""

from __future__ import annotations

import secrets
from hmac import compare_digest

from flask import Response, abort, redirect, request, session, url_for
from flask import render_template as render_template
from werkzeug.wrappers import Response as BaseResponse

from .model import User
from .rest import here

Page = str | Response | BaseResponse | tuple[str, int]


def signed_in() -> User | None:
    """Return the simulated user of this browser."""
    user = here().data.users.get(session.get("user", ""))
    return user if user and user.active else None


def csrf_token() -> str:
    """Return the secret that every form of this browser must carry."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def check_csrf() -> None:
    """Refuse a form that was not ours (400)."""
    if not compare_digest(request.form.get("csrf", "").encode(), str(session.get("csrf", "-")).encode()):
        abort(400, "This form has expired. Go back, reload the page and try again.")


def message(title: str, text: str, *, status: int = 200) -> tuple[str, int]:
    """Return a page that says one thing."""
    return render_template("message.html", title=title, text=text), status


def here_path() -> str:
    """Return path and query of this request inside the sandbox, to come back to after signing in."""
    return request.full_path.rstrip("?")


def back_to(path: str) -> BaseResponse:
    """Return to a path inside the sandbox; whatever could lead elsewhere leads to the start page."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or any(ord(c) < 32 for c in path):
        path = url_for("host.index").removeprefix(request.script_root)
    return redirect(request.script_root + path)
