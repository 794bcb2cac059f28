"""The outbox: a consequence happens once its cause is committed, one worker at a time, until it is done or parked."""

from __future__ import annotations

import dataclasses
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from hub import logs
from hub.container import Hub
from hub.outbox import lease, life, outbox, sweep, upkeep
from hub.outbox.lease import LEASE
from hub.outbox.outbox import PARK_AFTER, PARKED, Delivery, Later
from hub.store import counters
from hub.store.models import OutboxRow
from tests.support.running import wait_for
from tests.support.world import Clock, DeafQueue

pytestmark = pytest.mark.usefixtures("engine")


class Queue(DeafQueue):
    """A Redis that takes what it is given."""

    def poke(self, outbox_id: int) -> bool:
        super().poke(outbox_id)
        return True


class Handler:
    """Notes its deliveries, and answers or raises as it is told."""

    def __init__(self, *answers: Later | Exception | None) -> None:
        self.answers, self.got = list(answers), list[Delivery]()

    def __call__(self, delivery: Delivery) -> Later | None:
        self.got.append(delivery)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def add(hub: Hub, key: str = "a", **more: object) -> int:
    with hub.store.write() as session:
        row = outbox.add(session, hub, "test", key, booking=7, **more)  # type: ignore[arg-type]
        assert row
        return row.id


def row(hub: Hub, outbox_id: int) -> OutboxRow:
    with hub.store.read() as session:
        return session.get_one(OutboxRow, outbox_id)


def poked(hub: Hub) -> list[int]:
    assert isinstance(hub.queue, DeafQueue)
    return hub.queue.poked


def test_wakes_after_commit_only(hub: Hub) -> None:
    """A worker is woken once the row can be seen, not before."""
    with hub.store.write() as session:
        made = outbox.add(session, hub, "test", "a", booking=7)
        session.flush()
        assert poked(hub) == []
    assert made
    assert poked(hub) == [made.id]
    assert row(hub, made.id).ids == {"booking": 7}


def test_rolled_back(hub: Hub) -> None:
    """What is taken back leaves no row and wakes nobody."""

    def fails() -> None:
        with hub.store.write() as session:
            outbox.add(session, hub, "test", "a")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert poked(hub) == []
    with hub.store.read() as session:
        assert session.scalars(select(OutboxRow)).all() == []


def test_unique_for_ever(hub: Hub) -> None:
    """A key is there once, also after its row is done, and a second one does not harm the transaction it came in."""
    first = add(hub)
    assert outbox.deliver(hub, {"test": Handler()}, first)
    with hub.store.write() as session:
        assert outbox.add(session, hub, "test", "a") is None
        assert outbox.add(session, hub, "test", "b") is not None
    with hub.store.read() as session:
        assert len(session.scalars(select(OutboxRow)).all()) == 2


def test_due_later(hub: Hub, clock: Clock) -> None:
    """What is due later wakes nobody now, is not delivered by an early wake-up, and is woken when its time comes."""
    made = add(hub, due_at=clock() + timedelta(minutes=1))
    handler = Handler()
    assert poked(hub) == []
    assert not outbox.deliver(hub, {"test": handler}, made)
    ready = dataclasses.replace(hub, queue=Queue())
    assert sweep.sweep(ready) == 0
    clock.advance(seconds=60)
    assert sweep.sweep(ready) == 1
    assert outbox.deliver(hub, {"test": handler}, made)
    assert handler.got == [Delivery("a", {"booking": 7}, 1, row(hub, made).created_at)]


def test_hasten(hub: Hub, clock: Clock) -> None:
    """A row that was to wait can be made due now; one that is done, unknown or due is left as it is."""
    made = add(hub, due_at=clock() + timedelta(minutes=1))
    with hub.store.write() as session:
        outbox.hasten(session, hub, "a")
        outbox.hasten(session, hub, "nothing")
    assert poked(hub) == [made]
    assert outbox.deliver(hub, {"test": Handler()}, made)
    with hub.store.write() as session:
        outbox.hasten(session, hub, "a")
    assert poked(hub) == [made]
    assert not outbox.deliver(hub, {"test": Handler()}, made)


def test_done_is_done(hub: Hub) -> None:
    """A wake-up that comes again, or for a row that never was, does nothing."""
    made, handler = add(hub), Handler()
    assert [outbox.deliver(hub, {"test": handler}, made) for _ in range(3)] == [True, False, False]
    assert not outbox.deliver(hub, {"test": handler}, made + 1000)
    assert len(handler.got) == 1
    assert row(hub, made).done_at == hub.clock()


def test_leased(hub: Hub, clock: Clock) -> None:
    """While one worker has the row no other gets it; a worker that died holds it for a quarter of a minute and no longer."""
    made = add(hub)
    inside: list[bool] = []

    def busy(delivery: Delivery) -> None:
        inside.append(outbox.deliver(hub, {"test": Handler()}, made))
        raise SystemExit  # the worker dies

    with pytest.raises(SystemExit):
        outbox.deliver(hub, {"test": busy}, made)
    assert inside == [False]
    again = Handler()
    assert not outbox.deliver(hub, {"test": again}, made)
    clock.now += LEASE
    assert not outbox.deliver(hub, {"test": again}, made)
    clock.advance(seconds=1)
    assert outbox.deliver(hub, {"test": again}, made)
    assert again.got[0].attempt == 2


def test_fenced(hub: Hub, clock: Clock) -> None:
    """Fault row 10: a worker that comes back after its lease has run out can't undo what the next one wrote."""
    made = add(hub)

    def slow(delivery: Delivery) -> Later:
        clock.now += LEASE + timedelta(seconds=1)
        assert outbox.deliver(hub, {"test": Handler()}, made)
        return Later(clock() + timedelta(days=1), "the late one")

    assert outbox.deliver(hub, {"test": slow}, made)
    assert row(hub, made).done_at
    assert row(hub, made).error == ""


def test_one_of_many(hub: Hub) -> None:
    """Of many workers that are woken for one row at once, one delivers it."""
    made, handler = add(hub), Handler()
    barrier, results = threading.Barrier(12), list[bool]()

    def work() -> None:
        barrier.wait(30)
        results.append(outbox.deliver(hub, {"test": handler}, made))

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == [False] * 11 + [True]
    assert len(handler.got) == 1


def test_later(hub: Hub, clock: Clock) -> None:
    """A handler that says later is called again then, as often as it likes: that is no fault."""
    due = [clock() + timedelta(minutes=n) for n in range(1, 20)]
    made, handler = add(hub), Handler(*(Later(when, "waits") for when in due))
    for when in [clock(), *due]:
        clock.now = when
        assert outbox.deliver(hub, {"test": handler}, made)
        assert not outbox.deliver(hub, {"test": handler}, made)
    assert row(hub, made).done_at == clock()
    assert (row(hub, made).parked_at, row(hub, made).error) == (None, "")
    assert [delivery.attempt for delivery in handler.got] == list(range(1, 21))


def test_parked(hub: Hub, clock: Clock) -> None:
    """A row whose handler breaks is tried eight times, ever more slowly, then parked with its error for the operator."""
    handler = Handler(*(ValueError("poison") for _ in range(100)))
    made, waits = add(hub), []
    for _ in range(30):
        outbox.deliver(hub, {"test": handler}, made)
        if row(hub, made).parked_at:
            break
        waits.append((row(hub, made).due_at - clock()).total_seconds())
        clock.now = row(hub, made).due_at
    assert len(handler.got) == PARK_AFTER == 8
    assert "poison" in row(hub, made).error
    assert not row(hub, made).done_at
    for n, wait in enumerate(waits):
        assert 2 * 2**n <= wait <= 2 * 2**n * 1.25
    clock.advance(days=1)
    assert not outbox.deliver(hub, {"test": handler}, made)
    ready = dataclasses.replace(hub, queue=Queue())
    assert sweep.sweep(ready) == 0


def test_a_worker_killer_is_parked(hub: Hub, clock: Clock) -> None:
    """Fault row 69: a row that kills its worker each time is parked as well, so that the others flow."""
    made, calls = add(hub), []

    def kills(delivery: Delivery) -> None:
        calls.append(1)
        raise SystemExit

    for _ in range(PARK_AFTER):
        with pytest.raises(SystemExit):
            outbox.deliver(hub, {"test": kills}, made)
        clock.now += LEASE + timedelta(seconds=1)
    assert outbox.deliver(hub, {"test": kills}, made)
    assert row(hub, made).parked_at
    assert len(calls) == PARK_AFTER


def test_parking_is_told(hub: Hub, clock: Clock) -> None:
    """That a row was given up is itself a consequence: a row with the other's ids, delivered as any; not of itself."""
    told = Handler(*(ValueError("poison") for _ in range(100)))
    poison = Handler(*(ValueError("poison") for _ in range(100)))
    made = add(hub)
    for _ in range(60):
        sweep.drain(hub, {"test": poison, PARKED: told})
        clock.advance(hours=1)
    assert len(poison.got) == len(told.got) == PARK_AFTER
    assert told.got[0].ids == {"booking": 7, "parked": "test"}
    with hub.store.read() as session:
        assert [
            r.id
            for r in session.scalars(select(OutboxRow).where(OutboxRow.parked_at.is_not(None)).order_by(OutboxRow.id))
        ] == [
            made,
            made + 1,
        ]


def test_faults_in_a_row_count(hub: Hub, clock: Clock) -> None:
    """Faults with a working try in between are forgiven."""
    answers: list[Later | Exception | None] = []
    for _ in range(5):
        answers += [ValueError("now and then")] * 3 + [Later(clock(), "better")]
    made, handler = add(hub), Handler(*answers)
    for _ in range(len(answers) + 1):
        clock.now = max(clock.now, row(hub, made).due_at)
        assert outbox.deliver(hub, {"test": handler}, made)
    assert row(hub, made).done_at


def test_an_error_keeps_no_secret(hub: Hub) -> None:
    """What an operator reads about a row that failed holds no token, whatever the exception said."""
    made = add(hub)
    assert outbox.deliver(hub, {"test": Handler(ValueError("refused: Bearer abcdefghijkl"))}, made)
    assert row(hub, made).error == "ValueError: refused: Bearer ***"


def test_a_topic_that_nobody_knows(hub: Hub) -> None:
    """Fault row 60: a row of a topic that this version does not know waits as one that failed, and harms no other."""
    made = add(hub)
    assert outbox.deliver(hub, {}, made)
    assert "KeyError" in row(hub, made).error
    assert not row(hub, made).done_at


@pytest.mark.parametrize("attempts", [0, 1, 2, 5, 10, 100, 10**6])
def test_backoff(attempts: int) -> None:
    """Waits double from two seconds to a quarter of an hour, with up to a quarter more so that not all come at once."""
    usual = min(2 * 2 ** max(min(attempts, 30) - 1, -1), 900)
    found = {outbox.backoff(attempts).total_seconds() for _ in range(50)}
    assert all(usual <= wait <= usual * 1.25 for wait in found)
    assert len(found) > 1


def test_sweep_wakes_again(hub: Hub, clock: Clock) -> None:
    """A wake-up that was lost is repeated after five seconds, and again, until the row is done."""
    hub = dataclasses.replace(hub, queue=Queue())
    made = add(hub)
    assert sweep.sweep(hub) == 0
    for _ in range(3):
        clock.advance(seconds=6)
        assert sweep.sweep(hub) == 1
        assert sweep.sweep(hub) == 0
    outbox.deliver(hub, {"test": Handler()}, made)
    clock.advance(seconds=6)
    assert sweep.sweep(hub) == 0


def test_sweep_without_redis(hub: Hub, clock: Clock) -> None:
    """While Redis takes nothing the sweeper asks it once a tick, and wakes all as soon as it is back."""
    ids = [add(hub, f"key{n}") for n in range(5)]
    clock.advance(seconds=6)
    poked(hub).clear()
    assert sweep.sweep(hub) == 0
    assert len(poked(hub)) == 1
    back = dataclasses.replace(hub, queue=Queue())
    assert sweep.sweep(back) == 5
    assert sorted(poked(back)) == ids


def test_sweep_adds_to_no_long_queue(hub: Hub, clock: Clock) -> None:
    """While workers are behind, the sweeper fills their queue up to a bound, in turns, and repeats no wake-up in it."""
    queue = Queue()
    hub = dataclasses.replace(hub, queue=queue)
    ids = [add(hub, f"key{n}") for n in range(sweep.MOST_WAITING + 3)]
    queue.poked.clear()
    queue.waiting = lambda: len(queue.poked)  # type: ignore[method-assign]
    clock.advance(seconds=6)
    assert sweep.sweep(hub) == sweep.MOST_WAITING
    clock.advance(seconds=6)
    assert sweep.sweep(hub) == 0
    first = set(queue.poked)
    queue.poked = queue.poked[4:]
    assert sweep.sweep(hub) == 4
    assert set(ids) - first <= set(queue.poked[-4:])
    clock.advance(seconds=6)
    del queue.poked[0]
    assert sweep.sweep(hub) == 1


def test_sweep_leaves_the_busy_alone(hub: Hub, clock: Clock) -> None:
    """A row that a worker has is not woken again before its lease ends."""
    hub = dataclasses.replace(hub, queue=Queue())
    made = add(hub)

    def busy(delivery: Delivery) -> None:
        clock.advance(seconds=30)
        assert sweep.sweep(hub) == 0

    assert outbox.deliver(hub, {"test": busy}, made)


def test_drain_ends(hub: Hub, clock: Clock) -> None:
    """Delivering all that is due in this process ends, also where a row is due again at once."""
    add(hub)
    handler = Handler(*(Later(clock(), "again") for _ in range(1000)))
    assert sweep.drain(hub, {"test": handler}, rounds=20) == 20


def test_forgets(hub: Hub, clock: Clock) -> None:
    """What was done a month ago is forgotten; what is open or parked is kept."""
    done, parked = add(hub, "done"), add(hub, "parked")
    outbox.deliver(hub, {"test": Handler()}, done)
    with hub.store.write() as session:
        session.get_one(OutboxRow, parked).parked_at = clock()
    clock.advance(days=31)
    waiting = add(hub, "open")
    assert upkeep.forget_done(hub) == 1
    with hub.store.read() as session:
        assert set(session.scalars(select(OutboxRow.id))) == {parked, waiting}


def test_forgets_in_batches(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is to forget, no transaction is long."""
    monkeypatch.setattr(upkeep, "BATCH", 2)
    for n in range(5):
        outbox.deliver(hub, {"test": Handler()}, add(hub, f"key{n}"))
    clock.advance(days=31)
    assert upkeep.forget_done(hub) == 5
    assert upkeep.forget_done(hub) == 0


def test_the_sweeper_keeps_house(hub: Hub, clock: Clock) -> None:
    """It leaves a sign of life every quarter of a minute and forgets every hour, also after its clock was set back."""
    chores = upkeep.Upkeep(hub)

    def seen() -> datetime:
        with hub.store.read() as session:
            return life.last_seen(session)[life.SWEEPER]

    outbox.deliver(hub, {"test": Handler()}, add(hub))
    clock.advance(days=31)
    first = clock()
    chores.tend()
    assert seen() == first
    with hub.store.read() as session:
        assert session.scalars(select(OutboxRow)).all() == []
    clock.advance(seconds=10)
    chores.tend()
    assert seen() == first
    clock.advance(hours=-1)
    chores.tend()
    assert seen() == clock()


def test_the_sweeper_survives(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that fails for a while does not end the sweeper."""
    stop, calls = threading.Event(), []

    def broken(_: Hub) -> int:
        calls.append(1)
        if len(calls) == 3:
            stop.set()
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(sweep, "sweep", broken)
    monkeypatch.setattr(sweep, "TICK_SECONDS", 0.01)
    sweep.run(hub, stop)
    assert len(calls) == 3


def deletes(hub: Hub) -> list[int]:
    """Note for each DELETE from now on how many rows it names."""
    found: list[int] = []

    def note(*told: Any) -> None:
        statement, parameters = told[2:4]
        if statement.startswith("DELETE"):
            found.append(len(parameters))

    event.listen(hub.store.engine, "before_cursor_execute", note)
    return found


def test_a_batch(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """One statement names no more rows than a batch has."""
    monkeypatch.setattr(upkeep, "BATCH", 2)
    for n in range(4):
        outbox.deliver(hub, {"test": Handler()}, add(hub, f"key{n}"))
    clock.advance(days=31)
    sizes = deletes(hub)
    assert upkeep.forget_done(hub) == 4
    assert sizes[:2] == [2, 2]


def test_a_month(hub: Hub, clock: Clock) -> None:
    """What was done is kept for thirty days to the moment."""
    outbox.deliver(hub, {"test": Handler()}, add(hub))
    assert upkeep.forget_done(hub) == 0
    clock.now += upkeep.KEEP_DONE
    assert upkeep.forget_done(hub) == 0
    clock.now += timedelta(microseconds=1)
    assert upkeep.forget_done(hub) == 1


def test_each_chore_has_its_own_time(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chore is done again when its time has come, not before, and whether or not another's has."""
    done: list[str] = []
    monkeypatch.setattr(life, "note", lambda given: done.append("note") if given is hub else None)
    monkeypatch.setattr(upkeep, "forget_done", lambda given: done.append("forget") if given is hub else None)
    chores = upkeep.Upkeep(hub)
    chores.tend()
    chores.tend()
    assert done == ["note", "forget"]
    clock.now += upkeep.SIGN_EVERY
    chores.tend()
    assert done == ["note", "forget", "note"]
    clock.now += upkeep.FORGET_EVERY - upkeep.SIGN_EVERY - timedelta(seconds=5)
    chores.tend()
    clock.advance(seconds=5)
    chores.tend()
    assert done == ["note", "forget", "note", "note", "forget"]


def test_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quarter more is drawn in thousandths."""
    monkeypatch.setattr("hub.outbox.outbox.secrets.randbelow", lambda most: most - 1)
    assert outbox.backoff(1) == timedelta(seconds=2 * (1 + 999 / 4000))
    assert outbox.backoff(3, 10) == timedelta(seconds=40 * (1 + 999 / 4000))


def outcomes(hub: Hub) -> dict[tuple[str, str], int]:
    """Return how often deliveries of each topic ended in each way."""
    with hub.store.read() as session:
        return {(labels["topic"], labels["outcome"]): times for _, labels, times in counters.totals(session)}


def test_why_it_was_parked(hub: Hub, clock: Clock) -> None:
    """The operator reads the last error of a row that was parked, or that its worker broke each time."""
    poison, killer = add(hub, "a"), add(hub, "b")
    with hub.store.write() as session:
        for made, error in ((poison, "ValueError: poison"), (killer, "")):
            session.get_one(OutboxRow, made).faults = PARK_AFTER
            session.get_one(OutboxRow, made).error = error
    for made in (poison, killer):
        assert outbox.deliver(hub, {}, made)
        assert row(hub, made).parked_at == clock()
        assert (row(hub, made).lease, row(hub, made).lease_until) == ("", None)
    assert row(hub, poison).error == "ValueError: poison"
    assert row(hub, killer).error == "It broke its worker each time."
    assert outcomes(hub) == {("test", "parked"): 2}


def test_what_is_kept_of_an_answer(hub: Hub, clock: Clock) -> None:
    """Later keeps when and why, as far as the column takes it; done keeps neither; a long error is cut."""
    made = add(hub)
    when = clock() + timedelta(minutes=1)
    outbox.deliver(hub, {"test": Handler(Later(when, "w" * 600))}, made)
    assert (row(hub, made).due_at, row(hub, made).error, row(hub, made).faults) == (when, "w" * 500, 0)
    clock.now = when
    outbox.deliver(hub, {"test": Handler(ValueError("e" * 600))}, made)
    assert row(hub, made).error == ("ValueError: " + "e" * 600)[:500]
    assert (row(hub, made).faults, row(hub, made).lease) == (1, "")
    clock.now = row(hub, made).due_at
    outbox.deliver(hub, {"test": Handler()}, made)
    assert outcomes(hub) == {("test", "later"): 1, ("test", "failed"): 1, ("test", "done"): 1}


def test_oldest_first(hub: Hub, clock: Clock) -> None:
    """What is due longest comes first, and no more than asked for at once."""
    ids = [add(hub, f"key{n}", due_at=clock() + timedelta(minutes=9 - n)) for n in range(3)]
    clock.advance(minutes=9)
    with hub.store.read() as session:
        assert outbox.due(session, clock()) == ids[::-1]
        assert outbox.due(session, clock(), limit=2) == ids[:0:-1]
        assert outbox.due(session, clock() - timedelta(minutes=1), woken=True) == ids[:0:-1]


def test_woken_lately(hub: Hub, clock: Clock) -> None:
    """A row for which a worker was woken is left out for five seconds, unless the clock was set back meanwhile."""
    made = add(hub)
    moment = timedelta(microseconds=1)
    with hub.store.read() as session:
        assert outbox.due(session, clock()) == []
        assert outbox.due(session, clock(), woken=True) == [made]
        assert outbox.due(session, clock() + outbox.POKE_AGAIN) == []
        assert outbox.due(session, clock() + outbox.POKE_AGAIN + moment) == [made]
    with hub.store.write() as session:
        outbox.mark_woken(session, [made], clock() + moment)
    with hub.store.read() as session:
        assert outbox.due(session, clock()) == [made]


def test_hastens_one(hub: Hub, clock: Clock) -> None:
    """Only the open row of that key is made due now, and one that is due already is woken by what made it so."""
    later = clock() + timedelta(minutes=1)
    first, second, done = (add(hub, key, due_at=later) for key in ("first", "second", "done"))
    with hub.store.write() as session:
        session.get_one(OutboxRow, done).done_at = clock()
    now = add(hub, "now")
    woken = len(poked(hub))
    with hub.store.write() as session:
        for key in ("second", "done", "now"):
            outbox.hasten(session, hub, key)
    assert poked(hub)[woken:] == [second]
    assert [row(hub, made).due_at for made in (first, second, done, now)] == [later, clock(), later, clock()]


def test_due_before_a_wake_up_is_repeated(hub: Hub, clock: Clock) -> None:
    """A row for which nobody was woken since it is due is found at once, and so is one for which nobody ever was."""
    made = add(hub, due_at=clock() + timedelta(seconds=2))
    clock.advance(seconds=2)
    with hub.store.write() as session:
        assert outbox.due(session, clock()) == [made]
        outbox.mark_woken(session, [made], clock())
        assert outbox.due(session, clock()) == []
        session.get_one(OutboxRow, made).poked_at = None
        assert outbox.due(session, clock()) == [made]


def test_in_order_of_due_times(hub: Hub, clock: Clock) -> None:
    """Of rows that wait alike the one that was due first comes first."""
    late, early = add(hub, "late", due_at=clock() + timedelta(seconds=9)), add(hub, "early")
    clock.advance(seconds=20)
    with hub.store.write() as session:
        outbox.mark_woken(session, [late, early], clock() - timedelta(seconds=10))
        assert outbox.due(session, clock()) == [early, late]
        assert outbox.due(session, clock(), woken=True) == [early, late]


def test_kept_while_it_works(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its handler works a row's lease is renewed, and log lines say what it is about."""
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.01)
    made, about = add(hub), list[dict[str, object]]()

    def works(_: Delivery) -> None:
        about.append({name: logs._about.get()[name] for name in ("outbox", "topic", "booking")})
        clock.advance(seconds=5)
        wait_for(lambda: row(hub, made).lease_until == clock() + LEASE)

    assert outbox.deliver(hub, {"test": works}, made)
    assert about == [{"outbox": made, "topic": "test", "booking": 7}]
    assert (row(hub, made).faults, row(hub, made).error) == (0, "")
    with hub.store.read() as session:
        assert list(counters.totals(session)) == [("outbox_deliveries", {"outcome": "done", "topic": "test"}, 1)]
