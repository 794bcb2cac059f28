"""Booking by HTTP POST, through gunicorn, against a bare Flask + SQLAlchemy app that inserts one row."""

from __future__ import annotations

import contextlib
import html
import random
import re
import secrets
import statistics
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from bench import apps, seed
from bench.engines import Engine
from bench.load import Client, Result, burst, get
from bench.report import Line, ratio_line
from bench.served import served
from hub.app import assemble
from hub.store.migrate import upgrade
from plugins.zoom.sandbox.server import Server, serve_sandbox
from tests.support.world import settings

CLIENTS, HOSTS = 8, 20
FORM = "application/x-www-form-urlencoded"


def measure(engine: Engine, *, rounds: int, seconds: float) -> list[Line]:
    """Return throughput and latency of booking against the floor, from interleaved bursts of so many seconds."""
    with contextlib.ExitStack() as stack:
        floor_url = engine.database("floor")
        apps.Base.metadata.create_all(apps.floor_engine(floor_url))
        floor_port = stack.enter_context(served("floor_app", {"FLOOR_DATABASE_URL": floor_url}, engine.folder))
        folder = engine.folder / "booking"
        with serve_sandbox(published=False) as zoom:
            environ, bookings = prepared(engine, folder, zoom)
        hub_port = stack.enter_context(served("hub_app", environ, folder))
        floor_clients = [Client(floor_port) for _ in range(CLIENTS)]
        hub_clients = [Client(hub_port) for _ in range(CLIENTS)]
        asked = [requests(client, hub_port, share) for client, share in zip(hub_clients, _dealt(bookings), strict=True)]
        rows = [_rows(floor_port, 3000 * max(1, int(rounds * seconds) // CLIENTS + 1)) for _ in range(CLIENTS)]
        burst(floor_clients, rows, seconds=0.5, wanted=b"HTTP/1.1 201")  # warms both up, uncounted
        burst(hub_clients, asked, seconds=1.0, wanted=b"HTTP/1.1 303")
        floors, hubs = [], []
        for _ in range(rounds):
            floors.append(burst(floor_clients, rows, seconds=seconds, wanted=b"HTTP/1.1 201"))
            hubs.append(burst(hub_clients, asked, seconds=seconds, wanted=b"HTTP/1.1 303"))
        for client in (*floor_clients, *hub_clients):
            client.close()
    return _lines(floors, hubs)


def _lines(floors: list[Result], hubs: list[Result]) -> list[Line]:
    floor, hub = Result(), Result()
    for total, parts in ((floor, floors), (hub, hubs)):
        for part in parts:
            total.add(part)
    if hub.failed or floor.failed:
        sample = (hub.last_failure or floor.last_failure).decode(errors="replace")
        raise RuntimeError(f"{hub.failed} bookings and {floor.failed} rows failed, the last with:\n{sample[:3000]}")
    ratios = [one.rate / other.rate for one, other in zip(hubs, floors, strict=True)]
    ratio = statistics.median(ratios)
    spread = f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    return [
        Line("throughput", f"{hub.rate:.0f}/s", f"{floor.rate:.0f}/s", spread, "≥ 0.50 (stretch 0.65)", ratio >= 0.5),
        ratio_line("p50", hub.quantile(0.5), floor.quantile(0.5), most=2),
        ratio_line("p99", hub.quantile(0.99), floor.quantile(0.99), most=3),
    ]


def prepared(engine: Engine, folder: Path, zoom: Server) -> tuple[dict[str, str], list[tuple[str, int, datetime]]]:
    """Return the environment of a hub in this new folder, and a free slot for each booking: (path, location's id, start)."""
    folder.mkdir()
    database_url = engine.database(folder.name)
    upgrade(database_url)
    told = settings(folder, database_url, engine.redis_url, zoom.url)
    hub = assemble(told)
    host = seed.connected_host(hub, zoom)
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    found = []
    for host_id in seed.copies(hub, host.id, HOSTS):
        _, path, places = seed.event_type(hub, host_id)
        found += [(path, places["zoom"], start) for start in seed.every(timedelta(minutes=30), tomorrow, 50 * 48)]
    hub.http.close()
    hub.store.dispose()
    random.Random(1).shuffle(found)
    return dict(told.environ), found


def _dealt(slots: list[tuple[str, int, datetime]]) -> list[list[tuple[str, int, datetime]]]:
    return [slots[n::CLIENTS] for n in range(CLIENTS)]


def requests(client: Client, port: int, slots: list[tuple[str, int, datetime]]) -> list[bytes]:
    """Return the requests of one browser: it opened a form once, and so has a session and its forgery token."""
    path, _, start = slots[0]
    page = client.send(get(f"{path}?slot={start:%Y%m%dT%H%M00Z}", port)).decode()
    cookie = re.search(r"^set-cookie: ([^;]+)", page, re.I | re.M)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    if not cookie or not token:
        raise RuntimeError(f"that is no booking form: {page[:2000]}")
    who = secrets.token_hex(4)
    made = []
    for n, (path, place, start) in enumerate(slots):
        fields = {
            "csrf_token": html.unescape(token[1]),
            "slot": f"{start:%Y%m%dT%H%M00Z}",
            "tz": "Europe/London",
            "nonce": secrets.token_urlsafe(16),
            "contact_again": "",
            "location": str(place),
            "name": "Bob Invitee",
            "email": f"bob-{who}-{n}@example.net",
            "notes": "Looking forward to it.",
        }
        made.append(_post(path, port, fields, f"Cookie: {cookie[1]}\r\n"))
    return made


def _rows(port: int, count: int) -> list[bytes]:
    fields = {"slot": "20261201T0900Z", "name": "Bob Invitee", "email": "bob@example.net"}
    return [_post("/rows", port, fields)] * count


def _post(path: str, port: int, fields: Mapping[str, str], headers: str = "") -> bytes:
    body = urlencode(fields)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {FORM}\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
