"""A host's bookings: the lists, and one booking with its timeline and what can be done about its meeting."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from hub import words
from hub.connections.readiness import standing
from hub.container import Hub
from hub.errors import InvalidInput, NotPossible, ProviderError
from hub.meetings import repair
from hub.notify.details import Details, country_of, details, dial_in_for
from hub.scheduling import agenda, offers
from hub.store.models import Booking, EventType
from hub.web import booking_lines
from hub.web.picker import write_start
from hub.web.session import host_id
from hub.web.shell import the_hub

blueprint = Blueprint("bookings", __name__, url_prefix="/bookings")

LAST_PAGE = 10_000
TABS = {"upcoming": "Upcoming", "past": "Past", "cancelled": "Cancelled", "unlinked": "Without a link"}


@dataclass(frozen=True)
class Own:
    """One of the host's bookings with what decides on what can be done; the reasons are empty where it can."""

    booking: Booking
    event_type: EventType | None
    options: list[offers.Option]
    warning: str = ""

    @property
    def closed(self) -> str:
        """Why nothing can be changed any more."""
        now = the_hub().clock()
        if not self.booking.confirmed:
            return "This booking is cancelled, so there is nothing left to change."
        if self.booking.ends_at <= now:
            return "This booking is over, so there is nothing left to change."
        return "This booking has begun, so it can't be changed any more." if self.booking.starts_at <= now else ""

    @property
    def fixed(self) -> str:
        """Why it can't be moved or given another location."""
        gone = "Its event type was deleted, so it can't be moved; it still takes place."
        return self.closed or ("" if self.event_type else gone)

    @property
    def can_relocate(self) -> bool:
        """Whether there is another location, or another answer, to choose."""
        return not self.fixed and (len(self.options) > 1 or any(option.fields for option in self.options))


@blueprint.get("")
@login_required  # type: ignore[untyped-decorator]
def index() -> str:
    """List the bookings of a tab, by day in the host's zone."""
    hub = the_hub()
    tab = request.args.get("tab", "upcoming")
    tab = tab if tab in agenda.TABS else "upcoming"
    page = request.args.get("page", 1, int)
    page = page if 1 <= page <= LAST_PAGE else 1
    with hub.store.read() as session:
        rows, more = agenda.bookings(session, hub, host_id(), tab, page)
    zone = words.zone(current_user.host.timezone)
    days = groupby(rows, key=lambda row: words.day(row.starts_at.astimezone(zone)))
    return render_template(
        "bookings/index.html",
        tab=tab,
        tabs=[(name, label) for name, label in TABS.items() if name in (*agenda.TABS[:3], tab)],
        page=page,
        more=more,
        days=[
            (day, [booking_lines.line(hub, row, current_user.host.timezone) for row in found]) for day, found in days
        ],
        zone_name=words.zone_label(current_user.host.timezone, hub.clock()),
    )


@blueprint.get("/<ref>")
@login_required  # type: ignore[untyped-decorator]
def show(ref: str) -> str:
    """Show one booking."""
    return _page(own(ref))


@blueprint.post("/<ref>/retry")
@login_required  # type: ignore[untyped-decorator]
def retry(ref: str) -> Response:
    """Ask for the meeting once more."""
    try:
        if not repair.retry(the_hub(), host_id(), ref):
            abort(404)
    except NotPossible as fault:
        flash(fault.message, "bad")
    else:
        flash("It is tried again now.", "ok")
    return redirect(url_for("bookings.show", ref=ref))


@blueprint.post("/<ref>/link")
@login_required  # type: ignore[untyped-decorator]
def link(ref: str) -> Response | tuple[str, int]:
    """Take a link of the host's own, and mail it."""
    typed = request.form.get("link", "")
    try:
        if not repair.paste_link(the_hub(), host_id(), ref, typed):
            abort(404)
    except InvalidInput as fault:
        return _page(own(ref), typed=typed, errors={fault.field: fault.message}), 422
    except NotPossible as fault:
        flash(fault.message, "bad")
    else:
        flash("The link is kept, and is on its way to both of you by mail.", "ok")
    return redirect(url_for("bookings.show", ref=ref))


@blueprint.post("/missing-links")
@login_required  # type: ignore[untyped-decorator]
def missing_links() -> Response:
    """Ask for the meetings of all upcoming bookings that have none."""
    count = repair.create_missing(the_hub(), host_id())
    made = f"{count} meeting{' is' if count == 1 else 's are'} being made; the links go out by mail."
    flash(made if count else "There is no link to create any more.", "ok" if count else "info")
    return redirect(url_for("bookings.index"))


def own(ref: str) -> Own:
    """Return the signed-in host's booking. Aborts with 404 where there is none."""
    hub = the_hub()
    with hub.store.read() as session:
        booking = agenda.find(session, host_id(), ref[:32])
        if booking is None:
            abort(404)
        event_type = session.get(EventType, booking.event_type_id) if booking.event_type_id else None
        known = standing(session, hub, booking.host)
        key = booking.place.provider
        # Only what holds for this very booking, such as a limit of the account; its meeting's state says the rest.
        warning = known.warning(key, booking.minutes) if known.ready(key) else ""
        return Own(booking, event_type, offers.options(hub, known, event_type) if event_type else [], warning)


def _page(mine: Own, *, typed: str = "", errors: dict[str, str] | None = None) -> str:
    hub, booking = the_hub(), mine.booking
    with hub.store.read() as session:
        rows = agenda.timeline(session, booking.id)
    about, zone = details(hub, booking), current_user.host.timezone
    provider = hub.registry.get(about.provider)
    numbers = dial_in_for(about.meeting, country_of(booking.invitee_timezone)) if about.meeting else []
    theirs = words.when(booking.starts_at, booking.ends_at, booking.invitee_timezone)
    return render_template(
        "bookings/show.html",
        mine=mine,
        booking=booking,
        about=about,
        badge=booking_lines.state(hub, booking),
        when=words.when(booking.starts_at, booking.ends_at, zone),
        theirs=theirs if booking.invitee_timezone != zone else "",
        numbers=numbers,
        answers=_answers(hub, booking),
        timeline=booking_lines.happened(rows, zone),
        zone_name=words.zone_label(zone, hub.clock()),
        remote=bool(provider and provider.oauth),
        over=booking.ends_at <= hub.clock(),
        can_retry=repair.can_retry(booking),
        comes_at=words.short(about.comes_at, zone) if about.comes_at else "",
        there=words.when(*about.there, zone) if about.there else "",
        there_slot=_slot_there(mine, about),
        typed=typed,
        errors=errors or {},
    )


def _slot_there(mine: Own, about: Details) -> str:
    """Return the start to which the meeting was moved at the vendor, as the page that moves the booking takes it."""
    if about.there is None or mine.fixed or about.there[0] == mine.booking.starts_at:
        return ""
    return write_start(about.there[0])


def _answers(hub: Hub, booking: Booking) -> list[tuple[str, str]]:
    """Return the invitee's answers with the words in which they were asked."""
    provider = hub.registry.get(booking.place.provider)
    labels: dict[str, str] = {}
    if provider is not None and booking.answers:
        try:
            labels = {field.name: field.label for field in provider.invitee_fields(booking.place)}
        except ProviderError:
            labels = {}  # the plugin broke; the answers are shown under their names
    return [(labels.get(name, name), str(value)) for name, value in booking.answers.items()]
