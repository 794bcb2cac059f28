"""The steps of the help page as a person takes them, in a browser; each docstring quotes them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine

from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.browser.test_journey import new_page, sign_up
from tests.support.databases import delete_rows
from tests.support.running import Running
from tests.support.servers import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module", name="shared")
def _shared(
    sqlite_template: Path, redis_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Running, Server]]:
    """Processes and a local Zoom for all tests of this file, as starting and stopping them takes longer than a test."""
    folder, port = tmp_path_factory.mktemp("help"), free_port()
    shutil.copy(sqlite_template, folder / "hub.sqlite")
    with (
        serve(sandbox_app(f"http://127.0.0.1:{port}"), port=port) as zoom,
        Running(folder, f"sqlite:///{folder / 'hub.sqlite'}", redis_server, zoom.url) as running,
    ):
        running.start("web", "worker", "sweep")
        yield running, zoom


@pytest.fixture(name="wall_zoom")
def _wall_zoom(shared: tuple[Running, Server]) -> Server:
    """The local Zoom, as it was at its start."""
    zoom = shared[1]
    assert httpx2.post(f"{zoom.url}/_sim/reset", json={}, trust_env=False).is_success
    return zoom


@pytest.fixture(name="running")
def _running(shared: tuple[Running, Server], redis_url: str) -> Running:
    """The processes; nobody has signed up yet."""
    running = shared[0]
    engine = create_engine(running.env["HUB_DATABASE_URL"])
    with engine.begin() as connection:
        delete_rows(connection)
    engine.dispose()
    return running


@pytest.fixture(name="ada")
def _ada(chromium: Any, running: Running) -> Iterator[Any]:
    """The page of a host who has signed up and signed out again."""
    page = new_page(chromium, running)
    sign_up(page)
    page.goto("/event-types")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login*")
    yield page
    page.context.close()


def logs_in(page: Any) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill("ada@hosts.example")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def goes_to_integrations(page: Any) -> Any:
    """Go to Settings → Integrations → Video Conferencing; returns the Zoom card."""
    page.goto("/event-types")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("heading", name="Integrations", exact=True).wait_for()
    group = page.locator("section.section", has=page.get_by_role("heading", name="Video Conferencing"))
    card = group.locator("section.card", has=page.get_by_role("heading", name="Zoom", exact=True))
    card.wait_for()
    return card


def authorizes(page: Any, zoom: Server) -> None:
    """Sign in at Zoom, review what is asked, and allow it."""
    expect(page).to_have_url(re.compile(f"^{re.escape(zoom.url)}/oauth/authorize"))
    page.get_by_role("button", name=re.compile("Grace Hopper")).click()
    asked = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
    expect(page.locator(".scopes li code")).to_have_text(asked)
    page.get_by_role("button", name="Allow").click()


def connects(page: Any, zoom: Server) -> Any:
    """Take the steps of the page; returns the Zoom card."""
    logs_in(page)
    goes_to_integrations(page).get_by_role("button", name="Connect Zoom").click()
    authorizes(page, zoom)
    page.wait_for_url("**/settings/integrations*")
    return goes_to_integrations(page)


def test_connect_and_disconnect(ada: Any, running: Running, wall_zoom: Server) -> None:
    """Log in to your SchedulingKit account. Go to Settings → Integrations → Video Conferencing. Find the Zoom card and
    click Connect Zoom. You'll be redirected to Zoom's authorization page. Sign in with your Zoom account if prompted.
    Review the permissions requested and click Allow. You'll be redirected back to SchedulingKit. The Zoom card will now
    show Connected along with the email of the connected Zoom account. On the Zoom card, click Disconnect. Confirm the
    disconnection when prompted."""
    card = connects(ada, wall_zoom)
    expect(ada).to_have_url(re.compile(f"^{re.escape(running.url)}/"))
    card.get_by_text("Connected", exact=True).wait_for()
    card.get_by_text("grace@example.com").wait_for()
    card.get_by_role("link", name="Disconnect").click()
    ada.get_by_role("heading", name="Disconnect Zoom?").wait_for()
    ada.get_by_role("button", name="Disconnect").click()
    card = goes_to_integrations(ada)
    card.get_by_text("Not connected", exact=True).wait_for()
    expect(card.get_by_text("grace@example.com")).to_have_count(0)
    assert ada.errors == []


def test_pause(ada: Any, wall_zoom: Server) -> None:
    """Enable/disable — Toggle "Enable Zoom for new bookings" to pause automatic meeting creation without fully
    disconnecting your account."""
    card = connects(ada, wall_zoom)
    card.get_by_label("Enable Zoom for new bookings").uncheck(no_wait_after=True)
    ada.locator(".toasts").get_by_text("Zoom is paused").wait_for()
    card.get_by_text("Paused", exact=True).wait_for()
    card.get_by_text("grace@example.com").wait_for()
    card.get_by_label("Enable Zoom for new bookings").check(no_wait_after=True)
    ada.locator(".toasts").get_by_text("Zoom is enabled").wait_for()
    card.get_by_text("Connected", exact=True).wait_for()
    assert ada.errors == []


def test_connect_during_onboarding(chromium: Any, running: Running, wall_zoom: Server) -> None:
    """During the onboarding flow, at the Meeting Location step (step 4), select Zoom. Click the Connect Zoom button that
    appears. Complete the Zoom authorization as described above. You'll be returned to the onboarding step with Zoom
    connected."""
    page = new_page(chromium, running)
    sign_up(page)
    for step in (1, 2, 3):
        page.wait_for_url(f"**/onboarding/{step}")
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/onboarding/4")
    page.get_by_text("Meeting Location").first.wait_for()
    button = page.get_by_role("button", name="Connect Zoom")
    expect(button).to_be_hidden()
    page.get_by_role("radio", name=re.compile("Zoom")).check()
    button.click()
    authorizes(page, wall_zoom)
    page.wait_for_url("**/onboarding/4*")
    expect(page.get_by_role("radio", name=re.compile("Zoom"))).to_be_checked()
    page.get_by_text("Connected", exact=True).wait_for()
    page.get_by_text("grace@example.com").wait_for()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/onboarding/5")
    assert page.errors == []
    page.context.close()


@pytest.mark.parametrize("which", ["create", "edit"])
def test_zoom_as_location(ada: Any, wall_zoom: Server, which: str) -> None:
    """Go to Event Types and create or edit an event type. In the Location section, select Zoom as the meeting location.
    Save the event type."""
    connects(ada, wall_zoom)
    if which == "edit":
        makes(ada, "In person")
    makes(ada, "Zoom", existing=which == "edit")
    row = ada.locator("li.row", has_text="Intro call")
    row.get_by_text("Zoom", exact=True).wait_for()
    expect(row.get_by_text("Warning")).to_have_count(0)
    ada.goto("/ada-lovelace/intro-call")
    ada.get_by_text("Zoom").first.wait_for()
    assert ada.errors == []


def makes(page: Any, place: str, *, existing: bool = False) -> None:
    """Create the event type, or edit it, with one more location."""
    page.get_by_role("link", name="Event types").first.click()
    if existing:
        page.get_by_role("link", name="Intro call", exact=True).click()
    else:
        page.get_by_role("link", name="New event type").first.click()
        page.get_by_label("Title").fill("Intro call")
    section = page.locator("#location")
    section.get_by_label("Add a location").select_option(label=place)
    section.get_by_role("button", name="Add", exact=True).click()
    section.locator("[data-title]", has_text=place).wait_for()
    if place == "In person":
        page.get_by_label("Where you meet").select_option("invitee_place")
    page.locator("#editor").get_by_role("button", name="Save").last.click()
    page.wait_for_url(re.compile("/event-types$"))


def test_uninstall_at_zoom(chromium: Any, ada: Any, running: Running, wall_zoom: Server) -> None:
    """To fully revoke SchedulingKit's access to your Zoom account: Log in to zoom.us. Go to the Zoom App Marketplace.
    Click Manage → Installed Apps. Find SchedulingKit and click Uninstall. Confirm the removal."""
    connects(ada, wall_zoom)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{wall_zoom.url}/marketplace")
    page.get_by_text("Manage", exact=True).click()
    page.get_by_role("link", name="Installed Apps").click()
    page.get_by_role("button", name=re.compile("Grace Hopper")).click()
    page.get_by_role("link", name="Uninstall Scheduling Hub").click()
    page.get_by_role("heading", name="Uninstall Scheduling Hub?").wait_for()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("No app is installed.").wait_for()
    context.close()
