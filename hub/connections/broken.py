"""Notes that a connection's grant is dead, once, and has its host told."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections.shared import ended_by_another
from hub.outbox import outbox
from hub.store.models import Connection, OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub


def mark_broken(
    session: Session,
    hub: Hub,
    connection_id: int,
    *,
    reason: str,
    connected_at: datetime | None,
    explained: bool = False,
) -> bool:
    """Note that the grant made at `connected_at` is dead and tell the host once. Returns whether it was news.

    A newer grant that was stored meanwhile stays as it is. Unless the reason has `explained` it, a later connection of
    another host to the same account is named as the cause.
    """
    connection = locked(session, connection_id)
    if (
        connection is None
        or connection.connected_at != connected_at
        or connection.broken_reason
        or not connection.tokens
    ):
        return False
    cause = "" if explained else ended_by_another(session, connection)
    connection.broken_reason, connection.broken_at = reason[:300] + cause, hub.clock()
    outbox.add(session, hub, "mail", _key(connection), kind="broken", connection=connection.id)
    return True


def host_knows(session: Session, connection: Connection) -> bool:
    """Tell whether the connection is broken and the mail that says so has gone out."""
    if not connection.broken_reason:
        return False
    sent = select(OutboxRow.id).where(OutboxRow.key == _key(connection), OutboxRow.done_at.is_not(None))
    return session.scalar(sent) is not None


def _key(connection: Connection) -> str:
    return f"mail:broken:{connection.id}:{connection.grant_number}"


def locked(session: Session, connection_id: int) -> Connection | None:
    """Return the connection as it is now; nobody else changes it before this transaction ends."""
    session.flush()
    return session.get(Connection, connection_id, with_for_update=True, populate_existing=True)
