"""The sandbox's few pages: consent, a meeting's room, what is there, and messages; each says that it is no vendor's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from .app import Sandbox

FOLDER = Path(__file__).parent / "templates"
HEADERS = {
    # form-action stays open: Allow and Decline lead to the app's own address.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_templates = Environment(loader=FileSystemLoader(FOLDER), autoescape=True)


def page(sandbox: Sandbox, name: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page."""
    text = _templates.get_template(name).render(sandbox=sandbox, base=sandbox.public_url, **values)
    return Response(text, status=status, mimetype="text/html", headers=HEADERS)


def style() -> Response:
    """Return the pages' style sheet."""
    return Response((FOLDER / "sandbox.css").read_bytes(), mimetype="text/css")
