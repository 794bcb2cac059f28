"""Reading Zoom's webhooks: who signed what and when, and what it says."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import plugins.zoom
from hub import (
    AccountRemoved,
    MeetingDeleted,
    MeetingMoved,
    MeetingRestored,
    Rejected,
    Untrusted,
    WebhookReply,
    WebhookRequest,
    demo,
    providers,
)
from plugins.zoom import webhooks

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
SETTINGS = {"webhook_secret": "a-secret", "client_id": "our-client"}
EVENT_TS = 1796025600123
HAPPENED = datetime(2026, 11, 30, 8, 0, 0, 123000, tzinfo=UTC)


def signed(body: bytes, *, secret: str = "a-secret", stamp: str = "", **headers: str) -> WebhookRequest:
    """Return the request that Zoom would send with this body, some headers changed; an empty one is left out."""
    stamp = stamp or str(int(NOW.timestamp()))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    told = {"x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={digest}", "x-zm-request-id": "6009_d653"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest({name: value for name, value in told.items() if value}, body, NOW)


def read(event: str, payload: Any, **more: Any) -> WebhookReply:
    body = {"event": event, "payload": payload, "event_ts": EVENT_TS} | more
    return webhooks.receive(signed(json.dumps(body).encode()), SETTINGS)


def test_a_signature_worked_out_by_hand() -> None:
    """The signature is HMAC-SHA256 of v0, timestamp and body with the app's secret, in lower-case hexadecimals."""
    body = b'{"event":"x","payload":{}}'
    digest = hmac.digest(b"a-secret", b"v0:1796025600:" + body, "sha256").hex()
    headers = {"x-zm-request-timestamp": "1796025600", "x-zm-signature": f"v0={digest}"}
    assert webhooks.receive(WebhookRequest(headers, body, NOW), SETTINGS) == WebhookReply()
    for signature in (f"v1={digest}", digest, f"v0={digest.upper()}", f"V0={digest}", f"v0={digest}0", "", "v0=é"):
        with pytest.raises(Untrusted):
            webhooks.receive(WebhookRequest({**headers, "x-zm-signature": signature}, body, NOW), SETTINGS)


@pytest.mark.parametrize("stamp", ["1796025300", "1796025900", "1796025600000", "1796025899999"])
def test_in_time(stamp: str) -> None:
    """Five minutes to either side are allowed, in seconds or milliseconds."""
    assert webhooks.receive(signed(b"{}", stamp=stamp), SETTINGS) == WebhookReply()


@pytest.mark.parametrize(
    "stamp",
    ["1796025299", "1796025901", "1796025299999", "1796025900001", "soon", "-1", "1e9", "٣", "9" * 15, "9" * 40, " "],
)
def test_not_in_time(stamp: str) -> None:
    """A time that is missing, no time, or more than five minutes away is refused although the signature holds."""
    with pytest.raises(Untrusted):
        webhooks.receive(signed(b"{}", stamp=stamp), SETTINGS)
    with pytest.raises(Untrusted):
        webhooks.receive(signed(b"{}", x_zm_request_timestamp=""), SETTINGS)


def test_two_secrets_while_it_is_changed() -> None:
    """While the secret is being changed both hold; an address check is answered with the one that signed it."""
    both = SETTINGS | {"webhook_secret": "newer, a-secret ,"}
    plain = {"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}}
    for secret in ("newer", "a-secret"):
        reply = webhooks.receive(signed(json.dumps(plain).encode(), secret=secret), both)
        digest = hmac.digest(secret.encode(), b"qgg8vlvZRS6UYooatFL8Aw", "sha256").hex()
        assert reply.body == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": digest}
    for other in ("another", ",", "newer, a-secret ,"):
        with pytest.raises(Untrusted):
            webhooks.receive(signed(b"{}", secret=other), both)
    for nothing in ("", " , ,"):
        with pytest.raises(Untrusted):
            webhooks.receive(signed(b"{}", secret=""), SETTINGS | {"webhook_secret": nothing})


def test_an_unsigned_check_is_not_answered() -> None:
    """The answer to an address check is a signature: who can't sign gets none."""
    body = json.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": "v0:1796025600:{}"}}).encode()
    with pytest.raises(Untrusted):
        webhooks.receive(signed(body, secret="guessed"), SETTINGS)


@pytest.mark.parametrize("plain", [None, 7, "", ["x"], {"a": 1}, "x" * 1001])
def test_a_check_that_makes_no_sense(plain: Any) -> None:
    """A token that is no short text is refused."""
    with pytest.raises(Rejected):
        read("endpoint.url_validation", {"plainToken": plain})


def test_app_deauthorized() -> None:
    """A removal names the user; only that of our own app counts."""
    payload = {"account_id": "AAAAAABBBB", "user_id": "abcD3", "client_id": "our-client", "signature": "legacy"}
    assert read("app_deauthorized", payload) == WebhookReply((AccountRemoved("abcD3", HAPPENED),), None, "6009_d653")
    for wrong in ({"client_id": "another"}, {"client_id": None}, {"user_id": ""}, {"user_id": 7}):
        assert read("app_deauthorized", payload | wrong).events == ()


@pytest.mark.parametrize(
    ("top", "inner", "expected"),
    [
        (EVENT_TS, {}, HAPPENED),
        (str(EVENT_TS), {}, HAPPENED),
        (1796025600, {}, NOW),
        (None, {"deauthorization_time": "2026-11-30T07:59:00.5Z"}, NOW - timedelta(seconds=59.5)),
        (None, {"event_ts": EVENT_TS}, HAPPENED),
        (None, {"event_ts": "2026-11-30 07:58:00"}, NOW - timedelta(minutes=2)),
        (None, {}, NOW),
        (10**40, {"event_ts": True, "deauthorization_time": "soon"}, NOW),
        ([], {"event_ts": {}, "deauthorization_time": 5.5}, NOW),
    ],
)
def test_when_it_happened(top: Any, inner: dict[str, Any], expected: datetime) -> None:
    """The time has been seen at the top and within, as number and as text; without any, it is that of sending."""
    payload = {"user_id": "abcD3", "client_id": "our-client"} | inner
    (event,) = read("app_deauthorized", payload, event_ts=top).events
    assert event.at == expected


def test_meetings() -> None:
    """Moves, deletions and recoveries name the meeting, by number or text, and its host where Zoom says so."""
    meeting = {"id": 98884753832, "uuid": "5yDZGNlQSV6qOjg4NxajHQ==", "host_id": "host"}
    for event in ("meeting.deleted", "meeting.permanently_deleted"):
        assert read(event, {"object": meeting}).events == (MeetingDeleted("host", HAPPENED, "98884753832"),)
    restored = read("meeting.recovered", {"object": meeting | {"id": "98884753832"}}).events
    assert restored == (MeetingRestored("host", HAPPENED, "98884753832"),)
    moved = {"id": 98884753832, "start_time": "2026-12-01T10:00:00Z", "duration": 45}
    starts_at = datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert read("meeting.updated", {"object": moved}).events == (
        MeetingMoved("", HAPPENED, "98884753832", starts_at, 45),
    )
    assert read("meeting.updated", {"object": moved | {"start_time": "soon"}}).events == (
        MeetingMoved("", HAPPENED, "98884753832", None, 45),
    )
    for duration in (True, 0, -5, 10_001, "45", 45.5, None):
        (event,) = read("meeting.updated", {"object": moved | {"duration": duration}}).events
        assert event == MeetingMoved("", HAPPENED, "98884753832", starts_at, None)


@pytest.mark.parametrize(
    "payload",
    [
        {"object": {"id": 7, "topic": "Another title"}},
        {"object": {"id": 7, "settings": {"audio": "voip"}}},
        {"object": {"id": 7.0, "duration": 45}},
        {"object": {"id": True, "duration": 45}},
        {"object": {"id": "x", "duration": 45}},
        {"object": {"id": -7, "duration": 45}},
        {"object": []},
        {},
    ],
)
def test_updates_that_move_nothing(payload: Any) -> None:
    """Other changes, and meetings without a number, say nothing."""
    assert read("meeting.updated", payload).events == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe\x00",
        b'{"event":"meeting.deleted"}',
        b'{"event":"meeting.deleted","payload":null}',
        b'{"event":"meeting.deleted","payload":[{"object":{"id":7}}]}',
        b'{"event":"meeting.started","payload":{"object":{"id":"7"}}}',
        b'{"event":["meeting.deleted"],"payload":{"object":{"id":7}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":7}},"payload":{"object":{"id":8}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":7,"id":8}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":NaN}}}',
        b'{"event":"meeting.deleted","event_ts":Infinity,"payload":{"object":{"id":7}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":' + b"9" * 5000 + b"}}}",
        b'{"event":"x","payload":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
        b"[" * 10_000,
    ],
)
def test_signed_and_unusable(body: bytes) -> None:
    """What is signed and says nothing that we know is taken in silence."""
    assert webhooks.receive(signed(body), SETTINGS).events == ()


def test_the_demos_zoom_tells_the_demos_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the demo the local Zoom knows where the hub is, and both know one secret; elsewhere it tells nobody."""
    assert plugins.zoom.sandbox_app("http://localhost:1").sandbox.app.webhook_url == ""
    provider = providers.load().get("zoom")
    assert provider
    told = demo.environment(demo.Addresses("localhost", 8000, 8001), tmp_path, [provider])
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "sandbox").mkdir()
    app = plugins.zoom.sandbox_app("http://localhost:8001/sandbox/zoom").sandbox.app
    assert app.webhook_url == "http://localhost:8000/webhooks/zoom"
    assert app.webhook_secret == told["HUB_ZOOM_WEBHOOK_SECRET"] != ""


def test_no_part_of_a_request_is_in_its_repr() -> None:
    """A request that is logged tells neither the signature nor what it says."""
    assert "qgg8" not in repr(signed(b'{"plainToken":"qgg8"}'))
    assert "v0=" not in repr(signed(b"{}"))
