"""What an invitee can do with a booking: move it, choose another place, cancel it. Each asks first, on its own page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hub import inputs
from hub.errors import InvalidInput, NotPossible, SlotTaken
from hub.scheduling import bookings, free
from hub.web import answers
from hub.web.manage import Mine, mine, probed
from hub.web.manage import blueprint as blueprint  # its own pages, in a module of their own
from hub.web.picker import Place, pick, read_start, write_start
from hub.web.shell import the_hub
from hub.web.visitor import Visitor, visitor

Answer = str | Response | tuple[str, int]
Page = Callable[[Mine], Answer]


def _changing(*, cancelling: bool = False) -> Callable[[Page], Callable[[str], Answer]]:
    """Make a page of a token: where nothing can be changed any more it leads back to the booking, which says why."""

    def make(view: Page) -> Callable[[str], Answer]:
        @probed
        @wraps(view)
        def guarded(token: str) -> Answer:
            my = mine(token, change=True)
            if my.final if cancelling else my.fixed:
                return _home(my)
            try:
                return view(my)
            except NotPossible as fault:
                flash(fault.message, "warn")
                return _home(my)

        return guarded

    return make


def _home(my: Mine) -> Response:
    return redirect(url_for("manage.show", token=my.token), 303)


@blueprint.get("/b/<token>/reschedule")
@_changing()
def reschedule(my: Mine) -> Answer:
    """Show the month and its times, or, once a time is chosen, ask whether it is to be that one."""
    times, guest = _times(my), _guest(my)
    start = read_start(request.args.get("slot", ""))
    if start and times.has(start):
        return _confirm(my, guest, start)
    query = request.args.to_dict()
    notice = "That time is not free any more. Please choose another." if query.get("slot") else ""
    if start:
        query["date"] = guest.date(start).isoformat()
    picker = pick(times, guest, request.path, query)
    return _reschedule_page(my, guest, step="pick", picker=picker, notice=notice)


@blueprint.post("/b/<token>/reschedule")
@_changing()
def move(my: Mine) -> Answer:
    """Move the booking to the chosen time."""
    guest = _guest(my)
    start = read_start(request.form.get("slot", ""))
    if start is None:
        return _confirm(my, guest, None, notice="Please choose a time."), 422
    if start == my.booking.starts_at:
        return _home(my)
    try:
        bookings.move(the_hub(), my.booking.id, start, by="invitee")
    except SlotTaken:
        taken = _times(my).would_have(start)
        notice = "This time has just been taken." if taken else "Your booking can't be moved to this time."
        return _confirm(my, guest, start, notice=notice), 409
    return _home(my)


@blueprint.get("/b/<token>/location")
@_changing()
def location(my: Mine) -> Answer:
    """Ask for another place."""
    return _location_page(my, _present(my)) if my.can_relocate else _home(my)


@blueprint.post("/b/<token>/location")
@_changing()
def relocate(my: Mine) -> Answer:
    """Give the booking the chosen place."""
    chosen = answers.read_where(my.options, request.form, zone=my.booking.invitee_timezone)
    if chosen.errors or chosen.option is None:
        return _location_page(my, request.form.to_dict(), chosen.errors), 422
    same = chosen.option.id == my.booking.location.get("id") and chosen.answers == my.booking.answers
    try:
        if not same:
            bookings.relocate(the_hub(), my.booking.id, chosen.option.id, chosen.answers, by="invitee")
    except InvalidInput as fault:
        return _location_page(my, request.form.to_dict(), {fault.field: fault.message}), 422
    return _home(my)


@blueprint.get("/b/<token>/cancel")
@_changing(cancelling=True)
def cancel(my: Mine) -> Answer:
    """Ask whether to cancel, and why."""
    return _cancel_page(my)


@blueprint.post("/b/<token>/cancel")
@_changing(cancelling=True)
def do_cancel(my: Mine) -> Answer:
    """Cancel the booking."""
    try:
        reason = inputs.many_lines(request.form.get("reason", ""), "reason", longest=1000)
    except InvalidInput as fault:
        return _cancel_page(my, {fault.field: fault.message}), 422
    bookings.cancel(the_hub(), my.booking.id, by="invitee", reason=reason)
    return _home(my)


def _times(my: Mine) -> free.FreeTimes:
    hub = the_hub()
    if my.event_type is None:
        raise NotPossible("This kind of meeting is not offered any more.")
    with hub.store.read() as session:
        return free.read(session, hub, my.event_type, besides=my.booking)


def _guest(my: Mine) -> Visitor:
    return visitor(my.booking.invitee_timezone, browser=False)


def _confirm(my: Mine, guest: Visitor, start: datetime | None, notice: str = "") -> str:
    """Return the question whether to move to `start`, or the nearest free times where it is not free."""
    times = _times(my)
    nearest = [] if start and times.has(start) else times.nearest(start or my.booking.starts_at)
    query = {"date": guest.date(start).isoformat() if start else "", "tz": guest.zone if guest.chosen else ""}
    change_url = Place(url_for("manage.reschedule", token=my.token), query).url()
    return _reschedule_page(
        my, guest, step="confirm", start=start, nearest=nearest, notice=notice, change_url=change_url
    )


def _reschedule_page(my: Mine, guest: Visitor, **more: Any) -> str:
    length = my.booking.ends_at - my.booking.starts_at
    return render_template(
        "manage/reschedule.html",
        my=my,
        booking=my.booking,
        visitor=guest,
        length=length,
        write_start=write_start,
        **more,
    )


def _present(my: Mine) -> dict[str, str]:
    """Return the present place and answers as the form would have them."""
    place = next((option for option in my.options if option.id == my.booking.location.get("id")), None)
    if place is None:
        return {}
    typed = {answers.prefix(place) + name: str(value) for name, value in my.booking.answers.items()}
    return {"location": str(place.id), **typed}


def _location_page(my: Mine, typed: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "manage/location.html",
        my=my,
        booking=my.booking,
        options=my.options,
        host=my.booking.host,
        typed=typed,
        errors=errors or {},
        prefix=answers.prefix,
    )


def _cancel_page(my: Mine, errors: Mapping[str, str] | None = None) -> str:
    guest = visitor(my.booking.invitee_timezone, browser=False)
    when = guest.span(my.booking.starts_at, my.booking.ends_at)
    typed = request.form.get("reason", "")
    return render_template(
        "manage/cancel.html", my=my, booking=my.booking, when=when, visitor=guest, typed=typed, errors=errors or {}
    )
