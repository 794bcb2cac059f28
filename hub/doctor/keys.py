"""The keys: how they are kept, and whether they fit what is stored."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.config import Settings
from hub.doctor.finding import OK, WARNING, WRONG, Told
from hub.doctor.services import opened
from hub.keys import ENCRYPTION, SECRET
from hub.store import fingerprints
from hub.store.health import SealedKey
from hub.store.models import Booking, Connection
from hub.store.sealed import booking_token, connection_tokens, older
from hub.store.vault import FINGERPRINT_PLACE, Vault

FEWEST_CHARACTERS = 10  # different ones; 32 random characters have more than twice as many
SAMPLE = 500


def given(settings: Settings) -> Iterator[Told]:
    """Look at the keys themselves: that they are random, each there once, and nobody else's to read."""
    kept = [settings.data_dir / "keys" / name for name in (SECRET, ENCRYPTION)]
    if not settings.secret_key or not settings.encryption_keys:
        yield WARNING, f"not made yet; the first start makes them and keeps them in {kept[0].parent}."
        return
    told = list(_weak(settings))
    told += [finding for path in kept if path.exists() for finding in _open_to_others(path)]
    count = len(settings.encryption_keys)
    yield from told or [(OK, f"secret key, and {count} encryption {'key' if count == 1 else 'keys'}")]


def _weak(settings: Settings) -> Iterator[Told]:
    if len(set(settings.secret_key)) < FEWEST_CHARACTERS:
        yield (
            WRONG,
            "HUB_SECRET_KEY is not random: make one as docs/operating.md says. Everybody is signed out by that.",
        )
    if any(len(set(key)) < FEWEST_CHARACTERS for key in settings.encryption_keys):
        yield WRONG, "HUB_ENCRYPTION_KEYS has a key that is not random: put a new one in front, then hub rotate-keys."
    if len(set(settings.encryption_keys)) < len(settings.encryption_keys):
        yield WARNING, "HUB_ENCRYPTION_KEYS has a key twice: remove one of the two."


def _open_to_others(path: Path) -> Iterator[Told]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield WRONG, f"{path} can be read by other users of this machine: chmod 600 it, then take new keys."


def stored(settings: Settings) -> Iterator[Told]:
    """Look at what is stored: that the keys open it, know accounts again, and which of them are still needed."""
    if not settings.encryption_keys:
        return
    with opened(settings) as store:
        if store is None:
            return
        vault = Vault(settings.encryption_keys, fingerprints.kept(store.engine))
        with store.read() as session:
            kept = session.get(SealedKey, fingerprints.NAME)
            sealed = list(_sealed(session))
            told = list(_fingerprints(session, vault, kept)) or list(_unfit(session, vault, sealed, kept))
    if sealed and not told:
        told = [(OK, f"the newest {len(sealed)} can be read, all with the newest key")]
    yield from told
    if kept and len(settings.encryption_keys) > 1 and all(state == OK for state, _ in told):
        yield OK, "nothing needs an older key any more: remove them, but keep them for backups made before"


def _fingerprints(session: Session, vault: Vault, kept: SealedKey | None) -> Iterator[Told]:
    if kept and not vault.opens(kept.sealed, FINGERPRINT_PLACE):
        yield (
            WRONG,
            "the key by which accounts are recognised can't be read: put back the key that is missing from "
            "HUB_ENCRYPTION_KEYS. If it is lost for good, run hub rotate-keys --lost-for-good.",
        )


def _unfit(session: Session, vault: Vault, sealed: list[tuple[str, str]], kept: SealedKey | None) -> Iterator[Told]:
    lost = sum(not vault.opens(value, where) for value, where in sealed)
    if lost:
        yield (
            WRONG,
            f"{lost} of the newest {len(sealed)} values can't be read with any key: put back the key that is missing "
            "from HUB_ENCRYPTION_KEYS. Without it the hosts concerned have to connect again.",
        )
    elif not fingerprints.knows(session, vault):
        told = "accounts are not recognised, and meetings that exist are left alone."
        if kept:
            yield WARNING, f"some {told} Their hosts have to connect again."
        else:
            yield WRONG, f"the last of HUB_ENCRYPTION_KEYS is not the oldest: {told} Put the oldest key last."
    count = older(session, vault) - lost
    if count > 0:
        yield WARNING, f"{count} values have an older key: run hub rotate-keys."


def _sealed(session: Session) -> Iterator[tuple[str, str]]:
    connections = session.scalars(select(Connection).order_by(Connection.id.desc()).limit(SAMPLE))
    yield from ((one.tokens, connection_tokens(one.id)) for one in connections if one.tokens)
    newest = select(Booking.ref, Booking.manage_token).order_by(Booking.id.desc()).limit(SAMPLE)
    yield from ((token, booking_token(ref, "manage")) for ref, token in session.execute(newest) if token)
