"""OAuth 2.0 as browsers and the app under test see it: consent page, token endpoint, revocation."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from . import grants
from .grants import OAuthError
from .pages import page
from .rest import Answer, json_answer
from .state import JSON, User

if TYPE_CHECKING:
    from .app import Sandbox

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def authorize(sandbox: Sandbox, request: Request) -> Response:
    """Ask a user whether the app may act for them, or take the answer. Errors of the app are never sent back to it."""
    query = request.args.to_dict()
    wrong = refuse(sandbox, query)
    if wrong:
        return page(sandbox, "message.html", status=400, title="This can't be authorized", text=wrong)
    if request.method == "POST":
        with sandbox.state.change():
            user = sandbox.state.find_user(request.form.get("user", ""))
        if user and user.active:
            allow = request.form.get("decision") == "allow"
            return redirect(decision(sandbox, user, query, allow=allow))
    asked = query.get("scope", "").split()
    words = [(s, sandbox.scope_words.get(s, s)) for s in sandbox.state.switches.scopes if not asked or s in asked]
    people = [user for user in sandbox.state.data.users.values() if user.active]
    return page(sandbox, "consent.html", scopes=words, people=people)


def decision(sandbox: Sandbox, user: User, query: Mapping[str, str], *, allow: bool) -> str:
    """Return the address that the browser is sent to with the user's answer to an authorize query."""
    answer = {"error": "access_denied"}
    if allow:
        with sandbox.state.change():
            answer = {"code": grants.new_code(sandbox.state, user, query, lasting=sandbox.lasts(query))}
    if "state" in query:
        answer["state"] = query["state"]
    parts = urlsplit(query["redirect_uri"])
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *answer.items()])))


def refuse(sandbox: Sandbox, query: Mapping[str, str]) -> str:
    """Return what is wrong with an authorize query, empty where nothing is."""
    target = query.get("redirect_uri", "")
    if query.get("client_id") != sandbox.client_id:
        return f"There is no app with the client id “{query.get('client_id', '')}”."
    if target not in sandbox.redirect_uris if sandbox.redirect_uris else not _loopback(target):
        return f"This app is not registered with the address {target}."
    if query.get("response_type") != "code":
        return "The response_type must be code."
    if query.get("code_challenge_method", "plain") not in ("plain", "S256"):
        return "The code_challenge_method must be S256."
    known = {*sandbox.scope_words, *sandbox.unnamed_scopes}
    unknown = [scope for scope in query.get("scope", "").split() if scope not in known]
    return f"There is no scope {', '.join(unknown)}." if unknown else ""


def _loopback(target: str) -> bool:
    parts = urlsplit(target)
    return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK


def token(sandbox: Sandbox, request: Request) -> Answer:
    """Exchange a code, or a refresh token, for tokens."""
    with sandbox.state.change():
        try:
            return json_answer(200, _tokens(sandbox, request), {"Cache-Control": "no-store"})
        except OAuthError as error:
            return sandbox.oauth_answer(error)


def revoke(sandbox: Sandbox, request: Request) -> Answer:
    """End the grant that a token belongs to; an unknown token is as good as revoked (RFC 7009)."""
    with sandbox.state.change() as data:
        try:
            _authenticate(sandbox, request)
        except OAuthError as error:
            return sandbox.oauth_answer(error)
        found = data.tokens.get(grants.digest(request.form.get("token", "")))
        if found:
            grants.end(sandbox.state, grant=found.grant)
    return json_answer(200, {})


def _tokens(sandbox: Sandbox, request: Request) -> JSON:
    _authenticate(sandbox, request)
    form = request.form
    if form.get("grant_type") == "refresh_token":
        return grants.refresh(sandbox.state, form.get("refresh_token", ""))
    if form.get("grant_type") != "authorization_code":
        raise OAuthError("unsupported_grant_type")
    target, verifier = form.get("redirect_uri", ""), form.get("code_verifier", "")
    return grants.redeem(sandbox.state, form.get("code", ""), redirect_uri=target, verifier=verifier)


def _authenticate(sandbox: Sandbox, request: Request) -> None:
    client_id, secret = _basic(request) or (request.form.get("client_id", ""), request.form.get("client_secret", ""))
    known = compare_digest(client_id.encode(), sandbox.client_id.encode())
    if not known or not compare_digest(secret.encode(), sandbox.client_secret.encode()):
        raise OAuthError("invalid_client", "The client id or the client secret is wrong.", status=401)


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret
