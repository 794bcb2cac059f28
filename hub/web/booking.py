"""The public pages: a host's event types, and booking one of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask_limiter.util import get_remote_address
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from hub import inputs, words
from hub.connections.readiness import standing
from hub.errors import InvalidInput, NotPossible, SlotTaken
from hub.scheduling import bookings, offers
from hub.store.models import EventType, Host
from hub.web.picker import Slot, compact, picker, read_compact, twelve_hours, zone_of_visitor
from hub.web.security import error_page, limiter
from hub.web.shell import the_hub

if TYPE_CHECKING:
    from hub.container import Hub

blueprint = Blueprint("booking", __name__)
BOOKING_LIMITS = ("60/hour", "5/hour")  # by network address; by network address and email


def _by_address() -> str:
    return str(current_app.config.get("BOOKING_LIMITS", BOOKING_LIMITS)[0])


def _by_person() -> str:
    return str(current_app.config.get("BOOKING_LIMITS", BOOKING_LIMITS)[1])


def _person() -> str:
    return f"{get_remote_address()}:{request.form.get('email', '').strip().lower()[:320]}"


def _booked(response: Response) -> bool:
    return response.status_code == 303  # what was not booked does not count against anybody


@blueprint.get("/<handle>")
def host_page(handle: str) -> str:
    """List what can be booked of a host."""
    hub = the_hub()
    with hub.store.read() as session:
        host = session.scalar(select(Host).where(Host.handle == handle, Host.active.is_(True)))
        if host is None:
            abort(404)
        of_host = select(EventType).where(EventType.host_id == host.id, EventType.active.is_(True))
        event_types = list(session.scalars(of_host.order_by(EventType.minutes, EventType.title)))
        known = standing(session, hub, host)
    offered = [(event_type, offers.options(hub, known, event_type)) for event_type in event_types]
    return render_template("booking/host.html", host=host, offered=offered, htmx=False)


@blueprint.get("/<handle>/<slug>")
def booking_page(handle: str, slug: str) -> str:
    """Show days, times and, once one is chosen, the form."""
    hub = the_hub()
    with hub.store.read() as session:
        event_type = _public(session, handle, slug)
        return _page(session, hub, event_type, {}, {})


@blueprint.post("/<handle>/<slug>")
@limiter.limit(_by_address, deduct_when=_booked)
@limiter.limit(_by_person, key_func=_person, deduct_when=_booked)
def book(handle: str, slug: str) -> Response | str | tuple[str, int]:
    """Book; whatever goes wrong, the form comes back with all that was typed."""
    hub = the_hub()
    with hub.store.read() as session:
        event_type = _public(session, handle, slug)
        options = offers.options(hub, standing(session, hub, event_type.host), event_type)
        wish, errors = _read(options, event_type.host.timezone)
        if wish is None or request.form.get("slot_choice"):
            return _page(session, hub, event_type, request.form, {} if request.form.get("slot_choice") else errors), 422
    if request.form.get("website"):  # only a script fills in what people can't see
        return error_page(429)
    try:
        token = bookings.book(hub, event_type.id, wish)
    except SlotTaken:
        with hub.store.read() as session:
            return _page(session, hub, event_type, request.form, {}, taken=True), 409
    except InvalidInput as fault:
        with hub.store.read() as session:
            return _page(session, hub, event_type, request.form, {fault.field: fault.message}), 422
    except NotPossible as fault:
        return error_page(409, fault.message)
    return redirect(f"/b/{token}", 303)


def _public(session: Session, handle: str, slug: str) -> EventType:
    """Return the event type, or answer 404: the same for what is unknown, inactive or somebody else's."""
    found = session.scalar(
        select(EventType)
        .join(Host, Host.id == EventType.host_id)
        .where(Host.handle == handle, Host.active.is_(True), EventType.slug == slug, EventType.active.is_(True))
    )
    if found is None:
        abort(404)
    return found


def _page(
    session: Session,
    hub: Hub,
    event_type: EventType,
    typed: MultiDict[str, str] | dict[str, str],
    errors: dict[str, str],
    *,
    taken: bool = False,
) -> str:
    zone = zone_of_visitor(event_type.host.timezone)
    options = offers.options(hub, standing(session, hub, event_type.host), event_type)
    path = f"/{event_type.host.handle}/{event_type.slug}"
    shown = picker(session, hub, event_type, path, zone=zone)
    slot = read_compact(typed.get("slot_choice", "")) or shown.slot
    context: dict[str, Any] = {"nearest": [], "when": "", "host_when": ""}
    if slot is not None:
        ends = slot + timedelta(minutes=event_type.minutes)
        context["when"] = words.when(slot, ends, zone)
        if zone != event_type.host.timezone:
            context["host_when"] = words.when(slot, ends, event_type.host.timezone)
        taken = taken or not offers.is_free(session, hub, event_type, slot)
    if taken or (typed and slot is None):
        near = offers.nearest(session, hub, event_type, slot or hub.clock())
        context["nearest"] = [Slot(_slot_words(start, zone), "", compact(start)) for start in near]
    return render_template(
        "booking/page.html",
        event_type=event_type,
        of=event_type.host,
        options=options,
        picker=shown,
        path=path,
        slot=compact(slot) if slot else "",
        taken=taken,
        typed=typed,
        errors=errors,
        nonce=typed.get("nonce") or secrets.token_urlsafe(18),
        zones=words.zones(),
        detect_zone=zone,
        **context,
    )


def _slot_words(start: datetime, zone: str) -> str:
    local = start.astimezone(words.zone(zone))
    return f"{words.day(local, year=False)}, {words.clock(local, twelve=twelve_hours())}"


def _read(options: list[offers.Option], host_zone: str) -> tuple[bookings.Wish | None, dict[str, str]]:
    """Return the wish, or None and a sentence for each field that is not right."""
    form, errors = request.form, {}
    values: dict[str, str] = {}
    zone = zone_of_visitor(host_zone)
    readers: dict[str, Callable[[], str]] = {
        "name": lambda: inputs.one_line(form.get("name", ""), "name", label="your name"),
        "email": lambda: inputs.email(form.get("email", "")),
        "notes": lambda: inputs.many_lines(form.get("notes", ""), "notes"),
    }
    for name, read in readers.items():
        try:
            values[name] = read()
        except InvalidInput as fault:
            errors[name] = fault.message
    slot = read_compact(form.get("slot", ""))
    if slot is None:
        errors["slot"] = "Please choose a time."
    option = next((o for o in options if str(o.id) == form.get("location", "")), None)
    answers: dict[str, str] = {}
    if option is None:
        errors["location"] = "Please choose one of the places offered."
    else:
        answers, wrong = inputs.read_fields(option.fields, form, prefix=f"loc{option.id}-", zone=zone)
        errors |= wrong
    nonce = form.get("nonce", "")
    if not 16 <= len(nonce) <= 64 or not nonce.isascii():
        errors.setdefault("slot", "This page was open for long. Please check the time and send it again.")
    if errors or slot is None or option is None:
        return None, errors
    return bookings.Wish(slot, option.id, answers, values["name"], values["email"], values["notes"], zone, nonce), {}
