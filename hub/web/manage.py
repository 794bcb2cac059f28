"""The invitee's page of one booking: see, join, move, relocate, cancel. The token in the address decides."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from hub import inputs, words
from hub.connections.readiness import standing
from hub.errors import InvalidInput, NotPossible, SlotTaken
from hub.notify import calendar
from hub.notify.details import Details, Place, country_of, details, dial_in_for
from hub.notify.mail import entry_for
from hub.scheduling import bookings, offers
from hub.store.models import Booking, EventType
from hub.values import Person
from hub.web.picker import picker, read_compact
from hub.web.security import limiter
from hub.web.shell import the_hub

if TYPE_CHECKING:
    from hub.container import Hub

blueprint = Blueprint("manage", __name__, url_prefix="/b")
KEPT = timedelta(days=30)


def _not_found(response: BaseResponse) -> bool:
    return response.status_code == 404


# Guessing tokens is hopeless anyway; this keeps it from being a load.
limiter.limit("20/minute", deduct_when=_not_found)(blueprint)


@blueprint.get("/<token>")
def show(token: str) -> str:
    """Show the booking as it stands."""
    hub = the_hub()
    with hub.store.read() as session:
        booking, may_change = _booking(session, hub, token)
        return _page(hub, booking, token, may_change)


@blueprint.get("/<token>/where")
def where(token: str) -> str:
    """Return the part of the page that changes by itself."""
    hub = the_hub()
    with hub.store.read() as session:
        booking, _ = _booking(session, hub, token)
        return render_template("manage/where.html", **_where(hub, booking, token))


@blueprint.get("/<token>/calendar.ics")
def calendar_file(token: str) -> Response:
    """Return the booking as a calendar file."""
    hub = the_hub()
    with hub.store.read() as session:
        booking, _ = _booking(session, hub, token)
        entry = entry_for(hub, booking, Person(booking.invitee_name, booking.invitee_email))
    headers = {"Content-Disposition": 'attachment; filename="booking.ics"'}
    return Response(calendar.ics(entry), mimetype="text/calendar", headers=headers)


@blueprint.route("/<token>/reschedule", methods=["GET", "POST"])
def reschedule(token: str) -> str | BaseResponse | tuple[str, int]:
    """Pick another time; nothing moves before the button is pressed."""
    hub, error = the_hub(), ""
    if request.method == "POST":
        start = read_compact(request.form.get("slot", ""))
        booking_id = _changeable(hub, token)
        try:
            if start is None:
                raise NotPossible("Please choose a time.")
            bookings.move(hub, booking_id, start, by="invitee")
        except (SlotTaken, NotPossible) as fault:
            error = fault.message
        else:
            flash("Your booking has a new time. A mail is on its way.", "ok")
            return redirect(f"/b/{token}", 303)
    with hub.store.read() as session:
        booking, may_change = _booking(session, hub, token)
        why = _why_not(hub, booking, may_change)
        event_type = session.get(EventType, booking.event_type_id) if booking.event_type_id else None
        if why or event_type is None:
            return _page(hub, booking, token, may_change, error=why or "This can't be rescheduled here any more."), 409
        zone = request.values.get("tz", "")
        zone = zone if zone in words.zone_names() else booking.invitee_timezone
        path = f"/b/{token}/reschedule"
        shown = picker(session, hub, event_type, path, zone=zone, besides=booking.id)
        page = render_template(
            "manage/reschedule.html",
            booking=booking,
            of=booking.host,
            token=token,
            path=path,
            picker=shown,
            zones=words.zones(),
            error=error,
            now_when=words.when(booking.starts_at, booking.ends_at, zone),
            new_when=words.when(shown.slot, shown.slot + (booking.ends_at - booking.starts_at), zone)
            if shown.slot
            else "",
            no_index=True,
        )
    return (page, 409) if error else page


@blueprint.route("/<token>/cancel", methods=["GET", "POST"])
def cancel(token: str) -> str | BaseResponse | tuple[str, int]:
    """Ask once, with room for a reason; then cancel."""
    hub = the_hub()
    if request.method == "POST":
        booking_id = _changeable(hub, token)
        try:
            reason = inputs.many_lines(request.form.get("reason", ""), "reason", longest=1000)
            bookings.cancel(hub, booking_id, by="invitee", reason=reason)
        except (NotPossible, InvalidInput) as fault:
            flash(fault.message, "bad")
        return redirect(f"/b/{token}", 303)
    with hub.store.read() as session:
        booking, may_change = _booking(session, hub, token)
        why = _why_not(hub, booking, may_change)
        if why:
            return _page(hub, booking, token, may_change, error=why), 409
        return render_template("manage/cancel.html", **_where(hub, booking, token), no_index=True)


@blueprint.route("/<token>/location", methods=["GET", "POST"])
def location(token: str) -> str | BaseResponse | tuple[str, int]:
    """Choose another of the places offered."""
    hub, errors = the_hub(), {}
    if request.method == "POST":
        booking_id = _changeable(hub, token)
    with hub.store.read() as session:
        booking, may_change = _booking(session, hub, token)
        why = _why_not(hub, booking, may_change)
        event_type = session.get(EventType, booking.event_type_id) if booking.event_type_id else None
        options = offers.options(hub, standing(session, hub, booking.host), event_type) if event_type else []
        others = [option for option in options if option.id != booking.location.get("id")]
        if why or not others:
            return _page(hub, booking, token, may_change, error=why or "There is no other place to choose."), 409
    if request.method == "POST":
        option = next((o for o in others if str(o.id) == request.form.get("location", "")), None)
        if option is None:
            errors["location"] = "Please choose one of the places offered."
        else:
            zone = booking.invitee_timezone
            answers, errors = inputs.read_fields(option.fields, request.form, prefix=f"loc{option.id}-", zone=zone)
            if not errors:
                try:
                    bookings.relocate(hub, booking_id, option.id, answers, by="invitee")
                except (NotPossible, InvalidInput) as fault:
                    errors["location"] = fault.message
                else:
                    flash("The place is changed. A mail is on its way.", "ok")
                    return redirect(f"/b/{token}", 303)
    page = render_template(
        "manage/location.html",
        options=others,
        typed=request.form,
        errors=errors,
        **_where(hub, booking, token),
        no_index=True,
    )
    return (page, 422) if errors else page


def _booking(session: Session, hub: Hub, token: str) -> tuple[Booking, bool]:
    found = bookings.find(session, token)
    if found is None:
        abort(404)
    if found[0].ends_at + KEPT < hub.clock():
        abort(410)
    return found


def _changeable(hub: Hub, token: str) -> int:
    """Return the id of the booking that this token may change, or answer 404."""
    with hub.store.read() as session:
        booking, may_change = _booking(session, hub, token)
    if not may_change:
        abort(404)
    return booking.id


def _why_not(hub: Hub, booking: Booking, may_change: bool) -> str:
    if not may_change:
        return "This link shows the booking only. The link in your confirmation mail can change it."
    if not booking.confirmed:
        return "This booking is cancelled."
    if booking.starts_at <= hub.clock():
        return "This booking has begun or is over, so it can't be changed any more."
    if booking.changes >= bookings.MOST_CHANGES:
        return f"This booking was changed many times already. Please write to {booking.host.first_name}."
    return ""


def _page(hub: Hub, booking: Booking, token: str, may_change: bool, *, error: str = "") -> str:
    entry = entry_for(hub, booking, Person(booking.invitee_name, booking.invitee_email))
    return render_template(
        "manage/show.html",
        error=error,
        may_change=not _why_not(hub, booking, may_change),
        why_not=_why_not(hub, booking, may_change),
        google=calendar.google_link(entry),
        outlook=calendar.outlook_link(entry),
        no_index=True,
        **_where(hub, booking, token),
    )


def _where(hub: Hub, booking: Booking, token: str) -> dict[str, Any]:
    """Return what every part of the page shows."""
    about: Details = details(hub, booking)
    meeting = about.meeting
    zone, host_zone = booking.invitee_timezone, booking.host.timezone
    return {
        "booking": booking,
        "of": booking.host,
        "token": token,
        "about": about,
        "meeting": meeting,
        "numbers": dial_in_for(meeting, country_of(zone)) if meeting else [],
        "when": words.when(booking.starts_at, booking.ends_at, zone),
        "host_when": words.when(booking.starts_at, booking.ends_at, host_zone) if host_zone != zone else "",
        "over": booking.ends_at <= hub.clock(),
        "making": about.state is Place.MAKING,
        "waiting": about.state in (Place.MAKING, Place.LATE),
    }
