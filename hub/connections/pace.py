"""The pace of a vendor account: its calls spread over the seconds, for all hosts and processes that share it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.provider import Provider
from hub.store.account_limits import AccountPace
from hub.store.db import outside_transaction
from hub.store.models import Connection

if TYPE_CHECKING:
    from hub.container import Hub

MARGIN = 1.25  # calls do not arrive exactly as far apart as they are sent
LATE_SECONDS = (MARGIN - 1) / 2  # of what the margin leaves in each second; the other half is for the way to the vendor
PATIENCE_SECONDS = 1.0  # whoever would wait for longer gives way to other accounts' work, and has a turn later
LONGEST_SECONDS = 3600.0  # nobody waits for longer; what is further off was written before the clock was set back


def crowded(session: Session, hub: Hub, provider: Provider, connection: Connection) -> datetime | None:
    """Return None where a call may be begun now, else when it is this caller's turn (aware), after those who came before.

    Turns are as far apart as calls may be, so that those who wait come back one by one and not all at once.
    """
    step, account = _seconds(provider, reading=False), _counted_for(connection)
    if not step or not account:
        return None
    now = hub.clock().timestamp()
    free_at = session.scalar(select(AccountPace.free_at).where(AccountPace.account == account)) or 0.0
    if not PATIENCE_SECONDS < free_at - now < LONGEST_SECONDS:
        return None
    turn_at = _advance(session, account, "turn_at", now + PATIENCE_SECONDS, step)
    return datetime.fromtimestamp(turn_at, UTC)


def wait(hub: Hub, provider: Provider, connection_id: int, *, reading: bool) -> float | None:
    """Take the account's next free moment for one call, and wait for it.

    Returns it, in seconds since 1970 (UTC); None where calls may come at any pace.
    """
    step = _seconds(provider, reading=reading)
    if not step:
        return None
    with hub.store.write() as session:
        connection = session.get(Connection, connection_id)
        account = _counted_for(connection) if connection else ""
        if not account:
            return None
        now = hub.clock().timestamp()  # not before: on SQLite this transaction may have waited for others
        moment = _advance(session, account, "free_at", now, step)
    outside_transaction()
    if (left := moment - hub.clock().timestamp()) > 0:
        hub.sleep(left)
    return moment


def missed(hub: Hub, moment: float | None) -> bool:
    """Tell whether a call that had this moment would by now come too close to those that have the next ones."""
    return moment is not None and hub.clock().timestamp() - moment > LATE_SECONDS


def _advance(session: Session, account: str, name: str, earliest: float, step: float) -> float:
    """Take the next moment that this column has to give, from `earliest` on; the one after it comes a step later."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(AccountPace).values(account=account, free_at=0.0, turn_at=0.0).on_conflict_do_nothing())
    column = getattr(AccountPace, name)
    taken = case((column.between(earliest, earliest + LONGEST_SECONDS), column), else_=earliest)
    following = session.scalars(
        update(AccountPace)
        .where(AccountPace.account == account)
        .values({name: taken + step})
        .returning(column)
        .execution_options(synchronize_session=False)
    ).one()
    return float(following) - step


def _seconds(provider: Provider, *, reading: bool) -> float:
    """Return how far apart the account's calls are, 0 where they may come at any pace."""
    limits = provider.facts.limits
    rate = (limits.reads_per_second if reading else 0) or limits.per_second
    return MARGIN / rate if rate else 0.0


def _counted_for(connection: Connection) -> str:
    """Return the fingerprint of what the vendor counts this connection's calls for."""
    return str(connection.account_data.get("pool") or connection.account)
