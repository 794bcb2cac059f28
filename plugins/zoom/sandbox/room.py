"""Where join and start links lead: the simulated meeting room."""

from __future__ import annotations

from hmac import compare_digest

from flask import Blueprint, request

from . import meetings
from .clock import unstamp, zone
from .model import Meeting
from .pages import Page, message, render_template, signed_in
from .rest import here
from .shapes import dial_in, start_key_valid

blueprint = Blueprint("room", __name__)


@blueprint.get("/j/<int:meeting_id>")
def join(meeting_id: int) -> Page:
    """Join as a guest with the link's passcode, or as the host who is signed in."""
    meeting = _alive(meeting_id)
    if not meeting:
        return _gone(meeting_id)
    user = signed_in()
    if user and user.id == meeting.host_id:
        return _room(meeting, "opened as its host")
    if not compare_digest(request.args.get("pwd", "").encode(), meeting.encrypted_password.encode()):
        return message("Passcode needed", "This link lacks the right passcode.", status=403)
    return _room(meeting, "joined")


@blueprint.get("/s/<int:meeting_id>")
def start(meeting_id: int) -> Page:
    """Enter as the host, as anyone does who holds a fresh start link."""
    meeting = _alive(meeting_id)
    if not meeting:
        return _gone(meeting_id)
    if not start_key_valid(here(), meeting_id, request.args.get("zak", "")):
        return message("Link expired", "This start link has expired. Sign in to Zoom to start the meeting.", status=403)
    return _room(meeting, "opened as its host")


def _alive(meeting_id: int) -> Meeting | None:
    meeting = here().data.meetings.get(meeting_id)
    return meeting if meeting and meetings.alive(here(), meeting) else None


def _gone(meeting_id: int) -> Page:
    return message("This meeting link is invalid", f"There is no meeting {meeting_id} (3,001).", status=404)


def _room(meeting: Meeting, verb: str) -> str:
    host = here().data.users[meeting.host_id]
    local = unstamp(meeting.start_time or meeting.created_at).astimezone(zone(meeting.timezone))
    starts = f"{local:%a} {local.day} {local:%b %Y, %H:%M} ({meeting.timezone})"
    numbers = dial_in(meeting, host).get("global_dial_in_numbers", [])
    return render_template("room.html", meeting=meeting, host=host, starts=starts, verb=verb, numbers=numbers)
