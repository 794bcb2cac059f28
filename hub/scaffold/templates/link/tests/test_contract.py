"""The contract that every provider keeps."""

from __future__ import annotations

from hub.testing.contract import ProviderContract


class TestNewName(ProviderContract):
    """New Name keeps the contract."""

    key = "newname"
