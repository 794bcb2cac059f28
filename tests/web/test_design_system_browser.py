"""The design system in a real browser: accessible, narrow, and better with script than without."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, render_template, render_template_string, request
from playwright.sync_api import expect

from tests.web.design_app import PAGES, bare_app

pytestmark = pytest.mark.browser


@pytest.fixture
def app() -> Flask:
    return bare_app()


@pytest.fixture
def browser(chromium: Any) -> Any:
    """The browser that all tests of this process share."""
    return chromium


def open_page(browser: Any, app: Flask, path: str = "/", **options: Any) -> Any:
    """A page answered by the application in this process; anything elsewhere is refused. Console errors are kept on it."""
    client = app.test_client(use_cookies=False)
    page = browser.new_page(**options)
    page.problems = []

    def answer(route: Any) -> Any:
        parts = urlsplit(route.request.url)
        if parts.netloc != "hub.test":
            page.problems.append(f"request to {parts.netloc}")
            return route.abort()
        asked = route.request
        response = client.open(
            parts.path,
            method=asked.method,
            query_string=parts.query,
            data=asked.post_data_buffer,
            headers={k: v for k, v in asked.all_headers().items() if k in ("cookie", "content-type")},
        )
        body = response.data
        response.close()
        return route.fulfill(status=response.status_code, headers=dict(response.headers), body=body)

    page.route("**/*", answer)
    page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: page.problems.append(str(e)))
    page.goto("http://hub.test" + path)
    return page


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
def test_axe(browser: Any, app: Flask, theme: str) -> None:
    """axe finds nothing serious in the style guide, the browser reports nothing, and nothing leaves our origin."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for path in PAGES:
        page = open_page(browser, app, path, color_scheme=theme, bypass_csp=True)
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [
            (v["id"], [n["target"] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")
        ]
        assert serious == []
        assert page.problems == []
        page.close()


def test_narrow_without_script_and_with(browser: Any, app: Flask) -> None:
    """At 320 px nothing overflows, with and without JavaScript, and the policy blocks nothing of ours."""
    for script in (False, True):
        for path in PAGES:
            page = open_page(browser, app, path, viewport={"width": 320, "height": 640}, java_script_enabled=script)
            width = page.locator("body").evaluate("e => e.scrollWidth") if script else 320
            assert width == 320
            assert page.problems == []
            page.close()


def test_script_enhances(browser: Any, app: Flask) -> None:
    """With script the theme changes in place, hidden inputs are off, rows move, dialogs open and toasts go."""
    page = open_page(browser, app)
    page.locator("[data-theme-switch] button[value=dark]").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert "theme=dark" in page.evaluate("document.cookie")
    expect(page.locator("#call_number")).to_be_disabled()
    page.locator("#location-c").check()
    expect(page.locator("#call_number")).to_be_enabled()
    expect(page.locator("#note")).to_be_disabled()
    page.get_by_role("button", name="Move Call up").click()
    expect(page.locator("[data-row] [data-title]")).to_have_text(["Call", "Example Video", "Café Central"])
    expect(page.locator("[name=place-1]")).to_have_value("0")
    page.get_by_role("link", name="Ask first").click()
    expect(page.locator("dialog#ask")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".toasts [data-dismiss]").click()
    expect(page.locator(".toasts [data-toast]")).to_have_count(0)
    assert page.problems == []


def test_script_shows_only_what_is_asked(browser: Any, app: Flask) -> None:
    """A field that depends on another's value shows, and is sent, only while that value is chosen."""
    page = open_page(browser, app)
    expect(page.locator("#place-address")).to_be_visible()
    expect(page.locator("#place-radius")).to_be_disabled()
    page.locator("#place-mode").select_option("guest")
    expect(page.locator("#place-radius")).to_be_visible()
    expect(page.locator("#place-radius")).to_be_enabled()
    expect(page.locator("#place-address")).to_be_hidden()
    expect(page.locator("#place-address")).to_be_disabled()


def test_browser_zone_is_told_once(browser: Any, app: Flask) -> None:
    """A page rendered in another zone than the browser's is asked for once more, with the zone in a cookie; never twice."""
    asked: list[str] = []

    @app.get("/zone")
    def zone() -> str:
        asked.append(request.headers.get("Cookie", ""))
        return render_template("errors/error.html", code=404, detect_zone="UTC")

    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = open_page(context, app, "/zone")
    page.wait_for_function("document.cookie.includes('tz=Asia/Tokyo')")
    page.wait_for_load_state("load")
    page.goto("http://hub.test/zone?tz=Europe/Berlin")
    assert len(asked) == 3
    guide = open_page(context, app)
    expect(guide.locator("#zone")).to_have_value("Europe/Berlin")
    guide.close()
    context.close()


def test_a_form_is_sent_once(browser: Any, app: Flask) -> None:
    """A second click on a button does not send the form again, and the button's own value is sent."""
    sent: list[str] = []

    @app.route("/send", methods=["GET", "POST"])
    def send() -> tuple[str, int]:
        if request.method == "POST":
            sent.append(request.form["move"])
            return "", 204
        form = "{% call ui.form() %}{{ ui.button('Up', name='move', value='up:1') }}{% endcall %}"
        page = "{% extends 'base.html' %}{% import 'macros.html' as ui %}{% block main %}" + form + "{% endblock %}"
        return render_template_string(page), 200

    page = open_page(browser, app, "/send")
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.get_by_role("button", name="Up").dblclick()
    expect(page.get_by_role("button", name="Up")).to_be_disabled()
    assert sent == ["up:1"]
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow'))")
    expect(page.get_by_role("button", name="Up")).to_be_enabled()
