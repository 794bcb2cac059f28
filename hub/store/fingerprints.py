"""The key of fingerprints: kept in the database, sealed, so that accounts are recognised whichever encryption keys are left."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hub.store.health import SealedKey
from hub.store.models import Connection
from hub.store.vault import Vault

NAME = "fingerprint"
SAMPLE = 500


def kept(engine: Engine) -> Callable[[], str]:
    """Return what looks the sealed key up: empty where none is kept."""
    wanted = select(SealedKey.sealed).where(SealedKey.name == NAME)

    def look() -> str:
        with engine.connect() as connection:  # one of its own: who asks may be in the middle of a transaction
            return connection.scalar(wanted) or ""

    return look


def keep(session: Session, vault: Vault) -> None:
    """Keep the key that is used, unless one is kept or it can't be the right one, as it does not know the accounts.

    A key that is kept is never replaced here, least of all where it can't be read: with the right encryption key put
    back, every account is known again.
    """
    if not knows(session, vault):
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    new = insert(SealedKey).values(name=NAME, sealed=vault.seal_fingerprint_key())
    session.execute(new.on_conflict_do_nothing())


def knows(session: Session, vault: Vault) -> bool:
    """Tell whether the newest connections have the fingerprints that the vault gives their accounts."""
    newest = select(Connection).order_by(Connection.id.desc()).limit(SAMPLE)
    return all(_recognised(vault, one) for one in session.scalars(newest))


def _recognised(vault: Vault, one: Connection) -> bool:
    external_id = one.account_data.get("external_id")
    return not external_id or one.account == vault.fingerprint(f"{one.provider}:{external_id}")
