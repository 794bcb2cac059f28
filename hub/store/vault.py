"""Encrypts what must not be readable in the database, with keys that can be rotated."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Unreadable(Exception):
    """The value was encrypted with a key that is not there any more, for another row, or was damaged."""


class Vault:
    """AES-256-GCM with the key's id in front; `place` (table, row, column) binds a value to where it stands."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._current = _key_id(keys[0])
        self._fingerprint_key = hashlib.sha256(b"fingerprint" + keys[-1]).digest()

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
        return sealed.startswith(f"{self._current}.")

    def fingerprint(self, text: str) -> str:
        """Return a keyed digest that tells equal texts from others without giving the text away."""
        return hmac.new(self._fingerprint_key, text.encode(), hashlib.sha256).hexdigest()[:32]


def digest(token: str) -> str:
    """Return the digest under which a random token is looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"id" + key).hexdigest()[:8]
