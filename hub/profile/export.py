"""Hands a host all that the hub knows of the account: as JSON, as a calendar, and as a table of the bookings."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import words
from hub.notify import calendar
from hub.notify.mail import entry_for
from hub.store.models import Activity, Booking, Connection, EventType, Host
from hub.values import Person

if TYPE_CHECKING:
    from hub.container import Hub

# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Columns of a booking that say nothing of it, or open its pages to whoever has them.
_TOKENS = ("manage_digest", "view_digest", "manage_token", "view_token")
INNER = (*_TOKENS, "id", "host_id", "event_type_id", "nonce", "nonce_digest", "sync_lease", "sync_lease_until")
COLUMNS = ("starts", "ends", "title", "status", "place", "link", "invitee", "email", "notes")


def as_json(hub: Hub, host_id: int) -> bytes:
    """Return the account, its event types, bookings and connections as JSON, without tokens; times in ISO 8601, UTC."""
    with hub.store.read() as session:
        host = session.get_one(Host, host_id)
        found = {
            "exported_at": _text(hub.clock()),
            "account": _columns(host, leave=("password_hash", "session_epoch", "onboarding_draft", "deleted_at")),
            "event_types": [_event_type(row) for row in session.scalars(_of(EventType, host_id))],
            "bookings": _with_timelines(session, host_id),
            "connections": [_connection(row) for row in session.scalars(_of(Connection, host_id))],
        }
    return json.dumps(found, indent=2, ensure_ascii=False, default=str).encode("utf-8", "replace")


def as_calendar(hub: Hub, host_id: int) -> bytes:
    """Return the bookings as one iCalendar file, cancelled ones marked as such."""
    with hub.store.read() as session:
        rows = _bookings(session, host_id)
        entries = [entry_for(hub, row, Person(row.invitee_name, row.invitee_email)) for row in rows]
    return calendar.collection(entries)


def as_table(hub: Hub, host_id: int) -> bytes:
    """Return the bookings as CSV, in the host's time zone, with no cell that a spreadsheet would run."""
    with hub.store.read() as session:
        host = session.get_one(Host, host_id)
        lines = [_line(row, host.timezone) for row in _bookings(session, host_id)]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([harmless(cell) for cell in line] for line in lines)
    return out.getvalue().encode("utf-8-sig", "replace")  # with the mark by which spreadsheets know UTF-8


def harmless(cell: str) -> str:
    """Return the cell such that a spreadsheet shows it and does not run it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def _line(row: Booking, zone: str) -> list[str]:
    value = (row.meeting.value if row.meeting else None) or {}
    place = value.get("where") or row.place.label or row.place.provider
    times = [moment.astimezone(words.zone(zone)).strftime("%Y-%m-%d %H:%M") for moment in (row.starts_at, row.ends_at)]
    person = [row.invitee_name, row.invitee_email, row.notes]
    return [*times, row.title, row.status, place, value.get("join_url") or "", *person]


def _event_type(row: EventType) -> dict[str, Any]:
    places = [_columns(place, leave=("id", "event_type_id")) for place in row.locations]
    return {**_columns(row, leave=("id", "host_id")), "locations": places}


def _with_timelines(session: Session, host_id: int) -> list[dict[str, Any]]:
    mine = select(Activity).join(Booking, Activity.booking_id == Booking.id).where(Booking.host_id == host_id)
    lines: dict[int, list[dict[str, Any]]] = {}
    for line in session.scalars(mine.order_by(Activity.id)):
        lines.setdefault(line.booking_id, []).append({"at": _text(line.at), "text": line.text})
    return [{**_booking(row), "timeline": lines.get(row.id, [])} for row in _bookings(session, host_id)]


def _booking(row: Booking) -> dict[str, Any]:
    return {
        **_columns(row, leave=INNER),
        "meetings": [_columns(one, leave=("id", "booking_id", "account", "attempted_at")) for one in row.meetings],
    }


def _connection(row: Connection) -> dict[str, Any]:
    return _columns(row, leave=("id", "host_id", "account", "tokens", "refresh_lease", "refresh_lease_until"))


def _columns(row: Any, *, leave: tuple[str, ...]) -> dict[str, Any]:
    names = [column.key for column in row.__mapper__.column_attrs if column.key not in leave]
    return {name: _text(getattr(row, name)) for name in names}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _of(table: Any, host_id: int) -> Any:
    return select(table).where(table.host_id == host_id).order_by(table.id)


def _bookings(session: Session, host_id: int) -> list[Booking]:
    return list(session.scalars(_of(Booking, host_id).order_by(None).order_by(Booking.starts_at, Booking.id)))
