"""The operations of Zoom's REST API that a scheduling app uses, under /v2."""

from __future__ import annotations

import base64
import binascii
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, request

from . import meetings
from .clock import unstamp
from .errors import ApiError, no_user
from .fields import clean
from .model import JSON, Meeting, User
from .rest import operation
from .shapes import invitation, list_item, meeting_json, upcoming_item, user_json
from .state import Sandbox

blueprint = Blueprint("api", __name__, url_prefix="/v2")

PAGE_TOKEN_LIFE_S = 900


@blueprint.get("/users/<user_id>")
@operation(scope="user:read:user")
def get_user(_sandbox: Sandbox, user: User, _body: JSON, *, user_id: str) -> JSON:
    """Return the user."""
    _own(user, user_id)
    return user_json(user)


@blueprint.post("/users/<user_id>/meetings")
@operation(scope="meeting:write:meeting", counts=True, status=201)
def create_meeting(sandbox: Sandbox, user: User, body: JSON, *, user_id: str) -> JSON:
    """Create a meeting. There is no idempotency key: three calls make three meetings."""
    wanted = _clean(sandbox, user, body)
    _own(user, user_id)
    _may_host(user)
    return meeting_json(sandbox, meetings.create(sandbox, user, wanted), user)


@blueprint.get("/meetings/<meeting_id>")
@operation(scope="meeting:read:meeting")
def get_meeting(sandbox: Sandbox, user: User, _body: JSON, *, meeting_id: str) -> JSON:
    """Return a meeting, with a fresh start link."""
    return meeting_json(sandbox, _meeting(sandbox, user, meeting_id), user)


@blueprint.patch("/meetings/<meeting_id>")
@operation(scope="meeting:update:meeting", counts=True)
def update_meeting(sandbox: Sandbox, user: User, body: JSON, *, meeting_id: str) -> None:
    """Change a meeting: only the fields sent; 204 says nothing about which were applied."""
    wanted = _clean(sandbox, user, body)
    meeting = _meeting(sandbox, user, meeting_id)
    _may_host(user)
    meetings.update(sandbox, meeting, wanted, by=user)


@blueprint.delete("/meetings/<meeting_id>")
@operation(scope="meeting:delete:meeting")
def delete_meeting(sandbox: Sandbox, user: User, _body: JSON, *, meeting_id: str) -> None:
    """Delete a meeting; it stays in the trash for seven days."""
    if meeting_id == str(user.pmi):
        raise ApiError(400, 3018, "Not allowed to delete PMI.")
    meetings.delete(sandbox, _meeting(sandbox, user, meeting_id), by=user)


@blueprint.put("/meetings/<meeting_id>/status")
@operation(scope="meeting:update:status")
def change_status(sandbox: Sandbox, user: User, body: JSON, *, meeting_id: str) -> None:
    """End a running meeting, or recover a deleted one."""
    action = body.get("action")
    if action not in ("end", "recover"):
        raise ApiError(400, 300, "Validation Failed.", errors=[{"field": "action", "message": "Invalid field."}])
    meeting = meetings.find(sandbox, unquote(meeting_id), user, trash=action == "recover")
    change = meetings.end if action == "end" else meetings.recover
    change(sandbox, meeting, by=user)


@blueprint.get("/meetings/<meeting_id>/invitation")
@operation(scope="meeting:read:invitation")
def get_invitation(sandbox: Sandbox, user: User, _body: JSON, *, meeting_id: str) -> JSON:
    """Return the text that the host could mail."""
    return invitation(sandbox, _meeting(sandbox, user, meeting_id), user)


@blueprint.get("/users/<user_id>/meetings")
@operation(scope="meeting:read:list_meetings", label="Medium")
def list_meetings(sandbox: Sandbox, user: User, _body: JSON, *, user_id: str) -> JSON:
    """Return one page of the user's meetings, instant ones excluded. Odd values of a query key count as absent."""
    _own(user, user_id)
    args = request.args
    found = [m for m in _listed(sandbox, user) if m.type != 1 and _of_kind(sandbox, m, args.get("type", "scheduled"))]
    first, last = _day(args.get("from")), _day(args.get("to"))
    if first or last:
        found = [m for m in found if m.start_time and (first or date.min) <= _date(m) <= (last or date.max)]
    size = min(max(_number(args.get("page_size"), 30), 1), 300)
    page = _number(args.get("page_number"), 1)
    offset = _offset(sandbox, args["next_page_token"]) if args.get("next_page_token") else (max(page, 1) - 1) * size
    rest = found[offset + size :]
    answer: JSON = {"page_size": size, "total_records": len(found)}
    if "page_number" in args:
        answer |= {"page_count": -(-len(found) // size), "page_number": page}
    answer["next_page_token"] = _token(sandbox, offset + size) if rest else ""
    return answer | {"meetings": [list_item(sandbox, m) for m in found[offset : offset + size]]}


@blueprint.get("/users/<user_id>/upcoming_meetings")
@operation(scope="meeting:read:list_upcoming_meetings", label="Medium")
def list_upcoming(sandbox: Sandbox, user: User, _body: JSON, *, user_id: str) -> JSON:
    """Return the user's upcoming and running meetings."""
    _own(user, user_id)
    found = [m for m in _listed(sandbox, user) if _of_kind(sandbox, m, "upcoming")]
    return {"total_records": len(found), "meetings": [upcoming_item(sandbox, m) for m in found]}


def _own(user: User, key: str) -> None:
    if key not in ("me", user.id) and key.lower() != user.email:
        raise no_user(key)


def _may_host(user: User) -> None:
    if not user.can_host:
        raise ApiError(400, 3161, "Your user account is not allowed meeting hosting and scheduling capabilities.")


def _meeting(sandbox: Sandbox, user: User, key: str) -> Meeting:
    # A uuid comes encoded twice, because it may hold a slash.
    return meetings.find(sandbox, unquote(key), user)


def _clean(sandbox: Sandbox, user: User, body: JSON) -> JSON:
    own = {"me", user.id, user.email}
    return clean(body, own=own, timezone=user.timezone, lenient=sandbox.switches.lenient_enums)


def _listed(sandbox: Sandbox, user: User) -> list[Meeting]:
    since = sandbox.ts() - sandbox.switches.list_delay_s
    # Zoom describes no list with meetings of kind 10 (screen sharing only).
    mine = (m for m in sandbox.data.meetings.values() if m.host_id == user.id and m.created <= since and m.type != 10)
    return sorted((m for m in mine if meetings.alive(sandbox, m)), key=lambda m: (m.start_time or "", m.id))


def _of_kind(sandbox: Sandbox, meeting: Meeting, kind: str) -> bool:
    if kind == "live":
        return meeting.status == "started"
    if kind not in ("upcoming", "upcoming_meetings", "previous_meetings"):
        return True
    over = bool(meeting.start_time) and (
        unstamp(meeting.start_time or "") + timedelta(minutes=meeting.duration) <= sandbox.now()
    )
    return over if kind == "previous_meetings" else meeting.status == "started" or not over


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _date(meeting: Meeting) -> date:
    return unstamp(meeting.start_time or meeting.created_at).date()


def _number(text: Any, default: int) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        return default


def _token(sandbox: Sandbox, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{offset}:{int(sandbox.ts())}:next-page".encode()).decode()


def _offset(sandbox: Sandbox, token: str) -> int:
    try:
        offset, issued, _ = base64.urlsafe_b64decode(token).decode().split(":")
        fresh = sandbox.ts() - int(issued) <= PAGE_TOKEN_LIFE_S
    except (ValueError, binascii.Error):
        fresh, offset = False, "0"
    if not fresh:
        raise ApiError(400, 300, "The next page token is invalid or expired.")
    return int(offset)
