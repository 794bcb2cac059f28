"""The day's budget of a vendor account: creates and moves counted before they are sent, for all hosts and processes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.provider import Provider
from hub.store.account_limits import AccountUse

if TYPE_CHECKING:
    from hub.container import Hub

JITTER_SECONDS = 120


def spend(session: Session, hub: Hub, provider: Provider, account: str, *, create: bool) -> datetime | None:
    """Count one call of this account (its fingerprint) for today, UTC; with `create` the reserve for moves is kept.

    Returns None where it may be made, else when the vendor's new day has begun (aware).
    """
    limits = provider.facts.limits
    if not limits.per_day or not account:
        return None
    now = hub.clock()
    today = now.date().isoformat()
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(AccountUse).values(account=account, day=today, used=0).on_conflict_do_nothing())
    most = limits.per_day - (limits.reserve if create else 0)
    spent = session.execute(
        update(AccountUse)
        .where(AccountUse.account == account, or_(AccountUse.day != today, AccountUse.used < most))
        .values(used=case((AccountUse.day == today, AccountUse.used + 1), else_=1), day=today)
        .execution_options(synchronize_session=False)
    )
    return None if spent.rowcount else new_day(now)  # type: ignore[attr-defined]


def give_back(session: Session, hub: Hub, account: str) -> None:
    """Take one call back that never reached the vendor's own count: the vendor was away.

    An outage must not use the day up. Should the vendor have counted it all the same, it says so: see `exhausted`.
    """
    session.execute(
        update(AccountUse)
        .where(AccountUse.account == account, AccountUse.day == hub.clock().date().isoformat(), AccountUse.used > 0)
        .values(used=AccountUse.used - 1)
        .execution_options(synchronize_session=False)
    )


def exhausted(session: Session, hub: Hub, provider: Provider, account: str) -> None:
    """The vendor says that the day's budget is used up, whatever was counted: other programs may use the account."""
    if provider.facts.limits.per_day and account:
        session.execute(
            update(AccountUse)
            .where(AccountUse.account == account)
            .values(used=provider.facts.limits.per_day, day=hub.clock().date().isoformat())
            .execution_options(synchronize_session=False)
        )


def new_day(now: datetime) -> datetime:
    """Return a moment shortly after the next 00:00 UTC, not the same for all who wait."""
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(seconds=secrets.randbelow(JITTER_SECONDS))
