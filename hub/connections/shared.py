"""One account of a vendor's that several hosts of this hub have connected: the vendor may keep one grant for all."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.store.models import Connection

ENDED = " Another host of this hub connected the same account later, which ended this connection."


def others(session: Session, connection: Connection) -> list[Connection]:
    """Return the working connections of other hosts to this very account."""
    if not connection.account:
        return []
    same = (Connection.provider == connection.provider, Connection.account == connection.account)
    working = (Connection.id != connection.id, Connection.tokens != "", Connection.broken_reason == "")
    return list(session.scalars(select(Connection).where(*same, *working)))


def ended_by_another(session: Session, connection: Connection) -> str:
    """Return the words for a grant that died because another host connected the same account; else an empty text."""
    since = connection.connected_at
    newer = [o for o in others(session, connection) if since and o.connected_at and o.connected_at >= since]
    return ENDED if newer else ""
