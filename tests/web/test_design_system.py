"""The design system: every component, without inline code, light, readable in both themes and accessible."""

import gzip
import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import wtforms
from flask import Flask, flash, render_template, render_template_string, request
from werkzeug.datastructures import MultiDict
from wtforms.fields.choices import SelectChoice as Pick

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "hub" / "static"
CSP = "default-src 'self'; object-src 'none'; base-uri 'none'"
PAGES = ("/", "/error/404", "/error/500")


class SampleForm(wtforms.Form):
    """One field of each kind that form_field knows."""

    handle = wtforms.StringField("Handle", [wtforms.validators.InputRequired("Choose a handle")], description="A word")
    mail = wtforms.EmailField("Mail", [wtforms.validators.Length(max=40)], render_kw={"autocomplete": "off"})
    buffer = wtforms.IntegerField("Buffer", [wtforms.validators.NumberRange(min=0, max=90)])
    about = wtforms.TextAreaField("About")
    length = wtforms.SelectField("Length", choices=[Pick("15", "15 minutes"), Pick("30", "30 minutes")])
    style = wtforms.RadioField("Style", choices=[Pick("a", "Short"), Pick("b", "Long")])
    weekdays = wtforms.SelectMultipleField("Weekdays", choices=[Pick("mo", "Monday"), Pick("tu", "Tuesday")])
    public = wtforms.BooleanField("Public")
    start = wtforms.DateField("Start")
    at = wtforms.TimeField("At")
    words = wtforms.PasswordField("Password")


def sample_form() -> SampleForm:
    sent = [("buffer", "120"), ("length", "30"), ("style", "b"), ("weekdays", "tu"), ("public", "y")]
    form = SampleForm(
        MultiDict([*sent, ("start", "2026-12-03"), ("at", "14:05"), ("words", "hunter2"), ("about", "<b>")])
    )
    form.validate()
    return form


@pytest.fixture
def app() -> Flask:
    """A bare application with nothing of the hub's but templates and static files."""
    app = Flask("bare", template_folder=str(ROOT / "templates"), static_folder=str(STATIC), static_url_path="/static")
    app.secret_key = "test"
    app.jinja_env.globals["csrf_token"] = lambda: "token-of-the-session"

    @app.after_request
    def policy(response: Any) -> Any:
        response.headers["Content-Security-Policy"] = CSP
        return response

    @app.get("/")
    def guide() -> str:
        flash("Availability saved.", "success")
        return render_template("styleguide.html", sample_form=sample_form())

    @app.get("/error/<int:code>")
    def error(code: int) -> str:
        return render_template("errors/error.html", code=code, request_id="4f2a", action=("To the start", "/"))

    return app


def text_of(app: Flask, path: str = "/") -> str:
    return app.test_client().get(path).get_data(as_text=True)


@pytest.mark.parametrize("path", PAGES)
def test_no_inline_code(app: Flask, path: str) -> None:
    """A page has nothing that the content security policy would block."""
    page = text_of(app, path)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page) == []
    css = (STATIC / "hub.css").read_text()
    assert "url(" not in css
    assert "@import" not in css


def test_every_macro_is_shown(app: Flask) -> None:
    """The style guide uses every macro that pages may use."""
    with app.test_request_context():
        names = {n for n in vars(app.jinja_env.get_template("macros.html").module) if not n.startswith("_")}
    guide = (ROOT / "templates" / "styleguide.html").read_text() + (ROOT / "templates" / "base.html").read_text()
    used = set(re.findall(r"\bui\.(\w+)", guide))
    assert names - {"icons", "forms", "display", "booking"} == used


def test_light_enough() -> None:
    """Style sheet, script and htmx together stay under 100 kB before compression, and the style sheet under 30 kB."""
    files = [(STATIC / name).read_bytes() for name in ("hub.css", "hub.js", "htmx.min.js", "favicon.svg")]
    assert len(files[0]) < 30_000
    assert sum(map(len, files)) < 100_000
    assert sum(len(gzip.compress(f)) for f in files) < 35_000


def test_vendored_file_is_the_one_named() -> None:
    """The vendored htmx is byte for byte the version that VENDORED.md names."""
    named = re.findall(r"`([0-9a-f]{64})`", (STATIC / "VENDORED.md").read_text())
    assert named == [hashlib.sha256((STATIC / "htmx.min.js").read_bytes()).hexdigest()]


def test_ids_are_unique_and_references_resolve(app: Flask) -> None:
    """Each id occurs once, and each label, description and summary link leads to one."""
    page = text_of(app)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    refs = re.findall(r'\s(?:for|aria-labelledby|list|data-dialog)="([^"]+)"', page)
    described = [one for many in re.findall(r'aria-describedby="([^"]+)"', page) for one in many.split()]
    linked = re.findall(r'<li><a href="#([^"]+)">', page)
    assert set(refs + described + linked) <= set(ids)


def test_form_field_keeps_what_was_typed(app: Flask) -> None:
    """A WTForms field shows label, error, limits and what was sent, except a password."""
    page = text_of(app)
    assert re.search(
        r'<input[^>]*type="text"[^>]*id="handle"[^>]*aria-invalid="true"|id="handle"[^>]*aria-invalid="true"', page
    )
    assert "Choose a handle" in page
    assert re.search(r'value="120"[^>]*id="buffer"[^>]*max="90"', page)
    assert '<option value="30" selected>' in page
    assert re.search(r'name="style" value="b" checked', page)
    assert re.search(r'name="weekdays" value="tu" checked', page)
    assert re.search(r'checked id="public"', page)
    assert 'value="2026-12-03" id="start"' in page
    assert 'value="14:05" id="at"' in page
    assert "&lt;b&gt;</textarea>" in page
    assert "hunter2" not in page


def test_post_forms_carry_the_token(app: Flask) -> None:
    """Every form that posts carries the token against forged requests."""
    posts = re.findall(r'<form[^>]*method="post".*?</form>', text_of(app), re.S)
    assert posts
    assert all('name="csrf_token" value="token-of-the-session"' in form for form in posts)


@pytest.mark.parametrize("code", [400, 403, 404, 405, 410, 413, 429, 500, 503])
def test_error_pages_have_words(app: Flask, code: int) -> None:
    """Each error says in words what happened, what to do, and the number to give when asking for help."""
    page = text_of(app, f"/error/{code}")
    assert f">{code}<" in page
    assert "4f2a" in page
    assert '<a class="button primary ' in page
    assert "Please try again in a moment." not in page


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast(theme: int) -> None:
    """Text has a contrast of 4.5:1 and the edge of a control 3:1, in both themes, on every background it may stand on."""
    css = (STATIC / "hub.css").read_text()
    tokens = {m[0]: m[1:][theme] for m in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)}
    tokens["on-fill"] = "#ffffff"
    grounds = ("page", "surface", "sunken")
    text = [(ink, ground) for ink in ("ink", "muted", "accent", "ok", "warn", "bad") for ground in grounds]
    text += [
        ("accent", "tint"),
        ("accent", "tint-over"),
        ("on-fill", "fill"),
        ("on-fill", "fill-over"),
        ("on-fill", "bad-fill"),
    ]
    text += [(tone, f"{tone}-tint") for tone in ("ok", "warn", "bad")]
    text += [("ink", f"{tone}-tint") for tone in ("ok", "warn", "bad")]
    edges = [("edge", "page"), ("edge", "surface"), ("fill", "surface"), ("fill", "page"), ("bad-fill", "surface")]
    weak = [(a, b, round(contrast(tokens[a], tokens[b]), 2)) for a, b in text if contrast(tokens[a], tokens[b]) < 4.5]
    weak += [(a, b, round(contrast(tokens[a], tokens[b]), 2)) for a, b in edges if contrast(tokens[a], tokens[b]) < 3]
    assert weak == []


@pytest.fixture
def browser() -> Iterator[Any]:
    """A headless browser, where the machine has one."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


def open_page(browser: Any, app: Flask, path: str = "/", **options: Any) -> Any:
    """A page answered by the application in this process; anything elsewhere is refused. Console errors are kept on it."""
    client = app.test_client(use_cookies=False)
    page = browser.new_page(**options)
    page.problems = []

    def answer(route: Any) -> None:
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


@pytest.mark.timeout(120)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe(browser: Any, app: Flask, theme: str) -> None:
    """axe finds nothing serious in the style guide, the browser reports nothing, and nothing leaves our origin."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for path in PAGES[:2]:
        page = open_page(browser, app, path, color_scheme=theme, bypass_csp=True)
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [
            (v["id"], [n["target"] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")
        ]
        assert serious == []
        assert page.problems == []
        page.close()


@pytest.mark.timeout(120)
def test_narrow_without_script_and_with(browser: Any, app: Flask) -> None:
    """At 320 px nothing overflows, with and without JavaScript, and the policy blocks nothing of ours."""
    for script in (False, True):
        for path in PAGES[:2]:
            page = open_page(browser, app, path, viewport={"width": 320, "height": 640}, java_script_enabled=script)
            width = page.locator("body").evaluate("e => e.scrollWidth") if script else 320
            assert width == 320
            assert page.problems == []
            page.close()


@pytest.mark.timeout(120)
def test_script_enhances(browser: Any, app: Flask) -> None:
    """With script the theme changes in place, hidden inputs are off, rows move, dialogs open and toasts go."""
    page = open_page(browser, app)
    page.locator("[data-theme-switch] button[value=dark]").first.click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "theme=dark" in page.evaluate("document.cookie")
    assert page.locator("#call_number").is_disabled()
    page.locator("#location-c").check()
    assert page.locator("#call_number").is_enabled()
    assert page.locator("#note").is_disabled()
    page.get_by_role("button", name="Move Call up").click()
    assert page.locator("[data-row] [data-title]").all_text_contents() == ["Call", "Example Video", "Café Central"]
    assert page.locator("[name=place-1]").input_value() == "0"
    page.get_by_role("link", name="Ask first").click()
    assert page.locator("dialog#ask").is_visible()
    page.keyboard.press("Escape")
    page.locator(".toasts [data-dismiss]").click()
    assert page.locator(".toasts [data-toast]").count() == 0
    assert page.problems == []


@pytest.mark.timeout(120)
def test_script_shows_only_what_is_asked(browser: Any, app: Flask) -> None:
    """A field that depends on another's value shows, and is sent, only while that value is chosen."""
    page = open_page(browser, app)
    assert page.locator("#place-address").is_visible()
    assert page.locator("#place-radius").is_disabled()
    page.locator("#place-mode").select_option("guest")
    assert page.locator("#place-radius").is_visible()
    assert page.locator("#place-radius").is_enabled()
    assert page.locator("#place-address").is_hidden()
    assert page.locator("#place-address").is_disabled()


@pytest.mark.timeout(120)
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
    assert guide.locator("#zone").input_value() == "Europe/Berlin"
    guide.close()
    context.close()


@pytest.mark.timeout(120)
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
    assert page.get_by_role("button", name="Up").is_disabled()
    assert sent == ["up:1"]
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow'))")
    assert page.get_by_role("button", name="Up").is_enabled()
