"""Forgets, when its time has come, what is kept for a while only: account mails, and hosts who have left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hub.outbox.outbox import Delivery, Later
from hub.store.account_mail import AccountMail
from hub.store.models import Booking, Host

if TYPE_CHECKING:
    from hub.container import Hub

PAGE_KEPT = timedelta(days=30)  # after a booking's end; then its page is gone, and with it what it shows of people


def forget(hub: Hub, delivery: Delivery) -> Later | None:
    """Delete what the outbox row names, or return when its time comes."""
    ids = delivery.ids
    with hub.store.write() as session:
        if "account_mail" in ids:
            session.execute(delete(AccountMail).where(AccountMail.id == int(ids["account_mail"])))
        elif "host" in ids:
            return _departed(session, hub, int(ids["host"]))
    return None


def _departed(session: Session, hub: Hub, host_id: int) -> Later | None:
    """Delete what is left of a host who has deleted the account, once no invitee has a page of theirs any more."""
    host = session.get(Host, host_id, with_for_update=True)
    if host is None or host.deleted_at is None:
        return None
    last = session.scalar(select(func.max(Booking.ends_at)).where(Booking.host_id == host_id))
    if last and last + PAGE_KEPT > hub.clock():
        return Later(last + PAGE_KEPT)
    session.execute(delete(Booking).where(Booking.host_id == host_id))
    session.delete(host)
    return None
