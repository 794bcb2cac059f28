"""Golden error bodies: what Zoom answers, as collected with its sources in the project's notes on Zoom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.driver import CALLBACK, CLIENT, Driver

FIELD = {"code": 300, "message": "Validation Failed."}
START = "2026-12-01T10:00:00Z"


@pytest.mark.parametrize(
    ("auth", "form", "body"),
    [
        (
            ("sandbox-client", "wrong"),
            {"grant_type": "refresh_token"},
            {"reason": "Invalid client_id or client_secret", "error": "invalid_client"},
        ),
        (
            ("other", "sandbox-secret"),
            {"grant_type": "refresh_token"},
            {"reason": "Invalid client_id or client_secret", "error": "invalid_client"},
        ),
        (CLIENT, {"grant_type": "password"}, {"reason": "unsupported grant type", "error": "unsupported_grant_type"}),
        (CLIENT, {}, {"reason": "unsupported grant type", "error": "unsupported_grant_type"}),
        (
            CLIENT,
            {"grant_type": "refresh_token", "refresh_token": "made-up"},
            {"reason": "Invalid Token!", "error": "invalid_grant"},
        ),
        (
            CLIENT,
            {"grant_type": "authorization_code", "code": "made-up", "redirect_uri": CALLBACK},
            {"reason": "Invalid authorization code", "error": "invalid_grant"},
        ),
    ],
)
def test_token_errors(zoom: Driver, auth: tuple[str, str], form: dict[str, str], body: dict[str, str]) -> None:
    """The token endpoint answers 400 with reason and error, in Zoom's words."""
    answer = zoom.token(auth=auth, **form)
    assert (answer.status_code, answer.json()) == (400, body)


def test_redirect_mismatch_and_tokens_in_the_query(zoom: Driver) -> None:
    """The redirect must be the one of the authorization; a token in the query string is refused."""
    mismatch = zoom.exchange(zoom.authorize()["code"], redirect_uri=CALLBACK + "/")
    assert mismatch.json() == {"reason": "Redirect URI mismatch.", "error": "invalid_request"}
    tokens = zoom.connect()
    params = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = zoom.http.post("/oauth/token", params=params, auth=CLIENT)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_invalid_client_as_401_and_a_disabled_app(zoom: Driver) -> None:
    """Some saw 401 for wrong credentials; a disabled app is told so, and its bearer tokens are void."""
    tokens = zoom.connect()
    zoom.sim("PATCH", "/switches", {"invalid_client_status": 401})
    assert zoom.token(auth=("other", "x"), grant_type="refresh_token").status_code == 401
    zoom.sim("PATCH", "/app", {"disabled": True})
    disabled = {"reason": "The app has been disabled by the developer", "error": "invalid_client"}
    assert zoom.refresh(tokens["refresh_token"]).json() == disabled
    assert zoom.api(tokens["access_token"], "GET", "/users/me").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "expected"),
    [
        (
            "GET",
            "/users/grace@example.com",
            None,
            404,
            {"code": 1001, "message": "User does not exist: grace@example.com."},
        ),
        ("POST", "/users/nobody/meetings", {}, 404, {"code": 1001, "message": "User does not exist: nobody."}),
        ("GET", "/meetings/123", None, 404, {"code": 3001, "message": "Meeting does not exist: 123."}),
        ("PATCH", "/meetings/123", {}, 404, {"code": 3001, "message": "Meeting does not exist: 123."}),
        ("DELETE", "/meetings/123", None, 404, {"code": 3001, "message": "Meeting does not exist: 123."}),
        ("GET", "/meetings/123/invitation", None, 404, {"code": 3001, "message": "Meeting does not exist: 123."}),
        (
            "PUT",
            "/meetings/123/status",
            {"action": "end"},
            404,
            {"code": 3001, "message": "Meeting does not exist: 123."},
        ),
        ("GET", "/rooms", None, 404, {"code": 2300, "message": "This API endpoint is not recognized."}),
        ("DELETE", "/users/me", None, 404, {"code": 2300, "message": "This API endpoint is not recognized."}),
        (
            "POST",
            "/users/me/meetings",
            [1],
            400,
            {"code": 300, "message": "Request Body should be a valid JSON object."},
        ),
    ],
)
def test_rest_errors(wide: Driver, method: str, path: str, body: Any, status: int, expected: dict[str, Any]) -> None:
    """REST errors carry Zoom's code and message, to the letter."""
    answer = wide.api(wide.connect()["access_token"], method, path, **({} if body is None else {"json": body}))
    assert (answer.status_code, answer.json()) == (status, expected)
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["x-zm-trackingid"].startswith("v=2.0;clid=sim;rid=WEB_")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("topic", {"topic": "x" * 201}),
        ("topic", {"topic": 7}),
        ("agenda", {"agenda": "x" * 2001}),
        ("type", {"type": 4}),
        ("duration", {"duration": 0}),
        ("duration", {"duration": 1441}),
        ("duration", {"duration": "30"}),
        ("duration", {"duration": 29.5}),
        ("password", {"password": "x" * 11}),
        ("timezone", {"timezone": "Mars/Olympus"}),
        ("start_time", {"start_time": "2026-12-01T10:00:00.000Z"}),
        ("start_time", {"start_time": "2026-12-01T10:00:00+00:00"}),
        ("start_time", {"start_time": "tomorrow"}),
        ("start_time", {"start_time": "2026-13-01T10:00:00Z"}),
        ("settings", {"settings": []}),
        ("settings.audio", {"settings": {"audio": "phone"}}),
        ("settings.auto_recording", {"settings": {"auto_recording": "yes"}}),
        ("settings.approval_type", {"settings": {"approval_type": 3}}),
        ("settings.jbh_time", {"settings": {"jbh_time": 7}}),
        ("settings.waiting_room", {"settings": {"waiting_room": "yes"}}),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_wrong_field_is_named(zoom: Driver, method: str, field: str, body: dict[str, Any]) -> None:
    """A field that Zoom would refuse, or silently bend, is refused with its name."""
    token = zoom.connect()["access_token"]
    path = "/users/me/meetings" if method == "POST" else f"/meetings/{zoom.create(token)['id']}"
    answer = zoom.api(token, method, path, json=body)
    expected = FIELD | {"errors": [{"field": field, "message": "Invalid field."}]}
    assert (answer.status_code, answer.json()) == (400, expected)


def test_the_order_of_checks(zoom: Driver) -> None:
    """Token, then scope, then limit, then body, then field, then resource: each error hides the ones after it."""
    zoom.sim("PATCH", "/switches", {"scopes": ["user:read:user"], "daily_limit": 1})
    poor = zoom.connect("grace@example.com")["access_token"]
    zoom.sim("PATCH", "/switches", {"scopes": ["meeting:update:meeting"]})
    token = zoom.connect()["access_token"]
    bad = {"content": b"[", "headers": {"Content-Type": "application/json"}}
    assert zoom.api("made-up", "PATCH", "/meetings/1", **bad).json() == {
        "code": 124,
        "message": "Invalid access token.",
    }
    assert zoom.api(poor, "PATCH", "/meetings/1", **bad).json()["code"] == 4711
    assert zoom.api(token, "PATCH", "/meetings/1", **bad).json()["message"].startswith("Request Body")
    assert zoom.api(token, "PATCH", "/meetings/1", **bad).status_code == 429
    zoom.clock.advance(days=1)
    token = zoom.connect()["access_token"]
    assert zoom.api(token, "PATCH", "/meetings/1", json={"duration": 0}).json()["message"] == "Validation Failed."
    zoom.clock.advance(days=1)
    token = zoom.connect()["access_token"]
    assert zoom.api(token, "PATCH", "/meetings/1", json={"duration": 9}).json()["code"] == 3001


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/users/me", "user:read:user"),
        ("POST", "/users/me/meetings", "meeting:write:meeting"),
        ("GET", "/users/me/meetings", "meeting:read:list_meetings"),
        ("GET", "/users/me/upcoming_meetings", "meeting:read:list_upcoming_meetings"),
        ("GET", "/meetings/1", "meeting:read:meeting"),
        ("GET", "/meetings/1/invitation", "meeting:read:invitation"),
        ("PATCH", "/meetings/1", "meeting:update:meeting"),
        ("DELETE", "/meetings/1", "meeting:delete:meeting"),
        ("PUT", "/meetings/1/status", "meeting:update:status"),
    ],
)
def test_a_missing_scope_is_named(zoom: Driver, method: str, path: str, scope: str) -> None:
    """Each operation names the scope it lacks, with 400 and not 403 (row 22)."""
    zoom.sim("PATCH", "/switches", {"scopes": ["some:other:scope"]})
    answer = zoom.api(zoom.connect()["access_token"], method, path)
    message = f"Invalid access token, does not contain scopes:[{scope}, {scope}:admin]."
    assert (answer.status_code, answer.json()) == (400, {"code": 4711, "message": message})


def test_a_token_in_the_query(zoom: Driver) -> None:
    """A bearer token in the query string is not supported."""
    answer = zoom.http.get("/v2/users/me", params={"access_token": zoom.connect()["access_token"]})
    message = "Invalid access token, this access token is not supported as query parameter string."
    assert (answer.status_code, answer.json()) == (401, {"code": 124, "message": message})
    assert zoom.sim("GET", "/requests?route=user")["requests"][-1]["query"] == {"access_token": "(hidden)"}


def test_errors_as_xml(zoom: Driver) -> None:
    """Who does not accept JSON gets errors as XML, unless switched off."""
    xml = zoom.http.get("/v2/users/me", headers={"Accept": "text/html"})
    assert xml.headers["content-type"] == "application/xml;charset=UTF-8"
    assert xml.text == (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        "<result><code>124</code><message>Invalid access token.</message></result>"
    )
    assert zoom.http.get("/v2/users/me", headers={"Accept": "*/*"}).json()["code"] == 124
    zoom.sim("PATCH", "/switches", {"xml_errors": False})
    assert zoom.http.get("/v2/users/me", headers={"Accept": "text/html"}).json()["code"] == 124


def test_users_who_may_not(zoom: Driver) -> None:
    """A deactivated user's token is void; one who may not host is told 3161."""
    token = zoom.connect()["access_token"]
    zoom.sim("PATCH", "/users/ada@example.com", {"can_host": False})
    answer = zoom.api(token, "POST", "/users/me/meetings", json={})
    assert (answer.status_code, answer.json()["code"]) == (400, 3161)
    zoom.sim("POST", "/users/ada@example.com/deactivate")
    assert zoom.api(token, "GET", "/users/me").json() == {"code": 124, "message": "Invalid access token."}


def test_what_can_not_be_deleted(zoom: Driver) -> None:
    """A running meeting (3002), unless switched off, and the personal meeting (3018)."""
    token = zoom.connect()["access_token"]
    meeting = zoom.create(token)["id"]
    zoom.sim("POST", f"/meetings/{meeting}/start")
    answer = zoom.api(token, "DELETE", f"/meetings/{meeting}")
    words = "Sorry, you cannot delete this meeting since it's in progress."
    assert (answer.status_code, answer.json()) == (400, {"code": 3002, "message": words})
    zoom.sim("PATCH", "/switches", {"in_progress_delete": False})
    assert zoom.api(token, "DELETE", f"/meetings/{meeting}").status_code == 204
    pmi = zoom.state()["users"][0]["pmi"]
    assert zoom.api(token, "DELETE", f"/meetings/{pmi}").json()["code"] == 3018


def test_schedule_for_somebody_else(zoom: Driver) -> None:
    """A user-level app can't schedule for others."""
    answer = zoom.api(
        zoom.connect()["access_token"], "POST", "/users/me/meetings", json={"schedule_for": "x@example.com"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 300)
