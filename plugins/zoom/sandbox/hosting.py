"""What hosts and admins do at Zoom by hand, as part of the control API: users and their meetings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort

from . import events, grants, meetings
from .control import body_of, only_json
from .fields import clean
from .model import JSON, Meeting, User
from .rest import here

blueprint = Blueprint("hosting", __name__, url_prefix="/_sim")
blueprint.before_request(only_json)

_USER_FIELDS = {"email", "first_name", "last_name", "type", "timezone", "dial_in", "dial_in_countries", "can_host"}


@blueprint.post("/users")
def add_user() -> JSON:
    """Add a user from `email`, `first_name`, `last_name` and `type` (1 Basic, 2 Pro)."""
    body = body_of()
    with here().change():
        try:
            name = body.get("first_name", "New"), body.get("last_name", "User")
            return asdict(here().add_user(body.get("email", ""), *name, plan=body.get("type", 1)))
        except ValueError as error:
            abort(400, str(error))


@blueprint.patch("/users/<key>")
def change_user(key: str) -> JSON:
    """Change a user, found by id or email; the app is told of a new email or plan."""
    values = body_of()
    unknown = values.keys() - _USER_FIELDS
    if unknown:
        abort(400, f"unknown: {', '.join(sorted(unknown))}")
    with here().change():
        user = _user(key)
        edit_user(user, values)
        return asdict(user)


@blueprint.post("/users/<key>/<action>")
def act_on_user(key: str, action: str) -> JSON:
    """Do `revoke` (kill tokens silently), `expire` (access tokens), `uninstall`, `deactivate` or `activate`."""
    with here().change():
        user = _user(key)
        if action == "revoke":
            return {"tokens": grants.kill(here(), user.id)}
        if action == "expire":
            return {"tokens": grants.expire_access(here(), user.id)}
        if action == "uninstall":
            return {"installed": events.uninstall(here(), user)}
        if action not in ("deactivate", "activate"):
            abort(404, "no such action")
        set_active(user, active=action == "activate")
        return asdict(user)


@blueprint.patch("/meetings/<int:meeting_id>")
def change_meeting(meeting_id: int) -> JSON:
    """Edit a meeting as the host would in Zoom; fields as in the REST API."""
    with here().change():
        meeting = _meeting(meeting_id)
        host = here().data.users[meeting.host_id]
        wanted = clean(body_of(), own=set(), timezone=meeting.timezone, lenient=False)
        meetings.update(here(), meeting, wanted, by=host)
        return asdict(meeting)


@blueprint.post("/meetings/<int:meeting_id>/<action>")
def act_on_meeting(meeting_id: int, action: str) -> JSON:
    """Do `delete`, `recover`, `purge`, `start` or `end` as the host would in Zoom."""
    with here().change():
        meeting = _meeting(meeting_id)
        act(meeting, action)
        return asdict(meeting)


def edit_user(user: User, values: JSON) -> None:
    """Change a user's fields; tell the app of a new email address or plan."""
    told = ("email", "type", "first_name", "last_name")
    old = {name: getattr(user, name) for name in values if name in told and getattr(user, name) != values[name]}
    for name, value in values.items():
        setattr(user, name, value)
    if old:
        events.user_updated(here(), user, old=old)


def set_active(user: User, *, active: bool) -> None:
    """Let an admin deactivate or activate a user."""
    if user.active and not active:
        events.user_deactivated(here(), user)
    user.active = active


def act(meeting: Meeting, action: str) -> None:
    """Do to a meeting what its host does in Zoom. Aborts with 404 for an unknown action."""
    does: dict[str, Any] = {name: getattr(meetings, name) for name in ("delete", "recover", "purge", "start", "end")}
    if action not in does:
        abort(404, "no such action")
    does[action](here(), meeting, by=here().data.users[meeting.host_id])


def _user(key: str) -> User:
    user = here().find_user(key)
    return user or abort(404, "no such user")


def _meeting(meeting_id: int) -> Meeting:
    meeting = here().data.meetings.get(meeting_id)
    return meeting or abort(404, "no such meeting")
