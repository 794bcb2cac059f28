"""A local stand-in for Zoom: OAuth, REST API, webhooks, pages and faults, as one WSGI app.

It is not Zoom, holds nobody's data and says so on every page. It knows nothing of the hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .app import build
from .clock import Clock, utc_now
from .gate import Gate
from .model import App
from .state import Sandbox
from .webhooks import sign

__all__ = ["sandbox_app", "sign"]


def sandbox_app(
    public_url: str,
    *,
    client_id: str = "sandbox-client",
    client_secret: str = "sandbox-secret",  # noqa: S107 - the key of a simulated app opens nothing
    app_name: str = "Scheduling Hub",
    redirect_uris: Sequence[str] = (),
    webhook_url: str = "",
    webhook_secret: str = "sandbox-webhook-secret",  # noqa: S107
    deauthorization_url: str = "",
    published: bool = True,
    clock: Clock = utc_now,
    state_file: str | None = None,
    **switches: Any,
) -> Gate:
    """Return the sandbox as a WSGI app for a threaded server in one process.

    `public_url` is where browsers and the app under test reach it, path prefix included; all links are
    built from it. `redirect_uris` are the exact addresses that codes may go to. None means: any loopback
    address, because a demo picks a free port and can't know its address beforehand, and a code sent to a
    loopback address does not leave the machine. Events go to `webhook_url`, `app_deauthorized` to
    `deauthorization_url` or, without one, to `webhook_url`. `clock` returns aware UTC; the control API
    adds to it. With `state_file`, users, meetings, tokens (as digests) and switches survive a restart.
    Further options are switches (see switches.py). Raises ValueError for an unknown or wrong one.
    """
    app = App(
        client_id=client_id,
        client_secret=client_secret,
        name=app_name,
        redirect_uris=list(redirect_uris),
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        deauthorization_url=deauthorization_url,
        published=published,
    )
    sandbox = Sandbox(public_url, app, clock=clock, state_file=state_file)
    sandbox.switches.set(switches)
    return build(sandbox)
