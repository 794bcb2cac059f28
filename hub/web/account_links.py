"""What a link from an account's mail leads to: a new password, an open account, a confirmed address."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from hub.accounts import joining, resetting
from hub.errors import InvalidInput, NotPossible
from hub.forms import InvalidForm
from hub.inputs import email as read_email
from hub.profile import address
from hub.web.auth import account_key, enter
from hub.web.security import limiter
from hub.web.shell import the_hub

blueprint = Blueprint("account_links", __name__)
Answer = str | Response | tuple[str, int]
AGAIN = ("Get a new link", "/forgot")

# Nothing is shown at these addresses but what a token opens, and tokens can't be tried out.
tried = limiter.shared_limit(
    "20/minute", scope="account_links", deduct_when=lambda response: response.status_code == 410
)


@blueprint.route("/forgot", methods=["GET", "POST"])
@limiter.limit("20/hour", methods=["POST"])
@limiter.limit("3/hour", key_func=lambda: f"forgot:{account_key()}", methods=["POST"])
def forgot() -> Answer:
    """Mail a link for a new password; the answer is the same whether the address has an account or not."""
    typed, errors = request.form.get("email", ""), {}
    if request.method == "POST":
        try:
            read_email(typed)
        except InvalidInput as fault:
            errors = {"email": fault.message}
        else:
            resetting.ask(the_hub(), typed)
            text = "If this address has an account, a mail with a link is on its way. The link works for 30 minutes."
            return _check_mail(typed, text)
    page = render_template("auth/forgot.html", typed=typed, errors=errors)
    return (page, 422) if errors else page


@blueprint.route("/account/password/<token>", methods=["GET", "POST"])
@tried
def password(token: str) -> Answer:
    """Set a new password by the link, and sign in."""
    hub, errors = the_hub(), {}
    if request.method == "POST":
        try:
            host_id = resetting.reset(hub, token, request.form.get("new", ""))
        except InvalidForm as fault:
            errors = fault.errors
        except NotPossible as fault:
            return stale(fault.message, AGAIN)
        else:
            entered = enter(host_id, "/onboarding")  # it begins a new session; what was said before would be lost
            flash("Your new password is set. You are signed out everywhere else.", "ok")
            return entered
    elif not resetting.look(hub, token):
        return stale(resetting.STALE, AGAIN)
    page = render_template("auth/password.html", errors=errors)
    return (page, 422) if errors else page


@blueprint.route("/account/open/<token>", methods=["GET", "POST"])
@tried
def opened(token: str) -> Answer:
    """Open the account that was asked for: not by looking, for mail scanners look at links too."""
    again = ("Sign up", "/signup")
    if request.method == "POST":
        try:
            host_id = joining.join(the_hub(), token)
        except NotPossible as fault:
            return stale(fault.message, again)
        return enter(host_id, "/onboarding")
    if not joining.look(the_hub(), token):
        return stale(joining.STALE, again)
    return render_template(
        "auth/confirm.html", title="Open your account", text="Your address is confirmed.", button="Open my account"
    )


@blueprint.route("/account/email/<token>", methods=["GET", "POST"])
@tried
def email(token: str) -> Answer:
    """Make the confirmed address the account's."""
    again = ("Open your profile", "/profile")
    if request.method == "POST":
        try:
            new = address.confirm(the_hub(), token)
        except NotPossible as fault:
            return stale(fault.message, again)
        flash(f"The address of your account is {new} now.", "ok")
        return redirect("/profile" if current_user.is_authenticated else "/login", 303)
    new = address.look(the_hub(), token)
    if not new:
        return stale(address.STALE, again)
    text = f"{new} becomes the address that you sign in with, and that mails go to."
    return render_template("auth/confirm.html", title="Confirm your new address", text=text, button="Use this address")


def stale(text: str, action: tuple[str, str]) -> tuple[str, int]:
    """Return the page of a link that does nothing any more: one sentence, and a button for the next step."""
    title = "This link no longer works"
    return render_template("errors/error.html", code=410, title=title, text=text, action=action), 410


def _check_mail(email: str, text: str) -> str:
    return render_template("auth/sent.html", email=email.strip(), text=text)
