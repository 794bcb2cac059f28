"""Zoom's webhooks: whether Zoom sent one just now, and what it says; pure."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hub import (
    AccountRemoved,
    MeetingDeleted,
    MeetingMoved,
    MeetingRestored,
    Rejected,
    Untrusted,
    VendorEvent,
    WebhookReply,
    WebhookRequest,
)
from plugins.zoom.mapping import meeting_id

WINDOW_SECONDS = 300  # Zoom names none; it signs each of its attempts anew, so that late ones pass
LONGEST_TOKEN = 1000
MILLISECONDS = 10**11  # as seconds, the year 5138
DELETED = ("meeting.deleted", "meeting.permanently_deleted")


def receive(request: WebhookRequest, settings: Mapping[str, str]) -> WebhookReply:
    """Return what a webhook says; nothing where it says nothing that we know.

    Raises Untrusted for a wrong signature or one that is not of these minutes, Rejected for a check of this address
    that can't be answered.
    """
    secrets = [secret.strip().encode() for secret in settings.get("webhook_secret", "").split(",") if secret.strip()]
    secret = _signed_with(request, secrets)
    data = _json(request.body)
    payload = data.get("payload")
    if not isinstance(payload, Mapping):
        return WebhookReply()
    event = data.get("event")
    # Signed like all others: answering an unsigned one would sign whatever a stranger asks for.
    if event == "endpoint.url_validation":
        return WebhookReply(body=_proof(payload, secret))
    found = _read(str(event), payload, _when(data, payload, request), settings.get("client_id", ""))
    return WebhookReply((found,) if found else (), dedupe_id=request.headers.get("x-zm-request-id", "")[:200])


def _signed_with(request: WebhookRequest, secrets: list[bytes]) -> bytes:
    """Return the secret with which Zoom signed these very bytes; there are two while it is being changed."""
    if not secrets:
        raise Untrusted("No secret is set.")
    stamp, signature = (request.headers.get(f"x-zm-{name}", "") for name in ("request-timestamp", "signature"))
    # The signature is compared first and always: how long a refusal takes tells nothing of what was wrong.
    text = b"v0:" + stamp.encode("utf-8", "replace") + b":" + request.body
    given = signature.encode("utf-8", "replace")
    signed = [s for s in secrets if hmac.compare_digest(_digest(s, text, "v0="), given)]
    if not signed:
        raise Untrusted("The signature is wrong.")
    sent_at = _moment(int(stamp)) if re.fullmatch(r"[0-9]{1,15}", stamp, re.ASCII) else None
    if sent_at is None or abs((request.arrived_at - sent_at).total_seconds()) > WINDOW_SECONDS:
        raise Untrusted("It was not sent in these minutes; is a clock wrong?")
    return signed[0]


def _digest(secret: bytes, text: bytes, prefix: str = "") -> bytes:
    return (prefix + hmac.new(secret, text, hashlib.sha256).hexdigest()).encode()


def _proof(payload: Mapping[str, Any], secret: bytes) -> dict[str, str]:
    """Return what shows Zoom that whoever answers at this address knows the secret."""
    plain = payload.get("plainToken")
    if not isinstance(plain, str) or not 0 < len(plain) <= LONGEST_TOKEN:
        raise Rejected("plainToken is not a short text.")
    return {"plainToken": plain, "encryptedToken": _digest(secret, plain.encode("utf-8", "replace")).decode()}


def _read(event: str, payload: Mapping[str, Any], at: datetime, client_id: str) -> VendorEvent | None:
    if event == "app_deauthorized":
        # `signature` in this payload is a legacy field; all of the body is signed already.
        user = _id(payload.get("user_id"))
        return AccountRemoved(user, at) if user and payload.get("client_id") == client_id else None
    meeting = payload.get("object")
    if not isinstance(meeting, Mapping) or not (number := meeting_id(meeting.get("id"))):
        return None
    account = _id(meeting.get("host_id"))  # Zoom does not promise it when a meeting was changed
    if event in DELETED:
        return MeetingDeleted(account, at, number)
    if event == "meeting.recovered":
        return MeetingRestored(account, at, number)
    if event == "meeting.updated":
        starts_at, minutes = _time(meeting.get("start_time")), meeting.get("duration")
        length = minutes if type(minutes) is int and 0 < minutes <= 10_000 else None
        return MeetingMoved(account, at, number, starts_at, length) if starts_at or length else None
    return None


def _id(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else ""


def _when(data: Mapping[str, Any], payload: Mapping[str, Any], request: WebhookRequest) -> datetime:
    """Return when it happened. `event_ts` has been seen within the payload, as text, and missing."""
    for value in (data.get("event_ts"), payload.get("deauthorization_time"), payload.get("event_ts")):
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value, re.ASCII):
            value = int(value)
        moment = _moment(value) if type(value) is int else _time(value)
        if moment:
            return moment
    return _moment(int(request.headers["x-zm-request-timestamp"])) or request.arrived_at


def _moment(number: int) -> datetime | None:
    """Return the time of a Unix time in seconds or milliseconds."""
    try:
        return datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _time(text: object) -> datetime | None:
    """Return the time of an ISO text, which is UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in `body`; an empty one for all that Zoom would not send."""
    try:
        data = json.loads(body, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, Mapping) else {}


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found
