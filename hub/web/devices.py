"""Devices that a host has signed in from: they are let in while others are locked out for wrong passwords."""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from hub.store.vault import digest

KEPT = timedelta(days=180)
MOST_ACCOUNTS = 5  # that one device is known to


def account(email: str) -> str:
    """Return what stands for an account where addresses have no place: in cookies, and in Redis."""
    return digest(email.strip().lower()[:320])[:32]


def known(email: str) -> str:
    """Return the id of this request's device if the account was signed in to from it, else an empty text."""
    device, accounts = _read()
    return device if account(email) in accounts else ""


def remember(email: str) -> None:
    """Have this request's answer make the device known to the account. The cookie opens nothing by itself."""
    device, accounts = _read()
    accounts = [account(email), *(one for one in accounts if one != account(email))][:MOST_ACCOUNTS]
    signed = _signer().dumps([device or secrets.token_urlsafe(12), accounts])

    @after_this_request
    def _keep(response: Response) -> Response:
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        response.set_cookie(_name(), signed, max_age=KEPT, secure=secure, httponly=True, samesite="Lax")
        return response


def _read() -> tuple[str, list[str]]:
    try:
        device, accounts = _signer().loads(request.cookies.get(_name(), ""), max_age=int(KEPT.total_seconds()))
    except (BadSignature, ValueError, TypeError):
        return "", []
    return str(device), [str(one) for one in accounts]


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="hub.device")
