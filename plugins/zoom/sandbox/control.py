"""The control API under /_sim: JSON for tests and scripts. It is no part of Zoom and has no login: loopback only."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, abort, current_app, request

from . import consent
from .clock import stamp
from .faults import KINDS, Faults
from .model import JSON
from .rest import here
from .routes import ROUTES
from .webhooks import Sender

blueprint = Blueprint("control", __name__, url_prefix="/_sim")

_APP_FIELDS = {
    "name",
    "client_secret",
    "redirect_uris",
    "webhook_url",
    "webhook_secret",
    "deauthorization_url",
    "published",
    "disabled",
    "removed",
}


def faults() -> Faults:
    """Return the faults of the running sandbox."""
    return cast(Faults, current_app.extensions["zoom_sandbox_faults"])


def sender() -> Sender:
    """Return the webhook sender of the running sandbox."""
    return cast(Sender, current_app.extensions["zoom_sandbox_sender"])


@blueprint.before_request
def only_json() -> None:
    """Refuse a POST that a page of another site could send (400): it must say that it is JSON, even when empty."""
    if request.method == "POST" and request.mimetype != "application/json":
        abort(400, "Send JSON, with Content-Type: application/json")


@blueprint.get("/state")
def state() -> JSON:
    """Return everything but secrets."""
    return here().dump()


@blueprint.post("/reset")
def reset() -> JSON:
    """Forget users, meetings, tokens, log, faults and webhooks, and start with the seeded users; switches stay."""
    faults().clear()
    sender().forget()
    with here().change():
        here().seed()
    return {"ok": True}


@blueprint.get("/requests")
def requests() -> JSON:
    """Return the request log, of one `route` and after number `since` if asked."""
    since = int(request.args.get("since", 0))
    route = request.args.get("route")
    found = [entry for entry in list(here().requests) if entry["n"] > since and route in (None, entry["route"])]
    return {"requests": found}


@blueprint.get("/switches")
def switches() -> JSON:
    """Return the switches."""
    return asdict(here().switches)


@blueprint.patch("/switches")
def set_switches() -> JSON:
    """Set the named switches."""
    with here().change():
        try:
            here().switches.set(body_of())
        except ValueError as error:
            abort(400, str(error))
    return asdict(here().switches)


@blueprint.get("/faults")
def list_faults() -> JSON:
    """Return the faults on order, and which routes and kinds there are."""
    return {"faults": faults().listed(), "kinds": KINDS, "routes": ["*", *(route.name for route in ROUTES)]}


@blueprint.post("/faults")
def add_fault() -> JSON:
    """Order a fault."""
    try:
        return faults().add(**body_of()).describe()
    except (TypeError, ValueError) as error:
        abort(400, str(error))


@blueprint.delete("/faults")
@blueprint.delete("/faults/<int:fault_id>")
def clear_faults(fault_id: int | None = None) -> JSON:
    """Clear one fault, or all."""
    faults().clear(fault_id)
    return {"ok": True}


@blueprint.post("/clock")
def advance() -> JSON:
    """Advance the clock by `advance_s` seconds; retries of webhooks come as much closer."""
    seconds = float(body_of().get("advance_s", 0))
    with here().change() as data:
        data.offset_s += seconds
    sender().advance(seconds)
    return {"now": stamp(here().now())}


@blueprint.patch("/app")
def change_app() -> JSON:
    """Change the app as its developer would. A new webhook address is not checked here; see /webhooks/validate."""
    values = body_of()
    unknown = values.keys() - _APP_FIELDS
    if unknown:
        abort(400, f"unknown: {', '.join(sorted(unknown))}")
    with here().change():
        for name, value in values.items():
            setattr(here().app, name, value)
    return cast(JSON, here().dump()["app"])


@blueprint.get("/webhooks")
def webhooks() -> JSON:
    """Return the deliveries with every attempt."""
    return {"deliveries": [delivery.describe() for delivery in list(sender().deliveries)]}


@blueprint.post("/webhooks/flush")
def flush() -> JSON:
    """Make all retries due now and wait until they are done (10 s at most)."""
    sender().hurry()
    return {"settled": sender().settled()}


@blueprint.post("/webhooks/settle")
def settle() -> JSON:
    """Wait until nothing is due or under way (10 s at most); retries keep their time."""
    return {"settled": sender().settled()}


@blueprint.post("/webhooks/validate")
def validate() -> JSON:
    """Check `url` with `secret` (default: the saved ones) and save both only if the endpoint passes."""
    body = body_of()
    url = body.get("url") or here().app.webhook_url
    secret = body.get("secret") or here().app.webhook_secret
    error = sender().validate(url, secret)
    if not error:
        with here().change():
            here().app.webhook_url, here().app.webhook_secret = url, secret
    return {"ok": not error, "error": error}


@blueprint.post("/authorize")
def authorize() -> JSON:
    """Answer an authorize `url` as `user` with `decision` allow or deny; returns the `location` to follow."""
    body = body_of()
    query = dict(parse_qsl(urlsplit(body.get("url", "")).query))
    if consent.refuse(here(), query):
        abort(400, "Zoom would show an error page for this address")
    user = here().find_user(body.get("user", "ada@example.com")) or abort(404, "no such user")
    return {"location": consent.decision(here(), user, query, allow=body.get("decision", "allow") == "allow")}


def body_of() -> JSON:
    """Return the JSON object that was sent, or an empty one."""
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
