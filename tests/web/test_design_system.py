"""The design system: every component, without inline code, light, readable in both themes."""

import gzip
import hashlib
import re

import pytest
from flask import Flask

from tests.web.design_app import PAGES, ROOT, STATIC, bare_app


@pytest.fixture
def app() -> Flask:
    return bare_app()


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
