"""Deletes an account: one transaction for all that is the host's, then the grants at the vendors as best effort."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hub.accounts.forgetting import PAGE_KEPT
from hub.connections import token_endpoint
from hub.connections.shared import others
from hub.errors import NotPossible
from hub.notify import announce
from hub.notify.details import deleted_there
from hub.outbox import outbox
from hub.store.account_mail import AccountMail
from hub.store.models import Activity, Booking, Connection, EventType, Host, MeetingRow, OutboxRow

if TYPE_CHECKING:
    from hub.container import Hub


@dataclass(frozen=True)
class Effects:
    """What deleting the account touches, in numbers; `meetings` are (provider's name, how many stay there)."""

    event_types: int
    upcoming: int
    without_link: int
    past: int
    connections: tuple[str, ...]
    meetings: tuple[tuple[str, int], ...]


def effects(session: Session, hub: Hub, host_id: int) -> Effects:
    """Count what the account has: upcoming bookings are those that stand and have not begun."""
    upcoming = _upcoming(session, hub, host_id)
    event_types = session.scalar(select(func.count(EventType.id)).where(EventType.host_id == host_id))
    total = session.scalar(select(func.count(Booking.id)).where(Booking.host_id == host_id)) or 0
    connected = session.scalars(select(Connection).where(Connection.host_id == host_id).order_by(Connection.provider))
    staying: dict[str, int] = {}
    for booking in upcoming:
        for row in booking.meetings:
            provider = hub.registry.get(row.provider)
            if row.state == "ready" and provider and provider.oauth:
                staying[provider.facts.label] = staying.get(provider.facts.label, 0) + 1
    return Effects(
        event_types=event_types or 0,
        upcoming=len(upcoming),
        without_link=sum(1 for booking in upcoming if not _details_known(booking)),
        past=total - len(upcoming),
        connections=tuple(_label(hub, one.provider) for one in connected if one.tokens),
        meetings=tuple(sorted(staying.items())),
    )


def delete(hub: Hub, host_id: int, *, cancel: bool) -> Effects:
    """Delete the account with all that belongs to it. Returns what was touched.

    With `cancel`, upcoming bookings are cancelled and their invitees mailed; else they are left, and their pages go on
    saying when, where and with whom. Raises NotPossible where there is no such account.
    """
    with hub.store.write() as session:
        # Bookings before their host: whoever moves one takes its row first, too.
        open_ones = select(Booking.id).where(Booking.host_id == host_id, Booking.ends_at > hub.clock() - PAGE_KEPT)
        list(session.execute(open_ones.order_by(Booking.id).with_for_update()))
        host = session.scalar(select(Host).where(Host.id == host_id, Host.deleted_at.is_(None)).with_for_update())
        if host is None:
            raise NotPossible("There is no such account.")
        touched = effects(session, hub, host_id)
        grants = [
            (c.provider, c.tokens, c.id) for c in session.scalars(_connections(host_id)) if not others(session, c)
        ]
        _keep_pages(session, hub, host, cancel=cancel)
        _forget(session, host)
    hub.store.scrub()
    for key, sealed, connection_id in grants:
        provider = hub.registry.get(key)
        if provider is not None:
            token_endpoint.revoke(hub, provider, sealed, connection_id)
    return touched


def _keep_pages(session: Session, hub: Hub, host: Host, *, cancel: bool) -> None:
    """Hand the bookings whose pages are still open to invitees to a departed host: a name and a zone only."""
    now = hub.clock()
    mine = (Booking.host_id == host.id, Booking.ends_at > now - PAGE_KEPT, Booking.invitee_email != host.email)
    kept = list(session.scalars(select(Booking).where(*mine).order_by(Booking.id)))
    if not kept:
        return
    unknown = f"departed.{secrets.token_hex(8)}"  # neither an address nor a handle: nobody can have or ask for it
    departed = Host(
        email=unknown,
        handle=unknown,
        name=host.name,
        timezone=host.timezone,
        password_hash="",
        active=False,
        created_at=now,
        deleted_at=now,
    )
    session.add(departed)
    session.flush()
    for booking in kept:
        booking.host = departed
        _settle(booking, host.email)
        if cancel and booking.confirmed and booking.starts_at > now:
            _cancel(session, hub, booking)
    ids = [booking.id for booking in kept]
    # Nobody is left to read the timeline; the page's headline needs the last change.
    session.execute(
        delete_rows(Activity).where(
            Activity.booking_id.in_(ids), Activity.what.not_in((*announce.CHANGES, "cancelled"))
        )
    )
    due_at = max(booking.ends_at for booking in kept) + PAGE_KEPT
    key = f"forget:host:{departed.id}:{secrets.token_hex(4)}"
    outbox.add(session, hub, "forget", key, due_at=due_at, host=departed.id)
    session.flush()


def _settle(booking: Booking, email: str) -> None:
    """End what was still to be done for the booking's meetings, and take the host's address out of it."""
    for row in booking.meetings:
        left = "deleted" if deleted_there(row) else "left"  # a link that is known to be dead is not shown any longer
        row.state = {"ready": left, "pending": "skipped", "failed": "skipped"}.get(row.state, row.state)
        row.attempted_at = row.next_try_at = None
        row.account, row.error, row.value = "", "", _without(row.value, email)
    for name in ("title", "notes", "cancel_reason", "location", "answers"):
        setattr(booking, name, _without(getattr(booking, name), email))


def _cancel(session: Session, hub: Hub, booking: Booking) -> None:
    booking.status, booking.cancelled_by, booking.changed_by = "cancelled", "host", "host"
    booking.version += 1
    booking.sequence += 1
    booking.updated_at = hub.clock()
    announce.note(session, hub, booking, "cancelled", "Cancelled by the host.")
    announce.change(session, hub, booking, "cancelled")


def _forget(session: Session, host: Host) -> None:
    """Delete the host's row, with all that refers to it, and what names the host elsewhere."""
    # Ids may be used again, and keys in the outbox are unique for ever: rows of what is gone go with it.
    for name, gone in (
        ("booking", select(Booking.id).where(Booking.host_id == host.id)),
        ("connection", select(Connection.id).where(Connection.host_id == host.id)),
    ):
        rows = delete_rows(OutboxRow).where(OutboxRow.ids[name].as_integer().in_(gone))
        session.execute(rows.execution_options(synchronize_session=False))
    named = func.lower(OutboxRow.error).contains(host.email, autoescape=True)
    session.execute(update(OutboxRow).where(named).values(error="").execution_options(synchronize_session=False))
    session.execute(delete_rows(AccountMail).where(AccountMail.email == host.email))
    session.execute(delete_rows(Host).where(Host.id == host.id).execution_options(synchronize_session=False))


def _without(value: Any, email: str) -> Any:
    """Return the text or JSON value without the address."""
    if isinstance(value, str):
        return re.sub(re.escape(email), "…", value, flags=re.I)
    if isinstance(value, dict):
        return {key: _without(one, email) for key, one in value.items()}
    return [_without(one, email) for one in value] if isinstance(value, list) else value


def _upcoming(session: Session, hub: Hub, host_id: int) -> list[Booking]:
    query = select(Booking).where(Booking.host_id == host_id, Booking.status == "confirmed")
    return list(session.scalars(query.where(Booking.starts_at > hub.clock()).order_by(Booking.starts_at)))


def _details_known(booking: Booking) -> bool:
    row: MeetingRow | None = booking.meeting
    return bool(row and row.value and row.state in ("ready", "left", "manual"))


def _connections(host_id: int) -> Any:
    return select(Connection).where(Connection.host_id == host_id)


def _label(hub: Hub, key: str) -> str:
    provider = hub.registry.get(key)
    return provider.facts.label if provider else key
