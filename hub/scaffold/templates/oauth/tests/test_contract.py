"""The contract that every provider with an account keeps, run against the local New Name."""

from __future__ import annotations

from hub.testing.connected import ConnectedProviderContract


class TestNewName(ConnectedProviderContract):
    """New Name keeps the contract."""

    key = "newname"
