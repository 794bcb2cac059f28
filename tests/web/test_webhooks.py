"""POST /webhooks/<provider>: what is refused, with which status, and what is taken in silence."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugins.zoom.sandbox import sign
from plugins.zoom.sandbox.server import Server
from tests.support.world import Clock

SECRET = "sandbox-webhook-secret"
JSON = "application/json; charset=utf-8"


@pytest.fixture(autouse=True)
def _zoom_is_set_up(zoom: Server) -> None:
    """The hub has Zoom's settings, the secret among them."""


def post(client: FlaskClient, clock: Clock, body: bytes, **headers: str) -> TestResponse:
    """Post a body, signed as Zoom signs it unless `headers` say otherwise."""
    stamp = str(int(clock().timestamp()))
    told = {"x-zm-request-timestamp": stamp, "x-zm-signature": sign(SECRET, stamp, body)}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    kind = told.pop("content-type", JSON)
    return client.post("/webhooks/zoom", data=body, content_type=kind, headers=told)


@pytest.mark.parametrize("header", ["", "v0=", "v0=" + "0" * 64, "v1=" + "0" * 64, "V0=" + "A" * 64, "x" * 5000])
def test_signatures(client: FlaskClient, clock: Clock, header: str) -> None:
    """Row 59: no signature, a bad one, or another version of it: 401."""
    assert post(client, clock, b"{}", x_zm_signature=header).status_code == 401
    right = sign(SECRET, str(int(clock().timestamp())), b"{}")
    assert post(client, clock, b"{}", x_zm_signature=right.upper()).status_code == 401
    assert post(client, clock, b"{}", x_zm_signature=right.replace("v0=", "v1=")).status_code == 401
    assert post(client, clock, b"{}", x_zm_signature=right).status_code == 204


def test_a_body_that_is_too_large_is_not_read(client: FlaskClient, clock: Clock) -> None:
    """Row 59: what says that it is larger than 64 KB is refused before it is read."""
    environ = {"CONTENT_LENGTH": "65537", "wsgi.input": Unread()}
    answer = client.post("/webhooks/zoom", content_type=JSON, environ_overrides=environ)
    assert answer.status_code == 413
    assert post(client, clock, b'"' + b"x" * 65_534 + b'"').status_code == 204
    assert post(client, clock, b'"' + b"x" * 65_535 + b'"').status_code == 413


class Unread:
    """A body that must not be read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = read


@pytest.mark.parametrize("off", [-301, 301, None])
def test_timestamps(client: FlaskClient, clock: Clock, off: int | None) -> None:
    """Row 60: a time that is no time, or five minutes off: 401; milliseconds are understood."""
    stamp = "text" if off is None else str(int(clock().timestamp()) + off)
    answer = post(client, clock, b"{}", x_zm_request_timestamp=stamp, x_zm_signature=sign(SECRET, stamp, b"{}"))
    assert answer.status_code == 401
    stamp = str(int(clock().timestamp() * 1000))
    answer = post(client, clock, b"{}", x_zm_request_timestamp=stamp, x_zm_signature=sign(SECRET, stamp, b"{}"))
    assert answer.status_code == 204


def test_other_bytes(client: FlaskClient, clock: Clock) -> None:
    """Row 61: the same JSON in other bytes is not what was signed: 401."""
    body = b'{"event":"x","payload":{}}'
    stamp = str(int(clock().timestamp()))
    other = json.dumps(json.loads(body)).encode()
    assert post(client, clock, other, x_zm_signature=sign(SECRET, stamp, body)).status_code == 401


@pytest.mark.parametrize("token", [7, None, {}, "", "x" * 60_000])
def test_checks_that_make_no_sense(client: FlaskClient, clock: Clock, token: Any) -> None:
    """Row 62: an address check whose token is no short text: 400; one of a megabyte is not read."""
    body = json.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": token}}).encode()
    assert post(client, clock, body).status_code == 400
    assert post(client, clock, body.ljust(1_000_000)).status_code == 413


def test_a_check_is_answered(client: FlaskClient, clock: Clock) -> None:
    """An address check is answered in JSON, by whoever knows the secret."""
    body = b'{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}'
    answer = post(client, clock, body)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json is not None
    assert answer.json["plainToken"] == "abc"
    assert len(answer.json["encryptedToken"]) == 64


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b'{"event":"unknown","payload":{}}',
        b'{"event":"meeting.deleted"}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":1,"id":2}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":NaN}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":1.5}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":"1"}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":9223372036854775808}}}',
        b'{"event":"meeting.deleted","payload":{"object":{"id":1,"host_id":"\\u0000\\ud800"}}}',
        b'{"event":"app_deauthorized","payload":{"user_id":"\\ud800","client_id":"sandbox-client"}}',
        b"[" * 10_000,
    ],
)
def test_signed_and_unusable(client: FlaskClient, clock: Clock, body: bytes) -> None:
    """Row 63: what is signed and can't be used is taken in silence."""
    assert post(client, clock, body).status_code == 204


def test_not_a_webhook(client: FlaskClient, clock: Clock) -> None:
    """Row 64: other methods 405, other kinds of content 415, what is compressed 415."""
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        answer = client.open("/webhooks/zoom", method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert post(client, clock, b"a=b", content_type="application/x-www-form-urlencoded").status_code == 415
    assert post(client, clock, b"{}", content_type="text/plain").status_code == 415
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < 64 * 1024
    assert post(client, clock, bomb, content_encoding="gzip").status_code == 415


@pytest.mark.parametrize("key", ["phone", "nobody", "..", "zoom/x"])
def test_providers_without(client: FlaskClient, clock: Clock, key: str) -> None:
    """Where no provider listens there is nothing."""
    assert client.post(f"/webhooks/{key}", data=b"{}", content_type=JSON).status_code == 404


def test_another_site_can_send_it(client: FlaskClient, clock: Clock) -> None:
    """Webhooks come from other machines, without any token of ours; the signature is what counts."""
    headers = {"origin": "https://zoom.example", "sec_fetch_site": "cross-site"}
    assert post(client, clock, b"{}", **headers).status_code == 204
