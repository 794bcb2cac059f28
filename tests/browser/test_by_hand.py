"""What host and invitee do by hand about a booking and a connection, in a real browser, with script and without."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from hub.store.models import Connection, EventType
from tests.browser.conftest import OpenPage
from tests.support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("script", [True, False])]
MADE, REFUSED = 1, 2  # the bookings that Ada has: one with its link, one whose meeting was refused


def booking_page(opens: OpenPage, world: World, number: int, script: bool) -> Any:
    """Return the host's page of a booking."""
    return opens(f"/bookings/{world.booking(number).ref}", java_script_enabled=script)


def test_retry(opens: OpenPage, world: World, script: bool) -> None:
    """A meeting that was refused has a Retry button, which makes it."""
    page = booking_page(opens, world, REFUSED, script)
    world.mends_zoom()
    page.get_by_role("button", name="Retry").click()
    page.get_by_text("It is tried again now.").first.wait_for()
    world.work()
    page.reload()
    page.get_by_text("Link ready").wait_for()
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    assert world.link(REFUSED)


def test_paste_a_link(opens: OpenPage, world: World, script: bool) -> None:
    """A link of the host's own: refused in words beside its field where it can't be used, else kept and mailed."""
    page = booking_page(opens, world, REFUSED, script)
    page.get_by_label("Meeting link").fill("meet.example.com/ada")
    page.get_by_role("button", name="Use this link").click()
    page.locator("#link-error").wait_for()
    expect(page.get_by_label("Meeting link").first, "what was typed stays").to_have_value("meet.example.com/ada")
    page.get_by_label("Meeting link").first.fill("https://meet.example.com/ada")
    page.get_by_role("button", name="Use this link").click()
    page.get_by_text("Own link").wait_for()
    world.work()
    assert world.meeting(REFUSED).state == "manual"
    assert any("https://meet.example.com/ada" in mail.as_string() for mail in world.mails("bob@example.net"))


def test_host_changes_the_location(opens: OpenPage, world: World, script: bool) -> None:
    """The host gives one booking another location: the old meeting goes, and the page says where it is now."""
    page = booking_page(opens, world, MADE, script)
    page.get_by_role("link", name="Change location").click()
    page.get_by_role("radio", name="In person").check()
    page.get_by_role("button", name="Change location").click()
    page.get_by_text("The location is changed. Both of you get a mail.").first.wait_for()
    world.work()
    page.reload()
    page.get_by_text("Café Central, Wien").first.wait_for()
    assert world.meetings_at_zoom() == []


def test_invitee_changes_the_location(opens: OpenPage, world: World, script: bool) -> None:
    """The invitee chooses another place on the manage page: one mail each, old meeting gone, new place shown."""
    row = world.booking(MADE)
    token = world.hub.vault.open(row.manage_token, f"booking:{row.ref}:manage")
    page = opens("/event-types", java_script_enabled=script)
    before = len(world.mails("bob@example.net"))
    page.goto(f"/b/{token}")
    page.get_by_role("link", name="Change location").click()
    page.get_by_role("radio", name="In person").check()
    page.get_by_role("button", name="Change location").click()
    page.wait_for_url(f"**/b/{token}")
    world.work()
    page.reload()
    page.get_by_text("Café Central, Wien").first.wait_for()
    assert world.meetings_at_zoom() == []
    assert len(world.mails("bob@example.net")) == before + 1


def test_reconnect(opens: OpenPage, world: World, script: bool) -> None:
    """A connection that broke says why on its card; Reconnect leads through Zoom's own page back to Connected."""
    with world.hub.store.write() as session:
        session.execute(update(Connection).values(broken_reason="Invalid Token!", broken_at=world.clock()))
    page = opens("/settings/integrations", java_script_enabled=script)
    card = page.locator("#zoom")
    card.get_by_text("Needs reconnect").wait_for()
    card.get_by_text("Invalid Token!").wait_for()
    here = page.url.partition("/settings")[0]

    def back_here(route: Any) -> None:
        """The application's own address has no port; the test's server has."""
        route.fulfill(status=302, headers={"Location": route.request.url.replace("http://localhost", here, 1)})

    page.route("http://localhost/integrations/**", back_here)
    card.get_by_role("button", name="Reconnect").click()
    page.get_by_text("not zoom.us").first.wait_for()
    page.get_by_role("button", name=re.compile("Ada Lovelace")).click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/settings/integrations**")
    card.get_by_text("Connected", exact=True).wait_for()
    expect(card.get_by_text("Needs reconnect")).to_have_count(0)


def test_reminders_off(opens: OpenPage, world: World, script: bool) -> None:
    """Reminders are switched off for one event type in its editor."""
    page = opens("/event-types/1", java_script_enabled=script)
    for label in ("A day before", "An hour before"):
        page.get_by_label(label).uncheck()
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url("**/event-types")
    with world.hub.store.read() as session:
        assert session.get_one(EventType, 1).reminders == []
