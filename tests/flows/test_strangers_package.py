"""A package from outside the repository, installed with pip beside the hub's wheel, takes a booking from end to end."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.container import Hub
from hub.store.models import MeetingRow
from hub.testing.people import Host, Invitee
from hub.testing.vendor import Vendor, running
from hub.testing.world import Mailbox
from tests.support.running import Running, browser, wait_for
from tests.support.wheels import ROOT, Environment, build, build_hub
from tests.support.world import Clock, make_hub, settings

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(300)]


class WallClock(Clock):
    """The machine's clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="module", name="installed")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A clean environment with the hub's wheel."""
    folder = tmp_path_factory.mktemp("stranger")
    found = Environment(folder / "env")
    found.installs(build_hub(folder))
    return found


@pytest.fixture(name="acme")
def _acme(installed: Environment, tmp_path: Path) -> Iterator[Path]:
    """A package that `hub provider new` wrote, installed; it is removed afterwards."""
    done = installed.runs("-m", "hub.cli", "provider", "new", "Acme", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "hub-acme"
    installed.installs(build(folder, tmp_path))
    yield folder
    installed.uninstalls("hub-acme")


@pytest.fixture(name="vendor")
def _vendor(acme: Path) -> Iterator[Vendor]:
    """The package's own stand-in for Acme."""
    spec = importlib.util.spec_from_file_location("hub_acme_sandbox", acme / "src" / "hub_acme" / "sandbox.py")
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with running(module.Acme) as found:
        yield found


def people(running_hub: Running, folder: Path, database_url: str) -> tuple[Hub, Host, Invitee]:
    """Return a view of the running hub's database, a host who is signed in, and an invitee."""
    view = make_hub(settings(folder, database_url, running_hub.env["HUB_REDIS_URL"]), WallClock())
    return view, Host(browser(running_hub.url), view), Invitee(browser(running_hub.url))


def test_a_strangers_package_takes_a_booking(
    installed: Environment, acme: Path, vendor: Vendor, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Written by the hub, built, installed with pip into a clean environment: it is there, connects, books and cancels."""
    told = {
        "HUB_ACME_CLIENT_ID": "sandbox-client",
        "HUB_ACME_CLIENT_SECRET": "sandbox-secret",
        "HUB_ACME_OAUTH_URL": vendor.url,
        "HUB_ACME_API_URL": f"{vendor.url}/v1",
    }
    with Running(tmp_path, database_url, redis_url, python=installed.python, **told) as hub:
        listed = installed.runs("-m", "hub.cli", "providers", "--json", cwd=tmp_path, **hub.env)
        assert [row["version"] for row in json.loads(listed.stdout)["providers"] if row["key"] == "acme"] == ["0.1.0"]
        hub.start("web", "worker", "sweep")
        view, ada, bob = people(hub, tmp_path, database_url)
        assert "ada@example.com" in ada.connects("acme")
        bob.books(ada, ada.offers("acme"), location="acme")
        (meeting,) = wait_for(vendor.meetings)
        link = f"{vendor.url}/_sim/room/{meeting}"
        box = Mailbox(hub.mails)
        wait_for(lambda: any(link in mail.as_string().replace("=\n", "") for mail in box.mails(bob.email)))
        assert link in wait_for(lambda: page if link in (page := bob.opens(bob.manage)) else "")
        bob.moves()
        wait_for(lambda: vendor.calls("update"))
        assert vendor.meetings() == [meeting]
        bob.cancels()
        wait_for(lambda: not vendor.meetings())
        view.store.dispose()


def test_the_package_passes_its_own_tests(installed: Environment, acme: Path) -> None:
    """The tests that were written with the package pass against what is installed."""
    done = installed.runs("-m", "pytest", "-q", "-p", "no:cacheprovider", str(acme), cwd=acme)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert "passed" in done.stdout


LEFT_OUT = {
    "a01quits": "licence expired",
    "a02half": "a_package_that_nobody_has",
    "a03nowhere": "hub_hostile.nowhere",
    "a04thief": "taken by another plugin",
    "a05path": "key",
    "a06signature": "colour",
    "a07newer": "update the hub",
}


@pytest.fixture(name="hostile")
def _hostile(installed: Environment, tmp_path: Path) -> Iterator[None]:
    """The hostile package, installed; it is removed afterwards."""
    source = tmp_path / "hostile"
    shutil.copytree(ROOT / "tests" / "examples" / "hostile", source, ignore=shutil.ignore_patterns("__pycache__"))
    installed.installs(build(source, tmp_path))
    yield
    installed.uninstalls("hub-hostile")


@pytest.mark.usefixtures("hostile")
def test_a_hostile_package_is_named_and_touches_nothing(installed: Environment, tmp_path: Path) -> None:
    """Rows 42 and 65: each plugin that can't be used is left out with its reason; ours are all there, and are ours."""
    listed = installed.runs("-m", "hub.cli", "providers", "--json", cwd=tmp_path, HUB_DATA_DIR=str(tmp_path))
    assert listed.returncode == 0, listed.stderr
    told = json.loads(listed.stdout)
    assert {name: words for name, words in LEFT_OUT.items() if words not in told["broken"].get(name, "")} == {}
    assert told["broken"].keys() == LEFT_OUT.keys()
    labels = {row["key"]: row["label"] for row in told["providers"]}
    assert labels["phone"] == "Phone"
    assert labels.keys() >= {"zoom", "phone", "inperson", "eats", "exits", "raises", "lies"}


@pytest.mark.usefixtures("hostile")
def test_hostile_hooks_touch_only_their_own_bookings(
    installed: Environment, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Rows 38 to 40: hooks that raise, exit, lie and eat all memory fail for their bookings; the same worker does the rest."""
    with Running(tmp_path, database_url, redis_url, python=installed.python) as hub:
        hub.start("web", "worker", "sweep")
        view, ada, _ = people(hub, tmp_path, database_url)
        guests = {}
        for key in ("eats", "exits", "raises", "lies", "inperson"):
            guest = guests[key] = Invitee(browser(hub.url), key.title(), f"{key}@example.net")
            guest.books(ada, ada.offers(key, title=key), location=key)

        def states() -> dict[str, str]:
            with view.store.read() as session:
                rows = session.scalars(select(MeetingRow))
                return {row.provider: row.state for row in rows}

        wanted = {"eats": "failed", "raises": "failed", "lies": "failed", "inperson": "ready"}
        wait_for(lambda: wanted.items() <= states().items(), 90)
        assert states()["exits"] in ("pending", "failed")
        box = Mailbox(hub.mails)
        wait_for(lambda: box.mails("inperson@example.net"))
        assert "javascript:" not in "".join(mail.as_string() for mail in box.mails())
        for guest in guests.values():
            guest.opens(guest.manage)
        assert hub.ended("worker") is None
        assert hub.ended("web") is None
        ada.opens("/settings/integrations")
        assert ada.reads("a04thief")
        guests["exits"].cancels()
        view.store.dispose()


def test_a_package_goes_and_comes_back_newer(
    installed: Environment, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Rows 41 and 43: uninstalled, its bookings stay and can be cancelled; its next version takes up the others."""
    done = installed.runs("-m", "hub.cli", "provider", "new", "Nook", "--kind", "plain", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "hub-nook"
    installed.installs(build(folder, tmp_path))
    with Running(tmp_path, database_url, redis_url, python=installed.python) as hub:
        hub.start("web", "worker", "sweep")
        view, ada, bob = people(hub, tmp_path, database_url)
        eve = Invitee(browser(hub.url), "Eve", "eve@example.net")
        offered = ada.offers("nook", where="By the fountain")
        for guest in (bob, eve):
            guest.books(ada, offered, location="nook")

        def states() -> list[str]:
            with view.store.read() as session:
                return list(session.scalars(select(MeetingRow.state).order_by(MeetingRow.id)))

        wait_for(lambda: states() == ["ready", "ready"])
        hub.stop("web")
        hub.stop("worker")
        installed.uninstalls("hub-nook")
        hub.start("web", "worker")
        for path in ("/settings/integrations", "/event-types", f"/event-types/{offered.id}", "/bookings"):
            ada.opens(path)
        bob.opens(bob.manage)
        bob.opens(f"/{ada.handle}/{offered.slug}")
        bob.cancels()
        assert bob.reads("cancelled")
        project = folder / "pyproject.toml"
        project.write_text(project.read_text().replace("0.1.0", "0.2.0"))
        installed.installs(build(folder, tmp_path))
        hub.stop("web")
        hub.stop("worker")
        hub.start("web", "worker")
        listed = installed.runs("-m", "hub.cli", "providers", "--json", cwd=tmp_path, **hub.env)
        assert [row["version"] for row in json.loads(listed.stdout)["providers"] if row["key"] == "nook"] == ["0.2.0"]
        eve.moves()
        box = Mailbox(hub.mails)
        wait_for(lambda: len(box.mails(eve.email)) > 1)
        assert "By the fountain" in box.text(eve.email)
        view.store.dispose()
    installed.uninstalls("hub-nook")
