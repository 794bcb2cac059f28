"""What programs that watch over the hub read: counts, depths and ages, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import redis
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from hub.outbox import life
from hub.store import counters
from hub.store.models import Connection, OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub

TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Counts that are kept in the database, and what each means; what happened in whichever process is in them.
COUNTED = {
    "outbox_deliveries": "Deliveries of outbox rows: done, later (as the handler said), failed, parked (given up).",
    "sync_attempts": "Calls to providers that were begun, by what was to be done.",
    "sync_outcomes": "What came of them: done, or the error; attempts without an outcome died under way.",
    "token_refreshes": "Refreshes of hosts' tokens: done, refused (the host has to reconnect), Temporary.",
    "mails": "Mails that were sent, or failed for good.",
}
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Metric:
    """One metric: its samples are (suffix of the name, labels, value)."""

    name: str
    kind: str
    help: str
    samples: tuple[tuple[str, Labels, float], ...]


def text(metrics: Iterable[Metric]) -> str:
    """Return the metrics as text."""
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} {metric.kind}"]
        for suffix, labels, value in metric.samples:
            told = ",".join(f'{name}="{_escaped(str(label), quote=True)}"' for name, label in labels.items())
            lines.append(f"{metric.name}{suffix}{{{told}}} {value:.10g}" if told else f"{metric.name} {value:.10g}")
    return "\n".join(lines) + "\n"


def gather(hub: Hub) -> Iterator[Metric]:
    """Return what the database and Redis tell, whichever process asks. Raises SQLAlchemyError."""
    with hub.store.read() as session:
        found = [*_counts(session), *_outbox(session, hub), *_connections(session), *_seen(session, hub)]
    yield from found
    yield from _workers(hub)
    yield _gauge(
        "hub_provider_info",
        "Installed providers.",
        [({"provider": one.key, "version": one.version}, 1) for one in hub.registry.all()],
    )
    yield _gauge("hub_providers_broken", "Plugins that are left out.", [({}, len(hub.registry.broken))])


def _counts(session: Session) -> Iterator[Metric]:
    found: dict[str, list[tuple[str, Labels, float]]] = {name: [] for name in COUNTED}
    for name, labels, value in counters.totals(session):
        if name in found:
            found[name].append(("", labels, value))
    for name, samples in found.items():
        yield Metric(f"hub_{name}_total", "counter", COUNTED[name], tuple(samples))


def _outbox(session: Session, hub: Hub) -> Iterator[Metric]:
    now = hub.clock()
    due = (OutboxRow.due_at <= now) & OutboxRow.parked_at.is_(None)
    rows = session.execute(
        select(
            OutboxRow.topic,
            func.count(),
            func.sum(case((due, 1), else_=0)),
            func.sum(case((OutboxRow.parked_at.is_not(None), 1), else_=0)),
            func.min(case((due, OutboxRow.due_at))),
        )
        .where(OutboxRow.done_at.is_(None))
        .group_by(OutboxRow.topic)
        .order_by(OutboxRow.topic)
    ).all()
    oldest = [({"topic": row[0]}, (now - row[4]).total_seconds() if row[4] else 0.0) for row in rows]
    yield _gauge(
        "hub_outbox_open", "Outbox rows that are not done, also later ones.", [({"topic": r[0]}, r[1]) for r in rows]
    )
    yield _gauge("hub_outbox_due", "Of these, rows that are due now.", [({"topic": r[0]}, r[2]) for r in rows])
    yield _gauge("hub_outbox_parked", "Of these, rows that were given up.", [({"topic": r[0]}, r[3]) for r in rows])
    yield _gauge("hub_outbox_oldest_due_seconds", "For how long the oldest of them has been due.", oldest)


def _connections(session: Session) -> Iterator[Metric]:
    state = case(
        (Connection.broken_reason != "", "broken"),
        (Connection.open_until.is_not(None), "away"),
        (Connection.enabled, "ok"),
        else_="paused",
    )
    rows = session.execute(
        select(Connection.provider, state, func.count())
        .where((Connection.tokens != "") | (Connection.broken_reason != ""))
        .group_by(Connection.provider, state)
        .order_by(Connection.provider, state)
    )
    yield _gauge(
        "hub_connections", "Hosts' connections.", [({"provider": key, "state": how}, count) for key, how, count in rows]
    )


def _seen(session: Session, hub: Hub) -> Iterator[Metric]:
    ages = [({"process": name}, (hub.clock() - at).total_seconds()) for name, at in life.last_seen(session).items()]
    yield _gauge("hub_last_seen_seconds", "How long ago sweeper and workers were last seen.", ages)


def _workers(hub: Hub) -> Iterator[Metric]:
    try:
        alive = [one for one in life.workers(hub.settings.redis_url) if life.alive(one.seen_at, hub.clock())]
    except redis.RedisError:
        yield _gauge("hub_redis_up", "Whether Redis answers.", [({}, 0)])
        return
    yield _gauge("hub_redis_up", "Whether Redis answers.", [({}, 1)])
    states = [({"state": state}, sum(one.doing == state for one in alive)) for state in ("idle", "busy")]
    yield _gauge("hub_workers", "Workers that are alive.", states)


def _gauge(name: str, meaning: str, samples: Iterable[tuple[Labels, float]]) -> Metric:
    return Metric(name, "gauge", meaning, tuple(("", labels, float(value)) for labels, value in samples))


def _escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text
