"""Counts what happens in the transaction in which it happens, so that whichever process did it and however it ended, it counts once."""

from __future__ import annotations

import collections
import json
import secrets
from collections.abc import Iterator, Mapping

from sqlalchemy import event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.store.health import Counter

SHARDS = 8  # rows for one count: workers that finish at the same time seldom wait for each other
PENDING = "counts"


def count(session: Session, name: str, **labels: str) -> None:
    """Add one to the count of this name and labels, if and when this session's transaction is committed."""
    pending = session.info.setdefault(PENDING, collections.Counter())
    if not pending:
        event.listen(session, "before_commit", _write, once=True)
    pending[name, json.dumps(labels, sort_keys=True)] += 1


def totals(session: Session) -> Iterator[tuple[str, Mapping[str, str], int]]:
    """Return each count: name, labels, and how often it happened."""
    summed = select(Counter.name, Counter.labels, func.sum(Counter.value)).group_by(Counter.name, Counter.labels)
    for name, labels, value in session.execute(summed.order_by(Counter.name, Counter.labels)):
        yield name, json.loads(labels), int(value)


def _write(session: Session) -> None:
    """Write what is pending: last of all, and always in one order, so that the rows are held shortly and never crosswise."""
    pending, shard = session.info.pop(PENDING), secrets.randbelow(SHARDS)
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.flush()
    for (name, labels), times in sorted(pending.items()):
        new = insert(Counter).values(name=name, labels=labels, shard=shard, value=times)
        both = Counter.value + new.excluded.value
        session.execute(new.on_conflict_do_update(index_elements=["name", "labels", "shard"], set_={"value": both}))
