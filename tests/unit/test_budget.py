"""An account's budget of a day: spent, given back, used up."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hub import Limits
from hub.connections import budget
from hub.container import Hub
from hub.provider import Provider
from hub.store.account_limits import AccountUse
from tests.support.world import START, Clock

pytestmark = pytest.mark.usefixtures("zoom")


@pytest.fixture(name="provider")
def _provider(provider: Provider) -> Provider:
    """Zoom, with a budget of three a day of which one is kept for moves."""
    provider.facts = dataclasses.replace(provider.facts, limits=Limits(per_day=3, reserve=1))
    return provider


def spend(hub: Hub, provider: Provider, *, create: bool = True, account: str = "acc") -> datetime | None:
    with hub.store.write() as session:
        return budget.spend(session, hub, provider, account, create=create)


def used(hub: Hub) -> dict[str, tuple[str, int]]:
    with hub.store.read() as session:
        return {use.account: (use.day, use.used) for use in session.scalars(select(AccountUse))}


def test_spent(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Creates leave the reserve to moves; what does not go any more waits for the vendor's next day, and is not counted."""
    assert [spend(hub, provider) for _ in range(2)] == [None, None]
    until = spend(hub, provider)
    assert until
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    assert midnight <= until < midnight + timedelta(seconds=budget.JITTER_SECONDS)
    assert spend(hub, provider, create=False) is None
    assert spend(hub, provider, create=False)
    assert used(hub) == {"acc": ("2026-11-30", 3)}
    assert spend(hub, provider, account="other") is None
    clock.now = until
    assert spend(hub, provider) is None
    assert used(hub) == {"acc": ("2026-12-01", 1), "other": ("2026-11-30", 1)}


def test_given_back(hub: Hub, provider: Provider, clock: Clock) -> None:
    """A call that never arrived is given back, of today's only, of this account's, and never below nothing."""
    spend(hub, provider)
    spend(hub, provider, account="other")

    def give_back() -> None:
        with hub.store.write() as session:
            budget.give_back(session, hub, "acc")

    give_back()
    assert used(hub)["acc"][1] == 0
    give_back()
    assert used(hub) == {"acc": ("2026-11-30", 0), "other": ("2026-11-30", 1)}
    spend(hub, provider)
    clock.advance(days=1)
    give_back()
    assert used(hub)["acc"] == ("2026-11-30", 1)


def test_exhausted(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Where the vendor says that the day is used up nothing more of today is spent, for this account."""
    spend(hub, provider)
    spend(hub, provider, account="other")
    clock.advance(days=1)

    def exhausted(account: str) -> None:
        with hub.store.write() as session:
            budget.exhausted(session, hub, provider, account)

    exhausted("acc")
    exhausted("")
    assert used(hub) == {"acc": ("2026-12-01", 3), "other": ("2026-11-30", 1)}
    assert spend(hub, provider, create=False)
    provider.facts = dataclasses.replace(provider.facts, limits=Limits())
    exhausted("other")
    assert used(hub)["other"] == ("2026-11-30", 1)


def test_no_budget(hub: Hub, provider: Provider) -> None:
    """Nothing is counted where nobody knows the account, or where the vendor has no such limit."""
    assert spend(hub, provider, account="") is None
    provider.facts = dataclasses.replace(provider.facts, limits=Limits())
    assert spend(hub, provider) is None
    assert used(hub) == {}


def test_not_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for the new day comes at any second of its first two minutes."""
    monkeypatch.setattr("hub.connections.budget.secrets.randbelow", lambda most: most - 1)
    assert budget.new_day(START.replace(minute=3, second=7, microsecond=5)) == datetime(
        2026, 12, 1, 0, 1, 59, tzinfo=UTC
    )
