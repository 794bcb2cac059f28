"""The operator's pages: what is stuck and why, who is alive, and metrics for programs; nothing for anybody else."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import redis
from flask import Flask
from rq import Worker
from sqlalchemy import update

from hub.app import create_app
from hub.container import Hub
from hub.outbox import life
from hub.providers import Registry
from hub.store.models import Activity, Connection, OutboxRow
from hub.store.models import Host as HostRow
from hub.web.latency import Latencies
from tests.support.people import Host, Invitee, Person
from tests.support.running import Running
from tests.support.world import Clock, World

SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.e+]+|\+Inf)$')
REASON = "made it by hand"


@pytest.fixture(name="ada")
def _ada(engine: str, app: Flask, world: World) -> Host:
    return Host(app, world)


@pytest.fixture(name="operator")
def _operator(ada: Host, hub: Hub) -> Host:
    """A host whose account is the operator's."""
    with hub.store.write() as session:
        session.execute(update(HostRow).values(operator=True))
    return ada


def parse(text: str) -> dict[str, dict[str, float]]:
    """Read Prometheus' text format strictly: name -> labels as written -> value."""
    found: dict[str, dict[str, float]] = {}
    announced: set[str] = set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in announced
            assert kind in ("counter", "gauge", "histogram")
            announced.add(name)
        elif not line.startswith("# HELP "):
            match = SAMPLE.match(line)
            assert match, line
            name, labels, value = match.groups()
            assert {name, re.sub("_(bucket|sum|count)$", "", name)} & announced, line
            assert (labels or "") not in found.setdefault(name, {}), line
            found[name][labels or ""] = float(value)
    return found


def metrics(person: Person, **headers: str) -> dict[str, dict[str, float]]:
    answer = person.browser.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return parse(answer.text)


def stuck_row(hub: Hub, **values: object) -> int:
    """Put a row into the outbox that was given up; return its id."""
    now = hub.clock()
    usual = {"topic": "sync", "key": "given:up", "ids": {}, "created_at": now, "due_at": now, "attempts": 9}
    row = OutboxRow(**{**usual, "error": "ValueError: boom", "parked_at": now, **values})
    with hub.store.write() as session:
        session.add(row)
        session.flush()
        return row.id


@pytest.mark.parametrize("path", ["/ops", "/metrics"])
def test_nothing_for_strangers(app: Flask, ada: Host, path: str) -> None:
    """To strangers, and to hosts who are not operators, the operator's pages do not exist."""
    far = {"REMOTE_ADDR": "192.0.2.7"}
    for browser in (app.test_client(), ada.browser):
        assert browser.get(path, environ_overrides=far).status_code == 404
    assert "/ops" not in ada.opens("/event-types")
    for action in ("retry", "done"):
        token = re.search('name="csrf_token" value="([^"]+)"', ada.opens("/profile"))
        assert token
        form = {"csrf_token": token[1], "row": "1"}
        assert ada.browser.post(f"/ops/outbox/{action}", data=form).status_code == 404


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 404),
        ("192.0.2.7", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("192.0.2.7", {"Authorization": "Bearer " + "t" * 24}, 200),
        ("192.0.2.7", {"Authorization": "Bearer " + "t" * 23}, 404),
        ("192.0.2.7", {"Authorization": "Bearer "}, 404),
        ("192.0.2.7", {"Authorization": "Bearer t\u00e9"}, 404),
    ],
)
def test_who_may_read_metrics(hub: Hub, address: str, headers: dict[str, str], status: int) -> None:
    """This machine itself may, not what a proxy on it passes on; others with the token."""
    given = dataclasses.replace(hub.settings, metrics_token="t" * 24)
    client = create_app(hub=dataclasses.replace(hub, settings=given)).test_client()
    answer = client.get("/metrics", environ_overrides={"REMOTE_ADDR": address}, headers=headers)
    assert answer.status_code == status


def test_no_token_is_no_key(hub: Hub, client: Flask) -> None:
    """Without the setting no token opens anything, an empty one neither."""
    for sent in ("Bearer ", "Bearer", ""):
        answer = client.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}, headers={"Authorization": sent})
        assert answer.status_code == 404


def test_what_happened_is_counted(operator: Host, world: World, hub: Hub, clock: Clock) -> None:
    """Meetings, tokens, mails and deliveries are counted where they happened, by provider and outcome."""
    operator.connects("zoom")
    event_type = operator.offers("zoom")
    bob = Invitee(world)
    bob.books(event_type, "2026-12-02T10:00+00:00", location="zoom")
    waiting = metrics(operator)
    assert waiting["hub_outbox_open"]['topic="sync"'] == 1
    assert waiting["hub_outbox_due"]['topic="sync"'] == 1
    clock.advance(seconds=30)
    assert metrics(operator)["hub_outbox_oldest_due_seconds"]['topic="sync"'] == 30
    clock.advance(hours=2)
    world.work()
    done = metrics(operator)
    assert done["hub_sync_attempts_total"]['action="create",provider="zoom"'] == 1
    assert done["hub_sync_outcomes_total"]['action="create",outcome="done",provider="zoom"'] == 1
    assert done["hub_token_refreshes_total"]['outcome="done",provider="zoom"'] == 1
    assert done["hub_mails_total"]['kind="booked",outcome="sent"'] == 2
    assert done["hub_outbox_deliveries_total"]['outcome="done",topic="sync"'] == 1
    assert done["hub_connections"]['provider="zoom",state="ok"'] == 1
    assert done["hub_redis_up"][""] == 0
    assert any(labels.startswith('provider="zoom"') for labels in done["hub_provider_info"])


def test_requests_are_timed(client: Flask) -> None:
    """How long each page took is a histogram by endpoint; addresses that are none of ours are one endpoint."""
    for _ in range(3):
        client.get("/healthz")
    client.get("/nowhere/at/all")
    found = parse(client.get("/metrics").text)
    assert found["hub_request_seconds_count"]['endpoint="ops.healthz"'] == 3
    assert found["hub_request_seconds_bucket"]['endpoint="ops.healthz",le="+Inf"'] == 3
    assert found["hub_requests_total"]['endpoint="ops.healthz",status="2xx"'] == 3
    assert found["hub_requests_total"]['endpoint="none",status="4xx"'] == 1


def test_buckets_add_up() -> None:
    """Each request is in every bucket that it was fast enough for, and parts of other processes are added."""
    latencies = Latencies(parts=2)
    latencies.observe(5, 0.004, 200)
    latencies.take(3)
    latencies.observe(5, 0.3, 302)
    latencies.observe(5, 60, 503)
    cells = latencies.read(5)
    assert cells[0] == 1
    assert sum(cells[:11]) == 3
    assert cells[11] == pytest.approx(60.304)
    assert cells[12:] == [1, 1, 0, 1]
    assert sum(latencies.read(4)) == 0


def test_all_processes_are_in_it(database_url: str, redis_url: str, tmp_path: Path) -> None:
    """Whichever web process answers, it tells what all of them on the machine have served."""
    with Running(tmp_path, database_url, redis_url) as running:
        running.start("web", "--workers", "2")
        before = _served(running)
        for _ in range(30):
            httpx2.get(f"{running.url}/login", trust_env=False)
        assert {_served(running) for _ in range(10)} == {before + 30}


def _served(running: Running) -> float:
    found = parse(httpx2.get(f"{running.url}/metrics", trust_env=False).text)
    return found.get("hub_request_seconds_count", {}).get('endpoint="auth.login"', 0)


def test_all_is_well(operator: Host, hub: Hub) -> None:
    """Where nothing is stuck the page says so, and names those who have not been seen."""
    page = operator.opens("/ops")
    assert "Everything is done or on its way." in page
    assert "It has not been seen yet: start hub sweep." in page
    assert "Redis does not answer." in page
    life.note(hub)
    assert "Last seen Mon 30 Nov" in operator.opens("/ops")
    assert "/ops" in operator.opens("/event-types")


def test_retry(operator: Host, hub: Hub) -> None:
    """What is stuck is shown with why, and is tried again at the press of a button."""
    first = stuck_row(hub)
    stuck_row(hub, key="mail:1", topic="mail", parked_at=None, error="mail server: TimeoutError", attempts=1)
    page = operator.opens("/ops")
    assert "ValueError: boom" in page
    assert "</svg>given up" in page
    assert "1 row is tried again now." in operator.sends("/ops/outbox/retry", row=str(first)).text
    assert "</svg>given up" not in operator.opens("/ops")
    assert "2 rows are tried again now." in operator.sends("/ops/outbox/retry").text


def test_mark_as_done(operator: Host, world: World, hub: Hub, clock: Clock) -> None:
    """A row is closed for a reason only; the reason is kept with it and on the booking's timeline."""
    event_type = operator.offers("phone")
    Invitee(world).books(event_type, "2026-12-02T10:00+00:00", location="phone", phone="+12025550123")
    world.work()
    row = stuck_row(hub, ids={"booking": world.booking().id}, lease="busy", lease_until=clock() + timedelta(minutes=1))
    answer = operator.sends("/ops/outbox/done", row=str(row), **{f"row{row}-reason": "  "})
    assert answer.status_code == 422
    assert "Please say why" in answer.text
    assert world.booking().ref in answer.text
    answer = operator.sends("/ops/outbox/done", row=str(row), **{f"row{row}-reason": REASON})
    assert "The row is marked as done." in answer.text
    with hub.store.read() as session:
        closed = session.get_one(OutboxRow, row)
        texts = [line.text for line in session.query(Activity).filter(Activity.what == "closed")]
    assert (closed.done_at, closed.error, closed.lease) == (clock(), REASON, "")
    assert texts == [f"A step was closed by the operator: {REASON}"]
    again = operator.sends("/ops/outbox/done", row=str(row), **{f"row{row}-reason": REASON})
    assert "done already" in again.text
    for odd in ("", "x", "-1", "99999999999"):
        assert "done already" in operator.sends("/ops/outbox/done", row=odd, **{f"row{odd}-reason": REASON}).text


def test_a_forged_form_is_refused(operator: Host, hub: Hub) -> None:
    """Another site's page can't press the buttons."""
    stuck_row(hub)
    assert operator.browser.post("/ops/outbox/retry", data={}).status_code == 400


def test_many(operator: Host, hub: Hub) -> None:
    """With more rows than a page can bear the first ones are shown, and where the others are."""
    for n in range(22):
        stuck_row(hub, key=f"k{n}")
    page = operator.opens("/ops")
    assert page.count("ValueError: boom") == 20
    assert "hub outbox lists them all" in page
    assert len(page) < 60_000


def test_connections_that_are_held_up(operator: Host, world: World, hub: Hub) -> None:
    """Broken connections are counted by provider, with why and since when; a working one is none of them."""
    operator.connects("zoom")
    assert "Zoom: 1 connection" not in operator.opens("/ops")
    with hub.store.write() as session:
        session.execute(update(Connection).values(broken_reason="invalid_grant", broken_at=hub.clock()))
    page = operator.opens("/ops")
    assert "Zoom: 1 connection" in page
    assert "Since Mon 30 Nov" in page
    assert "invalid_grant" in page
    assert metrics(operator)["hub_connections"] == {'provider="zoom",state="broken"': 1}


@pytest.fixture(name="failing")
def _failing(operator: Host, world: World) -> None:
    """A booking whose mail was given up."""
    event_type = operator.offers("phone")
    Invitee(world).books(event_type, "2026-12-02T10:00+00:00", location="phone", phone="+12025550123")
    booking = world.booking()
    with world.hub.store.write() as session:
        text = "The mail to Bob was not delivered: the mail server refused the recipient (550)."
        session.add(Activity(booking_id=booking.id, at=world.clock(), what="mail_failed", text=text))


@pytest.mark.usefixtures("failing")
def test_mails_and_plugins(operator: Host, hub: Hub, world: World, redis_url: str) -> None:
    """Mails that were given up, plugins that are left out and workers are listed."""
    given = dataclasses.replace(hub.settings, redis_url=redis_url)
    registry = Registry([], {"odd": "it can't be imported"})
    other = Host(
        create_app(hub=dataclasses.replace(hub, settings=given, registry=registry)), world, email="o@example.com"
    )
    with hub.store.write() as session:
        session.execute(update(HostRow).values(operator=True))
    with redis.Redis.from_url(redis_url) as connection:
        worker = Worker(["hub"], connection=connection)
        worker.register_birth()
        page = other.opens("/ops")
        worker.register_death()
    assert "refused the recipient (550)" in page
    assert "Left out: it can&#39;t be imported" in page
    assert f"Worker on {worker.hostname}" in page


def test_vendor_that_is_away(operator: Host, world: World, hub: Hub) -> None:
    """An open breaker shows as a vendor that is away, on the page and to Prometheus."""
    operator.connects("zoom")
    with hub.store.write() as session:
        session.execute(update(Connection).values(open_until=hub.clock(), outage_since=hub.clock(), failures=3))
    operator.opens("/ops")
    assert operator.reads("Zoom: 1 connection")
    assert operator.reads("The vendor does not answer; it is asked once a minute.")
    assert metrics(operator)["hub_connections"] == {'provider="zoom",state="away"': 1}
