"""The pages a user meets while connecting: sign-in, sign-up, consent; and the Marketplace's add and remove."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from . import events, grants
from .errors import JSON_TYPE, Answer
from .model import PRO, User
from .pages import Page, back_to, check_csrf, here_path, message, render_template, signed_in
from .rest import here, respond
from .state import Sandbox
from .switches import SCOPE_WORDS

blueprint = Blueprint("consent", __name__)

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@blueprint.get("/oauth/authorize")
def authorize() -> Page:
    """Ask the user whether the app may act for them. Errors of the app are shown here, never sent back to it."""
    sandbox = here()
    refusal = refuse(sandbox, request.args)
    if refusal:
        return refusal
    user = signed_in()
    if not user:
        return _sign_in_page(sandbox, here_path())
    if sandbox.switches.preapproval_required:
        return message("Approval needed", f"{sandbox.app.name} must be approved by your account's admin first.")
    words = [(scope, SCOPE_WORDS.get(scope, scope)) for scope in sandbox.switches.scopes]
    return render_template("consent.html", app=sandbox.app, user=user, scopes=words, action=here_path())


@blueprint.post("/oauth/authorize")
def decide() -> Page:
    """Take the user's answer and send the browser back to the app."""
    check_csrf()
    sandbox = here()
    refusal = refuse(sandbox, request.args)
    if refusal:
        return refusal
    user = signed_in()
    if not user:
        return back_to(here_path())
    return redirect(decision(sandbox, user, request.args.to_dict(), allow=request.form.get("decision") == "allow"))


def decision(sandbox: Sandbox, user: User, query: dict[str, str], *, allow: bool) -> str:
    """Return the address that the browser is sent to with the user's answer to an authorize query."""
    state = {"state": query["state"]} if "state" in query else {}
    if not allow:
        return _with_query(query["redirect_uri"], {"error": "access_denied"} | state)
    with sandbox.change():
        code = grants.new_code(
            sandbox,
            user,
            redirect_uri=query["redirect_uri"],
            challenge=query.get("code_challenge", ""),
            method=query.get("code_challenge_method", "plain"),
        )
    return _with_query(query["redirect_uri"], {"code": code} | state)


def refuse(sandbox: Sandbox, args: Mapping[str, str]) -> Page | None:
    """Return the error page of a wrong authorize request, as Zoom words it, or None if it is right."""
    app = sandbox.app
    client_id, target = args.get("client_id", ""), args.get("redirect_uri", "")
    if client_id != app.client_id or app.removed:
        return message("Invalid client", f"Invalid client_id: {client_id} (4,702)", status=400)
    if app.disabled:
        return message("Invalid client", "Invalid client_id (4,700)", status=400)
    if not redirect_allowed(app.redirect_uris, target):
        if "application/json" in request.headers.get("Accept", ""):
            body = b'{"status":false,"errorCode":4700,"errorMessage":"Invalid redirect url","result":null}'
            return respond(Answer(400, body, {"Content-Type": JSON_TYPE}))
        return message("Invalid redirect", f"Invalid redirect: {target} (4,700)", status=400)
    if args.get("response_type") != "code" or args.get("code_challenge_method", "plain") not in ("plain", "S256"):
        return message("Invalid request", "Invalid request (4,700)", status=400)
    return None


def redirect_allowed(listed: list[str], target: str) -> bool:
    """Say whether codes may go to this address: exactly as listed, or, with an empty list, any loopback address."""
    if listed:
        return target in listed
    parts = urlsplit(target)
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK


@blueprint.post("/signin")
def sign_in() -> Page:
    """Sign in as one of the simulated users, or as a new one."""
    check_csrf()
    sandbox = here()
    with sandbox.change():
        user = sandbox.find_user(request.form.get("user", ""))
        if "email" in request.form:
            plan = PRO if request.form.get("plan") == "pro" else 1
            first, _, last = request.form.get("name", "").strip().partition(" ")
            try:
                user = sandbox.add_user(request.form["email"], first or "New", last, plan=plan)
            except ValueError as error:
                return _sign_in_page(sandbox, request.form.get("next", ""), error=str(error)), 400
    if not user or not user.active:
        return message("Can't sign in", "This simulated user is deactivated.", status=400)
    session["user"] = user.id
    return back_to(request.form.get("next", ""))


@blueprint.post("/signout")
def sign_out() -> BaseResponse:
    """Sign out, to come back as somebody else."""
    check_csrf()
    session.pop("user", None)
    return back_to(request.form.get("next", ""))


@blueprint.get("/marketplace")
def marketplace() -> str:
    """Show the Marketplace: the app, and where a user manages what is installed."""
    return render_template("marketplace.html", app=here().app)


@blueprint.get("/marketplace/installed")
def installed() -> Page:
    """Show what the signed-in user installed."""
    user = signed_in()
    if not user:
        return _sign_in_page(here(), here_path())
    with here().lock:
        has = bool(grants.granted(here(), user.id))
    return render_template("installed.html", app=here().app, user=user, installed=has)


@blueprint.get("/marketplace/installed/uninstall")
def uninstall() -> str:
    """Ask before the app is uninstalled."""
    return render_template("uninstall.html", app=here().app)


@blueprint.post("/marketplace/installed")
def remove() -> Page:
    """Uninstall the app: all its tokens of this user die, and a published app is told."""
    check_csrf()
    user = signed_in()
    if user:
        with here().change():
            events.uninstall(here(), user)
    return redirect(url_for("consent.installed"))


@blueprint.get("/marketplace/<client_id>")
def listing(client_id: str) -> Page:
    """Show the app with its Add button, which starts a connection without any state."""
    app = here().app
    if client_id != app.client_id or app.removed:
        return message("Not found", "There is no such app.", status=404)
    target = request.args.get("redirect_uri") or (app.redirect_uris[0] if app.redirect_uris else "")
    query = {"response_type": "code", "client_id": app.client_id, "redirect_uri": target}
    add = f"{url_for('consent.authorize')}?{urlencode(query)}" if target else ""
    return render_template("listing.html", app=app, add=add)


def _sign_in_page(sandbox: Sandbox, path: str, *, error: str = "") -> str:
    with sandbox.lock:
        users = [user for user in sandbox.data.users.values() if user.active]
    return render_template("signin.html", users=users, next=path, error=error)


def _with_query(url: str, extra: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True) + list(extra.items()))
    return urlunsplit(parts._replace(query=query))
