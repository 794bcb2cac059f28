"""Webhooks: who is told what, signed how, and how often Zoom tries."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from plugins.zoom.sandbox import sign
from tests.sandbox.conftest import Start
from tests.sandbox.driver import CLIENT, SCOPES, Browser, Driver, Endpoint

SECRET = "a-secret-token"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint of the app."""
    with Endpoint() as running:
        yield running


@pytest.fixture
def told(start: Start, endpoint: Endpoint) -> Driver:
    """A sandbox that tells the endpoint everything."""
    return start(scopes=list(SCOPES), webhook_url=endpoint.url, webhook_secret=SECRET)


def deliveries(zoom: Driver) -> list[dict[str, Any]]:
    assert zoom.server.gate.sandbox
    return list(zoom.sim("GET", "/webhooks")["deliveries"])


def settle(zoom: Driver) -> None:
    """Wait for what is due, without hurrying retries."""
    assert zoom.sim("POST", "/clock", {"advance_s": 0})
    assert zoom.sim("POST", "/webhooks/settle")["settled"]


def test_the_signature_is_zooms(told: Driver, endpoint: Endpoint) -> None:
    """v0=HMAC-SHA256(secret, "v0:timestamp:body") over the exact bytes, in compact JSON with plain UTF-8."""
    told.create(told.connect()["access_token"], topic="Grüße, 会議")
    settle(told)
    headers, body = endpoint.received[0]
    text = f"v0:{headers['x-zm-request-timestamp']}:".encode() + body
    assert headers["x-zm-signature"] == "v0=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert headers["x-zm-signature"] == sign(SECRET, headers["x-zm-request-timestamp"], body)
    assert headers["x-zm-request-timestamp"] == "1795521600"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["user-agent"] == "Zoom Marketplace/1.0a"
    assert [len(part) for part in headers["x-zm-request-id"].split("_")] == [8, 4, 4, 4, 12]
    assert headers["traceparent"].startswith("00-")
    assert "Grüße, 会議".encode() in body
    assert body == json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    assert list(json.loads(body)) == ["event", "payload", "event_ts"]


def test_a_known_signature() -> None:
    """A signature worked out by hand, so that sign and check can't be wrong together."""
    assert sign("k", 1, b"{}") == "v0=" + hmac.digest(b"k", b"v0:1:{}", "sha256").hex()


def test_what_is_told(told: Driver, endpoint: Endpoint) -> None:
    """Created, updated with old and new values, deleted, recovered, started and ended (ids as text in these two)."""
    token = told.connect()["access_token"]
    meeting = told.create(token, settings={"waiting_room": True})["id"]
    changes = {"start_time": "2026-12-02T10:00:00Z", "topic": "Intro call", "settings": {"audio": "voip"}}
    told.api(token, "PATCH", f"/meetings/{meeting}", json=changes)
    for action in ("start", "end", "delete", "recover", "purge"):
        told.sim("POST", f"/meetings/{meeting}/{action}")
    settle(told)
    events = endpoint.events()
    assert [event["event"] for event in events] == [
        "meeting.created",
        "meeting.updated",
        "meeting.started",
        "meeting.ended",
        "meeting.deleted",
        "meeting.recovered",
        "meeting.permanently_deleted",
    ]
    updated = events[1]["payload"]
    assert updated["old_object"] == {"id": meeting, "start_time": "2026-12-01T10:00:00Z", "settings": {"audio": "both"}}
    assert updated["object"]["start_time"] == "2026-12-02T10:00:00Z"
    assert updated["object"]["settings"] == {"audio": "voip"}
    assert updated["operator"] == "ada@example.com"
    assert [event["payload"]["object"]["id"] for event in events[:4]] == [meeting, meeting, str(meeting), str(meeting)]


def test_an_update_that_changes_nothing_is_not_told(told: Driver, endpoint: Endpoint) -> None:
    """Only a difference is an event."""
    token = told.connect()["access_token"]
    meeting = told.create(token)["id"]
    told.api(token, "PATCH", f"/meetings/{meeting}", json={"topic": "Intro call"})
    settle(told)
    assert [event["event"] for event in endpoint.events()] == ["meeting.created"]


def test_who_is_not_told(start: Start, endpoint: Endpoint) -> None:
    """Without the reading scope nothing of meetings; on a Basic plan no updates and deletes."""
    zoom = start(webhook_url=endpoint.url)
    token = zoom.connect()["access_token"]
    zoom.create(token)
    settle(zoom)
    assert endpoint.received == []
    zoom.sim("PATCH", "/switches", {"scopes": list(SCOPES)})
    token = zoom.connect("grace@example.com")["access_token"]
    meeting = zoom.create(token)["id"]
    zoom.api(token, "PATCH", f"/meetings/{meeting}", json={"duration": 15})
    zoom.sim("POST", f"/meetings/{meeting}/start")
    zoom.sim("POST", f"/meetings/{meeting}/end")
    zoom.api(token, "DELETE", f"/meetings/{meeting}")
    settle(zoom)
    assert [event["event"] for event in endpoint.events()] == ["meeting.created", "meeting.started", "meeting.ended"]


def test_users(told: Driver, endpoint: Endpoint) -> None:
    """A new email and a deactivation are told; afterwards nothing is, as the app was never removed but can't act."""
    told.connect()
    told.sim("PATCH", "/users/ada@example.com", {"email": "ada@new.example"})
    told.sim("POST", "/users/ada@new.example/deactivate")
    settle(told)
    updated, deactivated = endpoint.events()
    assert updated["event"] == "user.updated"
    assert updated["payload"]["old_object"]["email"] == "ada@example.com"
    assert updated["payload"]["object"]["email"] == "ada@new.example"
    assert (deactivated["event"], deactivated["payload"]["object"]["email"]) == ("user.deactivated", "ada@new.example")


def test_app_deauthorized(start: Start, endpoint: Endpoint) -> None:
    """Removing the app, by Marketplace or by revoke, is told once, with only the help page's four scopes."""
    zoom = start(webhook_url="http://127.0.0.1:9/", deauthorization_url=endpoint.url, webhook_secret=SECRET)
    tokens = zoom.connect()
    zoom.http.post("/oauth/revoke", data={"token": tokens["access_token"]}, auth=CLIENT)
    zoom.http.post("/oauth/revoke", data={"token": tokens["access_token"]}, auth=CLIENT)
    settle(zoom)
    (event,) = endpoint.events()
    user = zoom.sandbox.find_user("ada@example.com")
    assert user
    assert (event["event"], event["event_ts"]) == ("app_deauthorized", 1795521600000)
    payload = event["payload"]
    assert (payload["user_id"], payload["account_id"], payload["client_id"]) == (user.id, user.account_id, CLIENT[0])
    assert payload["deauthorization_time"] == "2026-11-24T12:00:00.000Z"
    zoom.sim("PATCH", "/app", {"published": False})
    zoom.connect()
    zoom.sim("POST", "/users/ada@example.com/uninstall")
    settle(zoom)
    assert len(endpoint.received) == 1


def test_retries(told: Driver, endpoint: Endpoint) -> None:
    """On 5xx three retries, +5, +20 and +60 minutes, each signed anew with the same request id; then it is given up."""
    endpoint.answers = [500, 503, 502, 500]
    told.connect()
    told.sim("PATCH", "/users/ada@example.com", {"first_name": "Augusta"})
    settle(told)
    for minutes, expected in ((4.9, 1), (0.2, 2), (19.8, 2), (0.3, 3), (59.8, 3), (0.4, 4), (600, 4)):
        told.sim("POST", "/clock", {"advance_s": minutes * 60})
        settle(told)
        assert len(endpoint.received) == expected
    assert deliveries(told)[0]["state"] == "failed"
    assert len({headers["x-zm-request-id"] for headers, _ in endpoint.received}) == 1
    assert len({headers["x-zm-signature"] for headers, _ in endpoint.received}) == 4


def test_a_retry_that_works_is_the_last(told: Driver, endpoint: Endpoint) -> None:
    """Delivered means over."""
    endpoint.answers = [500]
    told.connect()
    told.sim("PATCH", "/users/ada@example.com", {"first_name": "Augusta"})
    settle(told)
    assert deliveries(told)[0]["state"] == "waiting"
    assert told.sim("POST", "/webhooks/flush")["settled"]
    (delivery,) = deliveries(told)
    assert (delivery["state"], [attempt["status"] for attempt in delivery["attempts"]]) == ("delivered", [500, 200])


@pytest.mark.parametrize("status", [302, 400, 401, 404])
def test_no_retry_after_a_refusal(told: Driver, endpoint: Endpoint, status: int) -> None:
    """3xx and 4xx are final, and no redirect is followed."""
    endpoint.answers = [status]
    told.connect()
    told.sim("PATCH", "/users/ada@example.com", {"first_name": "Augusta"})
    settle(told)
    told.sim("POST", "/webhooks/flush")
    assert (deliveries(told)[0]["state"], len(endpoint.received)) == ("failed", 1)


def test_an_endpoint_that_is_not_there(start: Start) -> None:
    """A refused connection is retried as a 5xx is; with a faster clock the retries come by themselves."""
    zoom = start(scopes=list(SCOPES), webhook_url="http://127.0.0.1:9/hook", webhook_speed=1e9)
    zoom.connect()
    zoom.sim("PATCH", "/users/ada@example.com", {"first_name": "Augusta"})
    while deliveries(zoom)[0]["state"] == "waiting":
        settle(zoom)
    assert [attempt["status"] for attempt in deliveries(zoom)[0]["attempts"]] == ["connection refused (-2)"] * 4


def test_an_endpoint_must_prove_that_it_knows_the_secret(zoom: Driver, endpoint: Endpoint) -> None:
    """The check is signed, and an address is saved only if the token comes back hashed with the secret."""

    def answer(key: str) -> Any:
        def reply(body: dict[str, Any]) -> dict[str, str]:
            plain = body["payload"]["plainToken"]
            digest = hmac.new(key.encode(), plain.encode(), hashlib.sha256).hexdigest()
            return {"plainToken": plain, "encryptedToken": digest}

        return reply

    wanted = {"url": endpoint.url, "secret": SECRET}
    assert "200" not in zoom.sim("POST", "/webhooks/validate", wanted)["error"]
    endpoint.reply = answer("another")
    assert zoom.sim("POST", "/webhooks/validate", wanted)["ok"] is False
    endpoint.reply, endpoint.answers = answer(SECRET), [500]
    assert "500" in zoom.sim("POST", "/webhooks/validate", wanted)["error"]
    assert zoom.state()["app"]["webhook_url"] == ""
    assert zoom.sim("POST", "/webhooks/validate", wanted) == {"ok": True, "error": ""}
    assert zoom.state()["app"]["webhook_url"] == endpoint.url
    headers, body = endpoint.received[-1]
    assert headers["x-zm-signature"] == sign(SECRET, headers["x-zm-request-timestamp"], body)
    assert json.loads(body)["event"] == "endpoint.url_validation"


def test_the_page_of_webhooks(told: Driver, endpoint: Endpoint) -> None:
    """The operator sees every attempt and can make what waits go now."""
    endpoint.answers = [500]
    told.connect()
    told.sim("PATCH", "/users/ada@example.com", {"first_name": "Augusta"})
    settle(told)
    browser = Browser(told.url)
    assert "waiting" in browser.get("/_sim/ui/webhooks").text
    browser.submit("/_sim/ui/webhooks")
    page = browser.follow().text
    assert "delivered" in page
    assert "user.updated" in page
