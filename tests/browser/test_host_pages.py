"""The host's pages in a real browser: accessible, narrow, and better with script than without."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.support.people import Host
from tests.support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def paths(world: World) -> list[str]:
    """Return every page, host's and invitee's."""
    one, two = f"/bookings/{world.booking(1).ref}", f"/bookings/{world.booking(2).ref}"
    events = ["/event-types", "/event-types/new", "/event-types/1", "/event-types/1/delete"]
    moves = [f"{one}/move", f"{one}/move?slot=20261203T090000Z", f"{one}/location", f"{one}/cancel"]
    token = world.hub.vault.open(world.booking(1).manage_token, f"booking:{world.booking(1).ref}:manage")
    public = ["/ada-lovelace", "/ada-lovelace/intro-call", "/ada-lovelace/intro-call?slot=20261203T090000Z"]
    manage = [f"/b/{token}{part}" for part in ("", "/reschedule", "/location", "/cancel")]
    settings = ["/settings/integrations", "/integrations/zoom/disconnect", "/integrations/zoom/earlier", "/profile"]
    settings += ["/profile/delete", "/help", *(f"/help/{p.key}" for p in world.hub.registry.all()), "/ops"]
    links = ["/login", "/signup", "/forgot", "/account/password/x", "/account/email/x", "/account/open/x"]
    first = [*links, *(f"/onboarding/{step}" for step in range(1, 6)), "/nothing/here"]
    hosts = [*events, "/availability", "/bookings", "/bookings?tab=past", one, two, *moves]
    return [*hosts, *settings, *first, *public, *manage]


NO_PAGE = {
    "auth.home", "onboarding.resume",  # lead on
    "integrations.callback",  # the vendor's way back, which leads on
    "manage.calendar_file", "leaving.exported", "static",  # files
    "manage.where",  # a part of a page
    "ops.healthz", "ops.readyz", "operator.read_metrics", "webhooks.receive",  # for programs
}  # fmt: skip


def test_no_page_is_left_out(app: Flask, ada: Host, world: World) -> None:
    """Every address that a browser can open is among those that are looked at, or is no page."""
    seen = app.url_map.bind("localhost")
    looked_at = {seen.match(path.partition("?")[0])[0] for path in paths(world) if path != "/nothing/here"}
    opened = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert opened - looked_at == NO_PAGE


@pytest.mark.parametrize(
    ("width", "theme"),
    [(360, "dark"), *(pytest.param(1280, theme, marks=pytest.mark.thorough) for theme in ("light", "dark"))],
)
def test_axe_and_width(opens: OpenPage, world: World, width: int, theme: str) -> None:
    """axe finds nothing serious on any page, wide or narrow, light or dark, and nothing overflows."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opens(
        "/event-types",
        viewport={"width": width, "height": 800},
        color_scheme=theme,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    for path in paths(world):
        page.goto(path)
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [
            (v["id"], [n["target"] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")
        ]
        assert serious == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_editor_with_script(opens: OpenPage) -> None:
    """With script, fields show when they are asked, rows move at once, and what invitees see follows."""
    problems: list[str] = []
    page = opens("/event-types/1")
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: problems.append(str(fault)))
    number = page.get_by_label("Your phone number", exact=True)
    expect(number).to_be_hidden()
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.get_by_label("Who calls").select_option("invitee_calls")
    expect(number).to_be_visible()
    page.locator("#preview").get_by_text("You call Ada").wait_for()
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.get_by_role("button", name="Move In person up").click()
    page.locator("#preview li:nth-child(2)").get_by_text("Café Central").wait_for()
    number.fill("+43 1 58058")
    page.get_by_label("Title").fill("Talk")
    page.get_by_label("Title").press("Enter")
    page.wait_for_url("**/event-types")
    page.locator(".toasts").get_by_text("“Talk” is saved.").wait_for()
    page.goto("/event-types/1")
    expect(page.locator("#editor [data-title]")).to_have_text(["Zoom", "In person", "Phone"])
    assert problems == []


def test_hours_without_script(opens: OpenPage, world: World) -> None:
    """Without script hours are added, copied and saved with plain buttons."""
    page = opens("/availability", java_script_enabled=False)
    page.get_by_role("button", name="Add hours on Monday").click()
    page.get_by_label("Monday from").nth(1).fill("18:00")
    page.get_by_label("Monday to").nth(1).fill("24:00")
    page.get_by_text("Copy to other days").first.click()
    page.get_by_label("Saturday", exact=True).first.check()
    page.get_by_role("button", name="Copy", exact=True).first.click()
    page.locator("#hours").get_by_role("button", name="Save").last.click()
    page.locator(".toasts").get_by_text("Your hours are saved.").wait_for()
    hours = world.host().hours
    assert hours["0"] == hours["5"] == [[540, 1020], [1080, 1440]]


def test_a_booking_is_moved_by_its_host(opens: OpenPage, world: World) -> None:
    """The host picks a day and a time, confirms, and the booking has moved; with script only the picker changes."""
    ref = world.booking(1).ref
    page = opens(f"/bookings/{ref}")
    page.get_by_role("link", name="Move").click()
    page.get_by_role("link", name="Monday 14 December").click()
    page.get_by_role("link", name="Mon 14 Dec, 11:30").click()
    page.get_by_role("button", name="Move booking").click()
    page.locator(".toasts").get_by_text("The booking is moved.").wait_for()
    assert world.booking(1).starts_at.isoformat() == "2026-12-14T10:30:00+00:00"


def test_back_after_a_corrected_form(opens: OpenPage) -> None:
    """Going back after a form that had to be corrected shows the form at that time, and asks to send nothing again."""
    page = opens("/ada-lovelace/intro-call")
    page.goto("/ada-lovelace/intro-call?slot=20261203T090000Z")
    page.get_by_role("radio", name="In person").check()
    page.get_by_label("Your name").fill("Bob Invitee")
    page.get_by_role("button", name="Book").click()
    page.get_by_label("Email").fill("bob@example.net")
    page.get_by_role("button", name="Book").click()
    page.wait_for_url("**/b/*")
    page.go_back()
    page.wait_for_url("**/ada-lovelace/intro-call?slot=20261203T090000Z")
    page.get_by_role("heading", level=1).wait_for()


def test_no_day_looks_chosen_on_a_phone(opens: OpenPage) -> None:
    """Where the day's times show only after a tap, no day is filled like a chosen one; where they show, one is."""
    fills = "[...document.querySelectorAll('a.day')].map((day) => getComputedStyle(day).backgroundColor)"
    page = opens("/event-types", viewport={"width": 360, "height": 800})
    page.goto("/ada-lovelace/intro-call?month=2026-12")
    assert len(set(page.evaluate(fills))) == 1
    page.set_viewport_size({"width": 1280, "height": 800})
    assert len(set(page.evaluate(fills))) == 2


def test_the_banner_and_its_button(opens: OpenPage, world: World) -> None:
    """Bookings without a link are counted on the host's pages, and one button creates the missing links."""
    page = opens("/event-types")
    page.get_by_text("1 upcoming booking has no link.").wait_for()
    page.get_by_role("button", name="Create the missing links").click()
    page.wait_for_url("**/bookings")
    page.locator(".toasts").get_by_text("1 meeting is being made").wait_for()
    world.work()
    page.reload()
    expect(page.get_by_role("button", name="Create the missing links")).to_have_count(0)
    expect(page.get_by_text("Link ready")).to_have_count(2)
