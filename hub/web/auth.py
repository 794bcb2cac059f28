"""Signing up, in and out, and the theme of pages."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField

from hub import accounts, words
from hub.accounts import joining
from hub.forms import InvalidForm
from hub.store.models import Host
from hub.web import devices, session
from hub.web.security import error_page, limiter
from hub.web.shell import THEMES, the_hub

blueprint = Blueprint("auth", __name__)


class SignUpForm(FlaskForm):  # type: ignore[misc]
    """What a new host gives."""

    name = StringField("Your name")
    email = StringField("Email")
    password = PasswordField("Password")
    timezone = SelectField("Time zone", validate_choice=False)


class LoginForm(FlaskForm):  # type: ignore[misc]
    """What a host signs in with."""

    email = StringField("Email")
    password = PasswordField("Password")


def account_key() -> str:
    """Return what counts attempts at one account; a digest, for Redis is no place for addresses."""
    return devices.account(request.form.get("email", ""))


def _attempts_key() -> str:
    """Return what counts wrong passwords: the account's strangers together, each device that it knows by itself."""
    device = devices.known(request.form.get("email", ""))
    return f"{account_key()}:{device}"


def _was_wrong(response: Response) -> bool:
    return response.status_code == 422


@blueprint.get("/")
def home() -> Response:
    """Lead hosts to their event types and everybody else to the sign-in page."""
    return redirect("/event-types" if current_user.is_authenticated else url_for("auth.login"))


@blueprint.route("/signup", methods=["GET", "POST"])
@limiter.limit("20/hour", methods=["POST"])
def signup() -> str | Response | tuple[str, int]:
    """Make an account and lead on to onboarding, or mail a link that does; HUB_SIGNUP says which."""
    hub, form, errors = the_hub(), SignUpForm(), {}
    if hub.settings.signup == "closed":
        return error_page(403, "Accounts are made by the operator of this hub. Please ask for one.")
    form.timezone.choices = words.zones()
    if form.is_submitted():
        names = ("name", "email", "password", "timezone")
        try:
            newcomer = accounts.read(**{name: form[name].data or "" for name in names})
            if hub.settings.signup == "confirm":
                joining.ask(hub, newcomer)
                text = "A mail with a link that opens your account is on its way. The link works for a day."
                return render_template("auth/sent.html", email=newcomer.email, text=text)
            return enter(accounts.open_account(hub, newcomer), "/onboarding")
        except InvalidForm as fault:
            errors = fault.errors
    page = render_template("auth/signup.html", form=form, errors=errors)
    return (page, 422) if errors else page


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit("50/10minutes", methods=["POST"])
@limiter.limit("10/10minutes", key_func=_attempts_key, methods=["POST"], deduct_when=_was_wrong)
def login() -> str | Response | tuple[str, int]:
    """Sign in; the answer is the same for an unknown address and a wrong password."""
    form = LoginForm()
    errors: dict[str, str] = {}
    target = session.local_path(request.values.get("next", ""))
    if form.is_submitted():
        with the_hub().store.read() as db:
            host = accounts.find(db, form.email.data or "")
        if accounts.check_password(host, form.password.data or "") and host:
            return enter(host.id, target)
        errors["email"] = "This address and password do not fit together."
    page = render_template("auth/login.html", form=form, errors=errors, target=target, signup=the_hub().settings.signup)
    return (page, 422) if errors else page


@blueprint.post("/logout")
@login_required  # type: ignore[untyped-decorator]
def logout() -> Response:
    """Sign out of this browser."""
    session.sign_out()
    flash("You are signed out.", "ok")
    return redirect(url_for("auth.login"))


@blueprint.post("/theme")
def theme() -> Response:
    """Keep the chosen theme in a cookie and go back to where the visitor was."""
    chosen = request.form.get("theme", "auto")
    response = redirect(session.local_path(request.form.get("next", ""), "/"))
    response.set_cookie("theme", chosen if chosen in THEMES else "auto", max_age=31536000, samesite="Lax")
    return response


def enter(host_id: int, target: str) -> Response:
    """Sign the host in, make this device known to the account, and lead on."""
    with the_hub().store.read() as db:
        host = db.get(Host, host_id)
    if host is not None:
        session.sign_in(host)
        devices.remember(host.email)
    return redirect(target)
