"""A hub on either engine, with a clock that tests move, a folder of mails, and a local Zoom over real HTTP."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
from icalendar import Calendar
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import select

from hub import config
from hub.app import assemble, handlers
from hub.container import Hub
from hub.outbox import sweep
from hub.providers import Registry, load
from hub.store.models import Activity, Booking, Host, MeetingRow
from hub.testing.world import START as START
from hub.testing.world import Clock, DeafQueue, Mailbox

KEY = "A" * 43 + "="


# One client for all, as each would read the machine's certificates anew; no connection outlives its request.
TO_VENDOR = httpx2.Client(trust_env=False, verify=False, timeout=60, limits=httpx2.Limits(max_keepalive_connections=0))


class CompiledTemplates(BytecodeCache):
    """Templates that one app of this process has compiled, for all others; each would take a second anew."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledTemplates()


class World(Mailbox):
    """Everything that a flow test looks at."""

    def __init__(self, hub: Hub, clock: Clock, zoom: Any, mails: Path) -> None:
        super().__init__(mails)
        self.hub, self.clock, self.zoom, self.mails_folder = hub, clock, zoom, mails

    def work(self) -> int:
        """Do all that is due, as the workers would; returns how many outbox rows ran."""
        return sweep.drain(self.hub, handlers(self.hub))

    def booking(self, booking_id: int = 0) -> Booking:
        """Return one booking as it is in the database: this one, or the newest."""
        with self.hub.store.read() as session:
            wanted = Booking.id == booking_id if booking_id else Booking.id > 0
            return session.scalars(select(Booking).where(wanted).order_by(Booking.id.desc())).first()  # type: ignore[return-value]

    def meeting(self, booking_id: int = 0) -> MeetingRow:
        """Return the wanted meeting row of that booking."""
        row = self.booking(booking_id).meeting
        assert row is not None
        return row

    def timeline(self, booking_id: int = 0) -> list[str]:
        """Return what happened to the booking, in single words."""
        return [row.what for row in self._happened(booking_id)]

    def told(self, booking_id: int = 0) -> list[str]:
        """Return what happened to the booking, as its host reads it."""
        return [row.text for row in self._happened(booking_id)]

    def _happened(self, booking_id: int) -> Sequence[Activity]:
        wanted = self.booking(booking_id).id
        with self.hub.store.read() as session:
            return session.scalars(select(Activity).where(Activity.booking_id == wanted).order_by(Activity.id)).all()

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Call the local Zoom's control API."""
        answer = TO_VENDOR.request(method, f"{self.zoom.url}/_sim{path}", json=body or {})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def meetings_at_zoom(self) -> list[dict[str, Any]]:
        """Return the meetings that exist at the local Zoom."""
        state = self.control("GET", "/state")
        return [meeting for meeting in state["meetings"] if not meeting.get("deleted_at")]

    def link(self, booking_id: int = 0) -> str:
        """Return the booking's join link, which leads to a meeting that exists."""
        value = self.meeting(booking_id).value
        assert value
        assert str(value["external_id"]) in [str(meeting["id"]) for meeting in self.meetings_at_zoom()]
        assert f"/j/{value['external_id']}?pwd=" in value["join_url"]
        return str(value["join_url"])

    def calls_at_zoom(self, route: str = "") -> list[dict[str, Any]]:
        """Return the calls the local Zoom got, all or those of one route."""
        found: list[dict[str, Any]] = self.control("GET", "/requests" + (f"?route={route}" if route else ""))[
            "requests"
        ]
        return found

    def breaks_zoom(self, kind: str, route: str = "*", *, times: int | None = 1, **more: Any) -> None:
        """Have the local Zoom answer the next calls of a route with a fault."""
        self.control("POST", "/faults", route=route, kind=kind, count=times, **more)

    def mends_zoom(self) -> None:
        """End all faults."""
        self.control("DELETE", "/faults")

    def calendar(self, mail: EmailMessage) -> Calendar:
        """Return the calendar file of a mail."""
        part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return Calendar.from_ical(payload)  # type: ignore[return-value]

    def entry(self, mail: EmailMessage) -> Any:
        """Return the event of a mail's calendar file."""
        return self.calendar(mail).walk("VEVENT")[0]

    def host(self, address: str = "ada@example.com") -> Host:
        """Return the host with this address."""
        with self.hub.store.read() as session:
            return session.scalars(select(Host).where(Host.email == address)).one()


def settings(folder: Path, database_url: str, redis_url: str, zoom_url: str = "", **more: str) -> config.Settings:
    """Return settings for a hub in `folder`, connected to the local Zoom at `zoom_url` if there is one."""
    environ: dict[str, str] = {
        "HUB_DATA_DIR": str(folder),
        "HUB_DATABASE_URL": database_url,
        "HUB_REDIS_URL": redis_url,
        "HUB_PUBLIC_URL": "http://localhost",
        "HUB_SECRET_KEY": "k" * 40,
        "HUB_ENCRYPTION_KEYS": KEY,
        "HUB_MAIL_URL": f"file://{folder / 'mail'}",
        "HUB_MAIL_FROM": "Hub <hub@hub.example>",
    }
    if zoom_url:
        environ |= zoom_settings(zoom_url)
    return config.load({**environ, **more})


def zoom_settings(url: str) -> Mapping[str, str]:
    """Return the environment that points the hub at a local Zoom."""
    return {
        "HUB_ZOOM_CLIENT_ID": "sandbox-client",
        "HUB_ZOOM_CLIENT_SECRET": "sandbox-secret",
        "HUB_ZOOM_WEBHOOK_SECRET": "sandbox-webhook-secret",
        "HUB_ZOOM_OAUTH_URL": url,
        "HUB_ZOOM_API_URL": f"{url}/v2",
    }


@functools.cache
def installed() -> Registry:
    """Return the registry of all installed providers; it never changes, and looking them up takes longer than most tests."""
    return load()


def make_hub(given: config.Settings, clock: Clock, queue: Any = None) -> Hub:
    """Assemble a hub with the test's clock and, unless given, a queue that takes nothing."""
    return dataclasses.replace(assemble(given, installed()), clock=clock, sleep=clock.sleep, queue=queue or DeafQueue())
