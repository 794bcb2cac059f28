"""The profile: name, handle, zone, password, address, colours, and signing out everywhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from hub import accounts, profile, words
from hub.forms import InvalidForm
from hub.profile import address
from hub.store.models import Host
from hub.web import session
from hub.web.security import limiter
from hub.web.session import host_id
from hub.web.shell import the_hub

blueprint = Blueprint("profile", __name__, url_prefix="/profile")

DETAILS = ("name", "handle", "timezone")
PASSWORDS = ("current", "new")
ADDRESS = ("email", "email_password")

log = logging.getLogger(__name__)


@blueprint.route("", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def edit() -> str | Response | tuple[str, int]:
    """Show the profile; change name, handle and zone."""
    if request.method == "GET":
        return _page({}, {})
    typed = _typed(DETAILS)
    try:
        accounts.introduce(the_hub(), host_id(), **typed)
    except InvalidForm as fault:
        return _page(typed, fault.errors), 422
    flash("Your profile is saved.", "ok")
    return redirect(url_for("profile.edit"))


@blueprint.post("/password")
@login_required  # type: ignore[untyped-decorator]
@limiter.limit("10/10minutes", key_func=lambda: f"password:{current_user.get_id()}")
def password() -> Response | tuple[str, int]:
    """Change the password; other browsers are signed out, this one stays."""
    number = host_id()
    try:
        profile.change_password(the_hub(), number, **_typed(PASSWORDS))
    except InvalidForm as fault:
        return _page({}, fault.errors), 422
    with the_hub().store.read() as db:
        session.sign_in(db.get_one(Host, number))
    flash("Your password is changed. All other browsers are signed out.", "ok")
    return redirect(url_for("profile.edit"))


@blueprint.post("/email")
@login_required  # type: ignore[untyped-decorator]
@limiter.limit("10/hour", key_func=lambda: f"email:{current_user.get_id()}")
def email() -> Response | tuple[str, int]:
    """Mail a link to the new address; the answer is the same whether it has an account or not."""
    typed = _typed(ADDRESS)
    try:
        new = address.ask(the_hub(), host_id(), email=typed["email"], password=typed["email_password"])
    except InvalidForm as fault:
        return _page({"email": typed["email"]}, fault.errors), 422
    flash(f"A mail with a link is on its way to {new}. Until you open it, your present address stays.", "ok")
    return redirect(url_for("profile.edit"))


@blueprint.post("/sign-out")
@login_required  # type: ignore[untyped-decorator]
def sign_out() -> Response:
    """Sign out of all browsers, this one too."""
    profile.sign_out_everywhere(the_hub(), host_id())
    session.sign_out()
    flash("You are signed out everywhere.", "ok")
    return redirect(url_for("auth.login"))


def _typed(names: tuple[str, ...]) -> dict[str, str]:
    """Return the fields of these names; others are not read, and that they came is noted."""
    others = sorted({*request.form} - {*names, "csrf_token"})
    if others:
        log.warning("profile of host %s: fields not asked for: %s", host_id(), ascii(others)[:300])
    return {name: request.form.get(name, "") for name in names}


def _page(typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    host, zones = current_user.host, words.zones()
    typed = {"name": host.name, "handle": host.handle, "timezone": host.timezone, **typed}
    if current_user.host.timezone not in zones:
        zones = [current_user.host.timezone, *zones]
    base = f"{the_hub().settings.public_url}/"
    return render_template(
        "profile/edit.html", typed=typed, errors=errors, zones=zones, base=base, email=current_user.host.email
    )
