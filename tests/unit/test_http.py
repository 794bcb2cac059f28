"""What vendors' answers mean, read once for all providers, and how much of them is read."""

from __future__ import annotations

import dataclasses
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from hub.connections import http
from hub.errors import ConnectionLost, MeetingGone, Rejected, Temporary
from hub.facts import OAuth2, Reply
from tests.examples import acme
from tests.support.servers import free_port
from tests.support.world import START

OAUTH = acme.location_provider().oauth


def reply(status: int, headers: dict[str, str] | None = None, data: Any = None) -> Reply:
    return Reply(status, headers or {}, data, "")


def error(status: int, **more: Any) -> Any:
    assert OAUTH
    return http.error_of(reply(status, **more), dataclasses.replace(OAUTH, read_error=None), START)


def test_what_a_status_means() -> None:
    """Each failed answer stands for one error: what may have happened, when to come back, whether the vendor is away."""
    assert (type(error(401)), error(401).message) == (
        ConnectionLost,
        "The provider no longer accepts the connection.",
    )
    assert isinstance(error(404), MeetingGone)
    assert isinstance(error(410), MeetingGone)
    for status in (400, 403, 402, 409, 411, 428, 430, 499):
        assert type(error(status)) is Rejected
    assert error(409, data={"message": "Taken."}).message == "The provider refused (409): Taken."


@pytest.mark.parametrize(
    ("status", "words", "known", "away", "waits"),
    [
        (429, "The provider's limit is reached.", True, False, True),
        (300, "The answer led to another address, which is not followed.", False, False, False),
        (399, "The answer led to another address, which is not followed.", False, False, False),
        (500, "The provider has a fault (500).", False, True, True),
        (503, "The provider has a fault (503).", False, True, True),
    ],
)
def test_what_passes(status: int, words: str, known: bool, away: bool, waits: bool) -> None:
    """Limits and faults pass; only where the vendor refused before acting is it known that nothing happened."""
    fault = error(status, headers={"retry-after": "7"})
    assert isinstance(fault, Temporary)
    assert (fault.message, fault.outcome_known, fault.away) == (words, known, away)
    assert fault.retry_at == (START + timedelta(seconds=7) if waits else None)


def test_the_plugins_reading_comes_first() -> None:
    """Where the plugin knows what an answer means, that counts; where it does not, HTTP's usual meaning does."""
    assert OAUTH
    told: list[Reply] = []
    special = Rejected("as the plugin says")

    def read(answer: Reply) -> Rejected | None:
        told.append(answer)
        return special if answer.status == 401 else None

    facts: OAuth2 = dataclasses.replace(OAUTH, read_error=read)
    assert http.error_of(reply(401), facts, START) is special
    assert isinstance(http.error_of(reply(404), facts, START), MeetingGone)
    assert told == [reply(401), reply(404)]


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("5", START + timedelta(seconds=5)),
        (" 5 ", START + timedelta(seconds=5)),
        ("86400", START + timedelta(days=1)),
        ("86401", START + timedelta(days=1)),
        ("2026-12-01T10:00:00Z", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("2026-12-01T10:00:00+02:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T10:00:00", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("Tue, 01 Dec 2026 10:00:00 GMT", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("Tue, 01 Dec 2026 10:00:00 -0000", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_when_to_come_back(said: str, moment: datetime | None) -> None:
    """Seconds, at most a day of them, an ISO time or an HTTP date are understood; of anything else nothing is made."""
    found = http.retry_after(reply(429, headers={"retry-after": said}), START)
    assert found == moment
    assert found is None or found.tzinfo
    assert http.retry_after(reply(429), START) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"message": "a", "error_description": "b"}, "a"),
        ({"message": 5, "error_description": "b"}, "b"),
        ({"reason": "c", "error": "d"}, "c"),
        ({"error": "d"}, "d"),
        ({"error": {"message": "e"}}, "no reason given"),
        ({"message": "m" * 400}, "m" * 300),
        ([], "no reason given"),
        (None, "no reason given"),
    ],
)
def test_the_vendors_words(data: Any, words: str) -> None:
    """Of a failed answer the vendor's own words are kept, wherever it puts them, as far as they are short."""
    assert http.words(reply(400, data=data)) == words


class Vendor(BaseHTTPRequestHandler):
    """Answers each path in its own way, and notes what it was asked."""

    got: list[tuple[str, str, dict[str, str], bytes]]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.got.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        path = self.path.split("?")[0]
        answers = {
            "/json": b'{"a": 1, "said": "secret-token"}',
            "/text": b"<p>" + b"x" * 5000,
            "/bad": b"\xff",
            "/deep": b"[" * 100_000,
            "/empty": b"",
            "/exact": b'"' + b"x" * (http.LARGEST_BODY - 2) + b'"',
            "/large": b'"' + b"x" * (http.LARGEST_BODY - 1) + b'"',
        }
        if path == "/silent":
            self.close_connection = True
            return
        self.send_response(302 if path == "/elsewhere" else 200)
        self.send_header("Location", "/json")
        self.send_header("X-Kind", "Ours")
        answer = answers.get(path, b"{}")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture(name="vendor")
def _vendor() -> Iterator[str]:
    Vendor.got = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(name="client")
def _client() -> Iterator[httpx2.Client]:
    with http.client() as client:
        yield client


def send(client: httpx2.Client, url: str, method: str = "GET", **more: Any) -> Reply:
    return http.send(client, method, url, token="secret-token", **more)


def test_what_is_sent(client: httpx2.Client, vendor: str) -> None:
    """A request carries token, query and body, says who we are, and asks for JSON."""
    answer = send(client, f"{vendor}/json", "POST", params={"q": "1"}, body={"b": 2})
    ((method, path, headers, body),) = Vendor.got
    assert (method, path, body.replace(b" ", b"")) == ("POST", "/json?q=1", b'{"b":2}')
    assert headers["authorization"] == "Bearer secret-token"
    assert headers["accept"] == "application/json"
    assert headers["user-agent"] == http.USER_AGENT
    assert (answer.status, answer.headers["x-kind"]) == (200, "Ours")
    assert answer.data == {"a": 1, "said": http.HIDDEN.decode()}
    assert "secret-token" not in answer.text


def test_what_is_read(client: httpx2.Client, vendor: str) -> None:
    """An answer that is no JSON is kept as text, in part; nothing that a vendor sends breaks the reading."""
    assert send(client, f"{vendor}/text").data is None
    assert send(client, f"{vendor}/text").text == "<p>" + "x" * 3997
    assert send(client, f"{vendor}/bad").text == "\N{REPLACEMENT CHARACTER}"
    assert send(client, f"{vendor}/bad").data is None
    assert send(client, f"{vendor}/deep").data is None
    assert (send(client, f"{vendor}/empty").data, send(client, f"{vendor}/empty").text) == (None, "")
    assert send(client, f"{vendor}/elsewhere").status == 302


def test_too_large(client: httpx2.Client, vendor: str) -> None:
    """An answer is read up to a limit; what came of the request is then not known."""
    assert len(send(client, f"{vendor}/exact").data) == http.LARGEST_BODY - 2
    with pytest.raises(Temporary, match=r"^The provider's answer is too large\.$") as caught:
        send(client, f"{vendor}/large")
    assert (caught.value.outcome_known, caught.value.away) == (False, False)
    client.event_hooks = {"response": [http.bounded]}
    assert client.get(f"{vendor}/exact").is_success
    with pytest.raises(Temporary, match=r"^The provider's answer is too large\.$") as caught:
        client.get(f"{vendor}/large")
    assert (caught.value.outcome_known, caught.value.away) == (False, False)


def test_nobody_there(client: httpx2.Client, vendor: str) -> None:
    """Where no connection came about nothing happened; where the answer is missing nobody knows. Both are the vendor's fault."""
    with pytest.raises(Temporary, match=r"^The provider can't be reached\.$") as caught:
        send(client, f"http://127.0.0.1:{free_port()}/json")
    assert (caught.value.outcome_known, caught.value.away) == (True, True)
    with pytest.raises(Temporary, match=r"^The provider did not answer in time\.$") as caught:
        send(client, f"{vendor}/silent")
    assert (caught.value.outcome_known, caught.value.away) == (False, True)


def test_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients for vendors follow no redirect, mind no proxy of the environment, check certificates and give up in time."""
    usual = http.usual()
    assert usual["timeout"] == http.TIMEOUT
    assert (usual["follow_redirects"], usual["trust_env"]) == (False, False)
    assert usual["headers"] == {"User-Agent": http.USER_AGENT}
    assert usual["verify"].verify_mode is ssl.CERT_REQUIRED
    assert http.usual()["verify"] is usual["verify"]
    with http.client() as client:
        assert client.timeout == httpx2.Timeout(http.TIMEOUT)
        assert client.headers["user-agent"] == http.USER_AGENT
        assert not client.follow_redirects
