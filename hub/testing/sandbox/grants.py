"""What a user granted to the app under test: codes, tokens, rotation and revocation. Call everything inside `change()`."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from hmac import compare_digest

from .state import JSON, Code, State, Token, User

CODE_TTL_S = 300


class OAuthError(Exception):
    """Refuse a call of the token or revoke endpoint, in the words of RFC 6749."""

    def __init__(self, error: str, description: str = "", *, status: int = 400) -> None:
        super().__init__(description or error)
        self.error, self.description, self.status = error, description, status


def digest(secret: str) -> str:
    """Return under which name a code or token is kept, so that no dump or file can leak it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge_of(verifier: str, method: str) -> str:
    """Return the PKCE challenge (RFC 7636) that belongs to a verifier."""
    if method != "S256":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def new_code(state: State, user: User, query: Mapping[str, str], *, lasting: bool = True) -> str:
    """Return a code for an authorize query: single use, 300 s, bound to redirect, challenge, scopes and user.

    Granted is what was asked for and may be granted; where nothing was asked for, all that may be.
    """
    code, asked = secrets.token_urlsafe(24), query.get("scope", "").split()
    state.data.codes[digest(code)] = Code(
        user_id=user.id,
        redirect_uri=query["redirect_uri"],
        challenge=query.get("code_challenge", ""),
        method=query.get("code_challenge_method", "plain"),
        scopes=[scope for scope in state.switches.scopes if not asked or scope in asked],
        expires_at=state.ts() + CODE_TTL_S,
        lasting=lasting,
    )
    return code


def redeem(state: State, code: str, *, redirect_uri: str, verifier: str) -> JSON:
    """Return the token answer for a code.

    Raises OAuthError; a code that is used twice kills what it was exchanged for (RFC 6749, section 4.1.2).
    """
    name = digest(code)
    found = state.data.codes.get(name)
    if found and found.used:
        end(state, grant=name)
    if not found or found.used or found.expires_at <= state.ts():
        raise OAuthError("invalid_grant", "This code is unknown, used or expired.")
    if found.redirect_uri != redirect_uri:
        raise OAuthError("invalid_grant", "This code was given to another redirect_uri.")
    if found.challenge and not compare_digest(challenge_of(verifier, found.method), found.challenge):
        raise OAuthError("invalid_grant", "The code_verifier is wrong.")
    found.used = True
    answer = _issue(state, found.user_id, found.scopes, grant=name)
    if not found.lasting:
        del state.data.tokens[digest(answer.pop("refresh_token"))]
    return answer


def refresh(state: State, secret: str) -> JSON:
    """Return the token answer for a refresh token, as the switch `rotation` says. Raises OAuthError."""
    token, now = state.data.tokens.get(digest(secret)), state.ts()
    user = state.data.users.get(token.user_id) if token else None
    if not token or not user or not user.active or token.kind != "refresh" or token.dead or token.expires_at <= now:
        raise OAuthError("invalid_grant", "This refresh token is unknown, revoked or expired.")
    if token.rotated_at is not None and now - token.rotated_at >= state.switches.grace_s:
        raise OAuthError("invalid_grant", "This refresh token was used already.")
    answer = _issue(state, token.user_id, token.scopes, grant=token.grant)
    if state.switches.rotation == "rotate":
        token.rotated_at = now if token.rotated_at is None else token.rotated_at
        return answer
    del state.data.tokens[digest(answer.pop("refresh_token"))]
    return answer | ({"refresh_token": secret} if state.switches.rotation == "keep" else {})


def end(state: State, *, user_id: str = "", grant: str = "") -> int:
    """End the tokens of a user or of one grant, and return how many were alive."""
    alive = [t for t in state.data.tokens.values() if not t.dead and (t.user_id == user_id or t.grant == grant)]
    for token in alive:
        token.dead = True
    return len(alive)


def expire(state: State, user_id: str) -> int:
    """Let the user's access tokens expire now, and return how many did."""
    found = [t for t in state.data.tokens.values() if t.user_id == user_id and t.kind == "access" and not t.dead]
    for token in found:
        token.expires_at = state.ts()
    return len(found)


def holder(state: State, secret: str) -> tuple[User, Token] | None:
    """Return user and token of a bearer token that works, else None."""
    token = state.data.tokens.get(digest(secret))
    user = state.data.users.get(token.user_id) if token else None
    if not token or not user or token.kind != "access" or token.dead or not user.active:
        return None
    return (user, token) if token.expires_at > state.ts() else None


def _issue(state: State, user_id: str, scopes: list[str], *, grant: str) -> JSON:
    now, tokens = state.ts(), state.data.tokens
    for old in [key for key, token in tokens.items() if token.dead or token.expires_at < now - 86400]:
        del tokens[old]
    lives = {"access": state.switches.access_ttl_s, "refresh": state.switches.refresh_ttl_s}
    made = {}
    for kind, life in lives.items():
        made[kind] = secrets.token_urlsafe(48)
        tokens[digest(made[kind])] = Token(kind, grant, user_id, list(scopes), now + life)
    answer: JSON = {
        "access_token": made["access"],
        "token_type": "Bearer",
        "expires_in": state.switches.access_ttl_s,
        "refresh_token": made["refresh"],
    }
    return answer | ({"scope": " ".join(scopes)} if state.switches.names_scopes else {})
