"""The rows of connections: breaker, budget, standing, and the end of a grant, each by itself on a real database."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hub import Account, Limits, Readiness, accounts
from hub.connections import breaker, broken, budget, readiness, service, shared, tokens
from hub.container import Hub
from hub.errors import ConnectionLost, NotPossible, PluginFault, Rejected, Temporary
from hub.provider import Provider
from hub.providers import Registry
from hub.scheduling import bookings
from hub.store.account_limits import AccountUse
from hub.store.models import Booking, Connection, Host, MeetingRow, OutboxRow
from tests.support.people import Host as Ada
from tests.support.people import Invitee
from tests.support.world import START, Clock, World

AWAY = Temporary("away", away=True)
MOMENT = timedelta(microseconds=1)
pytestmark = pytest.mark.usefixtures("zoom")


@pytest.fixture(name="provider")
def _provider(provider: Provider) -> Provider:
    """Zoom, with a budget of three a day of which one is kept for moves."""
    provider.facts = dataclasses.replace(provider.facts, limits=Limits(per_day=3, reserve=1))
    return provider


def sign_up(hub: Hub, email: str = "ada@example.com") -> int:
    return accounts.sign_up(hub, name="Ada", email=email, password="correct horse", timezone="UTC")


def grant(hub: Hub, name: str = "access") -> tokens.Grant:
    return tokens.Grant(name, f"{name}-refresh", hub.clock() + timedelta(hours=1), ("a", "b"))


def connect(hub: Hub, provider: Provider, host: int, account: str = "z1", **more: object) -> int:
    told = Account(account, f"{account}@example.com", **more)  # type: ignore[arg-type]
    service.save(hub, provider, host_id=host, grant=grant(hub), account=told)
    return row(hub, host).id


def row(hub: Hub, host: int) -> Connection:
    with hub.store.read() as session:
        return session.scalars(select(Connection).where(Connection.host_id == host)).one()


def change(hub: Hub, connection: int, **values: object) -> None:
    with hub.store.write() as session:
        found = session.get_one(Connection, connection)
        for name, value in values.items():
            setattr(found, name, value)


def note(hub: Hub, connection: int, result: object, at: datetime | None = START) -> None:
    with hub.store.write() as session:
        breaker.note(session, hub, connection, at, result)


def keys(hub: Hub, topic: str) -> list[str]:
    with hub.store.read() as session:
        return list(session.scalars(select(OutboxRow.key).where(OutboxRow.topic == topic).order_by(OutboxRow.id)))


# The breaker


def test_opens_after_three(hub: Hub, provider: Provider, clock: Clock) -> None:
    """The third call in a row that finds the vendor away opens the breaker; the first of them is when the outage began."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    for failures in (1, 2):
        note(hub, made, AWAY)
        assert (row(hub, host).failures, row(hub, host).open_until) == (failures, None)
        clock.advance(seconds=5)
    note(hub, made, AWAY)
    found = row(hub, host)
    assert (found.failures, found.outage_since) == (3, START)
    assert found.open_until == clock() + breaker.ASK_AGAIN
    clock.advance(seconds=70)
    note(hub, made, AWAY)
    assert row(hub, host).open_until == clock() + breaker.ASK_AGAIN
    assert row(hub, host).outage_since == START


@pytest.mark.parametrize("result", [None, Rejected("no"), Temporary("limit")])
def test_any_answer_closes(hub: Hub, provider: Provider, result: object) -> None:
    """An answer of the vendor's servers, also one that refuses, ends the outage."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    for _ in range(3):
        note(hub, made, AWAY)
    note(hub, made, result)
    assert (row(hub, host).failures, row(hub, host).outage_since, row(hub, host).open_until) == (0, None, None)


@pytest.mark.parametrize("result", [PluginFault("broke"), ConnectionLost("dead")])
def test_what_says_nothing(hub: Hub, provider: Provider, result: object) -> None:
    """A plugin that broke and a dead grant say nothing of the vendor's servers."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    note(hub, made, AWAY)
    note(hub, made, result)
    assert row(hub, host).failures == 1


def test_another_grants_calls(hub: Hub, provider: Provider) -> None:
    """What came of a call with an earlier grant does not count; nor for a connection that is gone."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    note(hub, made, AWAY, at=START - MOMENT)
    note(hub, made + 1000, AWAY)
    assert row(hub, host).failures == 0


def test_one_asks(hub: Hub, provider: Provider, clock: Clock) -> None:
    """While the breaker is open one call may ask at a time; while it is closed all may."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    with hub.store.write() as session:
        assert breaker.enter(session, hub, session.get_one(Connection, made))
        assert session.get_one(Connection, made).open_until is None
    change(hub, made, open_until=START)
    stale = row(hub, host)
    clock.advance(seconds=1)
    with hub.store.write() as session:
        assert breaker.enter(session, hub, session.get_one(Connection, made))
    assert row(hub, host).open_until == clock() + breaker.ASK_AGAIN
    with hub.store.write() as session:
        assert not breaker.enter(session, hub, stale)


def test_one_connection_is_asked_for(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Asking for one connection does not hold up another that has been waiting as long."""
    ids = [sign_up(hub), sign_up(hub, "grace@example.com")]
    made = [connect(hub, provider, host, f"z{host}") for host in ids]
    for one in made:
        change(hub, one, open_until=START)
    with hub.store.write() as session:
        assert breaker.enter(session, hub, session.get_one(Connection, made[0]))
    assert row(hub, ids[1]).open_until == START


def test_shut_until() -> None:
    """The breaker is shut up to its moment; one that is further off than any was set before the clock was set back."""
    assert breaker.shut(None, START) is None
    assert breaker.shut(Connection(open_until=None), START) is None
    for ahead, is_shut in [
        (timedelta(0), False),
        (MOMENT, True),
        (2 * breaker.ASK_AGAIN, True),
        (2 * breaker.ASK_AGAIN + MOMENT, False),
    ]:
        until = START + ahead
        assert breaker.shut(Connection(open_until=until), START) == (until if is_shut else None)


# The day's budget


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


# Where a host stands


def standing(hub: Hub, host: int) -> readiness.Standing:
    with hub.store.read() as session:
        return readiness.standing(session, hub, session.get_one(Host, host))


WARNINGS = {
    Readiness.NOT_CONNECTED: "Zoom is not connected: it is offered only where there is no other place, and then without a link. Connect it or change the location.",
    Readiness.BROKEN: "Zoom needs to be reconnected: it is offered only where there is no other place, and then its link waits for that.",
    Readiness.PAUSED: "Zoom is paused: it is offered only where there is no other place, and then without a link. Enable it or change the location.",
    Readiness.NOT_ENABLED: "Zoom is not enabled for your account.",
    Readiness.READY: "",
}


def test_each_standing(hub: Hub, provider: Provider) -> None:
    """Every way in which a connection is or is not there is told apart, with its sentence."""
    host, other = sign_up(hub), sign_up(hub, "grace@example.com")

    def stands(wanted: Readiness) -> None:
        known = standing(hub, host)
        assert known.readiness("zoom") is wanted
        assert known.ready("zoom") is (wanted is Readiness.READY)
        assert known.reachable("zoom", row(hub, host).account if known.connections else "") is (
            wanted in (Readiness.READY, Readiness.PAUSED)
        )
        assert known.warning("zoom") == WARNINGS[wanted]

    stands(Readiness.NOT_CONNECTED)
    connect(hub, provider, other, "z2")
    stands(Readiness.NOT_CONNECTED)
    made = connect(hub, provider, host)
    stands(Readiness.READY)
    service.set_enabled(hub, provider, host_id=host, enabled=False)
    stands(Readiness.PAUSED)
    assert standing(hub, other).ready("zoom")
    change(hub, made, broken_reason="gone")
    stands(Readiness.BROKEN)
    assert standing(hub, host).broken("zoom") == "gone"
    change(hub, made, tokens="")
    stands(Readiness.BROKEN)
    change(hub, made, broken_reason="", tokens="rubbish")
    stands(Readiness.BROKEN)
    assert standing(hub, host).broken("zoom") == tokens.UNREADABLE
    change(hub, made, tokens="")
    stands(Readiness.NOT_CONNECTED)
    assert standing(hub, host).broken("zoom") == ""
    with hub.store.write() as session:
        session.get_one(Host, host).providers_off = ["zoom"]
    stands(Readiness.NOT_ENABLED)
    with hub.store.write() as session:
        session.get_one(Host, host).providers_off, session.get_one(Host, host).active = [], False
    assert standing(hub, host).readiness("zoom") is Readiness.NOT_ENABLED
    assert standing(hub, host).warning("zoom") == ""


def test_without_a_connection(hub: Hub) -> None:
    """What needs no connection is ready; a plugin that is gone or was never set up is not."""
    host = sign_up(hub)
    bare = dataclasses.replace(hub, settings=dataclasses.replace(hub.settings, environ={}))
    assert standing(hub, host).readiness("phone") is Readiness.READY
    assert standing(hub, host).broken("phone") == ""
    assert standing(hub, host).readiness("gone") is Readiness.NOT_INSTALLED
    assert standing(hub, host).warning("gone") == "The plugin for “gone” is not installed."
    left_out = dataclasses.replace(hub, registry=Registry([], {"gone": "its icon is missing"}))
    assert standing(left_out, host).warning("gone") == "The plugin for “gone” is left out: its icon is missing."
    assert standing(bare, host).readiness("zoom") is Readiness.NOT_CONFIGURED
    assert standing(bare, host).warning("zoom") == "Zoom has not been set up on this server. Ask the operator."
    assert standing(hub, host).account("zoom") is None
    assert standing(hub, host).away("zoom") is None
    assert standing(hub, host).same_account("phone", "")


def test_whose_account(hub: Hub, provider: Provider) -> None:
    """The account is told as the vendor told it; whether it made a meeting is told by its fingerprint."""
    host = sign_up(hub)
    made = connect(hub, provider, host, notes={"Plan": "Basic"}, max_minutes=40, warning="Ends after 40.")
    known = standing(hub, host)
    assert known.account("zoom") == Account("z1", "z1@example.com", {"Plan": "Basic"}, 40, "Ends after 40.")
    mine = service.fingerprint(hub, provider, "z1")
    assert known.same_account("zoom", mine)
    assert known.reachable("zoom", mine)
    assert not known.same_account("zoom", "")
    assert not known.reachable("zoom", "other")
    assert [known.warning("zoom", minutes) for minutes in (None, 40, 41)] == ["", "", "Ends after 40."]
    connect(hub, provider, host, max_minutes=40)
    assert standing(hub, host).warning("zoom", 41) == "Zoom ends meetings after 40 minutes."
    change(hub, made, account_data={})
    assert standing(hub, host).account("zoom") == Account("", "z1@example.com")
    change(hub, made, tokens="")
    assert standing(hub, host).account("zoom") is None


def test_away_since(hub: Hub, provider: Provider) -> None:
    """A vendor counts as away while the breaker is open."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    change(hub, made, outage_since=START)
    assert standing(hub, host).away("zoom") is None
    change(hub, made, open_until=START)
    assert standing(hub, host).away("zoom") == START


def test_missing_scopes(provider: Provider, hub: Hub) -> None:
    """Required scopes that were not granted are named; a vendor that names none is believed."""
    assert provider.oauth
    wanted = tuple(scope.name for scope in provider.oauth.scopes)
    assert readiness.missing_scopes(provider, ()) == ()
    assert readiness.missing_scopes(provider, wanted) == ()
    assert readiness.missing_scopes(provider, wanted[1:]) == wanted[:1]
    phone = hub.registry.get("phone")
    assert phone
    assert readiness.missing_scopes(phone, ("x",)) == ()


# The end of a grant


def mark(hub: Hub, connection: int, reason: str = "dead", at: datetime | None = START, **more: bool) -> bool:
    with hub.store.write() as session:
        return broken.mark_broken(session, hub, connection, reason=reason, connected_at=at, **more)


def knows(hub: Hub, host: int) -> bool:
    found = row(hub, host)
    with hub.store.read() as session:
        return broken.host_knows(session, found)


def test_told_once(hub: Hub, provider: Provider, clock: Clock) -> None:
    """A dead grant is noted and mailed once; the host knows once that mail is out."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    clock.advance(seconds=5)
    assert not knows(hub, host)
    assert not mark(hub, made, at=START - MOMENT)
    assert not mark(hub, made + 1000)
    assert mark(hub, made, "d" * 400)
    assert not mark(hub, made)
    assert (row(hub, host).broken_reason, row(hub, host).broken_at) == ("d" * 300, clock())
    assert keys(hub, "mail")[-1:] == [f"mail:broken:{made}:1"]
    with hub.store.read() as session:
        told = session.scalars(select(OutboxRow).where(OutboxRow.key == f"mail:broken:{made}:1")).one()
        assert (told.topic, told.ids) == ("mail", {"kind": "broken", "connection": made})
    assert not knows(hub, host)
    with hub.store.write() as session:
        session.get_one(OutboxRow, told.id).done_at = clock()
    assert knows(hub, host)
    change(hub, made, broken_reason="")
    assert not knows(hub, host)


def test_nothing_to_break(hub: Hub, provider: Provider) -> None:
    """A connection without tokens has nothing that could break."""
    made = connect(hub, provider, sign_up(hub))
    change(hub, made, tokens="")
    assert not mark(hub, made)


def test_others(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Of an account that two hosts have connected, the later one is named as the cause where the earlier one dies."""
    hosts = [sign_up(hub, f"{name}@example.com") for name in ("ada", "grace", "joan")]
    made = [connect(hub, provider, host, account) for host, account in zip(hosts, ("z1", "z1", "z2"), strict=True)]

    def others(connection: int) -> list[int]:
        with hub.store.read() as session:
            return [other.id for other in shared.others(session, session.get_one(Connection, connection))]

    def cause(connection: int) -> str:
        with hub.store.read() as session:
            return shared.ended_by_another(session, session.get_one(Connection, connection))

    assert [others(one) for one in made] == [[made[1]], [made[0]], []]
    assert [cause(one) for one in made] == [shared.ENDED, shared.ENDED, ""]
    change(hub, made[0], connected_at=START - MOMENT)
    assert [cause(one) for one in made] == [shared.ENDED, "", ""]
    change(hub, made[0], connected_at=None)
    assert [cause(one) for one in made] == ["", "", ""]
    change(hub, made[0], connected_at=START - MOMENT)
    change(hub, made[1], connected_at=None)
    assert cause(made[0]) == ""
    change(hub, made[1], connected_at=START, broken_reason="x")
    assert others(made[0]) == []
    change(hub, made[1], broken_reason="", tokens="")
    assert others(made[0]) == []
    change(hub, made[1], tokens="x", provider="other")
    assert others(made[0]) == []
    change(hub, made[1], provider="zoom")
    assert others(made[0]) == [made[1]]
    change(hub, made[0], account="")
    change(hub, made[1], account="")
    assert others(made[0]) == []


@pytest.mark.parametrize("explained", [False, True])
def test_cause(hub: Hub, provider: Provider, explained: bool) -> None:
    """The cause is added to the reason, unless the reason has explained it."""
    hosts = [sign_up(hub), sign_up(hub, "grace@example.com")]
    made = [connect(hub, provider, host) for host in hosts]
    more = {"explained": True} if explained else {}
    assert mark(hub, made[0], **more)
    assert row(hub, hosts[0]).broken_reason == "dead" + ("" if explained else shared.ENDED)


# What happens to a connection


def test_saved(hub: Hub, provider: Provider, clock: Clock) -> None:
    """All that the vendor told is kept, sealed where it is secret, and what was before is forgotten."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    change(hub, made, enabled=False, broken_reason="x", broken_at=START, failures=2, outage_since=START)
    clock.advance(hours=1)
    told = Account("z1", "l" * 400, {"Plan": "Pro"}, 40, "warns", "p1")
    service.save(hub, provider, host_id=host, grant=grant(hub, "new"), account=told)
    found = row(hub, host)
    assert (found.id, found.account, found.account_label) == (made, hub.vault.fingerprint("zoom:z1"), "l" * 320)
    assert found.account_data == {
        "external_id": "z1",
        "pool": hub.vault.fingerprint("zoom:pool:p1"),
        "notes": {"Plan": "Pro"},
        "max_minutes": 40,
        "warning": "warns",
    }
    assert (found.scopes, found.enabled, found.broken_reason, found.broken_at) == (["a", "b"], True, "", None)
    assert found.connected_at == found.last_success_at == clock()
    assert found.expires_at == clock() + timedelta(hours=1)
    assert (found.failures, found.outage_since, found.grant_number) == (0, None, 2)
    assert "new" not in found.tokens
    assert hub.vault.open(found.tokens, f"connection:{made}:tokens") == (
        '{"access_token": "new", "refresh_token": "new-refresh"}'
    )
    assert not [key for key in keys(hub, "mail") if "healed" in key or "earlier" in key]


def test_nobody_to_save_for(hub: Hub, provider: Provider) -> None:
    """A host who was deleted meanwhile gets no connection."""
    with pytest.raises(NotPossible, match=r"^The account was deleted meanwhile\.$"):
        connect(hub, provider, 4711)


def mails(hub: Hub) -> dict[str, dict[str, object]]:
    with hub.store.read() as session:
        return {r.key: r.ids for r in session.scalars(select(OutboxRow).where(OutboxRow.topic == "mail"))}


def test_healed_and_another_account(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Whoever was told of the end is told of the mending; another account than before has a mail of its own."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    mark(hub, made)
    with hub.store.write() as session:
        for told in session.scalars(select(OutboxRow).where(OutboxRow.key == f"mail:broken:{made}:1")):
            told.done_at = clock()
    connect(hub, provider, host, "z2")
    sent = mails(hub)
    assert sent[f"mail:healed:{made}:2"] == {"kind": "healed", "connection": made}
    assert sent[f"mail:earlier:{made}:2"] == {"kind": "earlier", "connection": made}
    connect(hub, provider, host, "z2")
    assert len(mails(hub)) == len(sent)


def test_disconnected(hub: Hub, provider: Provider, world: World) -> None:
    """A disconnect leaves the fingerprint and nothing else, and asks the vendor to end the grant."""
    host = sign_up(hub)
    assert not service.disconnect(hub, provider, host_id=host)
    made = connect(hub, provider, host)
    change(hub, made, broken_reason="x", broken_at=START, failures=2)
    service.disconnect(hub, provider, host_id=host)
    assert len([call for call in world.calls_at_zoom() if call["path"].endswith("/revoke")]) == 1
    found = row(hub, host)
    assert (found.tokens, found.account_label, found.account_data, found.scopes) == ("", "", {}, [])
    assert (found.expires_at, found.connected_at, found.last_success_at) == (None, None, None)
    assert (found.broken_reason, found.broken_at, found.failures, found.grant_number) == ("", None, 0, 2)
    assert found.account == hub.vault.fingerprint("zoom:z1")


def test_anothers_grant_lives(hub: Hub, provider: Provider, world: World) -> None:
    """Where another host has connected the same account, nothing is revoked, and only one's own tokens are deleted."""
    hosts = [sign_up(hub), sign_up(hub, "grace@example.com")]
    for host in hosts:
        connect(hub, provider, host)
    assert not service.disconnect(hub, provider, host_id=hosts[0])
    assert not [call for call in world.calls_at_zoom() if call["path"].endswith("/revoke")]
    assert (row(hub, hosts[0]).tokens, bool(row(hub, hosts[1]).tokens)) == ("", True)


def test_removed_at_the_vendor(hub: Hub, provider: Provider, clock: Clock) -> None:
    """Who took the grant back at the vendor is told so; a newer grant, one of another account, and one long gone are left."""
    hosts = [sign_up(hub, f"{name}@example.com") for name in ("ada", "grace", "joan")]
    made = [connect(hub, provider, host, account) for host, account in zip(hosts, ("z1", "z2", "z1"), strict=True)]
    change(hub, made[2], connected_at=START + MOMENT)
    with hub.store.write() as session:
        assert service.removed(session, hub, provider, account="z1", at=START) == 1
    assert [bool(row(hub, host).tokens) for host in hosts] == [False, True, True]
    assert row(hub, hosts[0]).broken_reason == (
        "The hub was removed in your Zoom account, and has deleted its tokens and the account's email."
    )
    assert row(hub, hosts[0]).account_label == ""
    with hub.store.write() as session:
        assert service.removed(session, hub, provider, account="z1", at=START) == 0


@pytest.fixture(name="booked")
def _booked(app: object, world: World) -> tuple[Ada, list[int]]:
    """Ada, and six bookings with her that have no meeting yet."""
    ada = Ada(app, world)  # type: ignore[arg-type]
    ada.connects("zoom")
    offered, bob, found = ada.offers("zoom"), Invitee(world), list[int]()
    for hour in range(9, 15):
        bob.books(offered, f"2026-12-02T{hour:02}:00:00+00:00", location="zoom")
        found.append(world.booking().id)
    return ada, found


def states(hub: Hub, ids: list[int], **values: object) -> None:
    """Set the bookings' meeting rows to these states, each with the other values."""
    with hub.store.write() as session:
        rows = [session.get_one(Booking, one).meeting for one in ids]
        for one, state in zip(rows, ("pending", "ready", "failed", "skipped", "ready", "ready"), strict=True):
            assert one
            one.state = state
            for name, value in values.items():
                setattr(one, name, value)


def meetings(hub: Hub, ids: list[int]) -> list[MeetingRow]:
    with hub.store.read() as session:
        found = [session.get_one(Booking, one).meeting for one in ids]
        return [one for one in found if one]


def woken(hub: Hub, ids: list[int], ends: str) -> list[int]:
    """Return which of the bookings have a sync row whose key ends so."""
    there = {key: n for n, one in enumerate(ids) for key in [f"sync:{one}:1:{ends}"]}
    with hub.store.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.key.in_(there)))
        found = [(there[r.key], r.topic, r.ids, r.due_at) for r in rows]
    assert all((topic, told) == ("sync", {"booking": ids[n]}) for n, topic, told, _ in found)
    return sorted(n for n, *_ in found)


def test_a_new_grant_wakes(hub: Hub, booked: tuple[Ada, list[int]], provider: Provider, clock: Clock) -> None:
    """A new grant takes up what waits for it: what could not be made, and what could not follow, of the same account."""
    ada, ids = booked
    mine = row(hub, ada.id).account
    states(hub, ids, error="moved in vain", synced_version=1, account=mine)
    with hub.store.write() as session:
        fifth, sixth = (session.get_one(Booking, one).meeting for one in ids[4:])
        assert fifth
        assert sixth
        fifth.error, sixth.account = "", "another"
    number = row(hub, ada.id).grant_number + 1
    external_id = row(hub, ada.id).account_data["external_id"]
    connect(hub, provider, ada.id, external_id)
    found = meetings(hub, ids)
    assert [one.state for one in found] == ["pending", "ready", "pending", "skipped", "ready", "ready"]
    assert [one.synced_version for one in found] == [1, 0, 1, 1, 1, 1]
    assert [one.error for one in found][1] == ""
    assert woken(hub, ids, f"grant{number}") == [0, 1, 2, 4, 5]
    clock.now = datetime(2026, 12, 2, 10, 30, tzinfo=UTC)
    connect(hub, provider, ada.id, external_id)
    assert woken(hub, ids, f"grant{number + 1}") == [2, 4, 5]


def test_anothers_grant_wakes_nobody(hub: Hub, booked: tuple[Ada, list[int]], provider: Provider) -> None:
    """Only the host's own bookings are taken up."""
    _, ids = booked
    connect(hub, provider, sign_up(hub, "grace@example.com"))
    assert woken(hub, ids, "grant1") == []


def test_back_again_wakes(hub: Hub, booked: tuple[Ada, list[int]], provider: Provider) -> None:
    """Once the vendor is back all that waited for it with an error is due at once, and waits no longer."""
    ada, ids = booked
    made = row(hub, ada.id).id
    states(hub, ids, error="away", next_try_at=START + timedelta(hours=1))
    with hub.store.write() as session:
        fifth = session.get_one(Booking, ids[4]).meeting
        assert fifth
        fifth.error = ""
    grace = sign_up(hub, "grace@example.com")
    hers = connect(hub, provider, grace)
    for _ in range(3):
        note(hub, hers, AWAY)
    note(hub, hers, None)
    assert woken(hub, ids, f"back{int(START.timestamp())}") == [], "another host's connection"
    with hub.store.write() as session:
        sixth = session.get_one(Booking, ids[5]).meeting
        assert sixth
        sixth.provider = "jitsi"
    for _ in range(3):
        note(hub, made, AWAY)
    note(hub, made, None)
    assert woken(hub, ids, f"back{int(START.timestamp())}") == [0, 1]
    later = START + timedelta(hours=1)
    assert [one.next_try_at for one in meetings(hub, ids)] == [None, None, later, later, later, later]


def test_a_hiccup_wakes_nobody(hub: Hub, booked: tuple[Ada, list[int]]) -> None:
    """Where the breaker never opened nobody waited for it."""
    ada, ids = booked
    states(hub, ids, error="away")
    note(hub, row(hub, ada.id).id, AWAY)
    note(hub, row(hub, ada.id).id, None)
    assert woken(hub, ids, f"back{int(START.timestamp())}") == []


def test_effects(hub: Hub, booked: tuple[Ada, list[int]], clock: Clock) -> None:
    """A disconnect touches event types that offer the provider, and upcoming bookings with a meeting."""
    ada, ids = booked
    ada.offers("zoom", "phone", title="Two places")
    ada.offers("phone", title="By phone")
    ada.offers("phone", title="By phone, for longer")
    states(hub, ids)

    def effects(host: int = ada.id, provider: str = "zoom") -> service.Effects:
        with hub.store.read() as session:
            return service.effects(session, hub, host_id=host, provider=provider)

    assert effects() == service.Effects(2, 3)
    assert effects(provider="phone") == service.Effects(3, 0)
    assert effects(host=sign_up(hub, "grace@example.com")) == service.Effects(0, 0)
    bookings.cancel(hub, ids[1], by="host")
    assert effects().upcoming == 2
    clock.now = datetime(2026, 12, 2, 13, tzinfo=UTC)
    assert effects().upcoming == 1
