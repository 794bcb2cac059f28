"""Event types: the list, the editor, and what its buttons do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from hub.connections.readiness import Standing, standing
from hub.container import Hub
from hub.errors import InvalidInput
from hub.forms import InvalidForm
from hub.scheduling import event_types
from hub.scheduling.event_type_form import UNITS, Typed, typed_of
from hub.store.models import EventType
from hub.values import Readiness
from hub.web import event_type_editor as editor
from hub.web.session import host_id
from hub.web.shell import the_hub

blueprint = Blueprint("event_types", __name__, url_prefix="/event-types")
Page = str | Response | tuple[str, int]

REMINDERS = (("1440", "A day before"), ("60", "An hour before"))
NOTHING_BOOKABLE = "Nothing bookable: your hours, the notice and the limits leave no time for it."


@dataclass(frozen=True)
class Warning:
    """One sentence and the page that mends it."""

    text: str
    action: str
    url: str


@dataclass(frozen=True)
class Item:
    """One line of the list; `locations` are (key, label)."""

    row: EventType
    url: str
    locations: list[tuple[str, str]]
    warnings: list[Warning]


@blueprint.get("")
@login_required  # type: ignore[untyped-decorator]
def index() -> str:
    """List the host's event types, with what is wrong with any of them."""
    hub = the_hub()
    with hub.store.read() as session:
        known = standing(session, hub, current_user.host)
        items = [_item(hub, known, row) for row in event_types.all_of(session, host_id())]
    return render_template("event_types/index.html", items=items)


@blueprint.route("/new", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def new() -> Page:
    """Make an event type."""
    if request.method == "GET":
        hub = the_hub()
        with hub.store.read() as session:
            typed = event_types.blank(session, hub, current_user.host)
        return _editor(typed, {})
    typed, button = editor.sent(request.form)
    if button != "save":
        return _editor(typed, {}, button)
    try:
        event_types.create(the_hub(), host_id(), typed)
    except InvalidForm as fault:
        return _editor(typed, fault.errors), 422
    flash(f"“{typed.title.strip()}” is saved.", "ok")
    return redirect(url_for("event_types.index"))


@blueprint.post("/default-location")
@login_required  # type: ignore[untyped-decorator]
def prefer() -> Response:
    """Choose with which location new event types start."""
    hub, key = the_hub(), request.form.get("provider", "")
    try:
        event_types.prefer(hub, host_id(), key)
    except InvalidInput as fault:
        flash(fault.message, "bad")
    else:
        provider = hub.registry.get(key)
        flash(f"New event types start with {provider.facts.label if provider else 'no location'}.", "ok")
    return redirect(url_for("integrations.integrations"))


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit(number: int) -> Page:
    """Change an event type."""
    row = _own(number)
    if request.method == "GET":
        return _editor(typed_of(row), {}, row=row)
    typed, button = editor.sent(request.form)
    if button != "save":
        return _editor(typed, {}, button, row)
    try:
        if not event_types.update(the_hub(), host_id(), number, typed):
            abort(404)
    except InvalidForm as fault:
        return _editor(typed, fault.errors, row=row), 422
    flash(f"“{typed.title.strip()}” is saved.", "ok")
    return redirect(url_for("event_types.index"))


@blueprint.post("/<int:number>/active")
@login_required  # type: ignore[untyped-decorator]
def active(number: int) -> Response:
    """Open or close it for new bookings."""
    on = f"active-{number}" in request.form
    if not event_types.set_active(the_hub(), host_id(), number, active=on):
        abort(404)
    flash("It can be booked now." if on else "It takes no new bookings now.", "ok")
    return redirect(url_for("event_types.index"))


@blueprint.post("/<int:number>/duplicate")
@login_required  # type: ignore[untyped-decorator]
def duplicate(number: int) -> Response:
    """Make a copy and open it."""
    copy = event_types.duplicate(the_hub(), host_id(), number)
    if copy is None:
        abort(404)
    flash("This is the copy. It is off until you switch it on.", "ok")
    return redirect(url_for("event_types.edit", number=copy))


@blueprint.route("/<int:number>/delete", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def delete(number: int) -> Page:
    """Ask once, with numbers; then delete."""
    hub, row = the_hub(), _own(number)
    if request.method == "POST":
        event_types.delete(hub, host_id(), number)
        flash(f"“{row.title}” is deleted.", "ok")
        return redirect(url_for("event_types.index"))
    with hub.store.read() as session:
        upcoming = event_types.upcoming(session, hub, number)
    return render_template("event_types/delete.html", row=row, upcoming=upcoming)


def public_url(hub: Hub, handle: str, slug: str) -> str:
    """Return the address to share."""
    return f"{hub.settings.public_url}/{handle}/{slug}"


def warnings_of(hub: Hub, known: Standing, row: EventType) -> list[Warning]:
    """Return what keeps the event type, or a location of it, from working, each with where to mend it."""
    edit_url = url_for("event_types.edit", number=row.id)
    found = {}
    for location in row.locations:
        text = known.warning(location.provider, row.minutes)
        readiness = known.readiness(location.provider)
        mend = readiness in (Readiness.NOT_CONNECTED, Readiness.BROKEN, Readiness.PAUSED)
        if text and mend:
            found[text] = Warning(text, "Integrations", f"/settings/integrations#{location.provider}")
        elif text:
            found[text] = Warning(text, "Change location", f"{edit_url}#location")
    if not event_types.bookable(hub, row):
        found[NOTHING_BOOKABLE] = Warning(NOTHING_BOOKABLE, "Change", f"{edit_url}#when")
    return list(found.values())


def _item(hub: Hub, known: Standing, row: EventType) -> Item:
    locations = []
    for location in row.locations:
        provider = hub.registry.get(location.provider)
        locations.append((location.provider, location.label or (provider.facts.label if provider else "")))
    url = public_url(hub, row.host.handle, row.slug)
    return Item(row, url, locations, warnings_of(hub, known, row))


def _editor(typed: Typed, errors: Mapping[str, str], button: str = "", row: EventType | None = None) -> str:
    hub = the_hub()
    with hub.store.read() as session:
        known = standing(session, hub, current_user.host)
    chosen = {minutes for minutes, _ in REMINDERS}
    others = [(m, f"{m} minutes before") for m in typed.reminders if m.isdecimal() and m not in chosen]
    return render_template(
        "event_types/edit.html",
        typed=typed,
        errors=errors,
        row=row,
        views=editor.views(known, typed),
        groups=editor.addable(known),
        units=list(UNITS),
        reminders=[*REMINDERS, *others],
        base=public_url(hub, known.host.handle, ""),
        pressed=button,
    )


def _own(number: int) -> EventType:
    hub = the_hub()
    with hub.store.read() as session:
        row = event_types.find(session, host_id(), number)
    if row is None:
        abort(404)
    return row
