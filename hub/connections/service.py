"""What happens to a connection: saved, paused, resumed, broken, disconnected; each one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from hub import crash
from hub.connections import breaker, token_endpoint, tokens
from hub.connections.broken import host_knows, mark_broken
from hub.connections.shared import others
from hub.errors import NotPossible
from hub.outbox import outbox
from hub.provider import Provider
from hub.store.models import Booking, Connection, EventType, Host, LocationRow, MeetingRow
from hub.values import Account

if TYPE_CHECKING:
    from hub.container import Hub


@dataclass(frozen=True)
class Effects:
    """What a disconnect touches, in numbers."""

    event_types: int
    upcoming: int


def save(hub: Hub, provider: Provider, *, host_id: int, grant: token_endpoint.Grant, account: Account) -> None:
    """Store a proven grant: connects, reconnects, or changes to another account of the vendor.

    Bookings that wait for their meeting are taken up again at once. Raises NotPossible where the host is gone.
    """
    now = hub.clock()
    with hub.store.write() as session:
        if session.scalar(select(Host.id).where(Host.id == host_id).with_for_update()) is None:
            raise NotPossible("The account was deleted meanwhile.")
        connection = _find(session, host_id, provider.key)
        if connection is None:
            connection = Connection(host_id=host_id, provider=provider.key, grant_number=0)
            session.add(connection)
            session.flush()
        before, connection.account = connection.account, fingerprint(hub, provider, account.external_id)
        connection.account_label = account.label[:320]
        connection.account_data = {
            "external_id": account.external_id,
            "pool": fingerprint(hub, provider, f"pool:{account.pool}") if account.pool else "",
            "notes": dict(account.notes),
            "max_minutes": account.max_minutes,
            "warning": account.warning,
        }
        knew_it_broke = host_knows(session, connection)
        connection.scopes = list(grant.scopes)
        connection.enabled = True
        connection.broken_reason, connection.broken_at = "", None
        connection.connected_at = connection.last_success_at = now
        tokens.store(session, hub, connection, grant)
        if knew_it_broke:
            key = f"mail:healed:{connection.id}:{connection.grant_number}"
            outbox.add(session, hub, "mail", key, kind="healed", connection=connection.id)
        if before not in ("", connection.account):
            key = f"mail:earlier:{connection.id}:{connection.grant_number}"
            outbox.add(session, hub, "mail", key, kind="earlier", connection=connection.id)
        breaker.reset(connection)
        _wake_waiting(session, hub, connection)


def set_enabled(hub: Hub, provider: Provider, *, host_id: int, enabled: bool) -> None:
    """Pause (no meetings for new bookings) or resume."""
    with hub.store.write() as session:
        connection = _find(session, host_id, provider.key)
        if connection is not None:
            connection.enabled = enabled


def disconnect(hub: Hub, provider: Provider, *, host_id: int) -> bool:
    """Delete tokens and account details in one commit, then revoke at the vendor as best effort.

    Where another host has connected the same account, nothing is revoked. Meetings, links and event types stay as they are. Returns whether the vendor confirmed.
    """
    with hub.store.write() as session:
        connection = _find(session, host_id, provider.key)
        if connection is None:
            return False
        # The vendor would end the grants of all hosts who have connected this account.
        sealed, connection_id = "" if others(session, connection) else connection.tokens, connection.id
        _forget(connection)
        connection.broken_reason, connection.broken_at = "", None
    crash.point("after_disconnect_before_revoke")
    return token_endpoint.revoke(hub, provider, sealed, connection_id)


def removed(session: Session, hub: Hub, provider: Provider, *, account: str, at: datetime) -> int:
    """The vendor says that this account (its id there) took its grant back at `at`; returns how many hosts it was of.

    Tokens and account details are deleted as on a disconnect, and each host is told once. A grant that is newer than
    `at` stays; one that the host has disconnected is gone already, and nobody is told of the vendor's echo.
    """
    of_account = select(Connection).where(Connection.account == fingerprint(hub, provider, account))
    found = [
        connection
        for connection in session.scalars(of_account.with_for_update())
        if connection.connected_at is not None and connection.connected_at <= at
    ]
    label = provider.facts.label
    for connection in found:
        reason = f"The hub was removed in your {label} account, and has deleted its tokens and the account's email."
        mark_broken(session, hub, connection.id, reason=reason, connected_at=connection.connected_at, explained=True)
        _forget(connection)
    return len(found)


def fingerprint(hub: Hub, provider: Provider, account: str) -> str:
    """Return by what the hub knows this account of the vendor's again."""
    return hub.vault.fingerprint(f"{provider.key}:{account}")


def effects(session: Session, hub: Hub, *, host_id: int, provider: str) -> Effects:
    """Count what uses the provider: event types of the host, and upcoming bookings with a meeting."""
    event_types = session.scalar(
        select(func.count(func.distinct(EventType.id)))
        .join(LocationRow)
        .where(EventType.host_id == host_id, LocationRow.provider == provider)
    )
    upcoming = session.scalar(
        select(func.count(func.distinct(Booking.id)))
        .join(MeetingRow)
        .where(Booking.host_id == host_id, Booking.status == "confirmed", Booking.starts_at > hub.clock())
        .where(MeetingRow.provider == provider, MeetingRow.state == "ready")
    )
    return Effects(event_types or 0, upcoming or 0)


def _forget(connection: Connection) -> None:
    """Delete the tokens and all that tells whose account it was but its fingerprint."""
    connection.tokens, connection.account_label = "", ""
    connection.account_data, connection.scopes = {}, []
    connection.expires_at = connection.connected_at = connection.last_success_at = None
    connection.grant_number += 1
    breaker.reset(connection)


def _find(session: Session, host_id: int, provider: str) -> Connection | None:
    """Return the connection locked, so that a refresh under way can't bring back what is being removed."""
    mine = select(Connection).where(Connection.host_id == host_id, Connection.provider == provider)
    return session.scalar(mine.with_for_update())


def _wake_waiting(session: Session, hub: Hub, connection: Connection) -> None:
    """Give every upcoming booking that waits for this connection a new sync row."""
    account = connection.account
    # What was given up while nobody knew whether it had been made: this account can be asked now.
    lost = and_(
        MeetingRow.state.in_(("skipped", "closed")),
        MeetingRow.attempted_at.is_not(None),
        MeetingRow.account.in_(("", account)),
    )
    waiting = session.execute(
        select(MeetingRow, Booking.version)
        .join(Booking)
        .where(Booking.host_id == connection.host_id, Booking.ends_at > hub.clock())
        .where(MeetingRow.provider == connection.provider)
        .where(or_(MeetingRow.state.in_(("pending", "failed", "ready")), lost))
    )
    for row, version in waiting:
        if row.state == "failed":
            row.state = "pending"
        elif row.state == "skipped":
            row.state, row.error = "pending", ""
        elif row.state == "ready" and row.error and row.account == account:
            row.synced_version, row.error = 0, ""  # it could not follow its booking, and is brought into step now
        key = f"sync:{row.booking_id}:{version}:grant{connection.grant_number}"
        outbox.add(session, hub, "sync", key, booking=row.booking_id)
