"""gunicorn, set up for the hub: `hub web` runs it in its own process."""

from __future__ import annotations

import importlib
import os
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]

from hub import logs
from hub.web.latency import Latencies

WORKERS = 2
THREADS = 4
GRACE_SECONDS = 30
PARTS = 128  # of the memory for latencies: twice as many as there can be processes


class WebServer(BaseApplication):  # type: ignore[misc]
    """The hub's web processes below one gunicorn master."""

    def __init__(self, bind: str, workers: int = WORKERS, threads: int = THREADS, log_format: str = "text") -> None:
        self._latencies = Latencies(PARTS)  # made here, before the fork, and shared by all processes
        self._told = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "graceful_timeout": GRACE_SECONDS,
            "timeout": 60,
            "keepalive": 5,
            "limit_request_line": 8190,  # a vendor's callback carries long codes
            "forwarded_allow_ips": "",  # whom to believe is HUB_TRUSTED_PROXIES' business
            "control_socket_disable": True,
            "proc_name": "hub-web",
            "logger_class": _logger(log_format),
            "post_fork": lambda _server, worker: self._latencies.take(worker.age),
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn; its own files and variables do not count."""
        for name, value in self._told.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the app; called in each worker, so that no connection is shared across a fork."""
        from hub.app import create_app

        return create_app(latencies=self._latencies)


def run(bind: str, workers: int = WORKERS, *, log_format: str = "text") -> None:
    """Serve until a signal asks to stop."""
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    # Imported once, before the workers are forked: they start at once and share the memory.
    importlib.import_module("hub.app")
    _without_server_header()
    WebServer(bind, workers, log_format=log_format).run()


def _logger(log_format: str) -> type[glogging.Logger]:
    """Return gunicorn's logger, writing as the hub does."""

    class Logger(glogging.Logger):  # type: ignore[misc]
        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            for handler in self.error_log.handlers:
                handler.setFormatter(logs.formatter(log_format))

    return Logger


def _without_server_header() -> None:
    usual = wsgi.Response.default_headers

    def default_headers(self: wsgi.Response) -> list[str]:
        return [line for line in usual(self) if not line.startswith("Server:")]

    wsgi.Response.default_headers = default_headers
