"""What hosts do about their accounts, in a real browser: with script and without, wide and narrow."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from hub.accounts import admin
from hub.store.models import Host as HostRow
from tests.support.people import PASSWORD, Host, Invitee
from tests.support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ADA, FRESH = "ada@example.com", "a brand new secret"


@pytest.fixture(name="ada")
def _ada(app: Flask, world: World) -> Host:
    """A host with a connection, and bookings with and without a link."""
    host = Host(app, world)
    host.connects("zoom")
    offered, bob = host.offers("zoom"), Invitee(world)
    bob.books(offered, "2026-12-01T09:00:00+00:00", location="zoom")
    world.work()
    bob.books(offered, "2026-12-02T09:00:00+00:00", location="zoom")
    return host


@pytest.fixture(name="site")
def _site(app: Flask, ada: Host) -> Iterator[str]:
    """The address at which the pages are served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(name="page", params=[True, False], ids=["script", "plain"])
def _page(request: pytest.FixtureRequest, chromium: Any, site: str) -> Iterator[Any]:
    """A browser of somebody, with script and without."""
    context = chromium.new_context(base_url=site, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def signs_in(page: Any, path: str, password: str = PASSWORD) -> None:
    """Sign in as Ada, and go to the path."""
    page.goto(f"/login?next={path}")
    page.get_by_label("Email").fill(ADA)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{path}")


def link(world: World, to: str) -> str:
    """Do what is due, and return the path of the account that was last mailed to the address."""
    world.work()
    bodies = [body.get_content() for mail in world.mails(to) if (body := mail.get_body(("plain",)))]
    return re.findall(r"http://localhost(/account/\S+)", "\n".join(bodies))[-1]


def test_delete_account(page: Any, world: World) -> None:
    """Profile → Delete Account: asked once, what is missing is said beside its field, then everything is gone."""
    signs_in(page, "/profile")
    page.get_by_role("link", name="Delete Account").click()
    page.get_by_text("1 upcoming meeting stays in your Zoom account.").wait_for()
    with page.expect_download() as given:
        page.get_by_role("link", name="Everything (JSON)").click()
    assert given.value.suggested_filename == "ada-lovelace-2026-11-30.json"
    page.get_by_role("button", name="Delete Account").click()
    page.locator("#upcoming-error").wait_for()
    page.get_by_text("Leave them as they are").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete Account").click()
    page.get_by_role("region", name="Messages").get_by_text("Your account is deleted.").wait_for()
    page.goto("/profile")
    page.wait_for_url("**/login?**")
    with world.hub.store.read() as session:
        assert session.scalars(select(HostRow).where(HostRow.deleted_at.is_(None))).all() == []


def test_forgotten_password(page: Any, world: World) -> None:
    """From the sign-in page to a new password by mail, and in."""
    page.goto("/login")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email").fill(ADA)
    page.get_by_role("button", name="Mail me a link").click()
    page.get_by_text("If this address has an account").wait_for()
    page.goto(link(world, ADA))
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set password").click()
    page.locator("#new-error").wait_for()
    page.get_by_label("New password").fill(FRESH)
    page.get_by_role("button", name="Set password").click()
    page.get_by_text("Your new password is set.").first.wait_for()
    page.goto("/profile")
    page.get_by_text(f"You are signed in as {ADA}.").wait_for()


def test_new_address(page: Any, world: World) -> None:
    """A new address is asked for on the profile and confirmed by its link."""
    signs_in(page, "/profile")
    page.get_by_label("New address").fill("ada.king@example.com")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Change address").click()
    page.get_by_text("Until you open it, your present address stays.").first.wait_for()
    page.goto(link(world, "ada.king@example.com"))
    page.get_by_role("button", name="Use this address").click()
    page.get_by_text("The address of your account is ada.king@example.com now.").first.wait_for()
    assert world.host("ada.king@example.com")


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), pytest.param(1280, "light", marks=pytest.mark.thorough)])
def test_axe_and_width(chromium: Any, site: str, world: World, width: int, theme: str) -> None:
    """axe finds nothing serious on any account page, wide or narrow, light or dark, and nothing overflows."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    size = {"width": width, "height": 800}
    more = {"viewport": size, "color_scheme": theme, "bypass_csp": True, "reduced_motion": "reduce"}
    context = chromium.new_context(base_url=site, **more)
    page = context.new_page()
    signs_in(page, "/profile")
    invite = admin.invite(world.hub, ADA).removeprefix("http://localhost")
    for path in ("/profile", "/profile/delete", "/forgot", invite, f"/account/email/{'x' * 43}", "/login", "/signup"):
        page.goto(path)
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
