"""Zoom's limits: per second and account, and a hundred creates and updates per user and UTC day."""

from __future__ import annotations

from tests.sandbox.driver import Driver

PER_USER = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular "
    "user. You may resume these requests at GMT 00:00:00."
)


def test_a_hundred_creates_and_updates_a_day(zoom: Driver) -> None:
    """The 101st of a user's day is refused till 00:00 UTC; deletes and other users are not (row 15)."""
    zoom.clock.advance(hours=11, minutes=30)
    token = zoom.connect()["access_token"]
    meeting = zoom.create(token)["id"]
    for _ in range(99):
        assert zoom.api(token, "PATCH", f"/meetings/{meeting}", json={"duration": 15}).status_code == 204
    refused = zoom.api(token, "POST", "/users/me/meetings", json={})
    assert (refused.status_code, refused.json()) == (429, {"code": 429, "message": PER_USER})
    assert refused.headers["x-ratelimit-limit"] == "100"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert "retry-after" not in refused.headers
    assert zoom.create(zoom.connect("grace@example.com")["access_token"])["id"]
    assert zoom.api(token, "DELETE", f"/meetings/{meeting}").status_code == 204
    zoom.clock.advance(minutes=30)
    assert zoom.create(token)["id"]


def test_the_daily_limit_can_be_switched(zoom: Driver) -> None:
    """A smaller number makes tests short, zero switches the limit off."""
    zoom.sim("PATCH", "/switches", {"daily_limit": 2})
    token = zoom.connect()["access_token"]
    statuses = [zoom.api(token, "POST", "/users/me/meetings", json={}).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    zoom.sim("PATCH", "/switches", {"daily_limit": 0})
    assert zoom.create(token)["id"]


def test_calls_per_second(wide: Driver) -> None:
    """Switched on, an account has 4 light and 2 medium calls a second, each label its own (row 14)."""
    wide.sim("PATCH", "/switches", {"rate_limits": True})
    token, other = wide.connect()["access_token"], wide.connect("grace@example.com")["access_token"]
    light = [wide.api(token, "GET", "/users/me") for _ in range(5)]
    assert [answer.status_code for answer in light] == [200, 200, 200, 200, 429]
    assert light[-1].json()["message"].startswith("You have reached the maximum per-second rate limit")
    assert light[-1].headers["x-ratelimit-type"] == "QPS"
    assert [wide.api(token, "GET", "/users/me/meetings").status_code for _ in range(3)] == [200, 200, 429]
    assert wide.api(other, "GET", "/users/me").status_code == 200
    wide.clock.advance(seconds=1)
    assert wide.api(token, "GET", "/users/me").status_code == 200


def test_normal_answers_name_only_the_label(wide: Driver) -> None:
    """An answer carries its label and no counters, as was measured."""
    token = wide.connect()["access_token"]
    for path, label in (("/users/me", "Light"), ("/users/me/meetings", "Medium"), ("/meetings/1", "Light")):
        headers = wide.api(token, "GET", path).headers
        assert headers["x-ratelimit-category"] == label
        assert not {"x-ratelimit-limit", "x-ratelimit-remaining", "retry-after"} & set(headers)
