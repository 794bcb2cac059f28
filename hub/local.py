"""The hub on one machine: its data folder held by one process, a free port, and the parts that make it up."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import http.client
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from hub import redis_server
from hub.config import socket_path
from hub.errors import HubError
from hub.supervisor import Part

PORTS_TRIED = 100


class Occupied(HubError):
    """Something else has what is needed here."""


def checkout() -> Path | None:
    """Return the folder of the checkout that this package runs from, or None where it is installed."""
    root = Path(__file__).resolve().parents[1]
    return root if (root / "setup.cfg").exists() else None


def default_data_dir(name: str = "") -> Path:
    """Return the usual data folder: `var` in the checkout, whatever the working directory, else in that."""
    return (checkout() or Path.cwd()) / "var" / name


def command(*words: str) -> list[str]:
    """Return what runs `hub WORDS` in a process of its own, with nothing of the working directory importable."""
    return [sys.executable, "-P", "-m", "hub.cli", *words]


@contextlib.contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Have the data folder for this process alone during a `with` block. Raises Occupied where another has it."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "running.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Occupied(f"A hub is running already with the data in {data_dir}. Stop that one first.") from None
        yield


def free(host: str, port: int) -> bool:
    """Tell whether the port can be listened on. Raises HubError for an address that is not this machine's."""
    family, kind, number, _, address = _resolved(host, port)
    with socket.socket(family, kind, number) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except PermissionError:
            raise HubError(f"Port {port} needs more rights than you have; take one from 1024 on.") from None
        except OSError as fault:
            if fault.errno == errno.EADDRNOTAVAIL:
                raise HubError(f"{host} is not an address of this machine.") from None
            return False
    return True


def free_port(host: str, port: int, *, given: bool) -> tuple[int, str]:
    """Return a port to listen on and, where `port` was taken, a sentence on it. Raises Occupied if it was `given`."""
    if free(host, port):
        return port, ""
    if given:
        raise Occupied(f"Port {port} is taken by another program. Choose another one with --port.")
    for other in range(port + 1, port + PORTS_TRIED):
        if free(host, other):
            return other, f"Port {port} is taken by another program; {other} serves instead."
    raise Occupied(f"The ports from {port} to {port + PORTS_TRIED - 1} are all taken. Choose one with --port.")


def address(host: str, port: int) -> str:
    """Return where a browser on this machine reaches what listens there."""
    shown = {"": "localhost", "0.0.0.0": "localhost", "::": "localhost"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def answers(url: str, path: str) -> bool:
    """Tell whether a web server answers there, with anything but a fault of its own."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def redis_url(data_dir: Path) -> str:
    """Return the address of the bundled Redis for this data folder."""
    return f"unix://{quote(str(socket_path(data_dir)))}"


def redis_part(data_dir: Path, env: Mapping[str, str]) -> list[Part]:
    """Return the part that serves Redis, or nothing where one answers already. Raises RedisProblem."""
    if redis_server.ping(data_dir):
        return []
    argv = redis_server.command(data_dir, env)
    return [Part("redis", argv, env, ready=lambda: redis_server.ping(data_dir), shows="on a private socket")]


def hub_parts(env: Mapping[str, str], *, host: str, port: int) -> list[Part]:
    """Return the parts that serve pages, deliver and sweep."""
    url = address(host, port)
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    web = Part("web", command("web", "--bind", at), env, ready=lambda: answers(url, "/healthz"), shows=url)
    return [
        web,
        Part("worker", command("worker"), env, shows="waits for work"),
        Part("sweep", command("sweep"), env, shows="looks for what is due"),
    ]


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for parts: this one's with the changes, output unbuffered."""
    return {**os.environ, **changes, "PYTHONUNBUFFERED": "1"}


def _resolved(host: str, port: int) -> tuple[int, int, int, str, tuple[object, ...]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError):
        raise HubError(f"{host} is not an address of this machine.") from None
