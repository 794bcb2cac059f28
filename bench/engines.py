"""The two engines to measure on, started for one run and stopped at its end, and facts on the machine."""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sqlalchemy import text

from hub import processes, redis_server
from hub.store.db import Store
from tests.support import servers

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("flask", "sqlalchemy", "gunicorn", "rq", "pluggy", "psycopg")


@dataclass(frozen=True)
class Engine:
    """A database server (or SQLite) and a Redis of the run's own; `label` is for people."""

    name: str
    label: str
    folder: Path
    redis_url: str
    server: servers.Postgres | None

    def database(self, name: str) -> str:
        """Return the URL of a new, empty database."""
        if self.server is None:
            return f"sqlite:///{self.folder / name}.sqlite"
        return self.server.fresh()


@contextlib.contextmanager
def engine(name: str) -> Iterator[Engine]:
    """Yield the engine "embedded" or "production", and stop all of it afterwards."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hubbench")))
        socket = stack.enter_context(redis_server.running(folder, {}))
        server = stack.enter_context(postgres()) if name == "production" else None
        made = Engine(name, "", folder, f"unix://{socket}", server)
        yield Engine(name, _label(made), folder, made.redis_url, server)


@contextlib.contextmanager
def postgres() -> Iterator[servers.Postgres]:
    """Yield a server that keeps what it commits: the tests' own runs without fsync, which would flatter the floor."""
    programs = servers._programs()
    if programs is None or os.environ.get("HUB_TEST_PG_URL"):
        with servers.postgres() as given:
            yield given
        return
    folder, port = Path(tempfile.mkdtemp(prefix="hubbenchpg")), servers.free_port()
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    switch = {"user": user.pw_uid, "group": user.pw_gid} if user else {}
    server = None
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        env = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        initdb = [programs / "initdb", "-D", folder / "data", "-U", "hub", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, env=env, cwd=folder, **switch)
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "on"}
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        for option, value in options.items():
            command += ["-c", f"{option}={value}"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=folder, **switch)
        found = servers.Postgres(f"postgresql://hub@127.0.0.1:{port}/postgres")
        servers._wait(found, server, folder / "log")
        yield found
    finally:
        if server is not None:
            server.send_signal(2)  # fast shutdown: clients that are still there are cut off
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def spawn(arguments: list[str], env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a Python process of the benchmark's; it ends with this one. `log` gets what it prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "GUNICORN_"))}
    with log.open("ab") as output:
        return processes.spawn(
            [sys.executable, *arguments], env={**clean, "PYTHONPATH": str(ROOT), **env}, output=output
        )


def machine() -> list[tuple[str, str]]:
    """Return what a reader needs to judge the numbers."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in VERSIONS)
    return [
        ("CPU", f"{len(os.sched_getaffinity(0))} usable; {_cpu()}"),
        ("load (1, 5, 15 min)", " ".join(f"{load:.2f}" for load in os.getloadavg())),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("versions", versions),
        ("data on", _filesystem(tempfile.gettempdir())),
    ]


def _label(made: Engine) -> str:
    redis = subprocess.run([redis_server.program({}), "--version"], capture_output=True, text=True, check=True).stdout
    short = " ".join(redis.split()[:3])
    store = Store(made.database("label"))
    with store.read() as session:
        if made.server is None:
            known = "SQLite " + str(session.scalar(text("SELECT sqlite_version()"))) + " (WAL, synchronous FULL)"
        else:
            kept = session.scalar(text("SHOW fsync"))
            known = f"PostgreSQL {session.scalar(text('SHOW server_version'))} (fsync {kept})"
    store.dispose()
    return f"{known}, {short}"


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _filesystem(folder: str) -> str:
    best = ("", "?")
    with contextlib.suppress(OSError):
        for line in Path("/proc/mounts").read_text().splitlines():
            _, where, kind = line.split()[:3]
            inside = where == "/" or folder == where or folder.startswith(where + "/")
            if inside and len(where) >= len(best[0]):
                best = (where, kind)
    return best[1]
