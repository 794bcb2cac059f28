"""The two keys: read from the environment or from the data folder, made on the first run, and renewed."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

SECRET, ENCRYPTION = "secret_key", "encryption_keys"


def fresh() -> str:
    """Return a new key as it stands in a setting: base64 of 32 random bytes."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def secret_key(environ: Mapping[str, str], kept: Path | None, problems: list[str], *, make: bool) -> str:
    """Return the key that signs sessions; a problem is added where it can't be used."""
    key = environ.get("HUB_SECRET_KEY", "")
    if not key and kept:
        return _kept(kept / SECRET, make=make and not problems)
    if not key:
        problems.append("HUB_SECRET_KEY is missing.")
    elif len(key) < 32 or key.lower().startswith("changeme"):
        problems.append("HUB_SECRET_KEY must be at least 32 random characters.")
    return key


def encryption_keys(
    environ: Mapping[str, str], kept: Path | None, problems: list[str], *, make: bool
) -> tuple[bytes, ...]:
    """Return the keys of the vault, newest first; a problem is added where they can't be used."""
    text = environ.get("HUB_ENCRYPTION_KEYS", "")
    if not text and kept:
        text = _kept(kept / ENCRYPTION, make=make and not problems)
        if not text:
            return ()
    if not text:
        problems.append("HUB_ENCRYPTION_KEYS is missing: one or more keys, each base64 of 32 random bytes.")
        return ()
    found = []
    for part in text.split(","):
        try:
            key = base64.b64decode(part.strip(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            problems.append("HUB_ENCRYPTION_KEYS has a key that is not base64 of 32 bytes.")
            return ()
        found.append(key)
    return tuple(found)


def new_key(data_dir: Path) -> None:
    """Put a new key in front of those kept in the data folder. Nothing may be running with the old ones."""
    path = data_dir / "keys" / ENCRYPTION
    temporary = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{fresh()},{path.read_text().strip()}")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _kept(path: Path, *, make: bool) -> str:
    """Return the key kept in `path`; one that is to be made is readable by its owner only. Empty where there is none."""
    if path.exists() or not make:
        return path.read_text().strip() if path.exists() else ""
    path.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # the data folder, when this is its first file
    path.parent.mkdir(exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(fresh())
    try:
        os.link(temporary, path)  # fails where another process was first: then its key counts
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_text().strip()
