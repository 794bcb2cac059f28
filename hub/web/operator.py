"""The operator's pages: /metrics for programs, /ops for people; to everybody else there is nothing here."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import redis
from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from hub import metrics, watch, words
from hub.errors import InvalidInput
from hub.outbox import life
from hub.texts import LOOPBACK
from hub.web import latency
from hub.web.shell import the_hub

blueprint = Blueprint("operator", __name__)

SHOWN = 20  # stuck rows on one page; the command lists them all
TOPICS = {"sync": "Meeting", "mail": "Mail"}
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


def for_operators(view: Callable[..., Any]) -> Callable[..., Any]:
    """Show the view to operators' accounts; to anybody else it does not exist."""

    @wraps(view)
    def shown(*arguments: Any, **named: Any) -> Any:
        if not _is_operator():
            abort(404)
        return view(*arguments, **named)

    return shown


@blueprint.get("/metrics")
def read_metrics() -> Response:
    """Answer with all metrics: to this machine itself, to whoever has the token, and to operators."""
    if not (_is_here() or _has_token() or _is_operator()):
        abort(404)
    found = [*metrics.gather(the_hub()), *latency.metrics(current_app)]
    return Response(metrics.text(found), content_type=metrics.TYPE)


@blueprint.get("/ops")
@for_operators
def index() -> str:
    """Show what needs an operator's hand, and who is alive."""
    return _page()


@blueprint.post("/ops/outbox/retry")
@for_operators
def retry() -> AnyResponse:
    """Try one row again now, or all that failed."""
    row = request.form.get("row", "")
    count = watch.retry(the_hub(), _ids(row) if row else None)
    flash(f"{count} {'row is' if count == 1 else 'rows are'} tried again now.", "ok" if count else "info")
    return redirect(url_for("operator.index"))


@blueprint.post("/ops/outbox/done")
@for_operators
def done() -> AnyResponse | tuple[str, int]:
    """Mark one row as done, for a reason."""
    row = request.form.get("row", "")
    try:
        count = watch.mark_done(the_hub(), _ids(row), request.form.get(f"row{row}-reason", ""))
    except InvalidInput as fault:
        return _page(row, fault.message), 422
    flash("The row is marked as done." if count else "The row was done already.", "ok" if count else "info")
    return redirect(url_for("operator.index"))


def _ids(text: str) -> Sequence[int]:
    return [int(text)] if text.isascii() and text.isdigit() and 0 < int(text) < 2**31 else []


def _page(row: str = "", error: str = "") -> str:
    hub = the_hub()
    zone = current_user.host.timezone
    with hub.store.read() as session:
        seen = life.last_seen(session)
    try:
        workers, redis_up = life.workers(hub.settings.redis_url), True
    except redis.RedisError:
        workers, redis_up = [], False
    now = hub.clock()
    stuck = watch.stuck(hub, SHOWN + 1)
    return render_template(
        "ops/index.html",
        stuck=stuck[:SHOWN],
        more=len(stuck) > SHOWN,
        topics=TOPICS,
        row=row,
        error=error,
        sweeper=seen.get(life.SWEEPER),
        worker=seen.get(life.WORKER),
        workers=workers,
        redis_up=redis_up,
        alive=lambda moment: moment is not None and life.alive(moment, now),
        time=lambda moment: words.short(moment, zone),
        providers=[(one, hub.settings.configured(one.facts)) for one in hub.registry.all()],
        broken=hub.registry.broken,
        held_up=watch.held_up(hub),
        failures=watch.mail_failures(hub),
    )


def _is_operator() -> bool:
    return bool(current_user and current_user.is_authenticated and current_user.host.operator)


def _has_token() -> bool:
    token = the_hub().settings.metrics_token
    return bool(token) and hmac.compare_digest(
        request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
    )


def _is_here() -> bool:
    """Tell whether the request comes from this machine itself, and not through a proxy on it."""
    named = urlsplit(f"//{request.host}").hostname
    return request.remote_addr in LOOPBACK and named in LOOPBACK and not any(h in request.headers for h in FORWARDED)
