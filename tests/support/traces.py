"""Looks for a text wherever the hub keeps anything: all tables, the database's own files, and Redis."""

from __future__ import annotations

from pathlib import Path

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
