"""The hub as real processes: web, workers and sweeper, on a database and Redis of the test's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import httpx2
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from hub import processes
from tests.support import servers
from tests.support.world import KEY, zoom_settings

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
T = TypeVar("T")


class Running:
    """Processes of one hub, of this checkout or of what `python` has installed; the `with` block's end ends them all."""

    def __init__(
        self, folder: Path, database_url: str, redis_url: str, zoom_url: str = "", *, python: str = "", **more: str
    ) -> None:
        self._python = python or sys.executable
        self.folder, self.port = folder, servers.free_port()
        self.name = f"localhost:{self.port}"  # by which browsers ask for it
        self.url = f"http://{self.name}"
        self.mails = folder / "mail"
        self.env: dict[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
            "PYTHONPATH": "" if python else str(ROOT),
            "HUB_DATA_DIR": str(folder),
            "HUB_DATABASE_URL": database_url,
            "HUB_REDIS_URL": redis_url,
            "HUB_PUBLIC_URL": self.url,
            "HUB_SECRET_KEY": "k" * 40,
            "HUB_ENCRYPTION_KEYS": KEY,
            "HUB_MAIL_URL": f"file://{self.mails}",
            "HUB_MAIL_FROM": "Hub <hub@hub.example>",
            **(zoom_settings(zoom_url) if zoom_url else {}),
            **more,
        }
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {"web": self.port}

    def start(self, *names: str) -> None:
        """Start the named parts: web, worker, sweep, or worker-2 and so on; each web answers when this returns."""
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self._parts[name] = subprocess.Popen(
                    self.command(name), env=self.env, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
                )
        for name in names:
            if name.startswith("web"):
                self._wait(name)

    def webs(self) -> list[str]:
        """Return the webs that were not asked to stop."""
        return [name for name in list(self._parts) if name.startswith("web")]

    def web(self, name: str) -> str:
        """Return where a web process listens."""
        return f"http://localhost:{self._ports.setdefault(name, servers.free_port())}"

    def command(self, name: str) -> list[str]:
        """Return what starts a part."""
        kind = name.split("-")[0]
        listens = ["--bind", self.web(name).replace("http://localhost", "127.0.0.1")] if kind == "web" else []
        return [self._python, "-m", "hub.cli", kind, *listens]

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop one part and wait for its end."""
        part = self._parts.pop(name)
        part.send_signal(how)
        part.wait(PATIENCE)

    def kill(self, *names: str) -> None:
        """End parts with SIGKILL, and with them all that they have forked."""
        for name in names:
            part = self._parts.pop(name)
            processes.signal_session(part.pid, signal.SIGKILL)
            part.wait(PATIENCE)

    def freeze(self, name: str) -> None:
        """Stop a part and all that it has forked where they are, until `thaw`."""
        processes.signal_session(self._parts[name].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen part go on."""
        processes.signal_session(self._parts[name].pid, signal.SIGCONT)

    def ended(self, name: str) -> int | None:
        """Return a part's exit code, None while it runs."""
        return self._parts[name].poll()

    def log(self, name: str) -> str:
        """Return what a part has printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in self._parts.values():
            processes.signal_session(part.pid, signal.SIGCONT)
            part.terminate()
        for part in self._parts.values():
            processes.end(part)

    def _wait(self, name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if (
                    httpx2.get(f"{self.web(name)}/readyz", headers={"Host": self.name}, trust_env=False).status_code
                    == 200
                ):
                    return
            except httpx2.TransportError:
                pass
            if self._parts[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log(name))
            time.sleep(0.05)  # a port says nowhere that it listens


def wait_for(what: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Return the first true result of calling `what`, asked again and again until `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        result = what()
        if result:
            return result
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def next_week() -> str:
    """Return the Wednesday of next week as pages' addresses write a date: a working day none of whose times is near."""
    today = datetime.now(UTC).date()
    return (today + timedelta(days=9 - today.weekday())).isoformat()


def browser(url: str) -> Client:
    """Return a browser of somebody's own, as people in tests have one, at the hub that runs at `url`."""

    @Request.application
    def far(request: Request) -> Response:
        headers = [(name, value) for name, value in request.headers.items() if name not in ("Host", "Content-Length")]
        answer = httpx2.request(
            request.method, url + request.full_path, content=request.get_data(), headers=headers, trust_env=False
        )
        kept = ("content-type", "location", "set-cookie")
        found = [(name, value) for name, value in answer.headers.multi_items() if name.lower() in kept]
        return Response(answer.content, answer.status_code, found)

    return Client(far)
