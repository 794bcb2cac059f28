"""Serves one of the apps of bench.apps with the hub's own gunicorn settings."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.engines import spawn
from bench.load import Client, get
from hub import processes
from tests.support import servers

WORKERS, THREADS = 2, 4


@contextlib.contextmanager
def served(app: str, environ: Mapping[str, str], folder: Path) -> Iterator[int]:
    """Serve one of bench.apps with the hub's own gunicorn settings; yields the port."""
    port, log = servers.free_port(), folder / f"{app}.log"
    arguments = ["-m", "gunicorn", "-k", "gthread", "-w", str(WORKERS), "--threads", str(THREADS)]
    arguments += ["--keep-alive", "5", "--no-control-socket", "-b", f"127.0.0.1:{port}", f"bench.apps:{app}()"]
    server = spawn(arguments, environ, log)
    try:
        _wait(port, server, log)
        yield port
    finally:
        processes.end(server)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        client = Client(port)
        try:
            if client.send(get("/readyz", port)).startswith(b"HTTP/1.1 200"):
                return
        except OSError:
            pass
        finally:
            client.close()
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(log.read_text())
        time.sleep(0.05)
