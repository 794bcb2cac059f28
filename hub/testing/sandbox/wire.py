"""Answers that break off: reset connections and bodies shorter than promised."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

Environ = dict[str, Any]


def reset(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Reset the TCP connection (RST) where the server hands out its socket, else break off in the first byte.

    Raises ConnectionResetError, which servers take for a client that left.
    """
    connection = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")
    if type(connection) is not socket.socket:
        return cut(b'{"', start_response)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The server still holds this descriptor: give it a peer that has left, and let the real connection go (RST).
    left, right = socket.socketpair()
    with left, right:
        os.dup2(left.fileno(), connection.fileno())
    raise ConnectionResetError(errno.ECONNRESET, "reset by the sandbox")


def cut(start: bytes, start_response: StartResponse, *, status: str = "200 OK") -> Iterable[bytes]:
    """Promise more than is sent, then break off."""
    length = str(len(start) + 1000)
    start_response(status, [("Content-Type", "application/json;charset=UTF-8"), ("Content-Length", length)])
    return _then_break(start)


def _then_break(start: bytes) -> Iterator[bytes]:
    yield start
    raise ConnectionResetError(errno.ECONNRESET, "cut by the sandbox")
