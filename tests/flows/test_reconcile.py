"""`hub reconcile`: what differs between bookings and the meetings at Zoom is said, and what is safe is set right."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from hub import cli
from hub.connections.api import ConnectionApi
from hub.meetings.step import request_of
from hub.reconcile.drift import Kind
from hub.reconcile.look import look, places
from hub.reconcile.mend import mend
from hub.scheduling import bookings
from hub.store.models import Booking, Connection, EventType, MeetingRow
from plugins.zoom import listing
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee, at
from tests.support.world import World

SCOPES = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
SEARCH = "meeting:read:list_meetings"
SLOT, LATER = "2026-12-01T09:00:00+00:00", "2026-12-02T10:30:00+00:00"

Command = Callable[..., tuple[int, str]]


@pytest.fixture(name="reconcile")
def _reconcile(world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run the command on the test's hub: its exit code, and what it printed."""
    monkeypatch.setattr("hub.commands.reconcile.hub", lambda: world.hub)

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(("reconcile", *words))
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out + err

    return run


@pytest.fixture(name="offered")
def _offered(ada: Host, world: World) -> EventType:
    """An event type at Zoom, whose host has granted the list."""
    world.control("PATCH", "/switches", scopes=[*SCOPES, SEARCH])
    ada.connects("zoom")
    return ada.offers("zoom")


def settled(world: World, bob: Invitee, offered: EventType, *starts: str) -> None:
    """Book these times, and let so much pass that the vendor's list can be relied on."""
    for start in starts:
        bob.books(offered, start, location="zoom")
    world.work()
    world.clock.advance(minutes=2)


def api_of(world: World) -> ConnectionApi:
    provider = world.hub.registry.get("zoom")
    assert provider
    with world.hub.store.read() as session:
        return ConnectionApi(world.hub, provider, session.query(Connection.id).limit(1).scalar())


def makes_at_zoom(world: World, **changes: Any) -> str:
    """Make a meeting at Zoom as for the newest booking, but with these changes to the request; returns its id."""
    provider = world.hub.registry.get("zoom")
    assert provider
    request = dataclasses.replace(request_of(world.hub, world.booking(), world.meeting()), **changes)
    return provider.create_meeting(request, api_of(world), {}).external_id


def forgets(world: World, **values: Any) -> None:
    """Have the newest booking's row be as in an older backup."""
    row_id = world.meeting().id
    with world.hub.store.write() as session:
        row = session.get_one(MeetingRow, row_id)
        for name, value in values.items():
            setattr(row, name, value)


def ids(world: World) -> list[str]:
    return [str(meeting["id"]) for meeting in world.meetings_at_zoom()]


def snapshot(world: World) -> tuple[Any, ...]:
    """Return what a dry run must leave as it is."""
    with world.hub.store.read() as session:
        rows = [(r.state, r.value, r.synced_version, r.attempted_at) for r in session.query(MeetingRow)]
        return rows, [b.version for b in session.query(Booking)], world.control("GET", "/state")["meetings"]


def test_all_in_step(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """Where nothing differs the command says so and ends with 0, whatever else the account holds."""
    settled(world, bob, offered, SLOT, LATER)
    api_of(world).post("/users/me/meetings", json={"topic": "Dentist", "type": 2, "start_time": "2026-12-03T09:00:00Z"})
    before = snapshot(world)
    code, said = reconcile()
    assert code == 0, said
    assert said == "[1/1] Zoom of ada@example.com\n  2 upcoming bookings, 3 meetings there\nAll is in step.\n"
    assert snapshot(world) == before


def test_all_pages(
    bob: Invitee, world: World, offered: EventType, reconcile: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages of the vendor's list are read before anything counts as gone."""
    monkeypatch.setitem(listing.UPCOMING, "page_size", "1")
    settled(world, bob, offered, SLOT, LATER)
    assert reconcile()[0] == 0
    assert len(world.calls_at_zoom("list")) == 2


def test_missing(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """A meeting that is gone is listed; without --dry-run another one is made, and its link is mailed."""
    settled(world, bob, offered, SLOT)
    gone = world.link()
    world.control("POST", f"/meetings/{ids(world)[0]}/delete")
    before = snapshot(world)
    code, said = reconcile("--dry-run")
    assert code == 3
    assert "“Intro call” with Bob Invitee" in said
    assert "is not there any more" in said
    assert snapshot(world) == before
    code, said = reconcile()
    assert (code, "✓ booking 1" in said) == (0, True), said
    world.work()
    assert len(ids(world)) == 1
    assert world.link() != gone
    assert world.link() in world.mails(bob.email)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    world.clock.advance(minutes=2)
    assert reconcile()[0] == 0


def test_moved(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """A meeting at another time or of another length is listed with when it is, and is moved to the booking's."""
    settled(world, bob, offered, SLOT)
    api_of(world).patch(f"/meetings/{ids(world)[0]}", json={"start_time": "2026-12-05T09:00:00Z", "duration": 45})
    code, said = reconcile("--dry-run")
    assert code == 3
    assert "is at Sat 5 Dec 2026" in said
    assert reconcile()[0] == 0
    world.work()
    (there,) = world.meetings_at_zoom()
    assert (there["start_time"], there["duration"]) == ("2026-12-01T09:00:00Z", 30)


@pytest.mark.parametrize("state", ["pending", "failed", "skipped", "closed"])
def test_unlinked(bob: Invitee, world: World, offered: EventType, reconcile: Command, state: str) -> None:
    """A meeting made after the backup is found by its marker and adopted, whatever the booking thinks of it."""
    settled(world, bob, offered, SLOT)
    there = ids(world)
    forgets(world, state=state, value=None, account="", synced_version=0, known_at=None)
    code, said = reconcile("--dry-run")
    assert (code, "the booking does not know it" in said) == (3, True), said
    assert reconcile()[0] == 0
    world.work()
    assert ids(world) == there
    assert there[0] in world.link()


def test_leftover(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """What is still there of a cancelled booking is deleted, whether the booking remembers its meeting or not."""
    settled(world, bob, offered, SLOT)
    bookings.cancel(world.hub, world.booking().id, by="invitee")
    world.work()
    kept = makes_at_zoom(world)
    world.clock.advance(minutes=2)
    code, said = reconcile("--dry-run")
    assert (code, f"is cancelled, and its Zoom meeting {kept} is still there" in said) == (3, True), said
    assert ids(world) == [kept]
    assert reconcile()[0] == 0
    world.work()
    assert ids(world) == []
    assert reconcile()[0] == 0


def test_nothing_is_deleted_blindly(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """A second meeting of a booking and one that no booking knows are listed with what to do, and stay."""
    settled(world, bob, offered, SLOT)
    double, orphan = makes_at_zoom(world), makes_at_zoom(world, ref="f" * 32, title="Made later")
    kept = ids(world)
    code, said = reconcile()
    assert code == 3, said
    assert f"there is a second Zoom meeting of it, {double}; nobody was sent its link" in said
    assert f"Zoom meeting {orphan} “Made later”, Tue 1 Dec 2026" in said
    assert "no booking here has it" in said
    world.work()
    assert ids(world) == kept


def test_renewed_after_the_backup(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """A meeting that took the place of one after the backup is found for the booking that knows only the first."""
    settled(world, bob, offered, SLOT)
    first = ids(world)[0]
    row = world.meeting()
    row.n += 1
    request = request_of(world.hub, world.booking(), row)
    renewed = makes_at_zoom(world, ref=request.ref)
    world.control("POST", f"/meetings/{first}/delete")
    code, said = reconcile()
    assert (code, f"but meeting {renewed} of the same booking is" in said) == (0, True), said
    world.work()
    assert ids(world) == [renewed]
    assert renewed in world.link()


def test_what_the_host_knows_is_theirs(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """What a host did at the vendor and was told of is listed, and not undone."""
    settled(world, bob, offered, SLOT)
    world.control("POST", f"/meetings/{ids(world)[0]}/delete")
    forgets(world, noticed={"deleted": True})
    code, said = reconcile()
    assert (code, "that was done in Zoom, and ada@example.com was told" in said) == (3, True), said
    world.work()
    assert ids(world) == []


def test_two_hosts_of_one_account(app: Flask, ada: Host, bob: Invitee, world: World, reconcile: Command) -> None:
    """Meetings of another host who has connected the same account are no orphans."""
    world.control("PATCH", "/switches", scopes=[*SCOPES, SEARCH])
    ada.connects("zoom")
    ada.connects("zoom")
    settled(world, bob, ada.offers("zoom"), SLOT)
    grace = Host(app, world, "Grace Hopper", "grace@example.com")
    grace.connects("zoom")
    settled(world, bob, grace.offers("zoom"), SLOT)
    code, said = reconcile("--account", "GRACE@example.com")
    assert "[1/1] Zoom of grace@example.com" in said
    assert "  1 upcoming booking, 2 meetings there\nAll is in step." in said
    assert code == 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [("broken", "needs to be reconnected"), ("scope", "optional permission"), ("absent", "is not installed")],
)
def test_not_compared(
    bob: Invitee, world: World, offered: EventType, reconcile: Command, fault: str, words: str
) -> None:
    """A connection whose meetings can't be listed is said, ends with 4, and changes nothing."""
    settled(world, bob, offered, SLOT)
    with world.hub.store.write() as session:
        connection = session.query(Connection).one()
        if fault == "broken":
            connection.broken_reason = "The host took it back."
        elif fault == "scope":
            connection.scopes = SCOPES
        else:
            connection.provider = "absent"
    before = snapshot(world)
    code, said = reconcile()
    assert (code, "✗ not compared" in said, words in said) == (4, True, True), said
    assert "Traceback" not in said
    assert snapshot(world) == before


@pytest.mark.parametrize("kind", ["error", "html", "reset_before"])
def test_vendor_away(bob: Invitee, world: World, offered: EventType, reconcile: Command, kind: str) -> None:
    """A vendor that does not answer is said in a sentence; nothing counts as gone."""
    settled(world, bob, offered, SLOT)
    world.breaks_zoom(kind, "list", times=None, **({"status": 503} if kind == "error" else {}))
    before = snapshot(world)
    code, said = reconcile()
    assert (code, "✗ not compared" in said) == (4, True), said
    assert snapshot(world) == before


def test_waiting(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """A booking whose meeting is still to come is listed as waiting, which is no difference."""
    world.breaks_zoom("error", "create", times=None, status=503)
    bob.books(offered, SLOT, location="zoom")
    world.work()
    code, said = reconcile()
    assert (code, "no meeting yet, it waits" in said) == (0, True), said


def test_what_waits_is_looked_for(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """Where nothing can be listed, a meeting that a restored booking waits for is looked for before one is made."""
    settled(world, bob, offered, SLOT)
    there = ids(world)
    forgets(world, state="pending", value=None, account="", synced_version=0, known_at=None)
    world.breaks_zoom("error", "list", times=None, status=503)
    assert reconcile()[0] == 4
    assert world.meeting().attempted_at is not None
    world.mends_zoom()
    bookings.move(world.hub, 1, at(LATER), by="host")
    world.work()
    assert ids(world) == there


def test_programs_read_json(bob: Invitee, world: World, offered: EventType, reconcile: Command) -> None:
    """`--json` prints the same for programs; no secret and no start link is in it."""
    settled(world, bob, offered, SLOT)
    world.control("POST", f"/meetings/{ids(world)[0]}/delete")
    code, said = reconcile("--dry-run", "--json")
    told = json.loads(said)
    (account,) = told["accounts"]
    (difference,) = account["differences"]
    assert (code, told["exit_code"], account["account"]) == (3, 3, "ada@example.com")
    assert (difference["kind"], difference["safe"], difference["mended"]) == ("missing", True, False)
    assert "zak=" not in said


def test_unknown_account(world: World, ada: Host, reconcile: Command) -> None:
    """An address that no host has is not understood; a host without connections has nothing to compare."""
    code, said = reconcile("--account", "eve@example.com")
    assert (code, "There is no account with the address eve@example.com" in said) == (2, True)
    assert reconcile("--account", "ada@example.com") == (
        0,
        "Nobody has connected an account: there is nothing to compare.\n",
    )


def test_what_changed_meanwhile_is_left(bob: Invitee, world: World, offered: EventType) -> None:
    """What is no longer as it was when it was looked at is left to the next look, and nothing is done twice."""
    settled(world, bob, offered, SLOT)
    world.control("POST", f"/meetings/{ids(world)[0]}/delete")
    (place,) = places(world.hub)
    (drift,) = look(world.hub, place).drifts
    assert drift.kind is Kind.MISSING
    bookings.cancel(world.hub, 1, by="invitee")
    assert not mend(world.hub, place, drift)
    bob.books(offered, LATER, location="zoom")
    world.work()
    world.clock.advance(minutes=2)
    world.control("POST", f"/meetings/{ids(world)[0]}/delete")
    (drift,) = look(world.hub, place).drifts
    assert [mend(world.hub, place, drift) for _ in range(2)] == [True, False]
    world.work()
    assert len(ids(world)) == 1
