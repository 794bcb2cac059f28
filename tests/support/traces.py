"""Looks for a text wherever a hub leaves anything: all tables, the database's own files, Redis, command lines."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from types import TracebackType

import redis
from sqlalchemy import make_url, select

from hub.store.base import Base
from hub.store.db import Store


def in_tables(store: Store, text: str) -> list[str]:
    """Return where the text stands in the database, in any case, as table.column."""
    found = []
    with store.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                found += [f"{table.name}.{name}" for name, value in row.items() if text.lower() in str(value).lower()]
    return sorted(set(found))


def in_files(store: Store, text: str) -> list[str]:
    """Return the names of SQLite's own files that have the text's bytes; none where the database is a server."""
    path = make_url(store.url).database if store.sqlite else ""
    files = sorted(Path(path).parent.glob(f"{Path(path).name}*")) if path else []
    return [file.name for file in files if text.lower().encode() in file.read_bytes().lower()]


def in_redis(url: str, text: str) -> list[str]:
    """Return the keys in Redis that have the text in them, or in what they hold."""
    needle = text.lower().encode()
    with redis.Redis.from_url(url) as connection:
        keys = list(connection.scan_iter(count=1000))
        return [repr(k) for k in keys if needle in k.lower() or needle in (connection.dump(k) or b"").lower()]


class Overheard:
    """Every command that Redis gets during the `with` block."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=None)  # it may be quiet for long
        self._monitor = self._client.monitor()
        self._commands: list[bytes] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def text(self) -> bytes:
        """What was said so far."""
        return b"\n".join(self._commands)

    def _listen(self) -> None:
        while not self._commands or b"overheard-enough" not in self._commands[-1]:
            self._commands.append(bytes(self._monitor.connection.read_response(disable_decoding=True)))

    def __enter__(self) -> Overheard:
        self._monitor.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.echo("overheard-enough")
        self._thread.join(10)
        self._monitor.__exit__(kind, value, trace)
        self._client.close()


def of_processes() -> bytes:
    """Return the command lines that every user of this machine can see."""
    return subprocess.run(["ps", "-axww", "-o", "args"], capture_output=True, check=True).stdout
