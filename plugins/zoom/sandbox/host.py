"""The pages of the sandbox's own prefix: what hosts do with their meetings and admins with their users."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from . import events, grants, meetings
from .clock import stamp, unstamp, zone
from .errors import ApiError
from .fields import clean
from .hosting import act, edit_user, set_active
from .model import BASIC, PRO, Meeting, User
from .pages import Page, check_csrf, render_template
from .rest import here

blueprint = Blueprint("host", __name__)

TRASH = "trash"


@blueprint.before_request
def protect() -> None:
    """Refuse forms that are not ours."""
    if request.method == "POST":
        check_csrf()


@blueprint.get("/")
def index() -> BaseResponse:
    """Lead to the meetings."""
    return redirect(url_for("host.list_meetings"))


@blueprint.get("/_sim/ui/meetings")
def list_meetings() -> Page:
    """List everybody's meetings, the trash last."""
    sandbox = here()
    with sandbox.lock:
        rows = [_row(meeting) for meeting in sandbox.data.meetings.values() if not meeting.purged]
    rows.sort(key=lambda row: (row["state"] == TRASH, row["sort"]))
    return render_template("meetings.html", rows=rows)


@blueprint.get("/_sim/ui/meetings/<int:meeting_id>")
def edit_page(meeting_id: int) -> Page:
    """Show the form to change a meeting."""
    meeting = _meeting(meeting_id)
    return render_template("meeting.html", meeting=meeting, start=_local(meeting), values=meeting, error="")


@blueprint.post("/_sim/ui/meetings/<int:meeting_id>")
def edit(meeting_id: int) -> Page:
    """Change a meeting as its host; the start is meant in the meeting's zone."""
    meeting = _meeting(meeting_id)
    form = request.form
    start = form.get("start", "")
    body: dict[str, Any] = {"topic": form.get("topic", ""), "duration": _whole(form.get("duration", ""))}
    body |= {"timezone": form.get("timezone", ""), "start_time": start if start.count(":") == 2 else f"{start}:00"}
    try:
        with here().change() as data:
            wanted = clean(body, own=set(), timezone=meeting.timezone, lenient=False)
            meetings.update(here(), meeting, wanted, by=data.users[meeting.host_id])
    except ApiError as error:
        wrong = ", ".join(item["field"] for item in error.errors or [])
        page = render_template(
            "meeting.html", meeting=meeting, start=start, values=form, error=f"Please check: {wrong}"
        )
        return page, 400
    flash("The meeting was changed.")
    return redirect(url_for("host.list_meetings"))


@blueprint.post("/_sim/ui/meetings/<int:meeting_id>/<action>")
def act_on_meeting(meeting_id: int, action: str) -> BaseResponse:
    """Delete, recover, purge, start or end a meeting as its host."""
    try:
        with here().change():
            act(_meeting(meeting_id), action)
    except ApiError as error:
        flash(error.message)
    return redirect(url_for("host.list_meetings"))


@blueprint.get("/_sim/ui/users")
def list_users() -> Page:
    """List the people with what each one granted."""
    sandbox = here()
    with sandbox.lock:
        rows = [(user, sorted(grants.granted(sandbox, user.id))) for user in sandbox.data.users.values()]
    return render_template("users.html", rows=rows)


@blueprint.post("/_sim/ui/users/<user_id>/<action>")
def act_on_user(user_id: str, action: str) -> BaseResponse:
    """Do one thing to a user: change email, plan or dial-in, deactivate, uninstall, expire or revoke tokens."""
    with here().change() as data:
        user = data.users.get(user_id) or abort(404)
        flash(_do(user, action))
    return redirect(url_for("host.list_users"))


def _do(user: User, action: str) -> str:
    sandbox = here()
    if action == "email":
        email = request.form.get("email", "").strip().lower()
        if "@" not in email or sandbox.find_user(email):
            return "That is no address, or it is taken."
        edit_user(user, {"email": email})
        return f"{user.name} now has the address {email}."
    if action == "plan":
        edit_user(user, {"type": PRO if user.type == BASIC else BASIC})
        return f"{user.name} is now on the {user.plan} plan."
    if action == "dial_in":
        user.dial_in = not user.dial_in
        return f"Dial-in is now {'on' if user.dial_in else 'off'} for {user.name}."
    if action == "active":
        set_active(user, active=not user.active)
        return f"{user.name} is now {'active' if user.active else 'deactivated'}."
    if action == "uninstall":
        return "The app was removed." if events.uninstall(sandbox, user) else "The app was not installed."
    if action == "expire":
        return f"{grants.expire_access(sandbox, user.id)} access tokens expired."
    if action == "revoke":
        return f"{grants.kill(sandbox, user.id)} tokens revoked, the app was not told."
    return abort(404)


def _row(meeting: Meeting) -> dict[str, Any]:
    sandbox = here()
    state = "running" if meeting.status == "started" else "waiting"
    if not meetings.alive(sandbox, meeting):
        state = TRASH if meetings.in_trash(sandbox, meeting) else "expired"
    host = sandbox.data.users[meeting.host_id]
    start = unstamp(meeting.start_time).astimezone(zone(meeting.timezone)) if meeting.start_time else None
    when = f"{start:%a} {start.day} {start:%b %Y, %H:%M} ({meeting.timezone})" if start else "no fixed time"
    sort = meeting.start_time or stamp(sandbox.now())
    return {"meeting": meeting, "host": host, "state": state, "when": when, "sort": sort}


def _local(meeting: Meeting) -> str:
    if not meeting.start_time:
        return ""
    local: datetime = unstamp(meeting.start_time).astimezone(zone(meeting.timezone))
    return f"{local:%Y-%m-%dT%H:%M}"


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _meeting(meeting_id: int) -> Meeting:
    meeting = here().data.meetings.get(meeting_id)
    return meeting or abort(404)
