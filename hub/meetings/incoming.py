"""Takes what a vendor tells by webhook: once, and with all that follows from it in one transaction."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.connections import service
from hub.events import AccountRemoved, MeetingDeleted, MeetingMoved, MeetingRestored, VendorEvent, WebhookReply
from hub.meetings.noticed import notice
from hub.provider import Provider
from hub.store.deliveries import WebhookDelivery

if TYPE_CHECKING:
    from hub.container import Hub

KEPT = timedelta(hours=24)
MOST_FORGOTTEN = 100  # at a time, so that no webhook waits long


class Taken(StrEnum):
    """What became of a webhook."""

    NEWS = "news"
    REPEATED = "repeated"
    NO_EFFECT = "no effect"  # an account, meeting or event that we have nothing to do with, or history


class _Repeated(Exception):
    pass


def take(hub: Hub, provider: Provider, reply: WebhookReply, body: bytes) -> Taken:
    """Let the events of a verified webhook have their effects; `body` is what it said, to the byte."""
    # The vendor's number stands outside what is signed: whoever repeats a webhook can change it, but not the body.
    keys = [hashlib.sha256(f"{provider.key} body ".encode() + body).hexdigest()]
    if reply.dedupe_id:
        keys.append(hashlib.sha256(f"{provider.key} id {reply.dedupe_id}".encode()).hexdigest())
    try:
        with hub.store.write() as session:
            _remember(session, hub, keys)
            news = [_effect(session, hub, provider, event) for event in reply.events]
    except _Repeated:
        return Taken.REPEATED
    return Taken.NEWS if any(news) else Taken.NO_EFFECT


def _remember(session: Session, hub: Hub, keys: list[str]) -> None:
    """Note that this was taken. Raises _Repeated where it was before; what is a day old is forgotten."""
    now, table = hub.clock(), WebhookDelivery
    old = select(table.key).where(table.taken_at < now - KEPT).limit(MOST_FORGOTTEN).with_for_update(skip_locked=True)
    session.execute(delete(table).where(table.key.in_(old)).execution_options(synchronize_session=False))
    if session.scalar(select(table.key).where(table.key.in_(keys)).limit(1)) is not None:
        raise _Repeated
    session.add_all(table(key=key, taken_at=now) for key in keys)
    try:
        session.flush()
    except IntegrityError:  # another process takes the same at this moment
        raise _Repeated from None


def _effect(session: Session, hub: Hub, provider: Provider, event: VendorEvent) -> bool:
    if isinstance(event, AccountRemoved):
        return bool(event.account) and service.removed(session, hub, provider, account=event.account, at=event.at) > 0
    if isinstance(event, MeetingMoved | MeetingDeleted | MeetingRestored):
        return notice(session, hub, provider, event)
    return False
