"""Availability: the week as rows of ranges, dates of their own, and what comes of it next week."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from hub import words
from hub.forms import InvalidForm
from hub.scheduling import hours
from hub.scheduling.hours import Rows, TypedDate, TypedHours
from hub.web.session import host_id
from hub.web.shell import the_hub

blueprint = Blueprint("availability", __name__, url_prefix="/availability")

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NEW_ROW = ("09:00", "17:00")
Form = MultiDict[str, str]


@blueprint.route("", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit() -> str | Response | tuple[str, int]:
    """Show and change when the host can be booked."""
    hub = the_hub()
    if request.method == "GET":
        return _page(hours.typed_of(current_user.host, hub.clock()), {})
    typed, action = sent(request.form), request.form.get("do", "save")
    if action != "save":
        return _page(pressed(typed, action, request.form), {}, action)
    try:
        hours.save(hub, host_id(), typed)
    except InvalidForm as fault:
        return _page(typed, fault.errors), 422
    flash("Your hours are saved.", "ok")
    return redirect(url_for("availability.edit"))


def sent(form: Form) -> TypedHours:
    """Return what was typed."""
    numbers = sorted({int(m[1]) for name in form if (m := re.fullmatch(r"o(\d{1,3})-date", name))})
    return TypedHours(
        timezone=form.get("timezone", ""),
        week=tuple(_rows(form, f"d{day}") for day in range(7)),
        dates=tuple(TypedDate(form[f"o{n}-date"], f"o{n}-off" in form, _rows(form, f"o{n}")) for n in numbers),
    )


def pressed(typed: TypedHours, action: str, form: Form) -> TypedHours:
    """Return what was typed after one of the page's buttons: add:d0, remove:d0:1, copy:0, date, undate:2."""
    verb, _, target = action.partition(":")
    where, _, row = target.partition(":")
    if verb == "date":
        return dataclasses.replace(typed, dates=(*typed.dates, TypedDate(off=True)))
    if verb == "undate" and where.isdecimal():
        return dataclasses.replace(typed, dates=tuple(d for n, d in enumerate(typed.dates) if str(n) != where))
    if verb == "copy" and where in list("0123456"):
        chosen = set(form.getlist(f"copy{where}"))
        source = typed.week[int(where)]
        week = tuple(source if str(day) in chosen else rows for day, rows in enumerate(typed.week))
        return dataclasses.replace(typed, week=week)
    if verb == "add":
        return _changed(typed, where, lambda rows: (*rows, _next_row(rows)))
    if verb == "remove":
        return _changed(typed, where, lambda rows: tuple(r for n, r in enumerate(rows) if str(n) != row))
    return typed


def _changed(typed: TypedHours, where: str, change: Callable[[Rows], Rows]) -> TypedHours:
    """Return the hours with the rows of `where`, such as d0 or o2, changed."""
    week = tuple(change(rows) if where == f"d{day}" else rows for day, rows in enumerate(typed.week))
    dates = tuple(
        dataclasses.replace(given, rows=change(given.rows), off=False) if where == f"o{number}" else given
        for number, given in enumerate(typed.dates)
    )
    return dataclasses.replace(typed, week=week, dates=dates)


def _next_row(rows: Rows) -> tuple[str, str]:
    """Return a range to begin with: usual hours, or empty where there is one already."""
    return ("", "") if rows else NEW_ROW


def _rows(form: Form, where: str) -> Rows:
    numbers = sorted({int(m[1]) for name in form if (m := re.fullmatch(rf"{where}-(\d{{1,2}})-from", name))})
    return tuple((form[f"{where}-{n}-from"][:20], form.get(f"{where}-{n}-to", "")[:20]) for n in numbers)


def _page(typed: TypedHours, errors: Mapping[str, str], action: str = "") -> str:
    now = the_hub().clock()
    rules, faulty = hours.read(typed, now)
    zones = words.zones()
    if current_user.host.timezone not in zones:
        zones = [current_user.host.timezone, *zones]
    coming = [
        (
            words.day(day, year=False),
            [f"{hours.clock_text(a)}–{hours.clock_text(b)}" for a, b in ranges],
            day in rules.overrides,
        )
        for day, ranges in hours.coming_days(rules, now)
    ]
    return render_template(
        "availability/edit.html",
        typed=typed,
        errors=errors,
        weekdays=WEEKDAYS,
        others=[[(str(n), name) for n, name in enumerate(WEEKDAYS) if n != day] for day in range(7)],
        zones=zones,
        coming=coming,
        zone_name=words.zone_label(rules.timezone, now),
        whole=not faulty,
        pressed=action,
        today=now.astimezone(words.zone(rules.timezone)).date().isoformat(),
    )
