"""Encrypts what must not be readable in the database, with keys that can be rotated."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Sequence
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FINGERPRINT_PLACE = "sealed_key:fingerprint"

log = logging.getLogger(__name__)


class Unreadable(Exception):
    """The value was encrypted with a key that is not there any more, for another row, or was damaged."""


class Vault:
    """AES-256-GCM with the key's id in front; `place` (table, row, column) binds a value to where it stands.

    `keys` are the newest first; `kept` returns the sealed key of fingerprints, or an empty text where none is kept.
    """

    def __init__(self, keys: Sequence[bytes], kept: Callable[[], str] = str) -> None:
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._current = _key_id(keys[0])
        self._kept = kept
        self._first_fingerprint_key = hashlib.sha256(b"fingerprint" + keys[-1]).digest()

    def seal(self, text: str, place: str) -> str:
        """Return `text` encrypted with the newest key."""
        nonce = secrets.token_bytes(12)
        sealed = self._keys[self._current].encrypt(nonce, text.encode(), place.encode())
        return f"{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """Return the text. Raises Unreadable."""
        key_id, _, body = sealed.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            raise Unreadable
        try:
            raw = base64.urlsafe_b64decode(body)
            return key.decrypt(raw[:12], raw[12:], place.encode()).decode()
        except (InvalidTag, ValueError):
            raise Unreadable from None

    def opens(self, sealed: str, place: str) -> bool:
        """Tell whether `open` would return the text."""
        try:
            self.open(sealed, place)
        except Unreadable:
            return False
        return True

    def current(self, sealed: str) -> bool:
        """Tell whether the value is encrypted with the newest key."""
        return sealed.startswith(self.mark)

    @property
    def mark(self) -> str:
        """What a value that is encrypted with the newest key begins with."""
        return f"{self._current}."

    @cached_property
    def _fingerprint_key(self) -> bytes:
        """The key that is kept; where none is, or it can't be read, the one that follows from the oldest key given.

        Looked up once: what it is never changes under a running hub, only what it is sealed with.
        """
        sealed = self._kept()
        if sealed and not self.opens(sealed, FINGERPRINT_PLACE):
            log.error("the key of fingerprints can't be read: accounts that were connected before are not recognised")
            sealed = ""
        return bytes.fromhex(self.open(sealed, FINGERPRINT_PLACE)) if sealed else self._first_fingerprint_key

    def seal_fingerprint_key(self) -> str:
        """Return the key of fingerprints as it is used, encrypted with the newest key."""
        return self.seal(self._fingerprint_key.hex(), FINGERPRINT_PLACE)

    def fingerprint(self, text: str) -> str:
        """Return a keyed digest that tells equal texts from others without giving the text away."""
        return hmac.new(self._fingerprint_key, text.encode(), hashlib.sha256).hexdigest()[:32]


def digest(token: str) -> str:
    """Return the digest under which a random token is looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"id" + key).hexdigest()[:8]
