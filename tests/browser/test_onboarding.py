"""The set-up in a real browser, with Zoom's own pages on the way: allowed, declined, left by the back button, resumed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from werkzeug.serving import make_server

from hub.app import create_app
from tests.support.people import PASSWORD, Host
from tests.support.servers import free_port
from tests.support.world import World, make_hub, settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(name="page")
def _page(chromium: Any, world: World, tmp_path: Any, zoom: Any, database_url: str) -> Iterator[Any]:
    """A signed-in host at step 4 of the set-up; the vendor sends the browser back to this very server."""
    port = free_port()
    url = f"http://localhost:{port}"
    given = settings(tmp_path, database_url, "unix:///nonexistent/redis.sock", zoom.url, HUB_PUBLIC_URL=url)
    hub = make_hub(given, world.clock)
    app: Flask = create_app(hub=hub)
    host = Host(app, world)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context(base_url=url)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto("/login?next=/onboarding/3")
    page.get_by_label("Email").fill(host.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="What can people book?").wait_for()
    page.get_by_label("Title").fill("First talk")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/onboarding/4")
    yield page
    context.close()
    server.shutdown()
    server.server_close()
    hub.http.close()
    hub.store.dispose()


def goes_to_zoom(page: Any) -> None:
    """Type an address for another location, then select Zoom and press the button that appears."""
    page.get_by_role("radio", name=re.compile("In person")).check()
    page.get_by_label("Where you meet").select_option("host_place")
    page.get_by_label("Address", exact=True).fill("Café Central, Wien")
    page.get_by_role("radio", name=re.compile("Zoom")).check()
    page.get_by_role("button", name="Connect Zoom").click()
    page.get_by_text("not zoom.us").first.wait_for()


def signs_in_at_zoom(page: Any) -> None:
    page.get_by_role("button", name=re.compile("Grace Hopper")).click()
    page.get_by_role("button", name="Allow").wait_for()


def finds_what_was_typed(page: Any) -> None:
    """What was typed before the way to Zoom is there still."""
    page.get_by_role("radio", name=re.compile("In person")).check()
    expect(page.get_by_label("Address", exact=True)).to_have_value("Café Central, Wien")


def test_allow(page: Any) -> None:
    """Click the Connect Zoom button that appears. You'll be returned to the onboarding step with Zoom connected."""
    goes_to_zoom(page)
    signs_in_at_zoom(page)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/onboarding/4")
    page.get_by_text("grace@example.com").wait_for()
    expect(page.get_by_role("radio", name=re.compile("Zoom"))).to_be_checked()
    finds_what_was_typed(page)
    page.get_by_role("radio", name=re.compile("Zoom")).check()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/onboarding/5")
    expect(page.get_by_role("textbox", name="Public link of First talk")).to_have_value(re.compile("/first-talk$"))


def test_decline(page: Any) -> None:
    """Who declines at Zoom is back on step 4, reads one sentence beside the button, and can go on."""
    goes_to_zoom(page)
    signs_in_at_zoom(page)
    page.get_by_role("button", name="Decline").click()
    page.wait_for_url("**/onboarding/4")
    page.get_by_role("alert").get_by_text("because access was not allowed").wait_for()
    expect(page.get_by_role("button", name="Connect Zoom")).to_be_visible()
    finds_what_was_typed(page)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/onboarding/5")


def test_back_button(page: Any) -> None:
    """Who goes back from Zoom's pages by the browser's button is on step 4, where Zoom can be connected after all."""
    goes_to_zoom(page)
    signs_in_at_zoom(page)
    while "/onboarding/4" not in page.url:
        page.go_back()
    expect(page.get_by_role("heading", name="Where do you meet?")).to_be_visible()
    finds_what_was_typed(page)
    page.get_by_role("radio", name=re.compile("Zoom")).check()
    page.get_by_role("button", name="Connect Zoom").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/onboarding/4")
    page.get_by_text("grace@example.com").wait_for()


def test_skip_and_resume(page: Any) -> None:
    """Every step can be skipped; who closes the browser goes on where they left."""
    page.goto("/")
    page.goto("/event-types")
    page.get_by_role("link", name="Continue").click()
    page.wait_for_url("**/onboarding/4")
    page.goto("/onboarding/1")
    for step in (2, 3, 4, 5):
        page.get_by_role("button", name="Skip this step").click()
        page.wait_for_url(f"**/onboarding/{step}")
    page.get_by_role("heading", name="Almost there").wait_for()
    page.get_by_role("button", name="Go to my event types").click()
    page.wait_for_url("**/event-types")
    expect(page.get_by_role("link", name="Continue")).to_have_count(0)
    page.goto("/onboarding")
    page.wait_for_url("**/event-types")
