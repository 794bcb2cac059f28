"""A vendor's sandbox over real HTTP, and an account connected to it the way a host connects.

A sandbox takes the client `sandbox-client` with the secret `sandbox-secret`, and has these calls for tests, in JSON:
POST /_sim/authorize {url, user, decision} -> {location}; PATCH /_sim/switches {scopes}; GET /_sim/state -> {meetings};
POST /_sim/faults {route, kind, count, seconds}, GET /_sim/faults -> {routes} and DELETE /_sim/faults;
GET /_sim/requests -> {requests: [{route}]}; POST /_sim/clock {advance_s}. Routes are create, update, delete, user and
list; kinds are those of `FAULTS`. A sandbox on the base of hub.testing.sandbox has all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from werkzeug.serving import WSGIRequestHandler, make_server

from hub import accounts, config
from hub.connections import http, oauth
from hub.connections.api import ConnectionApi
from hub.container import Hub
from hub.provider import Provider
from hub.providers import Registry
from hub.store.db import Store
from hub.store.migrate import upgrade
from hub.store.models import Connection
from hub.store.vault import Vault
from hub.testing import samples
from hub.testing.wiretap import Wiretap

CLIENT = ("sandbox-client", "sandbox-secret")
USER = "ada@example.com"
PATIENCE = 1.0  # seconds until a silent vendor counts as one that does not answer
FAULTS: dict[str, dict[str, Any]] = {
    "401": {"kind": "invalid_token", "count": None},
    "429": {"kind": "429_second"},
    "500": {"kind": "500"},
    "timeout": {"kind": "slow_answer", "seconds": 60},
    "lost": {"kind": "reset_after"},
    "html": {"kind": "html"},
}


class Vendor:
    """A running sandbox at `url`; `wire` is what stands before it."""

    def __init__(self, url: str, wire: Wiretap) -> None:
        self.url, self.wire = url, wire

    def control(self, method: str, path: str, **body: Any) -> Any:
        """Call the sandbox's control API and return its JSON."""
        answer = httpx2.request(
            method, f"{self.url}/_sim{path}", json=body, trust_env=False, verify=False
        )  # loopback, without TLS
        assert answer.is_success, answer.text
        return answer.json()

    def breaks(self, route: str, fault: str) -> None:
        """Let the next call of a route (401: every call) meet one of FAULTS."""
        self.control("POST", "/faults", route=route, **FAULTS[fault])

    def mends(self) -> None:
        """End all faults, and let go whoever waits in one."""
        self.control("DELETE", "/faults")

    def routes(self) -> set[str]:
        """Return the names of the vendor's routes, as faults take them."""
        return set(self.control("GET", "/faults")["routes"])

    def calls(self, route: str = "") -> int:
        """Return how many calls the vendor has had, of one route or of all."""
        return len(self.control("GET", f"/requests?route={route}" if route else "/requests")["requests"])

    def meetings(self) -> list[str]:
        """Return the ids of the meetings that exist at the vendor."""
        found = self.control("GET", "/state")["meetings"]
        return [str(meeting["id"]) for meeting in found if not meeting.get("deleted_at")]


@contextmanager
def running(make: Callable[[str], Any]) -> Iterator[Vendor]:
    """Serve the sandbox that `make` returns for a public address, on a free port of this machine."""
    server = make_server("127.0.0.1", 0, _nothing, threaded=True, request_handler=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    server.app = wire = Wiretap(make(url))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Vendor(url, wire)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def connected(registry: Registry, provider: Provider, vendor: Vendor, folder: Path) -> Iterator[ConnectionApi]:
    """Yield authenticated HTTP of an account that granted everything the provider can make use of."""
    assert provider.oauth
    scopes = [scope.name for scope in (*provider.oauth.scopes, *provider.oauth.optional_scopes)]
    vendor.control("PATCH", "/switches", scopes=scopes)
    hub = _hub(registry, provider, vendor, folder)
    try:
        host_id = accounts.sign_up(hub, name="Ada", email=USER, password="correct horse", timezone="Europe/Vienna")
        url = oauth.begin(hub, provider, host_id=host_id, browser="browser", return_to="/")
        back = vendor.control("POST", "/authorize", url=url, user=USER, decision="allow")["location"]
        answer = parse_qs(urlsplit(back).query)
        verifier, _ = oauth.take(hub, provider, state=answer["state"][0], host_id=host_id, browser="browser")
        oauth.finish(hub, provider, host_id=host_id, code=answer["code"][0], verifier=verifier)
        with hub.store.read() as session:
            (connection,) = session.query(Connection).all()
        yield ConnectionApi(hub, provider, connection.id)
    finally:
        hub.http.close()
        hub.store.dispose()


def _hub(registry: Registry, provider: Provider, vendor: Vendor, folder: Path) -> Hub:
    assert provider.oauth
    name = f"HUB_{provider.key.upper()}"
    settings = config.load(
        {
            "HUB_DATA_DIR": str(folder),
            "HUB_PUBLIC_URL": "http://localhost",
            f"{name}_CLIENT_ID": CLIENT[0],
            f"{name}_CLIENT_SECRET": CLIENT[1],
            f"{name}_OAUTH_URL": vendor.url + urlsplit(provider.oauth.base_url).path,
            f"{name}_API_URL": vendor.url + urlsplit(provider.oauth.api_url).path,
            **{f"{name}_{setting.upper()}": value for setting, value in samples.settings(provider).items()},
        }
    )
    upgrade(settings.database_url)
    client = http.client()
    client.timeout = PATIENCE
    return Hub(
        settings=settings,
        store=Store(settings.database_url),
        vault=Vault(settings.encryption_keys),
        registry=registry,
        queue=_NoQueue(),
        http=client,
        mailer=_NoMailer(),
        clock=lambda: datetime.now(UTC),
        sleep=lambda seconds: None,  # how many calls a second there are is not what is tried here
    )


class _NoQueue:
    def poke(self, outbox_id: int) -> bool:
        return False

    def waiting(self) -> int:
        return 0


class _NoMailer:
    def send(self, message: EmailMessage) -> None:
        raise AssertionError("a provider's contract sends no mail")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: tests print their own."""


def _nothing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []
