"""Onboarding: five short steps that can be left, resumed, skipped and gone back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from hub import accounts, words
from hub.connections.readiness import standing
from hub.container import Hub
from hub.forms import InvalidForm
from hub.scheduling import event_types, onboarding
from hub.store.models import Host
from hub.web.cards import card_view
from hub.web.session import host_id
from hub.web.shell import the_hub

blueprint = Blueprint("onboarding", __name__, url_prefix="/onboarding")
TITLES = ("You", "Hours", "First event type", "Meeting Location", "Done")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Step:
    """One step as the stepper shows it."""

    number: int
    title: str
    url: str
    state: str


@blueprint.get("")
@login_required  # type: ignore[untyped-decorator]
def resume() -> Response:
    """Go on where the host left."""
    step = current_user.host.onboarding_step
    return redirect(f"/onboarding/{step}" if step else "/event-types")


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def step(number: int) -> str | Response | tuple[str, int]:
    """Show a step, or keep what was given and go on to the next."""
    if not 1 <= number <= onboarding.LAST:
        abort(404)
    hub, errors = the_hub(), {}
    if request.method == "POST":
        if number == 4 and request.form.get("connect"):
            return _connect(hub, request.form["connect"])
        try:
            if request.form.get("do") != "skip":
                _keep(hub, current_user.host, number)
        except InvalidForm as fault:
            errors = fault.errors
        else:
            done = number == onboarding.LAST
            onboarding.reached(hub, host_id(), 0 if done else number + 1)
            return redirect("/event-types" if done else f"/onboarding/{number + 1}", 303)
    onboarding.reached(hub, host_id(), number)
    page = render_template(
        f"onboarding/step{number}.html",
        steps=_steps(number),
        errors=errors,
        **{"typed": request.form, "public_url": hub.settings.public_url, **_context(hub, number)},
    )
    return (page, 422) if errors else page


def _keep(hub: Hub, host: Host, number: int) -> None:
    form = request.form
    if number == 1:
        name, handle, zone = form.get("name", ""), form.get("handle", ""), form.get("timezone", "")
        accounts.introduce(hub, host.id, name=name, handle=handle, timezone=zone)
    elif number == 2:
        onboarding.keep_hours(hub, host, form.getlist("days"), form.get("start", ""), form.get("end", ""))
    elif number == 3:
        onboarding.keep_event_type(hub, host.id, form.get("title", ""), form.get("minutes", ""))
    elif number == 4:
        key = form.get("location", "")
        prefix = f"{key}-"
        typed = {name.removeprefix(prefix): text for name, text in form.items() if name.startswith(prefix)}
        try:
            onboarding.choose_location(hub, host, key, typed)
        except InvalidForm as fault:
            named = {
                name.replace("loc-0-inputs-", prefix).replace("locations", "location"): s
                for name, s in fault.errors.items()
            }
            raise InvalidForm(named) from None


def _connect(hub: Hub, key: str) -> Response:
    """Go to the vendor and come back to this step; what was typed here is kept until then."""
    provider = hub.registry.get(key)
    if provider is None or provider.oauth is None:
        abort(404)
    onboarding.keep_typed(hub, host_id(), {**request.form.to_dict(), "location": key})
    # 307: the browser sends this very form, with its token, to where connecting begins.
    return redirect(url_for("integrations.connect", key=key, return_to="/onboarding/4"), 307)


def _steps(current: int) -> list[Step]:
    states = ["done" if n < current else "current" if n == current else "todo" for n in range(1, onboarding.LAST + 1)]
    return [Step(n, TITLES[n - 1], f"/onboarding/{n}", state) for n, state in enumerate(states, 1)]


def _context(hub: Hub, number: int) -> dict[str, Any]:
    host = current_user.host
    if number == 1:
        return {"zones": words.zones()}
    if number == 2:
        days, start, end = onboarding.usual_range(host)
        return {"days": days, "start": start, "end": end, "weekdays": [(str(n), d) for n, d in enumerate(WEEKDAYS)]}
    with hub.store.read() as session:
        known = standing(session, hub, host)
        views = [card_view(session, hub, known, provider) for provider in hub.registry.all()] if number == 4 else []
        made = event_types.all_of(session, host.id)
    if number == 4:
        typed = request.form if request.method == "POST" else host.onboarding_draft.get("typed", {})
        return {"views": views, "typed": typed, "chosen": typed.get("location", "")}
    return {"draft": host.onboarding_draft, "made": made}
