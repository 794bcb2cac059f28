"""The real thing: worker and sweeper as processes of their own, a real Redis, the machine's own clock."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rq
from rq.job import Callback
from rq.serializers import JSONSerializer
from sqlalchemy import update

from hub.config import Settings
from hub.container import Hub
from hub.outbox.jobs import QUEUE, RedisQueue
from hub.store.models import Booking, MeetingRow, OutboxRow
from plugins.zoom.sandbox.server import Server
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import Host, Invitee
from tests.support.servers import OwnRedis
from tests.support.world import Clock, World, make_hub, settings

PATIENCE = 40.0
SCOPES = ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]


class WallClock(Clock):
    """The machine's clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return WallClock()


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path / "r")
    yield own
    own.stops()


@pytest.fixture(name="given")
def _given(tmp_path: Path, database_url: str, store: OwnRedis, zoom: Server) -> Settings:
    return settings(tmp_path, database_url, store.url, zoom.url)


@pytest.fixture(name="hub")
def _hub(given: Settings, clock: Clock) -> Iterator[Hub]:
    made = make_hub(given, clock, RedisQueue(given.redis_url))
    yield made
    made.http.close()
    made.store.dispose()


@contextlib.contextmanager
def process(given: Settings, command: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `hub worker` or `hub sweep` for a `with` block; `folder` is where it finds Python modules of the test's."""
    env = {**os.environ, **given.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), str(folder)])}
    with (folder / f"{command}.log").open("ab") as log:
        running = subprocess.Popen([sys.executable, "-m", "hub.cli", command], env=env, stdout=log, stderr=log)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def waits_for(condition: Callable[[], Any], folder: Path) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text() for path in folder.glob("*.log"))
            raise AssertionError(f"it did not happen in time; the logs say:\n{logs[-5000:]}")
        time.sleep(0.05)  # other processes tell nobody


def slot(day: int = 0) -> str:
    """Return a working hour next week."""
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday()) + timedelta(days=7 + day)
    return f"{monday.isoformat()}T10:00:00+00:00"


def ready(world: World, booking: int) -> Callable[[], bool]:
    return lambda: world.meeting(booking).state == "ready"


def test_makes_the_meeting(ada: Host, bob: Invitee, world: World, given: Settings, tmp_path: Path) -> None:
    """A worker that runs makes the meeting and sends the mails within moments of the booking."""
    ada.connects("zoom")
    with process(given, "worker", tmp_path):
        bob.books(ada.offers("zoom"), slot(), location="zoom")
        waits_for(lambda: len(world.mails()) == 2, tmp_path)
    link = world.link()
    assert all(link in mail.get_body(("plain",)).get_content() for mail in world.mails())


def test_redis_down(ada: Host, bob: Invitee, world: World, given: Settings, store: OwnRedis, tmp_path: Path) -> None:
    """Fault row 1: while Redis is down bookings are taken; when it is back their meetings are made."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    store.stops()
    for day in range(4):
        bob.books(offered, slot(day), location="zoom")
    assert world.meetings_at_zoom() == []
    store.starts()
    with process(given, "worker", tmp_path), process(given, "sweep", tmp_path):
        waits_for(lambda: len(world.meetings_at_zoom()) == 4, tmp_path)
        waits_for(ready(world, world.booking().id), tmp_path)
    assert len(world.calls_at_zoom("create")) == 4


def test_redis_lost_everything(
    ada: Host, bob: Invitee, world: World, given: Settings, store: OwnRedis, tmp_path: Path
) -> None:
    """Fault row 3: a Redis that forgets all it was told loses nothing."""
    ada.connects("zoom")
    offered = ada.offers("zoom")
    for day in range(3):
        bob.books(offered, slot(day), location="zoom")
    store.client().flushall()
    with process(given, "worker", tmp_path), process(given, "sweep", tmp_path):
        waits_for(lambda: len(world.meetings_at_zoom()) == 3, tmp_path)
    assert len(world.calls_at_zoom("create")) == 3


def test_redis_that_never_answers(ada: Host, bob: Invitee, world: World, hub: Hub, tmp_path: Path) -> None:
    """Fault row 2: a Redis that takes the connection and then says nothing is asked once for a booking, and left alone."""
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        deaf.listen(50)
        frozen = dataclasses.replace(hub, queue=RedisQueue(f"unix://{tmp_path / 'deaf'}"))
        someone = Invitee(World(frozen, world.clock, world.zoom, world.mails_folder))
        offered = ada.offers("inperson")
        for day in range(3):
            someone.books(offered, slot(day), location="inperson")
        deaf.setblocking(False)
        asked = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                deaf.accept()[0].close()
                asked += 1
        assert asked == 3  # once for each booking, for POKE_SECONDS


def test_redis_full(ada: Host, bob: Invitee, world: World, store: OwnRedis) -> None:
    """Fault row 4: a Redis that is full, or a copy that takes no writes, refuses nothing to an invitee."""
    store.fills()
    bob.books(ada.offers("inperson"), slot(), location="inperson")
    assert world.booking().confirmed


def test_jobs_carry_ids(ada: Host, bob: Invitee, world: World, store: OwnRedis) -> None:
    """What stands in Redis is numbers: no name, address, link or token."""
    ada.connects("zoom")
    token = bob.books(ada.offers("zoom"), slot(), location="zoom")
    client = store.client()
    job_ids = client.lrange(f"rq:queue:{QUEUE}", 0, -1)
    assert job_ids
    for job_id in job_ids:
        job = rq.job.Job.fetch(job_id.decode(), connection=client, serializer=JSONSerializer)
        assert (job.func_name, [type(one) for one in job.args], job.kwargs) == ("hub.outbox.jobs.deliver", [int], {})
    everything = b""
    for key in client.scan_iter("rq:*"):
        everything += key + (client.dump(key) or b"")
        if client.type(key) == b"hash":
            everything += b"".join(client.hgetall(key).values())
    for secret in ("bob@", "Bob", "ada@", "Ada", "Intro call", token, "http", "sandbox-secret"):
        assert secret.encode() not in everything


def test_planted_jobs(ada: Host, bob: Invitee, world: World, given: Settings, store: OwnRedis, tmp_path: Path) -> None:
    """Who can write into Redis can't have the worker run anything but the hub's own job."""
    marker = tmp_path / "marker"
    (tmp_path / "hub_planted.py").write_text(
        f"from pathlib import Path\nPath({str(marker)!r}).touch()\ndef run(*args):\n    pass\n"
    )
    ada.connects("zoom")
    client = store.client()
    json_queue, pickle_queue = (
        rq.Queue(QUEUE, connection=client, serializer=JSONSerializer),
        rq.Queue(QUEUE, connection=client),
    )
    touch = f"touch {marker}"
    for queue in (json_queue, pickle_queue):
        queue.enqueue("os.system", touch)
        queue.enqueue("hub_planted.run", 1)
        queue.enqueue(
            "os.system", touch, on_failure=Callback("hub_planted.run"), on_success=Callback("hub_planted.run")
        )
        queue.enqueue("hub.outbox.jobs.deliver", "1; import os", on_failure=Callback("hub_planted.run"))
        queue.enqueue("hub.outbox.jobs.deliver", 10**6, on_success=Callback("hub_planted.run"))
    with process(given, "worker", tmp_path):
        bob.books(ada.offers("zoom"), slot(), location="zoom")
        waits_for(lambda: not client.llen(f"rq:queue:{QUEUE}"), tmp_path)
        waits_for(ready(world, world.booking().id), tmp_path)
    assert not marker.exists()
    assert world.link()


def children(pid: int) -> list[int]:
    """Return the processes that this one has forked."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def test_killed_after_zoom_made_it(ada: Host, bob: Invitee, world: World, given: Settings, tmp_path: Path) -> None:
    """Fault row 5: a worker that is killed between Zoom's work and its answer leaves one meeting: the next worker finds it."""
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc to find the worker's fork")
    world.control("PATCH", "/switches", scopes=[*SCOPES, "meeting:read:list_meetings"])
    ada.connects("zoom")
    world.breaks_zoom("slow_answer", "create", seconds=60)
    with process(given, "worker", tmp_path) as worker:
        bob.books(ada.offers("zoom"), slot(), location="zoom")
        waits_for(lambda: world.meetings_at_zoom(), tmp_path)
        forked = children(worker.pid)
        worker.kill()
        for pid in forked:
            os.kill(pid, signal.SIGKILL)
        worker.wait(10)
    world.mends_zoom()
    assert world.meeting().state == "pending"
    assert world.meeting().attempted_at
    past = datetime.now(UTC) - timedelta(minutes=2)
    with world.hub.store.write() as session:  # two minutes pass
        session.execute(update(OutboxRow).values(lease_until=past, poked_at=past))
        session.execute(update(Booking).values(sync_lease_until=past))
        session.execute(update(MeetingRow).values(attempted_at=past))
    with process(given, "worker", tmp_path), process(given, "sweep", tmp_path):
        waits_for(ready(world, world.booking().id), tmp_path)
    assert len(world.calls_at_zoom("create")) == 1
    assert world.link()


@pytest.mark.thorough
def test_killed_in_the_middle(ada: Host, bob: Invitee, world: World, given: Settings, tmp_path: Path) -> None:
    """What a killed job was about to do is done by another one within 20 seconds: leases are short."""
    ada.connects("zoom")
    mark = tmp_path / "mark"
    dying = {"HUB_TESTING": "1", "HUB_CRASH_AT": "after_attempt_commit", "HUB_CRASH_MARK": str(mark)}
    told = dataclasses.replace(given, environ={**given.environ, **dying})
    with process(told, "worker", tmp_path), process(given, "sweep", tmp_path):
        bob.books(ada.offers("zoom"), slot(), location="zoom")
        waits_for(mark.exists, tmp_path)
        died = time.monotonic()
        waits_for(ready(world, world.booking().id), tmp_path)
    assert time.monotonic() - died < 20
    assert len(world.meetings_at_zoom()) == 1


@pytest.mark.thorough
def test_frozen_worker(ada: Host, bob: Invitee, world: World, given: Settings, tmp_path: Path) -> None:
    """A worker that is frozen in its work, and wakes when another has done it, leaves one meeting and one link."""
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc to find the worker's fork")
    ada.connects("zoom")
    world.breaks_zoom("latency", "create", seconds=3)
    with process(given, "worker", tmp_path) as worker:
        bob.books(ada.offers("zoom"), slot(), location="zoom")
        waits_for(lambda: world.calls_at_zoom("create"), tmp_path)
        frozen = [*children(worker.pid), worker.pid]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        with process(given, "worker", tmp_path), process(given, "sweep", tmp_path):
            waits_for(ready(world, world.booking().id), tmp_path)
            link = world.link()
            for pid in reversed(frozen):
                os.kill(pid, signal.SIGCONT)
            waits_for(lambda: [row.state for row in world.booking().meetings] == ["ready", "deleted"], tmp_path)
    assert world.link() == link
    assert len(world.meetings_at_zoom()) == 1
