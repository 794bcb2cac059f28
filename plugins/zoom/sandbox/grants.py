"""What a user granted to the app: codes, tokens, rotation and revocation. Call everything inside `change()`."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from hmac import compare_digest

from .errors import ApiError, OAuthError
from .model import JSON, Code, Token, User
from .state import Sandbox

CODE_TTL_S = 300
BAD_TOKEN = OAuthError("invalid_grant", "Invalid Token!")
BAD_CODE = OAuthError("invalid_grant", "Invalid authorization code")


def digest(secret: str) -> str:
    """Return under which name a code or token is kept, so that no dump or file can leak it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge_of(verifier: str, method: str) -> str:
    """Return the PKCE challenge (RFC 7636) that belongs to a verifier."""
    if method != "S256":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def new_code(sandbox: Sandbox, user: User, *, redirect_uri: str, challenge: str = "", method: str = "plain") -> str:
    """Return a code for the app: single use, 300 s, bound to client, redirect, challenge and user."""
    code = secrets.token_urlsafe(24)
    sandbox.data.codes[digest(code)] = Code(
        digest=digest(code),
        client_id=sandbox.app.client_id,
        redirect_uri=redirect_uri,
        user_id=user.id,
        challenge=challenge,
        method=method,
        expires_at=sandbox.ts() + CODE_TTL_S,
    )
    return code


def redeem(sandbox: Sandbox, code: str, *, redirect_uri: str, verifier: str, public: bool) -> JSON:
    """Return the token answer for a code. Raises OAuthError; a client without a secret must have used PKCE."""
    found = sandbox.data.codes.get(digest(code))
    if not found or found.used or found.expires_at <= sandbox.ts() or found.client_id != sandbox.app.client_id:
        raise BAD_CODE
    if found.redirect_uri != redirect_uri:
        raise OAuthError("invalid_request", "Redirect URI mismatch.")
    if public and not found.challenge:
        raise OAuthError("invalid_client", "Invalid client_id or client_secret")
    if found.challenge and not compare_digest(challenge_of(verifier, found.method), found.challenge):
        raise OAuthError("invalid_grant", "Invalid code verifier")
    found.used = True
    # "Last token issued is considered valid": a new authorization ends every earlier one of this user and app.
    kill(sandbox, found.user_id)
    return _issue(sandbox, found.user_id, list(sandbox.switches.scopes), grant=secrets.token_hex(8))


def refresh(sandbox: Sandbox, secret: str) -> JSON:
    """Return the token answer for a refresh token and rotate it. Raises OAuthError."""
    token = sandbox.data.tokens.get(digest(secret))
    now = sandbox.ts()
    if not token or token.kind != "refresh" or token.dead or token.expires_at <= now:
        raise BAD_TOKEN
    user = sandbox.data.users.get(token.user_id)
    if not user or not user.active:
        raise BAD_TOKEN
    if token.rotated_at is not None and now - token.rotated_at >= sandbox.switches.grace_s:
        if sandbox.switches.reuse_revokes_family:
            kill(sandbox, token.user_id, grant=token.grant)
            sandbox.save()
        raise BAD_TOKEN
    if token.rotated_at is None:
        token.rotated_at = now
    if sandbox.switches.kill_old_access:
        for other in sandbox.data.tokens.values():
            if other.grant == token.grant and other.kind == "access":
                other.dead = True
    return _issue(sandbox, token.user_id, token.scopes, grant=token.grant)


def server_to_server(sandbox: Sandbox, account_id: str) -> JSON:
    """Return the token answer of an account_credentials call: no refresh token. Raises OAuthError."""
    user = next((u for u in sandbox.data.users.values() if u.account_id == account_id and u.active), None)
    if not user:
        raise OAuthError("invalid_request", "Bad Request")
    answer = _issue(sandbox, user.id, list(sandbox.switches.scopes), grant=secrets.token_hex(8))
    refresh_token = answer.pop("refresh_token")
    del sandbox.data.tokens[digest(refresh_token)]
    return answer


def kill(sandbox: Sandbox, user_id: str, *, grant: str | None = None) -> int:
    """End the tokens of a user (or of one grant), and return how many were alive."""
    alive = [
        t for t in sandbox.data.tokens.values() if t.user_id == user_id and not t.dead and grant in (None, t.grant)
    ]
    for token in alive:
        token.dead = True
    return len(alive)


def expire_access(sandbox: Sandbox, user_id: str) -> int:
    """Let the user's access tokens expire now, and return how many did."""
    tokens = [t for t in sandbox.data.tokens.values() if t.user_id == user_id and t.kind == "access" and not t.dead]
    for token in tokens:
        token.expires_at = sandbox.ts()
    return len(tokens)


def granted(sandbox: Sandbox, user_id: str) -> set[str]:
    """Return the scopes that the app holds for this user; empty if it is not installed."""
    now = sandbox.ts()
    live = (t for t in sandbox.data.tokens.values() if t.user_id == user_id and not t.dead and t.kind == "refresh")
    return {scope for token in live if token.rotated_at is None and token.expires_at > now for scope in token.scopes}


def who(sandbox: Sandbox, secret: str) -> tuple[User, Token]:
    """Return user and token of a bearer token. Raises ApiError 401/124."""
    token = sandbox.data.tokens.get(digest(secret))
    user = sandbox.data.users.get(token.user_id) if token else None
    app = sandbox.app
    if not token or not user or token.kind != "access" or token.dead or not user.active or app.disabled or app.removed:
        raise ApiError(401, 124, "Invalid access token.")
    if token.expires_at <= sandbox.ts():
        raise ApiError(401, 124, "Access token is expired.")
    return user, token


def _issue(sandbox: Sandbox, user_id: str, scopes: list[str], *, grant: str) -> JSON:
    now = sandbox.ts()
    tokens = sandbox.data.tokens
    for old in [key for key, token in tokens.items() if token.dead or token.expires_at < now - 86400]:
        del tokens[old]
    pair = {}
    lives = {"access": sandbox.switches.access_ttl_s, "refresh": sandbox.switches.refresh_ttl_s}
    for kind, life in lives.items():
        pair[kind] = _opaque(kind)
        tokens[digest(pair[kind])] = Token(
            digest=digest(pair[kind]),
            kind=kind,
            grant=grant,
            user_id=user_id,
            client_id=sandbox.app.client_id,
            scopes=list(scopes),
            expires_at=now + life,
        )
    return {
        "access_token": pair["access"],
        "token_type": "bearer",
        "refresh_token": pair["refresh"],
        # Zoom says one second less than the token lives.
        "expires_in": max(sandbox.switches.access_ttl_s - 1, 0),
        "scope": " ".join(sorted(scopes)),
        "api_url": sandbox.public_url,
    }


def _opaque(kind: str) -> str:
    # As long as Zoom's and shaped like a JWT, so that a column too narrow or a client that parses it is found out.
    head = {"sv": "000002", "alg": "HS512", "v": "2.0", "kid": secrets.token_hex(16)}
    body = {"ver": 10, "use": kind, "jti": secrets.token_hex(16), "pad": secrets.token_hex(180)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, body)]
    return ".".join([*parts, secrets.token_urlsafe(64)])
