"""Links that work once, mailed to one address: written, looked up, used. Only their digests can be looked up."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.outbox import outbox
from hub.store import sealed
from hub.store.account_mail import AccountMail
from hub.store.vault import Unreadable, digest

if TYPE_CHECKING:
    from hub.container import Hub

# How long the link of each kind works; kinds that have none are kept that long at most, until they are mailed.
LIFETIMES = {
    "reset": timedelta(minutes=30),
    "signup": timedelta(hours=24),
    "known": timedelta(hours=24),
    "invite": timedelta(days=3),
    "confirm": timedelta(hours=24),
    "asked": timedelta(hours=24),
    "changed": timedelta(hours=24),
}
LINKED = ("reset", "signup", "invite", "confirm")
MAILED = tuple(kind for kind in LIFETIMES if kind != "invite")  # that one the operator hands over


def write(
    session: Session,
    hub: Hub,
    kind: str,
    email: str,
    *,
    host_id: int | None = None,
    data: Mapping[str, str] | None = None,
) -> str:
    """Add a mail of this kind to the address, and what forgets it in time. Returns its link's token, if it has one."""
    token, now = secrets.token_urlsafe(32) if kind in LINKED else "", hub.clock()
    known = digest(token) if token else None
    row = AccountMail(host_id=host_id, kind=kind, email=email, digest=known, created_at=now)
    row.expires_at = now + LIFETIMES[kind]
    session.add(row)
    session.flush()
    row.data = hub.vault.seal(json.dumps(dict(data or {})), sealed.account_mail(row, "data"))
    with outbox.gathered(session):
        if kind in MAILED:
            row.token = hub.vault.seal(token, sealed.account_mail(row, "token"))
            outbox.add(session, hub, "mail", f"mail:account:{row.id}", kind=kind, account_mail=row.id)
        outbox.add(session, hub, "forget", f"forget:account:{row.id}", due_at=row.expires_at, account_mail=row.id)
    return token


def find(session: Session, hub: Hub, token: str, *kinds: str) -> AccountMail | None:
    """Return the mail that this token's link stood in, locked; None where it is used, expired or none of these kinds."""
    if not 20 <= len(token) <= 64 or not token.isascii():
        return None
    query = select(AccountMail).where(AccountMail.digest == digest(token), AccountMail.kind.in_(kinds))
    row = session.scalar(query.with_for_update())
    return row if row and row.expires_at > hub.clock() else None


def opened(hub: Hub, row: AccountMail) -> dict[str, str]:
    """Return what the link was written with; nothing where that can't be read any more."""
    try:
        return dict(json.loads(hub.vault.open(row.data, sealed.account_mail(row, "data"))))
    except Unreadable:
        return {}


def drop(session: Session, host_id: int, *kinds: str) -> None:
    """End all links of these kinds that the host has."""
    session.execute(delete(AccountMail).where(AccountMail.host_id == host_id, AccountMail.kind.in_(kinds)))
