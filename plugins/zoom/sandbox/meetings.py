"""What can happen to a meeting, by API or by the host's hand. Call everything inside `change()`."""

from __future__ import annotations

import base64
import secrets
import string
from datetime import timedelta

from . import events
from .clock import stamp, unstamp
from .errors import ApiError, no_meeting
from .fields import DEFAULTS
from .model import BASIC, JSON, Meeting, User
from .state import Sandbox

TRASH_S = 7 * 86400
"""A deleted meeting can be recovered for seven days."""

EXPIRES_AFTER = timedelta(days=30)
"""Zoom forgets a meeting about thirty days after its time."""

IN_PROGRESS = "Sorry, you cannot delete this meeting since it's in progress."


def create(sandbox: Sandbox, host: User, wanted: JSON, *, source: str = "open_api") -> Meeting:
    """Add a meeting from checked fields (see `fields.clean`) and announce it."""
    now = sandbox.now()
    kind = wanted.get("type", 2)
    password, strong = wanted.get("password", ""), sandbox.switches.strong_passcodes
    if not password and wanted.get("default_password", True):
        password = _drawn(string.ascii_letters + string.digits, 10) if strong else _drawn(string.digits, 6)
    meeting = Meeting(
        id=_new_id(sandbox),
        uuid=_new_uuid(),
        host_id=host.id,
        topic=wanted.get("topic") or "Zoom Meeting",
        type=kind,
        duration=wanted.get("duration", 60),
        timezone=wanted.get("timezone", host.timezone),
        created_at=stamp(now),
        created=now.timestamp(),
        # A missing or past start means now; a series without fixed time has none.
        start_time=None if kind == 3 else stamp(max(wanted.get("start_time", now), now)),
        agenda=wanted.get("agenda", ""),
        pre_schedule=wanted.get("pre_schedule", False),
        creation_source=source,
        settings=_effective(DEFAULTS | wanted.get("settings", {}), host),
    )
    _set_password(sandbox, meeting, password)
    sandbox.data.meetings[meeting.id] = meeting
    events.meeting_created(sandbox, meeting, host)
    return meeting


def update(sandbox: Sandbox, meeting: Meeting, wanted: JSON, *, by: User) -> None:
    """Change what the checked fields name and announce the difference; a past start is ignored without a word."""
    before = events.snapshot(meeting)
    start = wanted.get("start_time")
    if start and start >= sandbox.now() and meeting.type != 3:
        meeting.start_time = stamp(start)
    for name in ("topic", "agenda", "type", "duration", "timezone", "pre_schedule"):
        if name in wanted:
            setattr(meeting, name, wanted[name])
    if "password" in wanted and wanted["password"] != meeting.password:
        _set_password(sandbox, meeting, wanted["password"])
    if "settings" in wanted:
        meeting.settings = _effective(meeting.settings | wanted["settings"], by)
    events.meeting_updated(sandbox, meeting, by, before=before)


def delete(sandbox: Sandbox, meeting: Meeting, *, by: User) -> None:
    """Put a meeting into the trash. Raises ApiError 400/3002 while it is in progress."""
    if meeting.status == "started" and sandbox.switches.in_progress_delete:
        raise ApiError(400, 3002, IN_PROGRESS)
    meeting.deleted_at = sandbox.ts()
    meeting.status = "waiting"
    events.meeting_gone(sandbox, meeting, by, event="meeting.deleted")


def recover(sandbox: Sandbox, meeting: Meeting, *, by: User) -> None:
    """Take a meeting out of the trash; does nothing if it is not there."""
    if meeting.deleted_at is None:
        return
    meeting.deleted_at = None
    events.meeting_gone(sandbox, meeting, by, event="meeting.recovered")


def purge(sandbox: Sandbox, meeting: Meeting, *, by: User) -> None:
    """Empty a meeting out of the trash for good; its id is never given to another one."""
    meeting.deleted_at = meeting.deleted_at or sandbox.ts()
    meeting.purged = True
    events.meeting_gone(sandbox, meeting, by, event="meeting.permanently_deleted")


def start(sandbox: Sandbox, meeting: Meeting, *, by: User) -> None:
    """Let the host begin; does nothing if the meeting runs."""
    if meeting.status == "started":
        return
    meeting.status = "started"
    events.meeting_runs(sandbox, meeting, by, event="meeting.started")


def end(sandbox: Sandbox, meeting: Meeting, *, by: User) -> None:
    """Let the meeting end; does nothing if it does not run. An instant meeting is over for good."""
    if meeting.status != "started":
        return
    meeting.status = "waiting"
    if meeting.type == 1:
        meeting.purged = True
    events.meeting_runs(sandbox, meeting, by, event="meeting.ended")


def find(sandbox: Sandbox, key: str, host: User, *, trash: bool = False) -> Meeting:
    """Return the host's meeting by id or uuid, with `trash` also a deleted one. Raises ApiError 404/3001."""
    meeting = lookup(sandbox, key)
    if meeting and meeting.host_id == host.id and (alive(sandbox, meeting) or (trash and in_trash(sandbox, meeting))):
        return meeting
    raise no_meeting(key)


def lookup(sandbox: Sandbox, key: str) -> Meeting | None:
    """Return a meeting by id or uuid, whatever has become of it."""
    if key.isascii() and key.isdigit():
        return sandbox.data.meetings.get(int(key))
    return next((meeting for meeting in sandbox.data.meetings.values() if meeting.uuid == key), None)


def alive(sandbox: Sandbox, meeting: Meeting) -> bool:
    """Say whether the API still knows the meeting: neither deleted nor long over."""
    if meeting.purged or meeting.deleted_at is not None:
        return False
    last = unstamp(meeting.start_time or meeting.created_at)
    return meeting.type in (3, 8) or sandbox.now() < last + EXPIRES_AFTER


def in_trash(sandbox: Sandbox, meeting: Meeting) -> bool:
    """Say whether the meeting was deleted but can be recovered."""
    return not meeting.purged and meeting.deleted_at is not None and sandbox.ts() < meeting.deleted_at + TRASH_S


def _effective(settings: JSON, host: User) -> JSON:
    # Zoom applies what it can and says nothing about the rest; the answer shows what holds.
    settings = dict(settings)
    if settings["waiting_room"]:
        settings["join_before_host"] = False
    if settings["encryption_type"] == "e2ee" or host.type == BASIC:
        settings["auto_recording"] = "none" if settings["auto_recording"] == "cloud" else settings["auto_recording"]
    return settings


def _set_password(sandbox: Sandbox, meeting: Meeting, password: str) -> None:
    for_phones = password
    if password and not password.isdigit():
        for_phones = _drawn(string.digits, 10 if sandbox.switches.strong_passcodes else 6)
    meeting.password, meeting.pstn_password = password, for_phones
    meeting.encrypted_password = f"{secrets.token_hex(15)}.1" if password else ""


def _new_id(sandbox: Sandbox) -> int:
    while True:
        number = 80_000_000_000 + secrets.randbelow(19_999_999_999)
        if number not in sandbox.data.meetings:
            return number


def _new_uuid() -> str:
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _drawn(signs: str, count: int) -> str:
    return "".join(secrets.choice(signs) for _ in range(count))
