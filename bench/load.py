"""A small HTTP load client: one thread and one kept connection for each client, requests made beforehand."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Result:
    """What one or several bursts gave: seconds of each request, by outcome, and how long they took together."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    lasted: float = 0.0
    last_failure: bytes = b""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.seconds) / self.lasted if self.lasted else 0.0

    def quantile(self, share: float) -> float:
        """Return the time within which this share of the requests was answered, in seconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    def add(self, other: Result) -> None:
        """Take in another burst."""
        self.seconds += other.seconds
        self.failed += other.failed
        self.lasted += other.lasted
        self.last_failure = other.last_failure or self.last_failure


def get(path: str, port: int, headers: str = "") -> bytes:
    """Return a GET request; each further header ends with CR LF."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode()


class Client:
    """One connection to a server on loopback, opened again when the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> bytes:
        """Send a request and return the whole answer. Raises OSError."""
        fresh = self._socket is None
        try:
            return self._exchange(request)
        except ConnectionError:
            self.close()
            if fresh:
                raise
            return self._exchange(request)  # a kept connection that the server had closed meanwhile

    def close(self) -> None:
        """Close the connection."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _exchange(self, request: bytes) -> bytes:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        answer = b""
        while (head := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        length = 0
        for line in answer[:head].split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(answer) < head + 4 + length:
            answer += self._more()
        if b"\r\nconnection: close" in answer[:head].lower():
            self.close()
        return answer

    def _more(self) -> bytes:
        assert self._socket
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionResetError
        return data


def burst(clients: Sequence[Client], requests: Sequence[list[bytes]], *, seconds: float, wanted: bytes) -> Result:
    """Have each client send from its own list, one after another, for so long; what is sent leaves the list.

    An answer that does not begin with `wanted` counts as failed.
    """
    results = [Result() for _ in clients]
    began = time.perf_counter()
    until = began + seconds
    threads = [
        threading.Thread(target=_run, args=(client, waiting, result, until, wanted))
        for client, waiting, result in zip(clients, requests, results, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = Result()
    for result in results:
        total.add(result)
    total.lasted = time.perf_counter() - began
    return total


def _run(client: Client, waiting: list[bytes], result: Result, until: float, wanted: bytes) -> None:
    while waiting and time.perf_counter() < until:
        request = waiting.pop()
        began = time.perf_counter()
        answer = client.send(request)
        result.seconds.append(time.perf_counter() - began)
        if not answer.startswith(wanted):
            result.failed += 1
            result.last_failure = answer
