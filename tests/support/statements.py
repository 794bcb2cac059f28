"""SQL compiled once for all databases of a process, though each test has a database and an engine of its own."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

DIFFERENT_STATEMENTS = 5000


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let engines of one kind share what they compiled: doing it anew for each took a quarter of the tests' time.

    SQLAlchemy keeps it for each engine, and for a dialect that it compares by identity; here dialects are compared
    by what tells them apart.
    """
    kept: MutableMapping[Any, Any] = LRUCache(DIFFERENT_STATEMENTS)
    makes = Engine.__init__

    def made(self: Engine, *given: Any, **more: Any) -> None:
        makes(self, *given, **more)
        if self._compiled_cache is not None:
            self._compiled_cache = kept  # type: ignore[assignment]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", made)
        patch.setattr(DefaultDialect, "__eq__", lambda one, other: _facts(one) == _facts(other))
        patch.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        yield


def _facts(dialect: Any) -> tuple[Any, ...]:
    names = ("server_version_info", "paramstyle", "_json_serializer", "_json_deserializer")
    return (type(dialect), *(getattr(dialect, name, None) for name in names))
