"""What happens to a connection: saved, paused, disconnected, removed at the vendor; and whom it wakes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hub import Account
from hub.connections import service
from hub.container import Hub
from hub.errors import NotPossible
from hub.provider import Provider
from hub.scheduling import bookings
from hub.store.models import Booking, Connection, MeetingRow, OutboxRow
from tests.support.connected import AWAY, MOMENT, change, connect, grant, keys, mark, note, row, sign_up
from tests.support.people import Host as Ada
from tests.support.people import Invitee
from tests.support.world import START, Clock, World

pytestmark = pytest.mark.usefixtures("zoom")


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
    assert '"new' not in found.tokens
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


@pytest.mark.parametrize(
    ("state", "account", "attempted", "taken_up"),
    [
        ("skipped", "mine", True, True),
        ("skipped", "", True, True),
        ("skipped", "another", True, False),
        ("skipped", "mine", False, False),
        ("closed", "mine", True, True),
        ("closed", "another", True, False),
        ("deleted", "mine", True, False),
    ],
)
def test_what_was_lost_is_asked_for(
    hub: Hub,
    booked: tuple[Ada, list[int]],
    provider: Provider,
    state: str,
    account: str,
    attempted: bool,
    taken_up: bool,
) -> None:
    """What was given up while nobody knew whether it was made is looked for in the account that may have it."""
    ada, ids = booked
    mine = row(hub, ada.id)
    with hub.store.write() as session:
        lost = session.get_one(Booking, ids[0]).meeting
        assert lost
        lost.state, lost.error = state, "It may exist."
        lost.account = mine.account if account == "mine" else account
        lost.attempted_at = START if attempted else None
    connect(hub, provider, ada.id, mine.account_data["external_id"])
    assert (0 in woken(hub, ids, f"grant{mine.grant_number + 1}")) is taken_up
    found = meetings(hub, ids)[0]
    if taken_up and state == "skipped":
        assert (found.state, found.error) == ("pending", "")
    else:
        assert (found.state, found.error) == (state, "It may exist.")


def test_each_provider_has_its_own(hub: Hub, provider: Provider) -> None:
    """What happens to one connection of a host leaves another provider's alone; without a pool there is none."""
    host = sign_up(hub)
    with hub.store.write() as session:
        session.add(Connection(host_id=host, provider="another", tokens="sealed", enabled=True, grant_number=5))
    service.save(hub, provider, host_id=host, grant=grant(hub), account=Account("z1", "ada@example.com"))
    service.set_enabled(hub, provider, host_id=host, enabled=False)
    with hub.store.read() as session:
        other, zoom = session.scalars(select(Connection).order_by(Connection.id)).all()
    assert (other.provider, other.tokens, other.enabled, other.grant_number) == ("another", "sealed", True, 5)
    assert (zoom.provider, zoom.enabled, zoom.grant_number, zoom.account_data["pool"]) == ("zoom", False, 1, "")


def test_anothers_grant_wakes_nobody(hub: Hub, booked: tuple[Ada, list[int]], provider: Provider) -> None:
    """Only the host's own bookings are taken up."""
    _, ids = booked
    connect(hub, provider, sign_up(hub, "grace@example.com"))
    assert woken(hub, ids, "grant1") == []


def test_back_again_wakes(hub: Hub, booked: tuple[Ada, list[int]], provider: Provider, clock: Clock) -> None:
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
    clock.advance(minutes=5)
    note(hub, made, None)
    assert woken(hub, ids, f"back{int(START.timestamp())}") == [0, 1], "named after when the outage began"
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
