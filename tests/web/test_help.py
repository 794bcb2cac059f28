"""Help: the providers' own READMEs as pages, whatever a stranger wrote in one."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from hub.container import Hub
from hub.testing.contract import README
from hub.web.markdown import parts
from tests.support.people import Host, Person
from tests.support.world import World

HOSTILE = """# Title

## Set up
<script>alert(1)</script> <b onclick="x">bold</b> ![spy](https://evil.example/pixel.png)
[click](javascript:alert(1)) [data](data:text/html,x) [file](sandbox/README.md) [good](https://example.com/a?b=c&d=e)

| a <i>b</i> | c |
|---|---|
| <script>2</script> | [x](javascript:3) |

<iframe src="https://evil.example"></iframe>
"""


def test_anybody_reads_what_a_provider_needs(app: Flask, hub: Hub) -> None:
    """Each provider's page has the README's sections, permissions as a table; nobody has to sign in."""
    reader = Person(app)
    reader.opens("/help")
    for provider in hub.registry.all():
        assert f'href="/help/{provider.key}"' in reader.page
        page = Person(app).opens(f"/help/{provider.key}")
        assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == README
        assert page.count("<h1>") == 1
    page = reader.opens("/help/zoom")
    assert '<td role="cell" data-label="purpose"><span>Remove meetings when bookings are cancelled</span></td>' in page
    assert 'href="#removing"' in page
    assert 'id="removing"' in page


def test_what_zooms_review_asks(app: Flask, hub: Hub) -> None:
    """Zoom's page covers adding, using and removing, each permission with its purpose, and what is stored."""
    reader = Person(app)
    reader.opens("/help/zoom")
    zoom = hub.registry.get("zoom")
    assert zoom
    assert zoom.oauth
    for scope in (*zoom.oauth.scopes, *zoom.oauth.optional_scopes):
        assert reader.reads(scope.name)
        assert reader.reads(scope.purpose)
    for words in (
        "click Connect Zoom",
        "Disconnect",
        "Installed Apps",
        "What is stored: tokens (encrypted)",
        "is not kept",
    ):
        assert reader.reads(words)


def test_the_way_there(app: Flask, world: World) -> None:
    """Card and footer lead to help; a provider that is none is not found."""
    ada = Host(app, world)
    page = ada.opens("/settings/integrations")
    assert 'href="/help/zoom"' in page
    assert 'href="/help"' in page.split("<footer")[1]
    ada.opens("/help/nothing", 404)
    ada.opens("/help/../etc", 404)


def test_a_strangers_readme() -> None:
    """HTML is shown as text, images are not fetched, and links lead to web pages or nowhere."""
    found = parts(HOSTILE)
    page = "".join(part.markup + "".join("".join(row) for row in part.rows) for part in found)
    assert not re.search(r"<(script|b|i|img|iframe)\b", page)
    assert re.findall(r'href="([^"]*)"', page) == [
        "https://evil.example/pixel.png",  # a link to click, where an image would have been fetched
        "https://example.com/a?b=c&amp;d=e",
    ]
    assert "file" in page
    assert found[1].title == "Set up"


@given(st.text(alphabet="#|-*_`[]()<>!:\\\n abc\"'&=0", max_size=200))
def test_any_text(text: str) -> None:
    """No text breaks the page or gets a tag or an address of its own into it."""
    for part in parts(text):
        for shown in (part.markup, *(cell for row in part.rows for cell in row)):
            assert not re.search(r"<(script|img|iframe|style|svg)|javascript:|\son\w+=\"", shown)
            assert all(h.startswith(("https://", "http://", "#")) for h in re.findall(r'href="([^"]*)"', shown))


@pytest.mark.parametrize("key", ["zoom", "phone"])
def test_help_costs_no_query(app: Flask, hub: Hub, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Help is there even while the database is not."""
    monkeypatch.setattr(hub.store, "read", None)
    assert app.test_client().get(f"/help/{key}").status_code == 200
