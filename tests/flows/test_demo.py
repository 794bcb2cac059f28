"""The demo as a person meets it: started, looked at, stopped, started again."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub import local, providers, redis_server
from hub.processes import wait_until

PATIENCE = 60.0


def two_free_ports() -> int:
    """Return a port that is free, as is the one after it."""
    for port in range(20000, 30000, 7):
        if local.free("127.0.0.1", port) and local.free("127.0.0.1", port + 1):
            return port
    raise AssertionError("no free ports")


@contextmanager
def demo(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the demo until the block ends; yields the process and what it printed until it was ready."""
    process = subprocess.Popen(
        [*local.command("demo"), "--data", str(data), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        yield process, "".join(lines)
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def get(url: str) -> tuple[int, http.client.HTTPMessage]:
    host, _, path = url.removeprefix("http://").partition("/")
    with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers


def told(url: str) -> object:
    """Return what a stand-in's control API answers to an order."""
    host, _, path = url.removeprefix("http://").partition("/")
    with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
        connection.request("POST", f"/{path}", b"{}", {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())


def offered(data: Path) -> list[tuple[str, str, int]]:
    """Return every host's address with title and number of locations of each event type."""
    query = (
        "SELECT email, title, count(*) FROM host JOIN event_type e ON e.host_id = host.id "
        "JOIN location ON event_type_id = e.id GROUP BY e.id"
    )
    with closing(sqlite3.connect(data / "hub.sqlite")) as database:
        return list(database.execute(query))


def all_gone(data: Path, port: int) -> bool:
    return not redis_server.ping(data) and local.free("127.0.0.1", port) and local.free("127.0.0.1", port + 1)


def test_the_demo_from_start_to_stop_and_again(tmp_path: Path) -> None:
    """Every printed address answers; the local Zoom can tell the hub of things; a second demo on the same data is refused; Ctrl-C ends all of it; data is kept."""
    data, port = tmp_path / "a demo", two_free_ports()
    with demo(data, port) as (process, printed):
        assert process.poll() is None, printed
        addresses = re.findall(r"^  (\w[\w ]+?)  +(http://\S+)", printed, re.M)
        names = [name for name, _ in addresses]
        assert names[:4] == ["Hub", "Sign in", "Book", "Mailbox"]
        assert any(name.endswith("sandbox") for name in names)
        assert "ada@example.com  demo-only-please-change" in printed
        for name, url in addresses:
            assert get(url)[0] < 400, f"{name} at {url}"
        assert "Server" not in get(f"http://127.0.0.1:{port}/login")[1]
        zoom = dict(addresses)["Zoom sandbox"]
        assert told(f"{zoom}_sim/webhooks/validate") == {"ok": True, "error": ""}
        for part in ("redis", "services", "data", "web", "worker", "sweep"):
            assert f"✓ {part}" in printed
        second = subprocess.run(
            [*local.command("demo"), "--data", str(data)], capture_output=True, text=True, timeout=PATIENCE
        )
        assert second.returncode == 1
        assert second.stderr == f"hub: A hub is running already with the data in {data}. Stop that one first.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert all_gone(data, port)
    with demo(data, port) as (process, printed):
        assert "Ctrl-C" in printed
        assert offered(data) == [
            ("ada@example.com", "Intro call", len({p.facts.group for p in providers.load().all()}))
        ]
        process.kill()
        process.wait()
        assert wait_until(lambda: all_gone(data, port), seconds=PATIENCE), "something outlived the killed demo"


def test_the_demo_touches_no_real_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever real settings the shell holds, the demo's parts get their own; every vendor is a stand-in."""
    from hub import demo as demonstration

    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://genuine")
    monkeypatch.setenv("HUB_MAIL_URL", "smtp://genuine")
    chosen = [provider for provider in providers.load().all() if provider.oauth]
    for provider in chosen:
        monkeypatch.setenv(f"HUB_{provider.key.upper()}_CLIENT_SECRET", "genuine")
    addresses = demonstration.Addresses("127.0.0.1", 8000, 8001)
    env = demonstration.environment(addresses, tmp_path, chosen)
    assert not [name for name, value in env.items() if name.startswith("HUB_") and "genuine" in value]
    for provider in chosen:
        assert provider.oauth
        url = f"http://127.0.0.1:8001/sandbox/{provider.key}"
        assert env[f"HUB_{provider.key.upper()}_OAUTH_URL"] == url + urlsplit(provider.oauth.base_url).path
        assert env[f"HUB_{provider.key.upper()}_API_URL"].startswith(f"{url}/")


@pytest.mark.thorough
def test_several_workers_run_below_one_command(tmp_path: Path) -> None:
    """`hub worker -n 2` keeps two workers running, and ends them when it is stopped."""
    data = tmp_path / "data"
    env = {**os.environ, "HUB_DATA_DIR": str(data), "HUB_REDIS_URL": local.redis_url(data)}
    data.mkdir()
    subprocess.run(local.command("migrate"), env=env, check=True, capture_output=True)
    with redis_server.running(data, env):
        process = subprocess.Popen([*local.command("worker"), "-n", "2"], env=env)
        try:
            assert wait_until(lambda: registered(data) == 2, seconds=PATIENCE)
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0
        assert wait_until(lambda: registered(data) == 0, seconds=PATIENCE)


def registered(data: Path) -> int:
    """Return how many workers Redis knows."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(redis_server.socket_path(data)))
        connection.sendall(b"SCARD rq:workers\r\n")
        return int(connection.recv(64).strip().removeprefix(b":"))


def test_the_command_runs_from_any_folder(tmp_path: Path) -> None:
    """Files in the working directory are never imported in the place of the hub's own."""
    (tmp_path / "flask.py").write_text("raise SystemExit('imported from the working directory')")
    done = subprocess.run(local.command("providers"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sys.executable in local.command()
