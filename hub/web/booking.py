"""The public pages: what a host offers, the month and its times, the details, and the booking itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy import select
from sqlalchemy.orm import contains_eager
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.wrappers import Response

from hub.connections.readiness import standing
from hub.errors import InvalidInput, NotPossible, SlotTaken
from hub.inputs import RESERVED
from hub.scheduling import bookings, free, offers
from hub.store.models import EventType, Host
from hub.web import answers
from hub.web.limits import counted
from hub.web.picker import Place, pick, read_start, write_start
from hub.web.security import csrf
from hub.web.shell import the_hub
from hub.web.visitor import Visitor, visitor

blueprint = Blueprint("booking", __name__)
Answer = str | Response | tuple[str, int]

OPEN_TOO_LONG = "This page was open for a long time. What you typed is kept: please look it over and send it once more."
TOO_OFTEN = (
    "Please wait a little: there were many bookings in a short time. What you typed is kept; try again in an hour."
)
MACHINE = "Please wait a little: that looked like a machine's doing. If it was yours, please send it once more."
CHOSEN = "The time is changed as you see here. Please press Book once more."
FASTER = "This time has just been taken. What you typed is kept."
NOT_OFFERED = "This time can't be booked. What you typed is kept."


class Handle(BaseConverter):
    """A host's handle in an address; the hub's own first words are none."""

    regex = r"[A-Za-z0-9-]{1,60}"

    def to_python(self, value: str) -> str:
        """Return the handle in lower case."""
        if value.lower() in RESERVED:
            raise ValidationError
        return value.lower()


@blueprint.record_once
def _converters(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["handle"] = Handle


@dataclass(frozen=True)
class Offer:
    """An event type as strangers may book it."""

    event_type: EventType
    options: list[offers.Option]
    free: free.FreeTimes | None = None

    @property
    def host(self) -> Host:
        """Whose it is."""
        return self.event_type.host

    @property
    def length(self) -> timedelta:
        """How long it takes."""
        return timedelta(minutes=self.event_type.minutes)


def _load(handle: str, slug: str, *, times: bool = True) -> Offer:
    hub = the_hub()
    query = (
        select(EventType)
        .join(EventType.host)
        .options(contains_eager(EventType.host))
        .where(Host.handle == handle, Host.active, EventType.slug == slug.lower(), EventType.active)
    )
    with hub.store.read() as session:
        event_type = session.scalar(query)
        if event_type is None:
            abort(404)
        options = offers.options(hub, standing(session, hub, event_type.host), event_type)
        return Offer(event_type, options, free.read(session, hub, event_type) if times and options else None)


@blueprint.get("/<handle:handle>")
def handle_page(handle: str) -> str:
    """List what a host offers."""
    hub = the_hub()
    with hub.store.read() as session:
        owner = session.scalar(select(Host).where(Host.handle == handle, Host.active))
        if owner is None:
            abort(404)
        query = select(EventType).where(EventType.host_id == owner.id, EventType.active).order_by(EventType.id)
        event_types = list(session.scalars(query))
    return render_template("booking/handle.html", owner=owner, event_types=event_types, places=_places(event_types))


def _places(event_types: list[EventType]) -> dict[int, list[tuple[str, str]]]:
    """Return (provider key, label) of the locations of each event type."""
    registry = the_hub().registry
    return {
        event_type.id: [
            (row.provider, row.label or provider.facts.label)
            for row in event_type.locations
            if (provider := registry.get(row.provider)) is not None
        ]
        for event_type in event_types
    }


@blueprint.get("/<handle:handle>/<slug>")
def page(handle: str, slug: str) -> Answer:
    """Show the month and its times, or, once a time is chosen, what else is asked. Nothing is booked by looking."""
    offer = _load(handle, slug)
    guest = visitor(offer.host.timezone)
    if offer.free is None:
        return render_template("booking/page.html", offer=offer, visitor=guest, step="closed")
    start = read_start(request.args.get("slot", ""))
    if start and offer.free.has(start):
        return _details(offer, guest, {"slot": write_start(start)})
    query = request.args.to_dict()
    notice = ""
    if query.get("slot"):
        notice = "That time is not free any more. Please choose another."
        if start:
            query["date"] = guest.date(start).isoformat()
    picker = pick(offer.free, guest, request.path, query)
    return render_template("booking/page.html", offer=offer, visitor=guest, step="pick", picker=picker, notice=notice)


@blueprint.post("/<handle:handle>/<slug>")
@csrf.exempt  # type: ignore[untyped-decorator]  # checked below, where what was typed can be kept
def book(handle: str, slug: str) -> Answer:
    """Book; whatever is wrong comes back as the same form with all that was typed."""
    offer = _load(handle, slug, times=False)
    try:
        counted()
        csrf.protect()
    except RateLimitExceeded:
        return _again(offer, 429, notice=TOO_OFTEN)
    except CSRFError:
        return _again(offer, 400, notice=OPEN_TOO_LONG)
    if request.form.get(answers.TRAP):
        return _again(offer, 429, notice=MACHINE)
    if not offer.options:
        return _again(offer, 409)
    # A time chosen from the nearest ones is shown first, and booked by the button as ever.
    return _again(offer, 422, notice=CHOSEN) if request.form.get("slot_choice") else _book(offer)


def _book(offer: Offer) -> Answer:
    form, guest = request.form, visitor(offer.host.timezone)
    start = read_start(form.get("slot", ""))
    who, where = answers.read_person(form), answers.read_where(offer.options, form, zone=guest.zone)
    errors = {**where.errors, **who.errors}
    if start is None:
        return _again(offer, 422, errors=errors, notice="Please choose a time.")
    if not errors and not answers.is_nonce(form.get("nonce", "")):
        return _again(offer, 422, notice=OPEN_TOO_LONG)
    if errors or where.option is None:
        return _again(offer, 422, errors=errors)
    wish = bookings.Wish(
        starts_at=start,
        location_id=where.option.id,
        answers=where.answers,
        name=who.name,
        email=who.email,
        notes=who.notes,
        timezone=guest.zone,
        nonce=form["nonce"],
    )
    try:
        token = bookings.book(the_hub(), offer.event_type.id, wish)
    except SlotTaken:
        return _again(offer, 409)
    except InvalidInput as fault:
        return _again(offer, 422, errors={fault.field: fault.message})
    except NotPossible as fault:
        return render_template("booking/sent.html", text=fault.message, back=request.path, layout="narrow"), 409
    return redirect(url_for("manage.show", token=token), 303)


def _again(offer: Offer, status: int, *, errors: Mapping[str, str] | None = None, notice: str = "") -> Answer:
    """Return the form with all that was typed, and, where its time is not free, with the nearest times that are."""
    offer = _load(offer.host.handle, offer.event_type.slug)
    guest = visitor(offer.host.timezone)
    if offer.free is None:
        return render_template("booking/page.html", offer=offer, visitor=guest, step="closed"), status
    typed = request.form.to_dict()
    start = read_start(typed.get("slot_choice") or typed.get("slot", ""))
    typed["slot"] = write_start(start) if start else ""
    gone = start is None or not offer.free.has(start)
    if gone and start and notice in ("", CHOSEN):
        notice = FASTER if offer.free.would_have(start) else NOT_OFFERED
    nearest = offer.free.nearest(start or offer.free.now) if gone else []
    shown = _details(offer, guest, typed, errors=errors or {}, notice=notice, gone=gone, nearest=nearest)
    return shown, status


def _details(
    offer: Offer, guest: Visitor, typed: dict[str, str], *, errors: Mapping[str, str] | None = None, **more: Any
) -> str:
    nonce = typed.get("nonce", "")
    start = read_start(typed["slot"])
    query = {"tz": guest.zone} if guest.chosen and request.method == "GET" else {}
    if start:
        query["date"] = guest.date(start).isoformat()
    return render_template(
        "booking/page.html",
        step="details",
        offer=offer,
        visitor=guest,
        start=start,
        typed={**typed, "nonce": nonce if answers.is_nonce(nonce) else answers.new_nonce()},
        errors=errors or {},
        trap=answers.TRAP,
        prefix=answers.prefix,
        write_start=write_start,
        change_url=Place(request.path, query).url(),
        **more,
    )
