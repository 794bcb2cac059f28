"""Connections as rows: made, changed and looked at without a browser, for tests of what happens to them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from hub import Account, accounts
from hub.connections import breaker, broken, service, token_endpoint
from hub.container import Hub
from hub.errors import Temporary
from hub.provider import Provider
from hub.store.models import Connection, OutboxRow
from tests.support.world import START

AWAY = Temporary("away", away=True)
MOMENT = timedelta(microseconds=1)


def sign_up(hub: Hub, email: str = "ada@example.com") -> int:
    """Return the id of a new host."""
    return accounts.sign_up(hub, name="Ada", email=email, password="correct horse", timezone="UTC")


def grant(hub: Hub, name: str = "access") -> token_endpoint.Grant:
    """Return a grant of an hour."""
    return token_endpoint.Grant(name, f"{name}-refresh", hub.clock() + timedelta(hours=1), ("a", "b"))


def connect(hub: Hub, provider: Provider, host: int, account: str = "z1", **more: object) -> int:
    """Connect the host to this account; returns the id of the connection."""
    told = Account(account, f"{account}@example.com", **more)  # type: ignore[arg-type]
    service.save(hub, provider, host_id=host, grant=grant(hub), account=told)
    return row(hub, host).id


def row(hub: Hub, host: int) -> Connection:
    """Return the host's connection as it is now."""
    with hub.store.read() as session:
        return session.scalars(select(Connection).where(Connection.host_id == host)).one()


def change(hub: Hub, connection: int, **values: object) -> None:
    """Set these values of the connection."""
    with hub.store.write() as session:
        found = session.get_one(Connection, connection)
        for name, value in values.items():
            setattr(found, name, value)


def note(hub: Hub, connection: int, result: object, at: datetime | None = START) -> None:
    """Let this have come of a call for the grant of then."""
    with hub.store.write() as session:
        breaker.note(session, hub, connection, at, result)


def keys(hub: Hub, topic: str) -> list[str]:
    """Return the keys of the topic's outbox rows."""
    with hub.store.read() as session:
        return list(session.scalars(select(OutboxRow.key).where(OutboxRow.topic == topic).order_by(OutboxRow.id)))


def mark(hub: Hub, connection: int, reason: str = "dead", at: datetime | None = START, **more: bool) -> bool:
    """Let the grant of then be dead; returns whether that was news."""
    with hub.store.write() as session:
        return broken.mark_broken(session, hub, connection, reason=reason, connected_at=at, **more)
