"""The whole journey in a real browser, with real processes, as the help page tells it."""

from __future__ import annotations

import email
import email.policy
import re
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest
from icalendar import Calendar
from playwright.sync_api import expect

from plugins.zoom.sandbox.server import Server
from tests.support.engines import THOROUGH
from tests.support.running import ROOT, Running, next_week, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SOON = 15_000  # milliseconds; what a person would wait at the most


def new_page(chromium: Any, running: Running, **options: Any) -> Any:
    """A page of a browser of its own, in Vienna."""
    given = {"base_url": running.url, "timezone_id": "Europe/Vienna", "locale": "en-GB", **options}
    page = chromium.new_context(**given).new_page()
    page.set_default_timeout(SOON)
    page.errors = []
    page.on("pageerror", lambda fault: page.errors.append(str(fault)))
    # Of failed requests only ours count: the local vendor's pages stand in for somebody else's.
    page.on(
        "console",
        lambda said: page.errors.append(said.text) if said.type == "error" and "404" not in said.text else None,
    )
    page.on(
        "response", lambda r: page.errors.append(r.url) if r.status >= 400 and r.url.startswith(running.url) else None
    )
    return page


def mails(running: Running, to: str, subject: str) -> list[EmailMessage]:
    """The mails in the folder to this address whose subject begins so."""
    found = [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in running.mails.glob("*.eml")]
    return [
        m for m in found if isinstance(m, EmailMessage) and to in str(m["To"]) and str(m["Subject"]).startswith(subject)
    ]


def entry_of(mail: EmailMessage) -> Any:
    """The event of the mail's calendar file, with the file's METHOD."""
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    found = Calendar.from_ical(part.get_payload(decode=True))  # type: ignore[arg-type]
    event = found.walk("VEVENT")[0]
    event.method = str(found["METHOD"])  # type: ignore[attr-defined]
    return event


def meetings(zoom: Server) -> list[dict[str, Any]]:
    """The meetings that exist at the local Zoom."""
    found = httpx2.get(f"{zoom.url}/_sim/state", trust_env=False).json()["meetings"]
    return [meeting for meeting in found if not meeting.get("deleted_at")]


def sign_up(page: Any) -> None:
    """Step 2: sign up; the time zone comes from the browser."""
    page.goto("/signup")
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("Email").fill("ada@hosts.example")
    page.get_by_label("Password").fill("correct horse battery")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Vienna")
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_url(lambda url: "/signup" not in url)


def connect(page: Any) -> None:
    """Step 3: Settings → Integrations → Video Conferencing, Connect Zoom, Allow, Connected."""
    page.goto("/settings/integrations")
    page.get_by_role("heading", name="Video Conferencing").wait_for()
    page.get_by_role("button", name="Connect Zoom").click()
    page.get_by_text("not zoom.us").first.wait_for()
    page.get_by_role("button", name=re.compile("Grace Hopper")).click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/settings/integrations*")
    card = page.locator("#zoom")
    card.get_by_text("Connected", exact=True).wait_for()
    card.get_by_text("grace@example.com").wait_for()


def make_event_type(page: Any) -> None:
    """Step 4: an event type with three locations, in order, each with its own inputs."""
    page.goto("/event-types/new")
    page.get_by_label("Title").fill("Intro call")
    page.get_by_label("Shortest notice").fill("0")
    for label in ("Zoom", "Phone", "In person"):
        page.get_by_label("Add a location").select_option(label=label)
        page.get_by_role("button", name="Add", exact=True).click()
        page.locator("#locations, #location").get_by_text(label).first.wait_for()
    page.get_by_label("Who calls").last.select_option("host_calls")
    page.get_by_label("Where you meet").last.select_option("host_place")
    page.get_by_label("Address", exact=True).last.fill("Café Central, Wien")
    page.locator("#editor").get_by_role("button", name="Save").last.click()
    page.wait_for_url("**/event-types*")


def book(page: Any, place: str) -> None:
    """Steps 5 and 6: choose a day and a time, a place, and book."""
    page.goto(f"/ada-lovelace/intro-call?date={next_week()}")
    page.locator("a.slot").first.click()
    page.get_by_role("radio", name=re.compile(place)).check()
    page.get_by_label("Your name").fill("Bob Invitee")
    page.get_by_label("Email").fill("bob@invitees.example")
    page.get_by_role("button", name=re.compile("^Book")).click()
    page.wait_for_url("**/b/*")


@pytest.mark.parametrize("engine", THOROUGH, indirect=True)
def test_journey(chromium: Any, running: Running, wall_zoom: Server, engine: str) -> None:
    """The journey on both engines, in a browser as most people have it."""
    walk(chromium, running, wall_zoom)


@pytest.mark.thorough
def test_without_script(chromium: Any, running: Running, wall_zoom: Server) -> None:
    """The invitee's part of the journey in a browser that runs no script."""
    walk(chromium, running, wall_zoom, javascript=False)


@pytest.mark.packaging
def test_installed_wheel(
    chromium: Any, wheel_python: str, database_url: str, redis_url: str, wall_zoom: Server, tmp_path: Path
) -> None:
    """The built wheel, installed in an environment of its own away from the checkout, serves the same journey."""
    with Running(tmp_path, database_url, redis_url, wall_zoom.url, python=wheel_python) as running:
        running.start("web", "worker", "sweep")
        walk(chromium, running, wall_zoom)
    where = subprocess.run(
        [wheel_python, "-c", "import hub; print(hub.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(ROOT) not in where.stdout


def walk(chromium: Any, running: Running, wall_zoom: Server, *, javascript: bool = True) -> None:
    """Sign up, connect Zoom, offer three places; an invitee books, joins, moves and cancels; Zoom and mails follow."""
    ada = new_page(chromium, running)
    sign_up(ada)
    connect(ada)
    make_event_type(ada)
    assert ada.errors == []

    bob = new_page(chromium, running, java_script_enabled=javascript)
    book(bob, "Zoom")
    if javascript:
        bob.get_by_role("link", name="Join", exact=True).wait_for()  # by itself, without a reload
    else:
        wait_for(lambda: bob.reload() and bob.get_by_role("link", name="Join", exact=True).count())
    link = bob.get_by_role("link", name="Join", exact=True).get_attribute("href")
    (meeting,) = meetings(wall_zoom)
    assert f"/j/{meeting['id']}?pwd=" in link
    expect(bob.get_by_text("Passcode").first).to_be_visible()
    expect(bob.get_by_text("+43 11550100").first).to_be_visible()

    for address in ("bob@invitees.example", "ada@hosts.example"):
        (mail,) = wait_for(lambda to=address: mails(running, to, "Booked: "))
        assert link in mail.get_body(("plain",)).get_content()
        assert "+43 11550100" in mail.get_body(("plain",)).get_content()
        event = entry_of(mail)
        assert (event.method, str(event["LOCATION"])) == ("REQUEST", link)
    booked = entry_of(mails(running, "bob@invitees.example", "Booked: ")[0])

    bob.get_by_role("link", name="Reschedule").click()
    bob.wait_for_url(re.compile("/reschedule$"))
    bob.goto(f"{bob.url}?date={next_week()}")
    bob.locator("a.slot").last.click()
    bob.get_by_role("button", name=re.compile("Move|Reschedule")).click()
    bob.wait_for_url(re.compile(r"/b/[^/]+$"))
    (moved,) = wait_for(lambda: mails(running, "bob@invitees.example", "Moved: "))
    assert link in moved.get_body(("plain",)).get_content()
    assert str(entry_of(moved)["UID"]) == str(booked["UID"])
    assert int(entry_of(moved)["SEQUENCE"]) > int(booked["SEQUENCE"])
    (after,) = meetings(wall_zoom)
    assert after["id"] == meeting["id"]
    assert after["start_time"] == entry_of(moved).start.strftime("%Y-%m-%dT%H:%M:%SZ") != meeting["start_time"]

    bob.get_by_role("link", name=re.compile("Cancel")).click()
    bob.get_by_label("Reason").fill("I am ill")
    bob.get_by_role("button", name=re.compile("Cancel")).click()
    bob.get_by_text("cancelled").first.wait_for()
    (gone,) = wait_for(lambda: mails(running, "ada@hosts.example", "Cancelled: "))
    assert "I am ill" in gone.get_body(("plain",)).get_content()
    assert entry_of(gone).method == "CANCEL"
    wait_for(lambda: not meetings(wall_zoom))

    for place, text in (("In person", "Café Central, Wien"), ("Phone", "calls you at +43 1 234567")):
        if place == "Phone":
            bob.goto(f"/ada-lovelace/intro-call?date={next_week()}")
            bob.locator("a.slot").first.click()
            bob.get_by_role("radio", name=re.compile(place)).check()
            bob.get_by_label(re.compile("number", re.I)).last.fill("+43 1 234567")
            bob.get_by_label("Your name").fill("Bob Invitee")
            bob.get_by_label("Email").fill("bob@invitees.example")
            bob.get_by_role("button", name=re.compile("^Book")).click()
            bob.wait_for_url("**/b/*")
        else:
            book(bob, place)
        wait_for(lambda words=text: bob.reload() and bob.get_by_text(words).count())
    assert meetings(wall_zoom) == []
    assert bob.errors == []
