"""The control API and the state file: what tests and a demo rely on."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import httpx2
import pytest

import plugins.zoom.sandbox
from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.app import build
from plugins.zoom.sandbox.faults import KINDS
from plugins.zoom.sandbox.model import App
from plugins.zoom.sandbox.routes import ROUTES
from plugins.zoom.sandbox.server import serve
from plugins.zoom.sandbox.state import Sandbox
from plugins.zoom.sandbox.switches import Switches
from tests.sandbox.conftest import Start
from tests.sandbox.driver import Clock, Driver


def test_the_state_survives_a_restart(start: Start, tmp_path: Path) -> None:
    """With a state file, users, meetings, tokens, switches and the advanced clock are there again."""
    path = tmp_path / "deep" / "zoom.json"
    clock = Clock()
    first = start(state_file=str(path), clock=clock)
    tokens = first.connect()
    first.sim("PATCH", "/switches", {"grace_s": 7})
    first.sim("POST", "/clock", {"advance_s": 60})
    made = first.create(tokens["access_token"], topic="Grüße")
    again = start(state_file=str(path), clock=clock)
    assert again.api(tokens["access_token"], "GET", "/users/me").status_code == 200
    state = again.state()
    assert [(m["id"], m["topic"]) for m in state["meetings"]] == [(made["id"], "Grüße")]
    assert (state["switches"]["grace_s"], state["now"]) == (7, "2026-11-24T12:01:00Z")
    assert again.refresh(tokens["refresh_token"]).status_code == 200


def test_options_win_over_the_file(start: Start, tmp_path: Path) -> None:
    """What a start is given counts, not what an earlier start was given."""
    path = str(tmp_path / "zoom.json")
    start(state_file=path, app_name="Old", grace_s=1)
    again = start(state_file=path, app_name="New", grace_s=2).state()
    assert (again["app"]["name"], again["switches"]["grace_s"]) == ("New", 2)


def test_the_file_holds_no_token_and_is_private(start: Start, tmp_path: Path) -> None:
    """Tokens and codes are kept as digests, secrets not at all, and only the owner may read the file."""
    path = tmp_path / "zoom.json"
    zoom = start(state_file=str(path))
    code = zoom.authorize()["code"]
    tokens = zoom.connect()
    text = path.read_text()
    for secret in (code, tokens["access_token"], tokens["refresh_token"], "sandbox-secret"):
        assert secret not in text
        assert secret not in json.dumps(zoom.state())
        assert secret not in json.dumps(zoom.sim("GET", "/requests"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["zoom.json"]


def test_reset(zoom: Driver) -> None:
    """Reset forgets people, meetings, tokens, faults and log, and keeps the switches."""
    token = zoom.connect()["access_token"]
    zoom.create(token)
    zoom.sim("PATCH", "/switches", {"grace_s": 5})
    zoom.fault("user", "500", count=None)
    zoom.sim("POST", "/reset")
    state = zoom.state()
    assert [user["email"] for user in state["users"]] == ["ada@example.com", "grace@example.com"]
    assert (state["meetings"], state["tokens"], state["switches"]["grace_s"]) == ([], [], 5)
    assert zoom.sim("GET", "/requests") == {"requests": []}
    assert zoom.api(token, "GET", "/users/me").status_code == 401


def test_the_request_log(zoom: Driver) -> None:
    """Each call is logged with route, user, body and outcome, and can be asked for by route and from a number on."""
    tokens = zoom.connect()
    zoom.create(tokens["access_token"], topic="Tea")
    zoom.refresh(tokens["refresh_token"])
    entries = zoom.sim("GET", "/requests")["requests"]
    assert [entry["route"] for entry in entries] == ["token", "create", "token"]
    assert (entries[1]["user"], entries[1]["body"]["topic"], entries[1]["status"]) == ("ada@example.com", "Tea", 201)
    assert entries[2]["body"] == {"grant_type": "refresh_token"}
    assert zoom.sim("GET", f"/requests?route=token&since={entries[0]['n']}")["requests"] == [entries[2]]


def test_the_host_edits_a_meeting(zoom: Driver) -> None:
    """A meeting can be moved in Zoom behind the app's back (row 32)."""
    meeting = zoom.create(zoom.connect()["access_token"])["id"]
    changed = zoom.sim("PATCH", f"/meetings/{meeting}", {"start_time": "2026-12-24T10:00:00Z"})
    assert changed["start_time"] == "2026-12-24T10:00:00Z"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/switches", {"grace": 1}, 400),
        ("PATCH", "/switches", {"grace_s": "1"}, 400),
        ("PATCH", "/switches", {"webhook_speed": 0}, 400),
        ("PATCH", "/app", {"client_id": "x"}, 400),
        ("PATCH", "/users/ada@example.com", {"id": "x"}, 400),
        ("POST", "/users", {"email": "ada@example.com"}, 400),
        ("POST", "/users", {"email": "nobody"}, 400),
        ("PATCH", "/users/nobody@example.com", {}, 404),
        ("POST", "/users/ada@example.com/jump", {}, 404),
        ("POST", "/meetings/1/delete", {}, 404),
        ("POST", "/authorize", {"url": "/oauth/authorize?client_id=x"}, 400),
    ],
)
def test_mistakes_are_named(zoom: Driver, method: str, path: str, body: dict[str, object], status: int) -> None:
    """A wrong name or value is an error in words."""
    answer = zoom.http.request(method, f"/_sim{path}", json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_other_sites_can_not_press_buttons(zoom: Driver) -> None:
    """A form of another site can't send JSON, and nothing else is taken."""
    for options in ({}, {"data": {"a": "b"}}, {"content": b"{}", "headers": {"Content-Type": "text/plain"}}):
        assert zoom.http.post("/_sim/reset", **options).status_code == 400


def test_unknown_options_are_refused() -> None:
    """A misspelt option of the entry point is an error."""
    with pytest.raises(ValueError, match="unknown switch: grace"):
        sandbox_app("http://127.0.0.1:1", grace=1)


def test_the_readme_names_everything() -> None:
    """Every switch, fault, route and control call is in the README."""
    text = (Path(plugins.zoom.sandbox.__file__).parent / "README.md").read_text(encoding="utf-8")
    rules = build(Sandbox("http://127.0.0.1:1", App("a", "b"))).rules
    names = [field.name for field in fields(Switches)] + list(KINDS) + [route.name for route in ROUTES]
    assert [name for name in names if f"`{name}`" not in text] == []
    assert [rule for rule in rules if rule.startswith("/_sim/") and "/ui/" not in rule and rule not in text] == []


@pytest.fixture(name="interruptible")
def _interruptible() -> Iterator[None]:
    """Let what this test starts heed an interrupt, which a shell has its background jobs, and all they start, ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_it_runs_alone() -> None:
    """python -m plugins.zoom.sandbox --port 0 says where it is, serves there, and ends with an interrupt."""
    command = [sys.executable, "-m", "plugins.zoom.sandbox", "--port", "0"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=buffered) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[3]
            assert "Simulated Zoom" in httpx2.get(url, follow_redirects=True).text
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_under_a_path(start: Start) -> None:
    """Mounted under a path, every link, redirect, cookie and address keeps it."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from tests.sandbox.driver import CALLBACK, CLIENT, Browser

    def nothing(environ: object, start_response: object) -> list[bytes]:
        raise AssertionError("outside of the sandbox")

    outer = DispatcherMiddleware(nothing, {})
    with serve(outer) as server:
        outer.mounts["/sandbox/zoom"] = sandbox_app(f"{server.url}/sandbox/zoom")
        browser = Browser(server.url)
        query = {"response_type": "code", "client_id": CLIENT[0], "redirect_uri": CALLBACK}
        page = browser.get("/sandbox/zoom/oauth/authorize", params=query)
        assert 'href="/sandbox/zoom/static/sandbox.css"' in page.text
        assert browser.get("/sandbox/zoom/static/sandbox.css").status_code == 200
        browser.get("/sandbox/zoom/oauth/authorize", params=query)
        browser.submit("/sandbox/zoom/signin", user="ada@example.com")
        assert "Path=/sandbox/zoom" in browser.page.headers["set-cookie"]
        browser.follow()
        code = browser.submit("/sandbox/zoom/oauth/authorize", decision="allow").headers["location"].split("code=")[1]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        tokens = browser.http.post("/sandbox/zoom/oauth/token", data=form, auth=CLIENT).json()
        assert tokens["api_url"] == f"{server.url}/sandbox/zoom"
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        meeting = browser.http.post("/sandbox/zoom/v2/users/me/meetings", json={}, headers=bearer).json()
        assert browser.get(meeting["join_url"]).status_code == 200
        browser.get("/sandbox/zoom/")
        assert browser.follow().status_code == 200
        browser.submit(f"/sandbox/zoom/_sim/ui/meetings/{meeting['id']}/delete")
        assert "trash" in browser.follow().text


def test_the_sandbox_stands_alone() -> None:
    """It imports neither the hub nor the plugin whose vendor it plays, and no module is long."""
    for path in Path(plugins.zoom.sandbox.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) (hub|plugins)\b", text, re.M), path.name
        assert len(text.splitlines()) <= 250, path.name
