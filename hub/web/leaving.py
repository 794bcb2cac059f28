"""Profile → Delete Account, and the export that one takes along first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from hub import accounts
from hub.container import Hub
from hub.profile import deletion, export
from hub.web import session
from hub.web.security import limiter
from hub.web.session import host_id
from hub.web.shell import the_hub

blueprint = Blueprint("leaving", __name__, url_prefix="/profile")
Answer = str | Response | tuple[str, int]

# By the file's ending: what makes it, and its content type.
EXPORTS: dict[str, tuple[Callable[[Hub, int], bytes], str]] = {
    "json": (export.as_json, "application/json"),
    "ics": (export.as_calendar, "text/calendar; charset=utf-8"),
    "csv": (export.as_table, "text/csv; charset=utf-8"),
}
CHOICES = ("cancel", "leave")

log = logging.getLogger(__name__)


@blueprint.get("/export.<kind>")
@login_required  # type: ignore[untyped-decorator]
@limiter.limit("30/hour")
def exported(kind: str) -> Response:
    """Hand over all that the hub knows of the account, or its bookings."""
    if kind not in EXPORTS:
        abort(404)
    make, content_type = EXPORTS[kind]
    name = f"{current_user.host.handle}-{the_hub().clock():%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(make(the_hub(), host_id()), content_type=content_type, headers=headers)


@blueprint.route("/delete", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
@limiter.limit("10/10minutes", key_func=lambda: f"delete:{current_user.get_id()}", methods=["POST"])
def delete() -> Answer:
    """Ask once, with numbers; then delete the account and sign out."""
    hub, errors = the_hub(), {}
    with hub.store.read() as db:
        touched = deletion.effects(db, hub, host_id())
    if request.method == "POST":
        chosen = request.form.get("upcoming", "")
        if touched.upcoming and chosen not in CHOICES:
            errors["upcoming"] = "Please choose what happens to your upcoming bookings."
        if not accounts.check_password(current_user.host, request.form.get("password", "")):
            errors["password"] = "This is not your password."  # noqa: S105 - a sentence
        if not errors:
            return _gone(hub, cancel=chosen == "cancel")
    page = _page(touched, errors)
    return (page, 422) if errors else page


def _gone(hub: Hub, *, cancel: bool) -> Response:
    number = host_id()
    touched = deletion.delete(hub, number, cancel=cancel)
    log.info("account %s is deleted by its host", number)
    session.sign_out()
    told = f" {_counted(touched.upcoming)} told by mail." if cancel and touched.upcoming else ""
    flash(f"Your account is deleted.{told}", "ok")
    return redirect(url_for("auth.login"))


def _counted(count: int) -> str:
    return "1 invitee is" if count == 1 else f"The invitees of {count} bookings are"


def _page(touched: deletion.Effects, errors: dict[str, str]) -> Any:
    return render_template(
        "profile/delete.html", touched=touched, errors=errors, chosen=request.form.get("upcoming", "")
    )
