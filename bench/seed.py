"""Hosts, event types and histories of bookings to measure with."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from hub.app import create_app
from hub.connections.tokens import place_of
from hub.container import Hub
from hub.store.models import Booking, Connection, EventType, Host, LocationRow
from plugins.zoom.sandbox.server import Server
from tests.support.people import Host as Person
from tests.support.world import World

ALL_DAY: Mapping[str, Any] = {str(day): [[0, 1440]] for day in range(7)}
INPUTS: Mapping[str, dict[str, Any]] = {
    "zoom": {},
    "phone": {"mode": "host_calls"},
    "inperson": {"mode": "host_place", "address": "Café Central, Wien"},
}
CHUNK = 5000


def connected_host(hub: Hub, zoom: Server, *, name: str = "Ada Lovelace") -> Person:
    """Return a host who is connected to the local Zoom, by way of the hub's own pages, and is free day and night."""
    app = create_app(hub=hub)
    world = World(hub, hub.clock, zoom, hub.settings.data_dir / "mail")  # type: ignore[arg-type]  # any clock will do
    person = Person(app, world, name=name)
    person.connects("zoom")
    with hub.store.write() as session:
        host = session.get_one(Host, person.id)
        host.hours, host.timezone = dict(ALL_DAY), "UTC"
    return person


def copies(hub: Hub, host_id: int, count: int) -> list[int]:
    """Return the ids of `count` hosts: this one, and others with the same hours and connection."""
    ids = [host_id]
    with hub.store.write() as session:
        for n in range(1, count):
            host = Host(**_columns(session.get_one(Host, host_id), email=f"h{n}@example.com", handle=f"host-{n}"))
            session.add(host)
            session.flush()
            for connection in session.query(Connection).filter_by(host_id=host_id):
                copy = Connection(**_columns(connection, host_id=host.id))
                session.add(copy)
                session.flush()
                plain = hub.vault.open(connection.tokens, place_of(connection))
                copy.tokens = hub.vault.seal(plain, place_of(copy))  # sealed for the row in which they stand
            ids.append(host.id)
    return ids


def event_type(hub: Hub, host_id: int, *, minutes: int = 30) -> tuple[int, str, dict[str, int]]:
    """Return the id of a new event type, its path, and its locations' ids by provider."""
    with hub.store.write() as session:
        made = EventType(host_id=host_id, title="Call", slug="call", minutes=minutes, notice=0, created_at=hub.clock())
        for position, (key, inputs) in enumerate(INPUTS.items()):
            made.locations.append(LocationRow(position=position, provider=key, inputs=dict(inputs)))
        session.add(made)
        session.flush()
        places = {row.provider: row.id for row in made.locations}
        return made.id, f"/{session.get_one(Host, host_id).handle}/{made.slug}", places


def fill(hub: Hub, host_id: int, starts: Iterator[datetime], *, event_type_id: int) -> None:
    """Add a confirmed half-hour booking at each of these starts (aware)."""
    now, rows = hub.clock(), []
    for start in starts:
        rows.append(_booking(host_id, event_type_id, start, now))
        if len(rows) == CHUNK:
            _insert(hub, rows)
            rows = []
    if rows:
        _insert(hub, rows)


def every(step: timedelta, since: datetime, count: int) -> Iterator[datetime]:
    """Yield `count` times, a step apart."""
    return (since + n * step for n in range(count))


def _insert(hub: Hub, rows: list[dict[str, Any]]) -> None:
    with hub.store.write() as session:
        session.execute(insert(Booking), rows)


def _booking(host_id: int, event_type_id: int, start: datetime, now: datetime) -> dict[str, Any]:
    end = start + timedelta(minutes=30)
    unique = secrets.token_hex(16)
    return {
        "ref": unique,
        "host_id": host_id,
        "event_type_id": event_type_id,
        "manage_digest": f"m{unique}",
        "view_digest": f"v{unique}",
        "nonce": unique,
        "nonce_digest": unique,
        "title": "Call",
        "starts_at": start,
        "ends_at": end,
        "busy_from": start,
        "busy_to": end,
        "location": {"id": 0, "provider": "inperson", "inputs": {}, "label": "", "promise": ""},
        "invitee_name": "Bob Invitee",
        "invitee_email": "bob@example.net",
        "invitee_timezone": "Europe/London",
        "created_at": now,
        "updated_at": now,
    }


def _columns(row: Any, **changed: Any) -> dict[str, Any]:
    kept = {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key != "id"}
    return {**kept, **changed}
