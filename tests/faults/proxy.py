"""A TCP proxy of our own that can cut connections, and cut them at a word that passes by."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.support import servers


class Proxy:
    """Passes everything on to `target`; `cut_after` is a word of the client's after which it cuts, once."""

    def __init__(self, target: int) -> None:
        self.port, self.cut_after, self.cuts = servers.free_port(), b"", 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, asking: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if asking and self.cut_after and self.cut_after in data:
                    self.cut_after, self.cuts = b"", self.cuts + 1
                    source.shutdown(socket.SHUT_RDWR)  # the answer will find nobody
                    sink.sendall(data)
                    sink.recv(65536)
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
