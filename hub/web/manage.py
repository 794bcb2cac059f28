"""The page of one booking: when, where, and what can still be done; also the page after booking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel import Locale
from flask import Blueprint, abort, current_app, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub.accounts.forgetting import PAGE_KEPT
from hub.connections.readiness import standing
from hub.notify import calendar
from hub.notify.details import Place, country_of, details, dial_in_for
from hub.notify.mail import entry_for
from hub.scheduling import bookings, offers
from hub.store.models import Activity, Booking, EventType
from hub.values import DialIn, Meeting, Person
from hub.web.security import limiter
from hub.web.shell import the_hub
from hub.web.visitor import reader

blueprint = Blueprint("manage", __name__)

KINDS = ("booked", "moved", "relocated", "cancelled")

# Wrong tokens are counted, so that nobody can try them out; right ones cost nothing.
probed = limiter.shared_limit(
    lambda: str(current_app.config.get("TOKEN_LIMIT", "20/minute")),
    scope="tokens",
    deduct_when=lambda response: response.status_code == 404,
)


@dataclass(frozen=True)
class Mine:
    """A booking as the holder of a token sees it; `may_change` is False for a token that only shows."""

    token: str
    booking: Booking
    may_change: bool
    event_type: EventType | None
    options: list[offers.Option]
    kind: str

    @property
    def state(self) -> str:
        """What the headline says: booked, moved, relocated, cancelled, now or over."""
        now = the_hub().clock()
        if not self.booking.confirmed:
            return "cancelled"
        if self.booking.ends_at <= now:
            return "over"
        return "now" if self.booking.starts_at <= now else self.kind

    @property
    def final(self) -> str:
        """Why nothing can be done any more, empty where something can."""
        reasons = {
            "cancelled": "This booking is cancelled, so there is nothing left to change.",
            "over": "This meeting is over, so there is nothing left to change.",
            "now": "This meeting has begun, so it can't be changed or cancelled any more.",
        }
        return reasons.get(self.state, "")

    @property
    def fixed(self) -> str:
        """Why time and place can't be changed, empty where they can."""
        name = self.booking.host.first_name
        if self.final:
            return self.final
        if self.booking.changes >= bookings.MOST_CHANGES:
            return f"This booking was changed too often to be changed here once more. Please write to {name}."
        if self.event_type is None:
            return f"{name} does not offer this kind of meeting any more, so it can't be moved; it still takes place."
        return ""

    @property
    def can_relocate(self) -> bool:
        """Whether there is another place, or another answer, to choose."""
        return not self.fixed and (len(self.options) > 1 or any(option.fields for option in self.options))


def mine(token: str, *, change: bool = False) -> Mine:
    """Return the booking of this token. Aborts with 404, or with 410 long after the end."""
    hub = the_hub()
    with hub.store.read() as session:
        found = bookings.find(session, token)
        if found is None or (change and not found[1]):
            abort(404)
        booking, may_change = found
        if booking.ends_at + PAGE_KEPT <= hub.clock():
            abort(410)
        event_type = session.get(EventType, booking.event_type_id) if booking.event_type_id else None
        known = standing(session, hub, booking.host)
        options = offers.options(hub, known, event_type) if event_type else []
        return Mine(token, booking, may_change, event_type, options, _kind(session, booking))


def _kind(session: Session, booking: Booking) -> str:
    query = select(Activity.what).where(Activity.booking_id == booking.id, Activity.what.in_(KINDS))
    return session.scalar(query.order_by(Activity.id.desc()).limit(1)) or "booked"


@blueprint.get("/b/<token>")
@probed
def show(token: str) -> str:
    """Show the booking. Nothing is changed by looking, whoever looks."""
    return page(mine(token))


@blueprint.get("/b/<token>/where")
@probed
def where(token: str) -> Response:
    """Return the part of the page that changes by itself; nothing where it is as the page has it."""
    my = mine(token)
    if request.args.get("version") != str(my.booking.version):
        return Response("", headers={"HX-Refresh": "true"})
    if request.args.get("seen") == details(the_hub(), my.booking).state:
        return Response(status=204)
    return make_response(render_template("manage/_where.html", **_context(my)))


@blueprint.get("/b/<token>/calendar.ics")
@probed
def calendar_file(token: str) -> Response:
    """Return the booking as a calendar entry."""
    data = calendar.ics(_entry(mine(token).booking))
    headers = {"Content-Disposition": 'attachment; filename="booking.ics"'}
    return Response(data, content_type="text/calendar; charset=utf-8", headers=headers)


def page(my: Mine) -> str:
    """Return the page of a booking."""
    return render_template("manage/page.html", **_context(my))


def _context(my: Mine) -> dict[str, Any]:
    hub, booking = the_hub(), my.booking
    about = details(hub, booking)
    guest, owner = reader(booking.invitee_timezone), reader(booking.host.timezone)
    entry = _entry(booking)
    provider = hub.registry.get(about.provider)
    event_type = my.event_type
    return {
        "my": my,
        "booking": booking,
        "about": about,
        "making": about.state is Place.MAKING,
        "remote": bool(provider and provider.oauth),
        "numbers": _numbers(about.meeting, country_of(booking.invitee_timezone)) if about.meeting else [],
        "visitor": guest,
        "comes_at": f"{guest.at(about.comes_at)} ({guest.abbreviation(about.comes_at)})" if about.comes_at else "",
        "answers": _answers(my),
        "when": guest.span(booking.starts_at, booking.ends_at),
        "host_when": owner.span(booking.starts_at, booking.ends_at) if _differs(booking) else "",
        "host_zone": owner.label(booking.starts_at),
        "google": calendar.google_link(entry),
        "outlook": calendar.outlook_link(entry),
        "again": f"/{booking.host.handle}/{event_type.slug}" if event_type and event_type.active else "",
        "url": lambda part: url_for(f"manage.{part}", token=my.token),
    }


def _answers(my: Mine) -> list[tuple[str, str]]:
    """Return what the invitee answered for the place, with the provider's words for it."""
    place = next((option for option in my.options if option.id == my.booking.location.get("id")), None)
    labels = {field.name: field.label for field in place.fields} if place else {}
    return [(labels.get(name, name.capitalize()), str(value)) for name, value in my.booking.answers.items()]


def _entry(booking: Booking) -> calendar.Entry:
    return entry_for(the_hub(), booking, Person(booking.invitee_name, booking.invitee_email))


def _differs(booking: Booking) -> bool:
    guest, owner = reader(booking.invitee_timezone), reader(booking.host.timezone)
    return guest.local(booking.starts_at).utcoffset() != owner.local(booking.starts_at).utcoffset()


def _numbers(meeting: Meeting, country: str) -> list[DialIn]:
    """Return the dial-in numbers, the invitee's country first, each with its country in words."""
    names = Locale("en").territories
    found = []
    for number in dial_in_for(meeting, country):
        name = names.get(number.country, number.country)
        label = number.label if not name or number.label.startswith(name) else f"{name}, {number.label}".strip(", ")
        found.append(DialIn(number.number, name, label, number.tap))
    return found
