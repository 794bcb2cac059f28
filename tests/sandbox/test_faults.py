"""Every fault on order does what it says, as often as it says, and says whether the work was done."""

from __future__ import annotations

import threading
from typing import Any

import httpx2
import pytest

from hub.processes import wait_until
from plugins.zoom.sandbox.faults import KINDS
from plugins.zoom.sandbox.server import serve
from tests.sandbox.driver import CLIENT, Driver

BODY = {"topic": "Intro call"}


def call(zoom: Driver, token: str) -> httpx2.Response:
    return zoom.api(token, "POST", "/users/me/meetings", json=BODY)


def made(zoom: Driver) -> int:
    return len(zoom.state()["meetings"])


def hits(zoom: Driver) -> int:
    return sum(fault["hits"] for fault in zoom.sim("GET", "/faults")["faults"])


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("429_second", 429, "per-second rate limit"),
        ("429_4001", 429, '"code": 4001'),
        ("429_user_daily", 429, "daily rate limit (100)"),
        ("429_daily", 429, "maximum daily rate limit"),
        ("429_concurrent", 429, "Too many concurrent requests"),
        ("500", 500, "<h1>500 Internal Server Error</h1>"),
        ("502", 502, "<h1>502 Bad Gateway</h1>"),
        ("503", 503, "<h1>503 Service Temporarily Unavailable</h1>"),
        ("expired_token", 401, "Access token is expired."),
        ("invalid_token", 401, "Invalid access token."),
        ("missing_scope", 400, "does not contain scopes:[meeting:write:meeting, meeting:write:meeting:admin]"),
        ("invalid_grant", 400, "Invalid Token!"),
        ("xml_error", 400, "<result><code>300</code>"),
        ("redirect", 302, ""),
    ],
)
def test_refusals(zoom: Driver, kind: str, status: int, text: str) -> None:
    """Answers of Zoom or its gateway before anything was done; once, then all is well again."""
    token = zoom.connect()["access_token"]
    zoom.fault("create", kind)
    answer = call(zoom, token)
    assert answer.status_code == status
    assert text in answer.text
    assert made(zoom) == 0
    assert call(zoom, token).status_code == 201


def test_the_daily_429_tells_when_as_a_date(zoom: Driver) -> None:
    """Retry-After of the account's day is an ISO date-time."""
    token = zoom.connect()["access_token"]
    zoom.fault("create", "429_daily")
    assert call(zoom, token).headers["retry-after"] == "2026-11-25T00:00:00Z"


def test_an_error_of_choice(zoom: Driver) -> None:
    """Status, code and message can be chosen, so that rare answers need no switch."""
    token = zoom.connect()["access_token"]
    meeting = zoom.create(token)["id"]
    zoom.fault("delete", "error", status=400, code=3007, message="Meeting has ended.")
    answer = zoom.api(token, "DELETE", f"/meetings/{meeting}")
    assert (answer.status_code, answer.json()) == (400, {"code": 3007, "message": "Meeting has ended."})


@pytest.mark.parametrize(("kind", "done"), [("reset_before", 0), ("reset_after", 1), ("cut", 1)])
def test_lost_answers(zoom: Driver, kind: str, done: int) -> None:
    """The connection breaks before or after the work (rows 11 and 12): the caller can't tell which."""
    token = zoom.connect()["access_token"]
    zoom.fault("create", kind)
    with pytest.raises(httpx2.TransportError):
        call(zoom, token)
    assert made(zoom) == done
    entry = zoom.sim("GET", "/requests?route=create")["requests"][-1]
    assert (entry["fault"], entry["status"], entry["done"]) == (kind, None, 201 if done else None)


def test_a_reset_is_a_real_one(zoom: Driver) -> None:
    """Served by a server that hands out its socket, the connection is reset and not closed in order."""
    token = zoom.connect()["access_token"]
    zoom.fault("user", "reset_before")
    with pytest.raises(httpx2.ReadError, match=r"[Rr]eset"):
        zoom.api(token, "GET", "/users/me")


def test_without_a_socket_the_answer_breaks_off(zoom: Driver) -> None:
    """A server that hides its socket gets an answer shorter than promised instead."""

    def hiding(environ: dict[str, Any], start_response: Any) -> Any:
        environ.pop("werkzeug.socket")
        return zoom.server.gate(environ, start_response)

    zoom.fault("user", "reset_before")
    with serve(hiding) as server, pytest.raises(httpx2.RemoteProtocolError, match="without sending complete"):
        httpx2.get(f"{server.url}/v2/users/me")


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("truncated", lambda answer: answer.text.startswith('{"uuid"') and not answer.text.endswith("}")),
        ("empty", lambda answer: answer.content == b""),
        ("html", lambda answer: answer.headers["content-type"].startswith("text/html")),
        ("no_join_url", lambda answer: "join_url" not in answer.json() and "id" in answer.json()),
    ],
)
def test_odd_answers_to_work_that_was_done(zoom: Driver, kind: str, check: Any) -> None:
    """A success that can't be read is still a success at Zoom (row 11)."""
    token = zoom.connect()["access_token"]
    zoom.fault("create", kind)
    answer = call(zoom, token)
    assert answer.status_code == (200 if kind == "html" else 201)
    assert check(answer)
    assert made(zoom) == 1


@pytest.mark.parametrize(("kind", "done"), [("latency", 0), ("slow_answer", 1)])
def test_waiting_before_and_after_the_work(zoom: Driver, kind: str, done: int) -> None:
    """A caller that gives up leaves work undone or done; clearing the fault lets the request go on at once."""
    token = zoom.connect()["access_token"]
    zoom.fault("create", kind, seconds=60)
    with pytest.raises(httpx2.ReadTimeout):
        zoom.api(token, "POST", "/users/me/meetings", json=BODY, timeout=0.3)
    assert wait_until(lambda: hits(zoom) == 1 and made(zoom) == done, seconds=30)  # it works on when nobody listens
    zoom.fault("create", kind, seconds=60)
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(call(zoom, token).status_code))
    thread.start()
    while hits(zoom) < 2:
        assert thread.is_alive()
    zoom.sim("DELETE", "/faults")
    thread.join(30)
    assert answers == [201]


def test_a_lost_refresh_answer(zoom: Driver) -> None:
    """The refresh was made and its answer lost: strictly rotating, the old token is dead (row 19)."""
    tokens = zoom.connect()
    zoom.fault("token", "reset_after")
    with pytest.raises(httpx2.TransportError):
        zoom.refresh(tokens["refresh_token"])
    assert zoom.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_lost_refresh_answer_with_grace(zoom: Driver) -> None:
    """With a grace time the same refresh works again."""
    zoom.sim("PATCH", "/switches", {"grace_s": 60})
    tokens = zoom.connect()
    zoom.fault("token", "reset_after")
    with pytest.raises(httpx2.TransportError):
        zoom.refresh(tokens["refresh_token"])
    assert zoom.refresh(tokens["refresh_token"]).status_code == 200


def test_expired_and_revoked_for_real(zoom: Driver) -> None:
    """Access tokens can be expired and whole grants revoked behind the app's back (rows 17 and 21)."""
    tokens = zoom.connect()
    zoom.sim("POST", "/users/ada@example.com/expire")
    assert zoom.api(tokens["access_token"], "GET", "/users/me").json()["message"] == "Access token is expired."
    fresh = zoom.refresh(tokens["refresh_token"]).json()
    assert zoom.api(fresh["access_token"], "GET", "/users/me").status_code == 200
    zoom.sim("POST", "/users/ada@example.com/revoke")
    assert zoom.api(fresh["access_token"], "GET", "/users/me").json()["message"] == "Invalid access token."
    assert zoom.refresh(fresh["refresh_token"]).json()["error"] == "invalid_grant"


def test_counts_skips_and_routes(zoom: Driver) -> None:
    """A fault can let some pass, hit several or all of one route or of every route, and be cleared."""
    token = zoom.connect()["access_token"]

    def statuses(count: int) -> list[int]:
        return [zoom.api(token, "GET", "/users/me").status_code for _ in range(count)]

    zoom.fault("user", "500", skip=1, count=2)
    assert statuses(4) == [200, 500, 500, 200]
    zoom.fault("create", "500")
    assert statuses(1) == [200]
    zoom.fault("*", "503", count=None)
    assert statuses(3) == [503] * 3
    assert zoom.token(auth=CLIENT).status_code == 503
    zoom.sim("DELETE", "/faults")
    assert statuses(1) == [200]


def test_unknown_faults_are_refused(zoom: Driver) -> None:
    """A misspelt route, kind or option is an error and no silent nothing."""
    for body in (
        {"route": "nope", "kind": "500"},
        {"route": "create", "kind": "5OO"},
        {"route": "create"},
        {"kind": "500", "route": "create", "often": 1},
    ):
        answer = zoom.http.post("/_sim/faults", json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_every_kind_is_tested_here() -> None:
    """No fault is offered that this module does not order."""
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []
