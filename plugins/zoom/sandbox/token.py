"""The token and revoke endpoints: /oauth/token and /oauth/revoke."""

from __future__ import annotations

import base64
import binascii
import json
from hmac import compare_digest

from flask import Blueprint, Response, request

from . import events, grants
from .errors import JSON_TYPE, Answer, OAuthError
from .model import JSON
from .rest import here, respond
from .state import Sandbox

blueprint = Blueprint("token", __name__, url_prefix="/oauth")


@blueprint.post("/token")
def token() -> Response:
    """Exchange a code, or a refresh token, for a new pair."""
    sandbox = here()
    with sandbox.change():
        try:
            answer = _token(sandbox)
        except OAuthError as error:
            return respond(error.answer())
    body = json.dumps(answer, separators=(",", ":")).encode()
    return respond(Answer(200, body, {"Content-Type": JSON_TYPE, "Cache-Control": "no-store"}))


@blueprint.post("/revoke")
def revoke() -> Response:
    """End a grant; Zoom takes this as uninstalling the app, and tells the app so."""
    sandbox = here()
    with sandbox.change() as data:
        try:
            _authenticate(sandbox)
            found = data.tokens.get(grants.digest(_secret("token")))
            if not found or found.dead or not events.uninstall(sandbox, data.users[found.user_id]):
                raise OAuthError("invalid_request", "Invalid Token!")
        except OAuthError as error:
            return respond(error.answer())
    return respond(Answer(200, b'{"status":"success"}', {"Content-Type": JSON_TYPE}))


def _token(sandbox: Sandbox) -> JSON:
    public = _authenticate(sandbox)
    kind = request.values.get("grant_type", "")
    if kind == "authorization_code":
        return grants.redeem(
            sandbox,
            request.values.get("code", ""),
            redirect_uri=request.values.get("redirect_uri", ""),
            verifier=request.values.get("code_verifier", ""),
            public=public,
        )
    if kind == "refresh_token":
        return grants.refresh(sandbox, _secret("refresh_token"))
    if kind == "account_credentials" and sandbox.switches.account_credentials and not public:
        return grants.server_to_server(sandbox, request.values.get("account_id", ""))
    raise OAuthError("unsupported_grant_type", "unsupported grant type")


def _secret(name: str) -> str:
    # Since 2023 Zoom takes tokens from the form only: a query string ends up in logs.
    if name in request.args:
        raise OAuthError("invalid_request", f"The {name} must be sent in the request body")
    return request.form.get(name, "")


def _authenticate(sandbox: Sandbox) -> bool:
    """Check who calls; return True for a public client, which names itself without a secret."""
    app = sandbox.app
    client_id, secret = _basic() or (request.form.get("client_id", ""), request.form.get("client_secret"))
    known = compare_digest(client_id.encode(), app.client_id.encode()) and not app.removed
    if not known or (secret is not None and not compare_digest(secret.encode(), app.client_secret.encode())):
        status = sandbox.switches.invalid_client_status
        raise OAuthError("invalid_client", "Invalid client_id or client_secret", status=status)
    if app.disabled:
        raise OAuthError("invalid_client", "The app has been disabled by the developer")
    return secret is None


def _basic() -> tuple[str, str] | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret
