"""The sandbox's own pages: plainly labelled, safe, accessible, and they do what their buttons say."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.driver import CLIENT, Browser, Driver

PAGES = (
    "/_sim/ui/meetings",
    "/_sim/ui/users",
    "/_sim/ui/app",
    "/_sim/ui/switches",
    "/_sim/ui/faults",
    "/_sim/ui/log",
    "/_sim/ui/webhooks",
    f"/marketplace/{CLIENT[0]}",
    "/marketplace",
    "/marketplace/installed",
    "/marketplace/installed/uninstall",
    "/nothing",
)


@pytest.fixture
def browser(zoom: Driver) -> Browser:
    """A browser of a sandbox in which something happened."""
    token = zoom.connect()["access_token"]
    zoom.create(token, topic="Tea <script>alert(1)</script>")
    zoom.api(token, "DELETE", f"/meetings/{zoom.create(token)['id']}")
    zoom.fault("list", "500")
    return Browser(zoom.url)


@pytest.mark.parametrize("path", PAGES)
def test_every_page(browser: Browser, path: str) -> None:
    """Each page says that it is simulated, has one heading, a label for each input, and nothing inline."""
    page = browser.get(path)
    text = page.text
    assert "Simulated Zoom — not zoom.us" in text
    assert text.count("<h1>") == 1
    assert '<html lang="en">' in text
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|https?://[^\"]*\.(js|css|png|svg)", text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    inputs = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*>', text)
    for tag in inputs:
        name = re.search(r'id="([^"]+)"', tag)
        assert name, tag
        assert f'<label for="{name.group(1)}"' in text, tag
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for form in re.findall(r'<form method="post".*?</form>', text, re.S):
        assert 'name="csrf"' in form


def test_the_host_works_with_a_meeting(zoom: Driver, browser: Browser) -> None:
    """The host starts, ends, edits, deletes and recovers a meeting by hand."""
    meeting = zoom.state()["meetings"][0]["id"]
    path = f"/_sim/ui/meetings/{meeting}"

    def now() -> dict[str, object]:
        return dict(zoom.state()["meetings"][0])

    for action, name, value in (
        ("start", "status", "started"),
        ("end", "status", "waiting"),
    ):
        browser.get("/_sim/ui/meetings")
        browser.submit(f"{path}/{action}")
        assert now()[name] == value
    browser.get(path)
    browser.submit("", topic="Moved", start="2026-12-05T10:00", timezone="Europe/Berlin", duration="45")
    assert (now()["topic"], now()["start_time"], now()["duration"]) == ("Moved", "2026-12-05T09:00:00Z", 45)
    browser.get(path)
    refused = browser.submit("", topic="Moved", start="soon", timezone="Europe/Berlin", duration="45")
    assert refused.status_code == 400
    assert "start_time" in refused.text
    browser.get("/_sim/ui/meetings")
    browser.submit(f"{path}/delete")
    assert now()["deleted_at"]
    browser.get("/_sim/ui/meetings")
    browser.submit(f"{path}/recover")
    assert now()["deleted_at"] is None


def test_a_running_meeting_can_not_be_deleted_by_hand(zoom: Driver, browser: Browser) -> None:
    """Zoom's refusal is shown on the page."""
    meeting = zoom.state()["meetings"][0]["id"]
    zoom.sim("POST", f"/meetings/{meeting}/start")
    browser.get("/_sim/ui/meetings")
    browser.submit(f"/_sim/ui/meetings/{meeting}/delete")
    assert "in progress" in browser.follow().text


def test_an_admin_works_with_a_user(zoom: Driver, browser: Browser) -> None:
    """Plan, dial-in, email, expiry, removal and deactivation."""
    user = zoom.state()["users"][0]["id"]

    def press(action: str, **values: str) -> str:
        browser.get("/_sim/ui/users")
        browser.submit(f"/_sim/ui/users/{user}/{action}", **values)
        return browser.follow().text

    assert "now on the Basic plan" in press("plan")
    assert "Dial-in is now off" in press("dial_in")
    assert "now has the address ada@new.example" in press("email", email="Ada@new.example")
    assert "taken" in press("email", email="grace@example.com")
    assert "1 access tokens expired" in press("expire")
    assert "The app was removed" in press("uninstall")
    assert "deactivated" in press("active")
    changed = zoom.state()["users"][0]
    assert (changed["type"], changed["dial_in"], changed["active"]) == (1, False, False)


def test_the_operator_sets_switches_faults_and_clock(zoom: Driver, browser: Browser) -> None:
    """What the control API does can be done by hand."""
    browser.get("/_sim/ui/switches")
    numbers = {row["name"]: str(row["value"]) for row in zoom.sandbox.switches.describe() if row["name"] != "scopes"}
    answer = browser.submit("/_sim/ui/switches", **numbers | {"grace_s": "9", "scopes": "user:read:user"})
    assert answer.status_code == 302
    assert (zoom.sandbox.switches.grace_s, zoom.sandbox.switches.scopes) == (9, ["user:read:user"])
    browser.get("/_sim/ui/switches")
    browser.submit("/_sim/ui/clock", minutes="90")
    assert zoom.state()["now"] == "2026-11-24T13:30:00Z"
    browser.get("/_sim/ui/faults")
    browser.submit("/_sim/ui/faults", route="user", kind="503", count="", seconds="1")
    assert zoom.http.get("/v2/users/me").status_code == 503
    browser.follow()
    browser.submit("/_sim/ui/faults", clear="")
    assert zoom.http.get("/v2/users/me").status_code == 401
    assert "/v2/users/me" in browser.get("/_sim/ui/log").text
    browser.get("/_sim/ui/app")
    browser.submit(
        "/_sim/ui/app", name="Hub", redirect_uris="https://a.example/cb\r\nhttps://b.example/cb", published="on"
    )
    assert zoom.sandbox.app.redirect_uris == ["https://a.example/cb", "https://b.example/cb"]
    browser.get("/_sim/ui/app")
    browser.submit("/_sim/ui/app", name="Hub", webhook_url="http://127.0.0.1:9/hook")
    assert "connection refused" in browser.follow().text
    assert zoom.sandbox.app.webhook_url == ""
    browser.get("/_sim/ui/app")
    browser.submit("/_sim/ui/reset")
    assert "no meetings yet" in browser.follow().text
