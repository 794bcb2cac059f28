"""The bundled Redis: found, started, found again, stopped; with real servers."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from hub import local, processes, redis_server
from hub.config import socket_path
from hub.redis_server import RedisProblem


@pytest.fixture(name="brief")
def _brief() -> Iterator[Path]:
    """A folder whose path leaves room for a socket, which pytest's own does not once it has been started often."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        yield Path(folder)


def test_it_starts_answers_and_stops(tmp_path: Path) -> None:
    """Inside the block the server answers on its private socket; after it nothing does."""
    assert not redis_server.ping(tmp_path)
    with redis_server.running(tmp_path, os.environ) as listens:
        assert redis_server.ping(tmp_path)
        assert listens.stat().st_mode & 0o077 == 0, "only its owner may connect"
    assert not redis_server.ping(tmp_path)


def test_one_that_runs_already_is_used_and_left_running(tmp_path: Path) -> None:
    """A second start for the same data attaches to the first server, and its end does not end that."""
    with redis_server.running(tmp_path, os.environ):
        assert redis_server.start(tmp_path, os.environ) is None
        with redis_server.running(tmp_path, os.environ):
            pass
        assert redis_server.ping(tmp_path)


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL and a new start the data is there, since every write goes to the append-only file."""
    server = redis_server.start(tmp_path, os.environ)
    assert server
    with redis.Redis(unix_socket_path=str(socket_path(tmp_path))) as client:
        client.set("kept", "yes")
    # The append-only file is written before the answer and flushed to disk every second; the kernel keeps it.
    server.send_signal(signal.SIGKILL)
    server.wait()
    with redis_server.running(tmp_path, os.environ), redis.Redis(unix_socket_path=str(socket_path(tmp_path))) as client:
        assert client.get("kept") == b"yes"


@pytest.mark.parametrize("name", ["long" * 30, "a path with spaces", "a=b", "50%?#"])
def test_an_awkward_path_gets_a_private_folder(
    tmp_path: Path, brief: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Where the data folder's path is too long or odd for a socket, a short folder is used that only this user enters.

    The client can then read what the server says about it, as a worker does at its start.
    """
    short = brief / "run"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    odd = tmp_path / name
    with redis_server.running(odd, os.environ) as listens:
        assert redis_server.ping(odd)
        assert listens.parent == short
        assert short.stat().st_mode & 0o077 == 0
        with redis.Redis.from_url(local.redis_url(odd)) as client:
            assert str(listens) in client.client_info()["addr"]


def test_two_data_folders_never_share_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths that only differ far from their end have different sockets."""
    one, two = (tmp_path / f"{name} {'long' * 30}" / "var" / "the-same-end-of-the-path" for name in "12")
    assert socket_path(one) != socket_path(two)


def test_a_folder_open_to_others_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is never put where other users could have prepared something."""
    short = tmp_path / "run"
    short.mkdir()
    short.chmod(0o777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    with pytest.raises(RedisProblem, match="nobody else can enter"):
        redis_server.start(tmp_path / ("long" * 30), os.environ)


def test_the_operators_choice_comes_first(tmp_path: Path) -> None:
    """HUB_REDIS_SERVER is what is started, before the bundled one."""
    own = tmp_path / "my-redis"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o700)
    assert redis_server.program({"HUB_REDIS_SERVER": str(own)}) == own
    assert redis_server.program({"PATH": ""}).name == "valkey-server"


@pytest.mark.parametrize("name", ["absent", "folder", "text"])
def test_a_choice_that_can_not_be_started_is_named(tmp_path: Path, name: str) -> None:
    """A HUB_REDIS_SERVER that is missing, a folder or no program is a sentence, not a traceback."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no program")
    with pytest.raises(RedisProblem, match=f"HUB_REDIS_SERVER names .*{name}"):
        redis_server.program({"HUB_REDIS_SERVER": str(tmp_path / name)})


def test_a_server_that_ends_at_once_is_told(tmp_path: Path) -> None:
    """A program that refuses to serve is reported with its exit code, at once."""
    own = tmp_path / "my-redis"
    own.write_text("#!/bin/sh\nexit 7\n")
    own.chmod(0o700)
    with pytest.raises(RedisProblem, match="exit code 7"):
        redis_server.start(tmp_path, {"HUB_REDIS_SERVER": str(own)})


def test_it_dies_with_who_started_it(tmp_path: Path) -> None:
    """When the process that started the server is killed, the server ends too."""
    pid = os.fork()
    if pid == 0:
        redis_server.start(tmp_path, os.environ)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert processes.wait_until(lambda: not redis_server.ping(tmp_path), seconds=20)
