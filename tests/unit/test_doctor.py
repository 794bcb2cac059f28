"""The doctor: every part is looked at, what is wrong comes with how to mend it, and nothing else is blamed."""

from __future__ import annotations

import dataclasses
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from flask import Flask
from rq import Worker
from sqlalchemy import update
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from hub import config, keys
from hub.app import assemble
from hub.config import Settings
from hub.container import Hub
from hub.doctor import services
from hub.doctor.examine import examine
from hub.doctor.finding import OK, WARNING, WRONG, Check
from hub.operate import keep_fingerprint_key, reseal
from hub.outbox import life
from hub.providers import Registry
from hub.store.migrate import upgrade
from hub.store.models import Connection
from hub.store.vault import Vault
from tests.support.people import Host
from tests.support.servers import free_port
from tests.support.world import KEY, Clock, World

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"


def setup(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment whose data folder is `folder`, and in which nothing else is running."""
    return {"HUB_DATA_DIR": str(folder), "HUB_PUBLIC_URL": f"http://localhost:{free_port()}", **more}


def found(environ: Mapping[str, str], name: str, **more: Any) -> list[Check]:
    """Return what the doctor finds under this name."""
    return [check for check in examine(environ, **more) if check.name == name]


def one(environ: Mapping[str, str], name: str, **more: Any) -> Check:
    """Return the one thing that the doctor finds under this name."""
    (check,) = found(environ, name, **more)
    return check


def given(hub: Hub, **more: str) -> dict[str, str]:
    """Return the environment of a hub, changed."""
    return {**hub.settings.environ, **more}


def test_nothing_is_changed(tmp_path: Path) -> None:
    """Looking at a hub that was never started makes no folder, no key, no database, and finds nothing wrong."""
    checks = examine(setup(tmp_path / "data"))
    assert {check.state for check in checks} == {OK, WARNING}
    assert "hub migrate makes it" in next(check.text for check in checks if check.name == "database")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PUBLIC_URL", "ftp://x"),
        ("HUB_PUBLIC_URL", "http://[x"),
        ("HUB_PUBLIC_URL", "https://x:port"),
        ("HUB_PUBLIC_URL", "https://user:pw@example.com"),
        ("HUB_PUBLIC_URL", "https://example.com/"),
        ("HUB_PUBLIC_URL", "http://example.com"),
        ("HUB_MAIL_URL", "gopher://x"),
        ("HUB_REDIS_URL", "http://x"),
        ("HUB_DATABASE_URL", "mysql://x"),
        ("HUB_LINK_DEADLINE", "soon"),
        ("HUB_SECRET_KEY", "short"),
        ("HUB_ENCRYPTION_KEYS", "short"),
    ],
)
def test_one_wrong_setting_is_one_finding(tmp_path: Path, name: str, value: str) -> None:
    """A setting that can't be used is named by itself: no key is missed for it, and the other parts are looked at."""
    checks = examine(setup(tmp_path, **{name: value}))
    assert [check.name for check in checks if check.state == WRONG] == ["settings"]
    (wrong,) = (check.text for check in checks if check.state == WRONG)
    assert wrong.startswith(f"{name} ")
    assert {"data folder", "provider phone"} <= {check.name for check in checks}
    assert len({check.name for check in checks} & {"redis", "mail", "clock"}) >= 2


def test_no_value_is_shown(tmp_path: Path) -> None:
    """Passwords in addresses are never printed, whatever a driver says."""
    addresses = {
        "HUB_DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/x",
        "HUB_REDIS_URL": "redis://:hidden@127.0.0.1:1",
        "HUB_MAIL_URL": "smtp://u:hidden@127.0.0.1:1",
    }
    checks = examine(setup(tmp_path, HUB_SECRET_KEY=SECRET, HUB_ENCRYPTION_KEYS=keys.fresh(), **addresses))
    assert {check.name for check in checks if check.state == WRONG} >= {"database", "redis", "mail"}
    assert not any("hidden" in check.text for check in checks)


@pytest.mark.parametrize("name", ["what?", "100%25", "no#1", "a b", "&c=d"])
def test_any_folder_serves(tmp_path: Path, name: str) -> None:
    """The data folder may be called anything: database and mails are inside it and nowhere else."""
    environ = setup(tmp_path / name)
    told = config.load(environ)
    upgrade(told.database_url)
    assemble(told).mailer.send(_mail())
    assert {path.name for path in (tmp_path / name).iterdir()} == {"hub.sqlite", "keys", "mail"}
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert one(environ, "database") == Check("database", OK, str(tmp_path / name / "hub.sqlite"))


def _mail() -> Any:
    from email.message import EmailMessage

    message = EmailMessage()
    message["Message-ID"] = "<a@example.com>"
    return message


@contextmanager
def site(body: str, status: int = 200) -> Iterator[str]:
    """Serve these words at any address of a port; yield the site's address."""

    @Request.application
    def app(_request: Request) -> Response:
        return Response(body, status, mimetype="application/json")

    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("body", "status", "state"),
    [('{"status": "ok"}', 200, OK), ("<h1>Welcome</h1>", 200, WRONG), ('{"status": "ok"}', 502, WRONG)],
)
def test_the_address_is_asked(tmp_path: Path, body: str, status: int, state: str) -> None:
    """It is told whether this hub answers at its public address, or something else does."""
    with site(body, status) as url:
        checks = found(setup(tmp_path, HUB_PUBLIC_URL=url), "address")
    assert [check.state for check in checks] == [WARNING, state]
    assert "this machine only" in checks[0].text


def test_an_address_that_does_not_answer_is_no_fault_yet(tmp_path: Path) -> None:
    """Before the hub runs nothing answers: that is said, and is not wrong."""
    checks = found(setup(tmp_path), "address")
    assert "does not answer from here" in checks[-1].text
    assert checks[-1].state == WARNING


def test_the_folder_and_its_keys_are_private(tmp_path: Path) -> None:
    """Folders and keys that others can read are named with the command that mends them."""
    environ = setup(tmp_path / "data")
    config.load(environ)
    assert (one(environ, "data folder").state, one(environ, "keys").state) == (OK, OK)
    (tmp_path / "data").chmod(0o755)
    (tmp_path / "data" / "keys" / "secret_key").chmod(0o644)
    assert "chmod 700" in one(environ, "data folder").text
    assert "chmod 600" in one(environ, "keys").text
    assert one(environ, "keys").state == WRONG


def test_keys_that_are_not_random(tmp_path: Path) -> None:
    """Keys that somebody typed, or that stand there twice, are found."""
    fresh = keys.fresh()
    environ = setup(tmp_path, HUB_SECRET_KEY="k" * 40, HUB_ENCRYPTION_KEYS=f"{fresh},{KEY},{fresh}")
    assert [check.state for check in found(environ, "keys")] == [WRONG, WRONG, WARNING]


@pytest.mark.usefixtures("engine")
def test_when_old_keys_may_go(app: Flask, world: World, hub: Hub) -> None:
    """Once nothing has an older key it may go; a key of fingerprints that can't be read is put back, or given up."""
    Host(app, world).connects("zoom")
    keep_fingerprint_key(hub)
    new = keys.fresh()
    both = given(hub, HUB_ENCRYPTION_KEYS=f"{new},{KEY}")
    assert "2 values have an older key" in one(both, "stored values").text
    rotated = dataclasses.replace(hub, vault=Vault(config.load(both).encryption_keys))
    assert reseal(rotated) == (2, 0)
    assert "remove them" in found(both, "stored values")[-1].text
    assert one(given(hub, HUB_ENCRYPTION_KEYS=new), "stored values").state == OK
    assert "--lost-for-good" in one(given(hub), "stored values").text


@pytest.mark.usefixtures("engine")
def test_keys_that_do_not_fit_what_is_stored(app: Flask, world: World, hub: Hub) -> None:
    """An older key asks for rotate-keys, a missing one is to be put back, and the oldest one has to be the last."""
    Host(app, world).connects("zoom")
    old, new = KEY, keys.fresh()
    assert one(given(hub), "stored values").state == OK
    assert "hub rotate-keys" in one(given(hub, HUB_ENCRYPTION_KEYS=f"{new},{old}"), "stored values").text
    assert "Put the oldest key last" in one(given(hub, HUB_ENCRYPTION_KEYS=f"{old},{new}"), "stored values").text
    lost = found(given(hub, HUB_ENCRYPTION_KEYS=new), "stored values")
    assert "put back the key that is missing" in lost[0].text
    with hub.store.write() as session:
        session.execute(update(Connection).values(tokens="", account_data={}))
    assert found(given(hub), "stored values") == []


def test_the_database_server_has_our_clock(hub: Hub, engine: str) -> None:
    """A clock that is not the database server's is a finding; where both are one machine there is nothing to compare."""
    assert one(given(hub), "clock").state == OK
    ahead = one(given(hub), "clock", clock=Clock())
    assert ahead.state == (OK if engine == "embedded" else WRONG)
    assert engine == "embedded" or "NTP" in ahead.text


@pytest.mark.usefixtures("engine")
def test_the_database_is_looked_at(hub: Hub) -> None:
    """A database that is there and up to date is fine."""
    assert one(given(hub), "database").state == OK


@pytest.mark.usefixtures("engine")
def test_a_sweeper_that_is_gone(hub: Hub, clock: Clock) -> None:
    """It is told that no sweeper was seen yet, that it is alive, and since when none was seen."""
    assert one(given(hub), "sweeper", clock=clock).state == WARNING
    life.note(hub)
    assert one(given(hub), "sweeper", clock=clock) == Check("sweeper", OK, "alive")
    clock.advance(minutes=10)
    gone = one(given(hub), "sweeper", clock=clock)
    assert (gone.state, "since Mon 30 Nov 08:00 (UTC): start hub sweep" in gone.text) == (WRONG, True)
    clock.advance(days=-1)
    assert "a clock is wrong" in one(given(hub), "sweeper", clock=clock).text


def test_a_worker_that_is_gone(hub: Hub, redis_url: str, clock: Clock) -> None:
    """Workers are known from Redis while they live; afterwards the sweeper's notes tell when the last one was seen."""
    hub = dataclasses.replace(hub, settings=dataclasses.replace(hub.settings, redis_url=redis_url))
    environ = given(hub, HUB_REDIS_URL=redis_url)
    assert "no worker has been seen yet" in one(environ, "worker", clock=clock).text
    with redis.Redis.from_url(redis_url) as connection:
        worker = Worker(["hub"], connection=connection)
        worker.register_birth()
        seen = life.workers(redis_url)[0]
        clock.now = seen.seen_at
        assert one(environ, "worker", clock=clock).text == f"1 alive: {seen.machine}"
        life.note(hub)
        worker.register_death()
        connection.flushall()
    clock.advance(minutes=3)
    gone = one(environ, "worker", clock=clock)
    assert (gone.state, "no worker has been seen since" in gone.text) == (WRONG, True)


@pytest.mark.parametrize(
    ("kind", "version", "states"),
    [
        ("redis", "4.0.14", [WRONG]),
        ("redis", "6.2.19", [WARNING]),
        ("redis", "7.0.15", [WARNING]),
        ("redis", "7.2.11", []),
        ("redis", "8.2.1", [WARNING]),
        ("redis", "8.4.0", []),
        ("valkey", "7.0.0", [WRONG]),
        ("valkey", "8.1.3", [WARNING]),
        ("valkey", "9.1.2", []),
    ],
)
def test_old_redis(kind: str, version: str, states: list[str]) -> None:
    """A Redis that RQ can't use is wrong; one with a known weakness is named."""
    assert [state for state, _ in services.outdated(kind, version)] == states


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://127.0.0.1:6379/0", False),
        ("unix:///run/redis.sock", False),
        ("redis://redis.example.com:6379/0", True),
        ("redis://:pw@redis.example.com:6379/0", False),
        ("rediss://redis.example.com", True),
    ],
)
def test_redis_open_to_everybody(url: str, told: bool) -> None:
    """A Redis over the network without a password is named."""
    assert bool(list(services.unprotected(url))) is told


def test_redis_answers(tmp_path: Path, redis_url: str) -> None:
    """What answers is named with its version; the bundled one has no known weakness."""
    check = one(setup(tmp_path, HUB_REDIS_URL=redis_url), "redis")
    assert (check.state, check.text.startswith("valkey ")) == (OK, True)


def smtp(tmp_path: Path, url: str, **more: str) -> Check:
    return one(setup(tmp_path, HUB_MAIL_URL=url, HUB_MAIL_FROM="Hub <hub@example.com>", **more), "mail")


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")  # smtplib's own
def test_the_mail_server_takes_us(tmp_path: Path) -> None:
    """The doctor signs in as the hub would: a refused password, and a server that takes none, are told apart."""
    right = (b"ada", b"pw")

    def check(_server: object, _session: object, _envelope: object, _kind: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == right, handled=False)

    server = Controller(object(), hostname="127.0.0.1", port=free_port(), authenticator=check, auth_require_tls=False)
    server.start()
    try:
        assert smtp(tmp_path, f"smtp://127.0.0.1:{server.port}").state == OK
        assert "takes our password" in smtp(tmp_path, f"smtp://ada:pw@127.0.0.1:{server.port}").text
        assert "refuses name and password" in smtp(tmp_path, f"smtp://ada:no@127.0.0.1:{server.port}").text
        assert "smtps:// is for port 465" in smtp(tmp_path, f"smtps://127.0.0.1:{server.port}").text
    finally:
        server.stop()
    assert "does not answer" in smtp(tmp_path, f"smtp://127.0.0.1:{server.port}").text


def test_what_is_no_mail_server(tmp_path: Path) -> None:
    """Something else that listens there is not taken for a mail server."""

    class Hello(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.handle_request).start()
        check = smtp(tmp_path, f"smtp://127.0.0.1:{server.server_address[1]}")
    assert (check.state, "does not answer as a mail server" in check.text) == (WRONG, True)


def test_a_sender_that_is_no_address(tmp_path: Path) -> None:
    """Mails need a sender to which one could answer."""
    assert "HUB_MAIL_FROM" in found(setup(tmp_path, HUB_MAIL_FROM="Bookings"), "mail")[0].text


def test_plugins_are_told_apart(tmp_path: Path) -> None:
    """What each provider needs is said by name, half of it is wrong, and a plugin that is left out is named with why."""
    environ = setup(tmp_path, HUB_PUBLIC_URL="https://hub.example.com")
    checks = found(environ, "provider zoom")
    assert "HUB_ZOOM_CLIENT_ID and HUB_ZOOM_CLIENT_SECRET are missing" in checks[0].text
    assert checks[1].text.endswith(" https://hub.example.com/integrations/zoom/callback")
    assert one({**environ, "HUB_ZOOM_CLIENT_ID": "x"}, "provider zoom").state == WRONG
    broken = one(environ, "plugin odd", registry=Registry([], {"odd": "it can't be imported"}))
    assert (broken.state, broken.text.startswith("left out: it can't be imported.")) == (WRONG, True)


def test_settings_are_as_they_were(tmp_path: Path) -> None:
    """Reading settings without making keys leaves them empty; loading makes them once and keeps them."""
    environ = setup(tmp_path / "data")
    before, problems = config.read(environ)
    assert (before.secret_key, before.encryption_keys, problems) == ("", (), [])
    made: Settings = config.load(environ)
    assert made.secret_key
    assert config.read(environ)[0].encryption_keys == made.encryption_keys == config.load(environ).encryption_keys
