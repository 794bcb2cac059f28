"""The operator's pages of the sandbox: the app, switches, faults, clock, request log and webhook attempts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from .control import faults, sender
from .faults import KINDS
from .model import JSON
from .pages import Page, check_csrf, render_template
from .rest import here
from .routes import ROUTES
from .switches import SCOPE_WORDS

blueprint = Blueprint("operator", __name__, url_prefix="/_sim/ui")


@blueprint.before_request
def protect() -> None:
    """Refuse forms that are not ours."""
    if request.method == "POST":
        check_csrf()


@blueprint.get("/app")
def app_page() -> Page:
    """Show the app as its developer sees it."""
    return render_template("app.html", app=here().app)


@blueprint.post("/app")
def save_app() -> BaseResponse:
    """Save the app; a webhook address only if the endpoint proves that it knows the secret."""
    form = request.form
    app = here().app
    with here().change():
        app.name = form.get("name", "").strip() or app.name
        app.redirect_uris = form.get("redirect_uris", "").split()
        app.deauthorization_url = form.get("deauthorization_url", "").strip()
        app.published = "published" in form
        app.disabled = "disabled" in form
        app.removed = "removed" in form
    url, secret = form.get("webhook_url", "").strip(), form.get("webhook_secret", "") or app.webhook_secret
    error = ""
    if url and (url != app.webhook_url or secret != app.webhook_secret or "validate" in form):
        error = sender().validate(url, secret)
    if not error:
        with here().change():
            app.webhook_url, app.webhook_secret = url, secret
    flash(f"Saved, but not the webhook address. {error}" if error else "Saved.")
    return redirect(url_for("operator.app_page"))


@blueprint.get("/switches")
def switches_page() -> Page:
    """Show the switches and the clock."""
    sandbox = here()
    rows = [row for row in sandbox.switches.describe() if row["name"] != "scopes"]
    scopes = [(scope, words, scope in sandbox.switches.scopes) for scope, words in SCOPE_WORDS.items()]
    return render_template("switches.html", rows=rows, scopes=scopes, now=sandbox.now())


@blueprint.post("/switches")
def save_switches() -> BaseResponse:
    """Save all switches."""
    sandbox = here()
    form = request.form
    values: JSON = {"scopes": [scope for scope in SCOPE_WORDS if scope in form.getlist("scopes")]}
    try:
        for row in sandbox.switches.describe():
            if row["name"] != "scopes":
                values[row["name"]] = _value(row["value"], form.get(row["name"]))
        with sandbox.change():
            sandbox.switches.set(values)
        flash("Saved.")
    except ValueError as error:
        flash(f"Not saved: {error}")
    return redirect(url_for("operator.switches_page"))


@blueprint.post("/clock")
def advance() -> BaseResponse:
    """Advance the clock by some minutes."""
    minutes = request.form.get("minutes", "")
    if minutes.isascii() and minutes.isdigit():
        with here().change() as data:
            data.offset_s += int(minutes) * 60
        sender().advance(int(minutes) * 60)
        flash(f"The clock is {minutes} minutes further.")
    return redirect(url_for("operator.switches_page"))


@blueprint.get("/faults")
def faults_page() -> Page:
    """Show the faults on order."""
    routes = ["*", *(route.name for route in ROUTES)]
    return render_template("faults.html", faults=faults().listed(), kinds=KINDS, routes=routes)


@blueprint.post("/faults")
def save_fault() -> BaseResponse:
    """Order a fault, or clear one or all."""
    form = request.form
    try:
        if "clear" in form:
            faults().clear(int(form["clear"]) if form["clear"] else None)
        else:
            count = int(form["count"]) if form.get("count") else None
            values: dict[str, Any] = {"count": count, "seconds": float(form.get("seconds") or 1)}
            faults().add(form.get("route", ""), form.get("kind", ""), **values)
    except ValueError as error:
        flash(f"Not done: {error}")
    return redirect(url_for("operator.faults_page"))


@blueprint.get("/log")
def log_page() -> Page:
    """Show the last requests, newest first."""
    entries = list(here().requests)[-200:]
    return render_template("log.html", entries=entries[::-1])


@blueprint.get("/webhooks")
def webhooks_page() -> Page:
    """Show the last webhooks with every attempt, newest first."""
    shown = [delivery.describe() for delivery in sender().deliveries[-100:]]
    return render_template("webhooks.html", deliveries=shown[::-1], app=here().app)


@blueprint.post("/webhooks")
def hurry() -> BaseResponse:
    """Make waiting retries due now."""
    sender().hurry()
    sender().settled(4)
    return redirect(url_for("operator.webhooks_page"))


@blueprint.post("/reset")
def reset() -> BaseResponse:
    """Forget everything but the switches."""
    faults().clear()
    sender().forget()
    with here().change():
        here().seed()
    flash("Everything was forgotten; Ada and Grace are back.")
    return redirect(url_for("host.list_meetings"))


def _value(old: Any, text: str | None) -> Any:
    if isinstance(old, bool):
        return text is not None
    return type(old)(text or 0)
