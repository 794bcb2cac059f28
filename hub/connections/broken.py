"""Notes that a connection's grant is dead, once, and has its host told."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub.connections.shared import ended_by_another
from hub.outbox import outbox
from hub.store.models import Connection

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
    key = f"mail:broken:{connection.id}:{connection.grant_number}"
    outbox.add(session, hub, "mail", key, kind="broken", connection=connection.id)
    return True


def locked(session: Session, connection_id: int) -> Connection | None:
    """Return the connection as it is now; nobody else changes it before this transaction ends."""
    session.flush()
    return session.get(Connection, connection_id, with_for_update=True, populate_existing=True)
