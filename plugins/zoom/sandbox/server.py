"""A small threaded server for the sandbox, for tests and for running it alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from . import sandbox_app
from .gate import Gate

WSGIApp = Callable[..., Iterable[bytes]]


class Server:
    """A WSGI app being served on `url` until `close()`; also a context manager."""

    def __init__(self, httpd: BaseWSGIServer, url: str, app: WSGIApp) -> None:
        self.url = url
        self.app = app
        self._httpd = httpd
        httpd.app = app
        self._thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def gate(self) -> Gate:
        """Return the sandbox behind this server."""
        return cast(Gate, self.app)

    def close(self) -> None:
        """Stop serving and free the port."""
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()

    def join(self) -> None:
        """Wait until somebody stops the server."""
        self._thread.join()

    def __enter__(self) -> Server:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the sandbox keeps a request log of its own."""


def serve(app: WSGIApp, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Serve a WSGI app in threads and return at once; port 0 takes a free one. Raises OSError if it is taken."""
    httpd = _bind(host, port)
    return Server(httpd, _url(httpd, host), app)


def serve_sandbox(host: str = "127.0.0.1", port: int = 0, **options: Any) -> Server:
    """Bind a port, then serve a sandbox that knows it is reachable there; options as of `sandbox_app`."""
    httpd = _bind(host, port)
    url = _url(httpd, host)
    return Server(httpd, url, sandbox_app(url, **options))


def _bind(host: str, port: int) -> BaseWSGIServer:
    return make_server(host, port, _nothing, threaded=True, request_handler=_Quiet)


def _nothing(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []


def _url(httpd: BaseWSGIServer, host: str) -> str:
    return f"http://{host}:{httpd.server_port}"
