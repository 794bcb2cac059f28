"""Signing up, in and out, and the theme of pages."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField

from hub import accounts, words
from hub.errors import InvalidInput
from hub.store.models import Host
from hub.store.vault import digest
from hub.web import session
from hub.web.security import limiter
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


def _account_key() -> str:
    """Return what counts attempts at one account; a digest, for Redis is no place for addresses."""
    return digest(request.form.get("email", "").strip().lower()[:320])


@blueprint.get("/")
def home() -> Response:
    """Lead hosts to their event types and everybody else to the sign-in page."""
    return redirect("/event-types" if current_user.is_authenticated else url_for("auth.login"))


@blueprint.route("/signup", methods=["GET", "POST"])
@limiter.limit("20/hour", methods=["POST"])
def signup() -> str | Response | tuple[str, int]:
    """Make an account, and lead on to onboarding."""
    form = SignUpForm()
    form.timezone.choices = words.zones()
    errors: dict[str, str] = {}
    if form.is_submitted():
        try:
            accounts.sign_up(
                the_hub(),
                name=form.name.data or "",
                email=form.email.data or "",
                password=form.password.data or "",
                timezone=form.timezone.data or "",
            )
        except InvalidInput as fault:
            errors[fault.field] = fault.message
        else:
            return _enter(form.email.data or "", "/onboarding")
    page = render_template("auth/signup.html", form=form, errors=errors, layout="narrow")
    return (page, 422) if errors else page


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit("50/10minutes", methods=["POST"])
@limiter.limit("10/10minutes", key_func=_account_key, methods=["POST"])
def login() -> str | Response | tuple[str, int]:
    """Sign in; the answer is the same for an unknown address and a wrong password."""
    form = LoginForm()
    errors: dict[str, str] = {}
    target = session.local_path(request.values.get("next", ""))
    if form.is_submitted():
        hub, email, password = the_hub(), (form.email.data or "").strip().lower(), form.password.data or ""
        with hub.store.read() as db:
            host = db.scalar(select(Host).where(Host.email == email[:320]))
        if accounts.check_password(host, password):
            return _enter(email, target)
        errors["email"] = "This address and password do not fit together."
    page = render_template("auth/login.html", form=form, errors=errors, target=target, layout="narrow")
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


def _enter(email: str, target: str) -> Response:
    with the_hub().store.read() as db:
        host = db.scalar(select(Host).where(Host.email == email.strip().lower()))
    if host is not None:
        session.sign_in(host)
    return redirect(target)
