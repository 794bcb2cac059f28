"""Drives the sandbox over real HTTP, as an app and as a person with a browser would."""

from __future__ import annotations

import html
import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from plugins.zoom.sandbox.server import Server

CLIENT = ("sandbox-client", "sandbox-secret")
CALLBACK = "http://127.0.0.1:9/oauth/callback"
SCOPES = (
    "meeting:write:meeting",
    "meeting:update:meeting",
    "meeting:delete:meeting",
    "user:read:user",
    "meeting:read:meeting",
    "meeting:read:list_meetings",
    "meeting:read:list_upcoming_meetings",
    "meeting:read:invitation",
    "meeting:update:status",
)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


class Driver:
    """An app under test: it authorizes, calls, and orders faults."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self.server = server
        self.url = server.url
        self.clock = clock
        self.sandbox = server.gate.sandbox
        self.http = httpx2.Client(base_url=server.url, timeout=30, follow_redirects=False)

    def authorize(self, user: str = "ada@example.com", **query: str) -> dict[str, str]:
        """Let a user allow the app (without the pages) and return the query that the app's callback gets."""
        params = {"response_type": "code", "client_id": CLIENT[0], "redirect_uri": CALLBACK} | query
        url = str(httpx2.URL(f"{self.url}/oauth/authorize", params=params))
        answer = self.sim("POST", "/authorize", {"url": url, "user": user})
        return dict(parse_qsl(urlsplit(answer["location"]).query))

    def token(self, auth: tuple[str, str] | None = CLIENT, **form: str) -> httpx2.Response:
        """Call the token endpoint."""
        return self.http.post("/oauth/token", data=form, auth=auth)

    def exchange(self, code: str, **extra: str) -> httpx2.Response:
        """Exchange a code."""
        return self.token(**{"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | extra)

    def refresh(self, refresh_token: str) -> httpx2.Response:
        """Exchange a refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def connect(self, user: str = "ada@example.com") -> dict[str, Any]:
        """Return the tokens of a fresh connection."""
        return dict(self.exchange(self.authorize(user)["code"]).json())

    def api(self, token: str, method: str, path: str, **options: Any) -> httpx2.Response:
        """Call the REST API with a bearer token."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"} | options.pop("headers", {})
        return self.http.request(method, f"/v2{path}", headers=headers, **options)

    def create(self, token: str, **fields: Any) -> dict[str, Any]:
        """Create a meeting and return Zoom's answer."""
        body = {"topic": "Intro call", "start_time": "2026-12-01T10:00:00Z", "duration": 30} | fields
        answer = self.api(token, "POST", "/users/me/meetings", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def sim(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call the control API."""
        options = {"json": body or {}} if method in ("POST", "PATCH") else {}
        answer = self.http.request(method, f"/_sim{path}", **options)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def fault(self, route: str, kind: str, **values: Any) -> None:
        """Order a fault."""
        self.sim("POST", "/faults", {"route": route, "kind": kind} | values)

    def state(self) -> dict[str, Any]:
        """Return the sandbox's state."""
        return self.sim("GET", "/state")


class Browser:
    """A person's browser: keeps cookies, fills in the forms of a page."""

    def __init__(self, url: str) -> None:
        self.http = httpx2.Client(base_url=url, timeout=30, follow_redirects=False)
        self.page = httpx2.Response(200)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Open a page."""
        self.page = self.http.get(path, **options)
        return self.page

    def submit(self, action: str, **values: str) -> httpx2.Response:
        """Submit the form of the open page whose action begins with `action`, with its hidden fields."""
        for attributes, body in re.findall(r"<form([^>]*)>(.*?)</form>", self.page.text, re.S):
            found = re.search(r'action="([^"]*)"', attributes)
            target = html.unescape(found.group(1)) if found else str(self.page.url)
            if urlsplit(target).path.startswith(action):
                hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', body)
                data = {name: html.unescape(value) for name, value in hidden} | values
                self.page = self.http.post(target, data=data)
                return self.page
        raise AssertionError(f"no form for {action} in {self.page.text}")

    def follow(self) -> httpx2.Response:
        """Follow the redirect of the last answer."""
        return self.get(self.page.headers["location"])


@dataclass
class Endpoint:
    """A webhook endpoint that remembers what it was sent and answers as told."""

    answers: list[int] = field(default_factory=list)
    """Statuses for the next requests; 200 when used up."""
    reply: Any = None
    """A function from body to the JSON that is answered."""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __enter__(self) -> Endpoint:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                endpoint.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = endpoint.answers.pop(0) if endpoint.answers else 200
                content = json.dumps(endpoint.reply(json.loads(body))).encode() if endpoint.reply else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._httpd = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._httpd.server_port}/webhooks/zoom"
        threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()

    def events(self) -> list[dict[str, Any]]:
        """Return the bodies received."""
        return [json.loads(body) for _, body in self.received]
