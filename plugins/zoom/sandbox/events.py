"""What the sandbox announces by webhook, to whom, and with which payload."""

from __future__ import annotations

from typing import Any

from . import grants
from .clock import stamp
from .model import BASIC, JSON, Meeting, User
from .shapes import join_url
from .state import Sandbox

_COMPARED = ("topic", "agenda", "type", "start_time", "duration", "timezone", "password")
_PRO_ONLY = {"meeting.updated", "meeting.deleted", "meeting.permanently_deleted"}


def snapshot(meeting: Meeting) -> JSON:
    """Return what `meeting_updated` will compare with."""
    return {name: getattr(meeting, name) for name in _COMPARED} | {"settings": dict(meeting.settings)}


def meeting_created(sandbox: Sandbox, meeting: Meeting, by: User) -> None:
    """Announce a new meeting."""
    settings = {
        name: meeting.settings[name] for name in ("use_pmi", "alternative_hosts", "join_before_host", "jbh_time")
    }
    body = _facts(meeting) | {
        "join_url": join_url(sandbox, meeting),
        "password": meeting.password,
        "creation_source": meeting.creation_source,
        "settings": settings,
    }
    _send(sandbox, "meeting.created", by, _operated(by) | {"operation": "single", "object": body})


def meeting_updated(sandbox: Sandbox, meeting: Meeting, by: User, *, before: JSON) -> None:
    """Announce what changed, new and old; nothing changed, nothing said."""
    new: JSON = {}
    old: JSON = {}
    for name in _COMPARED:
        if getattr(meeting, name) != before[name]:
            new[name], old[name] = getattr(meeting, name), before[name]
    changed = [name for name, value in meeting.settings.items() if before["settings"].get(name) != value]
    if changed:
        new["settings"] = {name: meeting.settings[name] for name in changed}
        old["settings"] = {name: before["settings"].get(name) for name in changed}
    if not new:
        return
    payload = _operated(by) | {
        "object": {"id": meeting.id, "uuid": meeting.uuid, "host_id": meeting.host_id} | new,
        "old_object": {"id": meeting.id} | old,
        "time_stamp": _milliseconds(sandbox),
    }
    _send(sandbox, "meeting.updated", by, payload)


def meeting_gone(sandbox: Sandbox, meeting: Meeting, by: User, *, event: str) -> None:
    """Announce that a meeting was deleted, recovered or purged. These always name a start, even of a series without."""
    body = {"start_time": meeting.created_at} | _facts(meeting)
    _send(sandbox, event, by, _operated(by) | {"operation": "single", "object": body})


def meeting_runs(sandbox: Sandbox, meeting: Meeting, by: User, *, event: str) -> None:
    """Announce that a meeting started or ended. Zoom writes the id as text in these two."""
    body = _facts(meeting) | {"id": str(meeting.id), "host_email": by.email}
    body.setdefault("start_time", stamp(sandbox.now()))
    if event == "meeting.ended":
        body["end_time"] = stamp(sandbox.now())
    _send(sandbox, event, by, {"account_id": by.account_id, "object": body})


def user_updated(sandbox: Sandbox, user: User, *, old: JSON) -> None:
    """Announce a user's new values; `old` holds the ones before."""
    new = {name: getattr(user, name) for name in old}
    payload = _operated(user) | {
        "time_stamp": _milliseconds(sandbox),
        "object": {"id": user.id} | new,
        "old_object": {"id": user.id} | old,
    }
    _send(sandbox, "user.updated", user, payload)


def user_deactivated(sandbox: Sandbox, user: User) -> None:
    """Announce that an admin deactivated a user."""
    body = {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "type": user.type,
    }
    _send(
        sandbox,
        "user.deactivated",
        user,
        {"account_id": user.account_id, "operator": "admin@example.com", "object": body},
    )


def uninstall(sandbox: Sandbox, user: User) -> bool:
    """End the user's grant; say whether there was one. A published app is told (app_deauthorized)."""
    if not grants.kill(sandbox, user.id):
        return False
    if sandbox.app.published:
        moment = sandbox.now()
        payload = {
            "account_id": user.account_id,
            "user_id": user.id,
            # A legacy field that nobody should check; it must be there to prove that nobody does.
            "signature": grants.digest(user.id),
            "deauthorization_time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
            "client_id": sandbox.app.client_id,
        }
        sandbox.announce("app_deauthorized", payload, sandbox.app.deauthorization_url or sandbox.app.webhook_url)
    return True


def _send(sandbox: Sandbox, event: str, host: User, payload: JSON) -> None:
    needed = "user:read:user" if event.startswith("user.") else "meeting:read:meeting"
    if needed not in grants.granted(sandbox, host.id):
        return
    if event in _PRO_ONLY and host.type == BASIC:
        return
    sandbox.announce(event, payload, sandbox.app.webhook_url)


def _facts(meeting: Meeting) -> JSON:
    body: dict[str, Any] = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host_id,
        "topic": meeting.topic,
        "type": meeting.type,
        "duration": meeting.duration,
        "timezone": meeting.timezone,
    }
    return body | ({"start_time": meeting.start_time} if meeting.start_time else {})


def _operated(by: User) -> JSON:
    return {"account_id": by.account_id, "operator": by.email, "operator_id": by.id}


def _milliseconds(sandbox: Sandbox) -> int:
    return int(sandbox.ts() * 1000)
