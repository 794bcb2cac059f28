"""Rows 60, 62: the hub's code and its keys are renewed while people book."""

from __future__ import annotations

import dataclasses
import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import delete, func, select, update

from hub import keys
from hub.config import load as load_settings
from hub.store import fingerprints, migrate, models
from hub.store.db import Store
from hub.store.models import Connection, EventType
from hub.store.sealed import older
from hub.store.vault import Vault
from tests.faults.load import PARTS, WORKERS, Load, restart
from tests.faults.stage import Live
from tests.support import servers
from tests.support.people import Host
from tests.support.running import ROOT
from tests.support.world import KEY

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
CONNECTIONS = 1000
RELEASED = "7103d5e"  # 0.1.0


def connections(live: Live, count: int) -> None:
    """Have so many more hosts with tokens that nobody uses meanwhile."""
    with live.hub.store.write() as session:
        for n in range(count):
            host = models.Host(
                email=f"h{n}@example.net", name=f"Host {n}", handle=f"h{n}", password_hash="", timezone="UTC",
                created_at=live.clock(),
            )  # fmt: skip
            session.add(host)
            session.flush()
            one = Connection(host_id=host.id, provider="zoom", connected_at=live.clock())
            session.add(one)
            session.flush()
            tokens = {"access_token": secrets.token_hex(), "refresh_token": secrets.token_hex()}
            one.tokens = live.hub.vault.seal(json.dumps(tokens), f"connection:{one.id}:tokens")


def test_keys_under_load(live: Live, ada: Host, figure: Callable[[str], None]) -> None:
    """Row 62: encryption keys are renewed while people book and tokens are refreshed: nothing fails, and the old key may go."""
    grace = Host(live.app, live, "Grace Hopper", "grace@example.com")
    grace.connects("zoom", user="grace@example.com")
    connections(live, CONNECTIONS - 2)
    new = keys.fresh()

    def expire(offered: EventType) -> None:
        past = live.clock() - timedelta(minutes=1)
        with live.hub.store.write() as session:
            session.execute(update(Connection).where(Connection.host_id == offered.host_id).values(expires_at=past))

    live.running.start(*PARTS)
    with Load(live, [ada.offers("zoom"), grace.offers("zoom")], expire) as load:
        load.goes_on()
        for given in (f"{KEY},{new}", f"{new},{KEY}"):
            restart(live.running, {"HUB_ENCRYPTION_KEYS": given})
            load.goes_on()
        rotate = [sys.executable, "-m", "hub.cli", "rotate-keys"]
        subprocess.run(rotate, env=live.running.env, cwd=live.running.folder, check=True, capture_output=True)
        restart(live.running, {"HUB_ENCRYPTION_KEYS": new})
        load.goes_on()
    assert load.failed == []

    only = load_settings(live.running.env).encryption_keys
    live.hub = dataclasses.replace(live.hub, vault=Vault(only, fingerprints.kept(live.hub.store.engine)))
    live.app.extensions["hub"] = live.hub
    with live.hub.store.write() as session:
        rows = session.scalars(select(Connection)).all()
        assert len(rows) == CONNECTIONS
        assert all(live.hub.vault.opens(row.tokens, f"connection:{row.id}:tokens") for row in rows)
        assert older(session, live.hub.vault) == 0
        assert session.scalar(select(func.count()).where(Connection.broken_reason != "")) == 0
        session.execute(delete(models.Host).where(models.Host.email.endswith("@example.net")))
    live.settles(90)
    refreshes = len(live.watch.of("token"))
    figure(f"{CONNECTIONS} connections, {len(load.posted)} bookings and {refreshes} token calls meanwhile, 0 failed")


def released(folder: Path) -> str:
    """Return a folder with the code of the first release, from this clone's history."""
    found = subprocess.run(["git", "archive", RELEASED], cwd=ROOT, capture_output=True)
    if found.returncode:
        servers.need(f"the commit {RELEASED}: a clone with the whole history")
    folder.mkdir()
    subprocess.run(["tar", "-x"], cwd=folder, input=found.stdout, check=True)
    return str(folder)


def as_released(url: str) -> None:
    """Take the tables back to what they were at the first release."""
    store = Store(url)
    with store.engine.execution_options(hub_write=True).connect() as connection:
        config = migrate.config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    store.dispose()


def test_deploy_under_load(live: Live, ada: Host, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Row 60: while people book, the tables are migrated below the released code, and this code takes over with what it left."""
    offered = ada.offers("zoom")
    live.hub.store.dispose()
    as_released(live.hub.settings.database_url)
    now = live.running.env["PYTHONPATH"]
    live.running.env["PYTHONPATH"] = released(tmp_path / "released")
    live.running.start(*PARTS)
    with Load(live, [offered]) as load:
        load.goes_on()
        migrate.upgrade(live.hub.settings.database_url)
        load.goes_on()
        for name in WORKERS:
            live.running.stop(name)
        load.goes_on()  # whose orders wait for this code
        with live.hub.store.read() as session:
            waiting = session.scalar(
                select(func.count()).where(models.OutboxRow.topic == "sync", models.OutboxRow.done_at.is_(None))
            )
        live.running.env["PYTHONPATH"] = now
        live.running.start(*WORKERS)
        load.goes_on()  # taken by the released web, made by this code's workers
        restart(live.running, {})
        load.goes_on()
    assert load.failed == []
    assert waiting
    seconds = live.settles(90)
    figure(
        f"{len(load.posted)} bookings, 0 refused, {waiting} orders left by old code, all right after {seconds:.0f} s"
    )
