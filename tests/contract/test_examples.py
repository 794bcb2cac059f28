"""The contract of providers, kept by the tutorial's example of a vendor with an API."""

from __future__ import annotations

from types import ModuleType

import pytest

from hub.providers import Registry
from hub.testing.connected import ConnectedProviderContract
from tests.examples import acme


class TestAcme(ConnectedProviderContract):
    """Acme keeps the contract, on a sandbox made with the base that authors use."""

    key = "acme"

    @pytest.fixture(name="registry")
    def _registry(self) -> Registry:
        return Registry([("acme", acme, "0.1")])

    @pytest.fixture(name="plugin")
    def _plugin(self) -> ModuleType:
        return acme
