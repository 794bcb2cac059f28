"""What a host can do with a booking: move it, choose another location, cancel it. Each asks first, on its own page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from hub import inputs, words
from hub.errors import InvalidInput, NotPossible, SlotTaken
from hub.scheduling import bookings, free
from hub.web import answers
from hub.web.bookings import Own, own
from hub.web.bookings import blueprint as blueprint  # its own pages, in a module of their own
from hub.web.picker import pick, read_start, write_start
from hub.web.shell import the_hub
from hub.web.visitor import visitor

Answer = str | Response | tuple[str, int]


@blueprint.route("/<ref>/move", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def move(ref: str) -> Answer:
    """Show the free times; ask about the chosen one; move the booking there."""
    mine = own(ref)
    if mine.fixed or mine.event_type is None:
        return _refused(ref, mine.fixed)
    start = read_start(request.values.get("slot", ""))
    if request.method == "GET":
        return _move_page(mine, notice="")
    if start is None:
        return _move_page(mine, notice="Please choose a time."), 422
    try:
        bookings.move(the_hub(), mine.booking.id, start, by="host")
    except SlotTaken:
        return _move_page(mine, notice="This time is not free. Please choose another one."), 409
    except NotPossible as fault:
        return _refused(ref, fault.message)
    flash("The booking is moved. Both of you get a mail.", "ok")
    return _home(ref)


@blueprint.route("/<ref>/location", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def location(ref: str) -> Answer:
    """Ask for another location, and give it to the booking."""
    mine = own(ref)
    if not mine.can_relocate:
        return _refused(ref, mine.fixed or "Its event type has no other location.")
    if request.method == "GET":
        return _location_page(mine, {"location": str(mine.booking.location.get("id", ""))}, {})
    chosen = answers.read_where(mine.options, request.form, zone=mine.booking.invitee_timezone)
    if chosen.errors or chosen.option is None:
        return _location_page(mine, request.form.to_dict(), chosen.errors), 422
    if chosen.option.id == mine.booking.location.get("id") and chosen.answers == mine.booking.answers:
        return _refused(ref, "That is the location it has already.")
    try:
        bookings.relocate(the_hub(), mine.booking.id, chosen.option.id, chosen.answers, by="host")
    except InvalidInput as fault:
        return _location_page(mine, request.form.to_dict(), {fault.field: fault.message}), 422
    except NotPossible as fault:
        return _refused(ref, fault.message)
    flash("The location is changed. Both of you get a mail.", "ok")
    return _home(ref)


@blueprint.route("/<ref>/cancel", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def cancel(ref: str) -> Answer:
    """Ask whether to cancel, and why; then cancel."""
    mine = own(ref)
    if mine.closed:
        return _refused(ref, mine.closed)
    if request.method == "GET":
        return _cancel_page(mine, {})
    try:
        reason = inputs.many_lines(request.form.get("reason", ""), "reason", longest=1000)
        bookings.cancel(the_hub(), mine.booking.id, by="host", reason=reason)
    except InvalidInput as fault:
        return _cancel_page(mine, {fault.field: fault.message}), 422
    except NotPossible as fault:
        return _refused(ref, fault.message)
    flash("The booking is cancelled. Both of you get a mail.", "ok")
    return _home(ref)


def _home(ref: str) -> Response:
    return redirect(url_for("bookings.show", ref=ref), 303)


def _refused(ref: str, reason: str) -> Response:
    flash(reason, "warn")
    return _home(ref)


def _move_page(mine: Own, notice: str) -> str:
    """Return the picker; with a free time in the address, the question whether it is to be that one."""
    hub, booking = the_hub(), mine.booking
    assert mine.event_type
    with hub.store.read() as session:
        times = free.read(session, hub, mine.event_type, besides=booking)
    # Hosts read all their pages with a 24-hour clock and weeks that begin on Monday.
    host = replace(visitor(booking.host.timezone, browser=False), twelve=False, first_weekday=0)
    start = read_start(request.values.get("slot", ""))
    query = {"month": f"{host.date(booking.starts_at):%Y-%m}", **request.args.to_dict()}
    chosen = start if start and times.has(start) and not notice else None
    if start and not chosen:
        notice = notice or "This time is not free. Please choose another one."
        query["date"] = host.date(start).isoformat()
    length = booking.ends_at - booking.starts_at
    return _render(
        "bookings/move.html",
        mine,
        picker=pick(times, host, request.path, query),
        slot=write_start(chosen) if chosen else "",
        new=(host.span(chosen, chosen + length), host.label(chosen)) if chosen else None,
        notice=notice,
    )


def _location_page(mine: Own, typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    more = {"options": mine.options, "typed": typed, "errors": errors, "prefix": answers.prefix}
    return _render("bookings/location.html", mine, **more)


def _cancel_page(mine: Own, errors: Mapping[str, str]) -> str:
    return _render("bookings/cancel.html", mine, typed=request.form.get("reason", ""), errors=errors)


def _render(template: str, mine: Own, **more: Any) -> str:
    booking = mine.booking
    when = words.when(booking.starts_at, booking.ends_at, booking.host.timezone)
    back = url_for("bookings.show", ref=booking.ref)
    return render_template(template, booking=booking, when=when, back=back, **more)
