"""A whole life with marked secrets, in real processes on both engines: nothing of them is found where it must not be."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from hub.store.db import Store
from plugins.zoom.sandbox import sandbox_app
from plugins.zoom.sandbox.server import Server, serve
from tests.support import servers, traces
from tests.support.engines import BOTH
from tests.support.people import consent, query, token_of
from tests.support.running import Running, next_week, wait_for
from tests.support.wire import Tap

pytestmark = pytest.mark.slow
READABLE = {"meeting.value", "mails", "host's pages", "invitee's pages"}
# Where a secret that people need may stand; all others may stand nowhere.
MAY_STAND = {
    "join link": READABLE,
    "passcode": READABLE,
    "passcode for phones": READABLE,
    "manage token": {"mails", "invitee's pages"},
}
LONG_ENOUGH = 120  # a part of a long token that no other has; texts that are cut may hold no more


class Recorder(Tap):
    """Notes what the local Zoom gives out: tokens, start links, join links, passcodes."""

    def __init__(self, zoom: Server) -> None:
        super().__init__(zoom)
        self.given: dict[str, set[str]] = {"access token": set(), "refresh token": set(), "start link": set()}
        self.given |= {"join link": set(), "code": set(), "verifier": set()}
        self.given |= {"passcode": set(), "passcode for phones": set()}
        self.echoes = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.echoes and environ["PATH_INFO"].endswith("/meetings"):
            self.echoes = False
            start_response("400 BAD REQUEST", [("Content-Type", "application/json")])
            return [json.dumps({"code": 300, "message": f"Refused: {environ['HTTP_AUTHORIZATION']}"}).encode()]
        answer = b"".join(super().__call__(environ, start_response))
        if not environ["PATH_INFO"].startswith("/_sim") and answer.startswith(b"{"):
            self._note(json.loads(answer))
        form = self.sent[-1].form if self.sent else {}
        self.given["code"] |= {form["code"]} if "code" in form else set()
        self.given["verifier"] |= {form["code_verifier"]} if "code_verifier" in form else set()
        return [answer]

    def _note(self, data: dict[str, Any]) -> None:
        for field in ("access_token", "refresh_token"):
            self.given[field.replace("_", " ")] |= {data[field]} if field in data else set()
        if "start_url" in data:
            self.given["start link"].add(query(data["start_url"])["zak"])
            self.given["join link"].add(data["join_url"])
            self.given["passcode"].add(data["password"])
            self.given["passcode for phones"].add(data["pstn_password"])


class Surfer:
    """Somebody with a browser, who remembers every page that they were shown."""

    def __init__(self, url: str) -> None:
        self.browser = httpx2.Client(base_url=url, follow_redirects=True, trust_env=False, timeout=20)
        self.seen: list[str] = []

    def __enter__(self) -> Surfer:
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.close()

    def opens(self, path: str) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-1500:])
        return self._sees(answer)

    def sends(self, path: str, **fields: Any) -> httpx2.Response:
        answer = self.browser.post(path, data={"csrf_token": token_of(self.seen[-1]), **fields})
        assert answer.status_code < 400, (path, answer.status_code, answer.text[-1500:])
        self._sees(answer)
        return answer

    def _sees(self, answer: httpx2.Response) -> str:
        self.seen.append(answer.text)
        return html.unescape(answer.text)


@pytest.fixture(name="marked")
def _marked() -> dict[str, str]:
    """Secrets that occur nowhere else."""
    names = ("password", "client secret", "webhook secret", "session key")
    return {name: f"Canary-{secrets.token_urlsafe(24)}" for name in names}


@pytest.fixture(name="recorder")
def _recorder(marked: dict[str, str]) -> Iterator[tuple[Server, Recorder]]:
    port = servers.free_port()
    # Six digits, as most passcodes are, would sooner or later stand in a time that Redis or a log tells.
    app = sandbox_app(f"http://127.0.0.1:{port}", client_secret=marked["client secret"], strong_passcodes=True)
    with serve(app, port=port) as zoom:
        yield zoom, Recorder(zoom)


@pytest.mark.thorough
@pytest.mark.parametrize("engine", BOTH, indirect=True)
def test_no_trace_of_a_secret(
    engine: str,
    recorder: tuple[Server, Recorder],
    marked: dict[str, str],
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    """SchedulingKit does not store any Zoom meeting recordings, chat messages, or participant data: nor any start link,
    and tokens only sealed. No log, job, mail, page or command line has any of them in it."""
    zoom, tap = recorder
    settings = {"HUB_ZOOM_CLIENT_SECRET": marked["client secret"], "HUB_SECRET_KEY": marked["session key"]}
    settings |= {"HUB_ZOOM_WEBHOOK_SECRET": marked["webhook secret"]}
    with (
        traces.Overheard(redis_url) as overheard,
        Running(tmp_path, database_url, redis_url, zoom.url, **settings) as running,
    ):
        running.start("web", "worker", "sweep")
        with Surfer(running.url) as ada, Surfer(running.url) as bob:
            manage = lives(running, zoom, tap, ada, bob, marked["password"])
        processes = traces.of_processes()
    texts = {
        "Redis's commands": overheard.text,
        "logs": b"\n".join(path.read_bytes() for path in tmp_path.glob("*.log")),
        "mails": mailed(running.mails),
        "host's pages": "\n".join(ada.seen).encode(),
        "invitee's pages": "\n".join(bob.seen).encode(),
        "command lines": processes,
    }
    assert all(texts.values()), "there is nothing to search"
    canaries = {**{name: {value} for name, value in marked.items()}, **tap.given, "manage token": manage}
    assert all(values for name, values in canaries.items()), "a secret was never used"
    assert len(canaries["access token"]) > 2, "no token was refreshed"
    store = Store(database_url)
    hits = {
        (name, place)
        for name, values in canaries.items()
        for value in values
        for place in places(store, redis_url, texts, value[:LONG_ENOUGH])
    }
    store.dispose()
    assert hits - {(name, file.name) for name in MAY_STAND for file in tmp_path.glob("hub.sqlite*")} == {
        (name, place) for name, places in MAY_STAND.items() for place in places
    }


def places(store: Store, redis_url: str, texts: dict[str, bytes], value: str) -> list[str]:
    """Return where a value stands."""
    forms = {value.encode(), html.escape(value).encode(), json.dumps(value)[1:-1].encode()}
    found = [name for name, text in texts.items() if any(form in text for form in forms)]
    return [*found, *traces.in_tables(store, value), *traces.in_files(store, value), *traces.in_redis(redis_url, value)]


def lives(running: Running, zoom: Server, tap: Recorder, ada: Surfer, bob: Surfer, password: str) -> set[str]:
    """Connect, book, move, cancel, fail, refresh, disconnect; returns the bookings' manage tokens."""
    control(zoom, "PATCH", "/switches", access_ttl_s=30)  # shorter than the margin: each call refreshes
    ada.opens("/signup")
    ada.sends("/signup", name="Ada Lovelace", email="ada@hosts.example", password=password, timezone="UTC")
    ada.opens("/settings/integrations")
    ada.browser.follow_redirects = False
    url = ada.sends("/integrations/zoom/connect").headers["location"]
    ada.browser.follow_redirects = True
    back = urlsplit(consent(url, user="grace@example.com", decision="allow"))
    assert "grace@example.com" in ada.opens(f"{back.path}?{back.query}")
    event_type(ada)

    moved, cancelled, failed = (books(bob) for _ in range(3))
    for token in (moved, cancelled, failed):
        wait_for(lambda shown=token: ">Join<" in bob.opens(f"/b/{shown}"))
    slot = re.findall(r'href="(/b/[^"]+slot=[^"]+)"', bob.opens(f"/b/{moved}/reschedule?date={next_week()}"))[-1]
    bob.opens(slot)
    bob.sends(f"/b/{moved}/reschedule", slot=query(slot)["slot"])
    bob.opens(f"/b/{cancelled}/cancel")
    bob.sends(f"/b/{cancelled}/cancel", reason="I am ill")
    wait_for(lambda: {sent.method for sent in tap.sent} >= {"PATCH", "DELETE"})

    tap.echoes = True  # a vendor that repeats the token in its refusal
    refused = books(bob)
    wait_for(lambda: "has been told" in bob.opens(f"/b/{refused}"))
    control(zoom, "POST", "/faults", route="create", kind="html", count=1)
    garbled = books(bob)
    wait_for(lambda: len([sent for sent in tap.sent if sent.path.endswith("/meetings")]) >= 4)
    for ref in sorted(set(re.findall(r'href="(/bookings/[^"/?]+)"', ada.opens("/bookings")))):
        ada.opens(ref)

    control(zoom, "POST", "/users/grace@example.com/revoke")
    bob.opens(f"/b/{failed}/cancel")
    bob.sends(f"/b/{failed}/cancel", reason="")
    wait_for(lambda: "Needs reconnect" in ada.opens("/settings/integrations"))
    ada.opens("/integrations/zoom/disconnect")
    ada.sends("/integrations/zoom/disconnect")
    for page in ("/event-types", "/event-types/1", "/bookings", "/profile", "/settings/integrations"):
        ada.opens(page)
    wait_for(lambda: len(list(running.mails.glob("*.eml"))) >= 8)
    return {moved, cancelled, failed, refused, garbled}


def control(zoom: Server, method: str, path: str, **body: Any) -> None:
    answer = httpx2.request(method, f"{zoom.url}/_sim{path}", json=body, trust_env=False)
    assert answer.is_success, answer.text


def event_type(ada: Surfer) -> None:
    """Offer Zoom, bookable at once."""
    ada.opens("/event-types/new")
    terms = {"minutes": "30", "notice": "0", "notice_unit": "minutes", "horizon_days": "60", "interval": "30"}
    terms |= {"buffer_before": "0", "buffer_after": "0", "active": "1", "do": "save"}
    ada.sends("/event-types/new", title="Intro call", **terms, **{"loc-0-provider": "zoom", "loc-0-position": "0"})


def books(bob: Surfer) -> str:
    """Take the first free time of a day next week; returns the manage token."""
    page = bob.opens(f"/ada-lovelace/intro-call?date={next_week()}")
    page = bob.opens(re.findall(r'href="([^"]+slot=[^"]+)"', page)[0])
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    chosen = re.search(r'name="location"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="location"', page)
    assert chosen
    fields |= {"location": chosen[1] or chosen[2], "name": "Bob", "email": "bob@invitees.example", "notes": ""}
    answer = bob.sends("/ada-lovelace/intro-call", **fields)
    return urlsplit(str(answer.url)).path.removeprefix("/b/")


def mailed(folder: Path) -> bytes:
    """Return all mails, with every part also decoded."""
    import email

    found = []
    for path in folder.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes())
        parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
        found += [path.read_bytes(), *(part for part in parts if isinstance(part, bytes))]
    return b"\n".join(found)
