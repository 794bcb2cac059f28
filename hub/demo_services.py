"""One threaded server for what the demo adds to the hub: the mailbox, and each provider's stand-in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from hub import mailbox
from hub.provider import Provider


class QuietHandler(WSGIRequestHandler):
    """Logs no requests: their addresses may hold codes."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def build(providers: Iterable[Provider], *, url: str, mails: Path) -> Any:
    """Return the WSGI app: /mailbox, and /sandbox/<key> for each provider with a stand-in, all below `url`."""
    mounts: dict[str, Any] = {"/mailbox": mailbox.create_app(mails)}
    for provider in providers:
        if provider.can("sandbox_app"):
            mounts[f"/sandbox/{provider.key}"] = provider.sandbox_app(f"{url}/sandbox/{provider.key}")
    return DispatcherMiddleware(_home, mounts)


def serve(app: Any, *, host: str, port: int) -> None:
    """Serve until the process ends. Raises OSError where the port is taken."""
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
    try:
        server.serve_forever()
    finally:
        server.server_close()


@Request.application
def _home(request: Request) -> Response:
    if request.path == "/":
        return redirect("/mailbox/")
    return Response("There is nothing here; the mailbox is at /mailbox/.\n", status=404)
