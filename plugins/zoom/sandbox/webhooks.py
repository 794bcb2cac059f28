"""Zoom's webhooks: signing, the check of an endpoint, and a sender that retries as Zoom does."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import itertools
import json
import secrets
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from .clock import stamp
from .model import JSON
from .state import Sandbox

RETRIES_S = (300, 1200, 3600)
"""Zoom tries three times more, each so long after the attempt before."""

TIMEOUT_S = 3.0


def sign(secret: str, timestamp: int | str, body: bytes) -> str:
    """Return x-zm-signature for the exact bytes of a body and x-zm-request-timestamp (seconds)."""
    text = f"v0:{timestamp}:".encode() + body
    return "v0=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def encode(body: JSON) -> bytes:
    """Return a body as Zoom sends it: compact, and not escaped."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Delivery:
    """One announcement and what became of it: waiting, delivered or failed."""

    event: str
    url: str
    body: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()).replace("-", "_"))
    state: str = "waiting"
    attempts: list[JSON] = field(default_factory=list)

    def describe(self) -> JSON:
        """Return the delivery as JSON."""
        shown = {"event": self.event, "url": self.url, "request_id": self.request_id, "state": self.state}
        return {**shown, "attempts": list(self.attempts), "body": json.loads(self.body)}


class Sender:
    """Sends in a thread of its own, one after another; what waits is in memory only and ends with the process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._queue: list[tuple[float, int, Delivery]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False
        self.deliveries: list[Delivery] = []
        sandbox.announce = self.announce

    def announce(self, event: str, payload: JSON, url: str) -> None:
        """Queue an event for an endpoint; without one nobody is told."""
        if not url:
            return
        body = {"event": event, "payload": payload, "event_ts": int(self._sandbox.ts() * 1000)}
        self._put(Delivery(event, url, encode(body)), 0)

    def validate(self, url: str, secret: str) -> str:
        """Send the endpoint check and return "" if the endpoint proved that it knows the secret, else what is wrong."""
        plain = secrets.token_urlsafe(16)
        body = {
            "payload": {"plainToken": plain},
            "event_ts": int(self._sandbox.ts() * 1000),
            "event": "endpoint.url_validation",
        }
        delivery = Delivery("endpoint.url_validation", url, encode(body))
        self._remember(delivery)
        answer = self._attempt(delivery, secret)
        delivery.state = "failed"
        if delivery.attempts[-1]["status"] not in (200, 204):
            return f"The endpoint answered {delivery.attempts[-1]['status']}, not 200."
        expected = hmac.new(secret.encode(), plain.encode(), hashlib.sha256).hexdigest()
        try:
            content = json.loads(answer)
            right = content["plainToken"] == plain and hmac.compare_digest(content["encryptedToken"], expected)
        except (ValueError, KeyError, TypeError):
            right = False
        if not right:
            return "The endpoint did not return the token hashed with this secret."
        delivery.state = "delivered"
        return ""

    def hurry(self) -> None:
        """Make everything that waits due now."""
        with self._changed:
            self._queue = [(0.0, number, delivery) for _, number, delivery in self._queue]
            heapq.heapify(self._queue)
            self._changed.notify_all()

    def advance(self, seconds: float) -> None:
        """Bring everything that waits closer, as the sandbox's clock was advanced."""
        closer = seconds / self._sandbox.switches.webhook_speed
        with self._changed:
            self._queue = [(due - closer, number, delivery) for due, number, delivery in self._queue]
            heapq.heapify(self._queue)
            self._changed.notify_all()

    def settled(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is due or under way; say whether that came within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy and not self._due(), timeout)

    def forget(self) -> None:
        """Drop what waits and the list of deliveries."""
        with self._changed:
            self._queue.clear()
            self.deliveries.clear()
            self._changed.notify_all()

    def _due(self) -> bool:
        return bool(self._queue) and self._queue[0][0] <= time.monotonic()

    def _put(self, delivery: Delivery, delay: float) -> None:
        with self._changed:
            if delivery not in self.deliveries:
                self._remember(delivery)
            heapq.heappush(self._queue, (time.monotonic() + delay, next(self._numbers), delivery))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="zoom-sandbox-webhooks", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _remember(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        del self.deliveries[:-500]

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due():
                    self._changed.wait(self._queue[0][0] - time.monotonic() if self._queue else None)
                _, _, delivery = heapq.heappop(self._queue)
                self._busy = True
            try:
                self._deliver(delivery)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _deliver(self, delivery: Delivery) -> None:
        self._attempt(delivery, self._sandbox.app.webhook_secret)
        status = delivery.attempts[-1]["status"]
        tries = len(delivery.attempts)
        if isinstance(status, int) and 200 <= status < 300:
            delivery.state = "delivered"
        elif (isinstance(status, str) or status >= 500) and tries <= len(RETRIES_S):
            self._put(delivery, RETRIES_S[tries - 1] / self._sandbox.switches.webhook_speed)
        else:
            delivery.state = "failed"

    def _attempt(self, delivery: Delivery, secret: str) -> bytes:
        timestamp = int(self._sandbox.ts())
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Zoom Marketplace/1.0a",
            "x-zm-request-timestamp": str(timestamp),
            "x-zm-signature": sign(secret, timestamp, delivery.body),
            "x-zm-request-id": delivery.request_id,
            "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
        }
        status, answer = _post(delivery.url, delivery.body, headers)
        delivery.attempts.append({"at": stamp(self._sandbox.now()), "status": status})
        return answer


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int | str, bytes]:
    """Post once, following no redirect; return the status, or Zoom's class of network fault in words."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        response = connection.getresponse()
        return response.status, response.read(100_000)
    except TimeoutError:
        return "no answer within 3 s (-1)", b""
    except ConnectionRefusedError:
        return "connection refused (-2)", b""
    except socket.gaierror:
        return "unknown host (-13)", b""
    except (OSError, HTTPException) as error:
        return f"network error ({type(error).__name__})", b""
    finally:
        connection.close()
