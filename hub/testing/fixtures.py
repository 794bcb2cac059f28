"""Fixtures for flow tests of a provider's author; a conftest.py takes them with pytest_plugins = ["hub.testing.fixtures"].

The conftest names the provider with a fixture `provider_key`. Then there are: `clock`, which stands still until it is
moved; `vendor`, the provider's sandbox over HTTP (None without one); `hub`, set up for it, on SQLite and without Redis;
`host`, `invitee`, who do what browsers can; `worker`, who does what is due; and `mailbox`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from hub import config, providers
from hub.app import assemble, create_app
from hub.container import Hub
from hub.provider import Provider
from hub.store.migrate import upgrade
from hub.testing import samples
from hub.testing.people import Host, Invitee
from hub.testing.vendor import Vendor, running
from hub.testing.world import Clock, DeafQueue, Mailbox, Worker


@pytest.fixture
def provider_key() -> str:
    """The key of the provider under test; a conftest overrides this."""
    raise NotImplementedError("write a fixture provider_key that returns your provider's key")


@pytest.fixture
def provider(provider_key: str) -> Provider:
    """The provider under test, as it is installed."""
    registry = providers.load()
    found = registry.get(provider_key)
    assert found, f"no working provider has the key {provider_key!r}; left out: {registry.broken}"
    return found


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still on a Monday morning, until it is moved."""
    return Clock()


@pytest.fixture
def vendor(provider: Provider) -> Iterator[Vendor | None]:
    """The vendor's local stand-in, None for a provider that has none."""
    if not provider.can("sandbox_app"):
        yield None
        return
    with running(provider.sandbox_app) as found:
        yield found
        found.mends()


@pytest.fixture
def hub(provider: Provider, vendor: Vendor | None, clock: Clock, tmp_path: Path) -> Iterator[Hub]:
    """A hub that is set up for the provider."""
    folder = tmp_path / "hub"
    folder.mkdir()
    told = {
        "HUB_DATA_DIR": str(folder),
        "HUB_PUBLIC_URL": "http://localhost",
        "HUB_MAIL_URL": f"file://{folder / 'mail'}",
        "HUB_REDIS_URL": "unix:///nonexistent/redis.sock",
    }
    settings = config.load({**told, **environment(provider, vendor)})
    upgrade(settings.database_url)
    made = dataclasses.replace(assemble(settings), clock=clock, sleep=clock.sleep, queue=DeafQueue())
    yield made
    made.http.close()
    made.store.dispose()


@pytest.fixture
def app(hub: Hub) -> Flask:
    """The hub's pages."""
    return create_app(hub=hub)


@pytest.fixture
def host(app: Flask, hub: Hub) -> Host:
    """A host who has signed up and signed in."""
    return Host(app.test_client(), hub)


@pytest.fixture
def invitee(app: Flask) -> Invitee:
    """Somebody who books."""
    return Invitee(app.test_client())


@pytest.fixture
def worker(hub: Hub) -> Worker:
    """Who does what is due."""
    return Worker(hub)


@pytest.fixture
def mailbox(hub: Hub) -> Mailbox:
    """The mails that the hub sent."""
    return Mailbox(hub.settings.data_dir / "mail")


def environment(provider: Provider, vendor: Vendor | None) -> Mapping[str, str]:
    """Return the variables that set the hub up for a provider, and point it to the sandbox."""
    told = samples.settings(provider)
    if provider.oauth and vendor:
        told["oauth_url"] = vendor.url + urlsplit(provider.oauth.base_url).path
        told["api_url"] = vendor.url + urlsplit(provider.oauth.api_url).path
    return {f"HUB_{provider.key.upper()}_{name.upper()}": value for name, value in told.items() if value}
