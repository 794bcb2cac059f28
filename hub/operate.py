"""What an operator does to a hub's accounts and keys: switch providers for an account, seal everything anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from hub.errors import InvalidInput
from hub.store import fingerprints
from hub.store.health import SealedKey
from hub.store.models import Host
from hub.store.sealed import SEALED
from hub.store.vault import FINGERPRINT_PLACE, Unreadable

if TYPE_CHECKING:
    from hub.container import Hub

BATCH = 50  # rows that one transaction seals: whoever books or refreshes meanwhile waits for moments


def switch_provider(hub: Hub, key: str, email: str, *, on: bool) -> str:
    """Enable or disable a provider for one host's account. Returns the host's name. Raises InvalidInput."""
    if hub.registry.get(key) is None:
        known = ", ".join(provider.key for provider in hub.registry.all())
        raise InvalidInput("key", f"There is no provider {key}; there are {known}.")
    with hub.store.write() as session:
        host = session.scalar(select(Host).where(Host.email == email.strip().lower()).with_for_update())
        if host is None:
            raise InvalidInput("host", f"There is no account with the address {email}.")
        off = set(host.providers_off)
        host.providers_off = sorted(off - {key} if on else off | {key})
        return host.name


def keep_fingerprint_key(hub: Hub) -> None:
    """Have the database keep the key of fingerprints, unless it does; then the key is looked up, before any fork."""
    with hub.store.write() as session:
        fingerprints.keep(session, hub.vault)


def reseal(hub: Hub, *, lost_for_good: bool = False) -> tuple[int, int]:
    """Seal with the newest key whatever an older one sealed. Returns how many values, and how many can't be read.

    With `lost_for_good` a key of fingerprints that can't be read gives way to the one that is used in its place.
    """
    keep_fingerprint_key(hub)
    done = lost = 0
    for kind in SEALED:
        rows = select(kind.table).order_by(kind.key).limit(BATCH).with_for_update(of=kind.table)
        last: Any = None
        while True:
            with hub.store.write() as session:
                batch = session.scalars(rows if last is None else rows.where(kind.key > last)).all()
                for row in batch:
                    if (
                        lost_for_good
                        and isinstance(row, SealedKey)
                        and not hub.vault.opens(row.sealed, FINGERPRINT_PLACE)
                    ):
                        row.sealed = hub.vault.seal_fingerprint_key()
                    for column, place in kind.places(row).items():
                        outcome = _reseal(hub, row, column, place)
                        done += outcome is True
                        lost += outcome is False
            if not batch:
                break
            last = getattr(batch[-1], kind.key.key)
    return done, lost


def _reseal(hub: Hub, row: Any, column: str, place: str) -> bool | None:
    """Seal one value anew: True where it was done, False where it can't be read, None where there is nothing to do."""
    sealed = getattr(row, column)
    if not sealed or hub.vault.current(sealed):
        return None
    try:
        setattr(row, column, hub.vault.seal(hub.vault.open(sealed, place), place))
    except Unreadable:
        return False
    return True
