"""The `hub` command: one sentence for every failure, and an exit code that scripts can rely on."""

from __future__ import annotations

import json
import os
import resource
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import cli, config, local
from hub.store.db import Store
from hub.store.models import Host, OutboxRow
from plugins.zoom import location_provider

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs the command with a data folder of its own: exit code, output, errors."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(words)
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return call


def write(tmp_path: Path, *rows: object) -> None:
    store = Store(f"sqlite:///{tmp_path / 'data' / 'hub.sqlite'}")
    with store.write() as session:
        session.add_all(rows)
    store.dispose()


def host() -> Host:
    return Host(
        email="ada@example.com",
        name="Ada",
        handle="ada",
        password_hash="",
        timezone="UTC",
        hours={},
        overrides={},
        providers_off=[],
        created_at=datetime.now(UTC),
    )


def row(key: str, **values: object) -> OutboxRow:
    now = datetime.now(UTC)
    usual = {"topic": "mail", "key": key, "ids": {}, "created_at": now, "due_at": now, "error": "", "attempts": 1}
    return OutboxRow(**{**usual, **values})


def test_help_comes_fast() -> None:
    """The list of commands takes less than a quarter of a second of work, since nothing heavy is imported for it."""
    best = 9.0
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*local.command(), "--help"], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    for word in ("demo", "up", "web", "worker", "sweep", "migrate", "doctor", "providers", "outbox", "reconcile"):
        assert f"\n  {word} " in done.stdout
    assert "demo-services" not in done.stdout
    assert best < 0.25
    heavy = (
        "import hub.cli, sys; print(*{'flask', 'sqlalchemy', 'redis', 'rq', 'httpx2', 'gunicorn'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nonsense", "No such command 'nonsense'"),
        ("demo --port 70000", "70000 is not in the range"),
        ("demo --port x", "'x' is not a valid integer"),
        ("worker -n 0", "0 is not in the range"),
        ("web --workers 0", "0 is not in the range"),
        ("doctor --jsn", "No such option"),
        ("outbox retry", "Name the rows to retry, or use --all"),
        ("outbox done --reason x", "Missing argument"),
        ("outbox done 1", "Missing option '--reason'"),
        ("outbox retry 1 --all", "Name the rows to retry, or use --all"),
        ("providers enable phone", "Missing option '--account'"),
    ],
)
def test_what_is_not_understood_is_one_line_and_exit_code_2(hub: Call, words: str, said: str) -> None:
    """A wrong word or value is named in one line, with where to look; scripts see exit code 2."""
    code, out, err = hub(*words.split())
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_settings_that_can_not_be_used_are_all_named(hub: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem of the environment is named at once, one a line, none of its values shown."""
    monkeypatch.setenv("HUB_DATABASE_URL", "mysql://u:hidden@x")
    monkeypatch.setenv("HUB_PUBLIC_URL", "ftp://x")
    code, out, err = hub("migrate")
    assert (code, out) == (1, "")
    assert "HUB_DATABASE_URL" in err
    assert "HUB_PUBLIC_URL" in err
    assert "hidden" not in err
    assert all(line.startswith("hub: ") for line in err.splitlines())


def test_half_a_provider_stops_up_before_anything_is_made(
    hub: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`hub up` names what is missing before it starts or migrates anything."""
    monkeypatch.setenv("HUB_ZOOM_CLIENT_ID", "x")
    assert hub("up") == (1, "", "hub: HUB_ZOOM_CLIENT_SECRET is missing: Zoom is only half set up.\n")
    assert not (tmp_path / "data" / "hub.sqlite").exists()
    assert not (tmp_path / "data" / "redis").exists()


@pytest.mark.parametrize("command", ["web", "worker", "sweep", "outbox", "reconcile"])
def test_a_database_that_is_not_migrated_is_told(hub: Call, command: str) -> None:
    """What needs the database says which command brings it up to date."""
    assert hub(command) == (1, "", "hub: The database is not up to date: run hub migrate first.\n")


def test_no_password_is_ever_printed(hub: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer is one line without the password that its address holds."""
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/x")
    monkeypatch.setenv("HUB_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("HUB_SECRET_KEY", "0123456789" * 4)
    monkeypatch.setenv("HUB_ENCRYPTION_KEYS", "A" * 43 + "=")
    code, _, err = hub("migrate")
    assert code == 1
    assert err.count("\n") == 1
    assert "hidden" not in err
    assert "Traceback" in hub("--traceback", "migrate")[2]
    code, out, _ = hub("doctor")
    assert code == 1
    assert "✗ database" in out
    assert "hidden" not in out


def test_a_worker_without_redis_says_so(hub: Call) -> None:
    """A worker that can't reach Redis leaves with a sentence, so that its supervisor tries again."""
    hub("migrate")
    code, _, err = hub("worker")
    assert (code, err) == (1, "hub: Redis does not answer: check HUB_REDIS_URL, or start everything with hub up.\n")


def test_doctor_tells_what_to_do(hub: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is checked; for providers the exact redirect URL is printed; programs read the same as JSON."""
    hub("migrate")
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.com")
    code, out, _ = hub("doctor", "--json")
    told = json.loads(out)
    checks = {check["name"]: check for check in told["checks"]}
    assert (code, told["ok"]) == (0, True)
    assert {"python", "address", "data folder", "keys", "database", "clock", "redis", "mail", "sweeper"} <= set(checks)
    assert any("https://hub.example.com/integrations/" in check["text"] for check in told["checks"])
    assert "sent to nobody" in hub("doctor")[1]


def test_providers_are_listed_and_switched(hub: Call, tmp_path: Path) -> None:
    """The list names every provider; one can be disabled and enabled for one account; wrong names are told."""
    hub("migrate")
    write(tmp_path, host())
    code, out, _ = hub("providers", "--json")
    keys = [provider["key"] for provider in json.loads(out)["providers"]]
    assert code == 0
    assert keys
    assert hub("providers", "disable", keys[0], "--account", "ADA@example.com") == (
        0,
        f"{keys[0]} is disabled for Ada.\n",
        "",
    )
    assert hub("providers", "enable", keys[0], "--account", "ada@example.com")[0] == 0
    assert hub("providers", "enable", "absent", "--account", "ada@example.com")[0] == 2
    assert hub("providers", "enable", keys[0], "--account", "eve@example.com")[0] == 2
    assert keys[0] in hub("providers")[1]


def test_what_is_stuck_is_listed_and_retried(hub: Call, tmp_path: Path) -> None:
    """The outbox lists what failed, was given up or is overdue, not what is on its way; retrying makes it due now."""
    hub("migrate")
    assert hub("outbox") == (0, "Nothing is stuck.\n", "")
    now = datetime.now(UTC)
    write(
        tmp_path,
        row("failed", error="Boom", due_at=now + timedelta(hours=1)),
        row("parked", error="Boom", parked_at=now),
        row("overdue", due_at=now - timedelta(minutes=5)),
        row("later", due_at=now + timedelta(hours=1)),
        row("done", done_at=now, error="Boom"),
    )
    stuck = json.loads(hub("outbox", "--json")[1])["stuck"]
    assert [one["key"] for one in stuck] == ["failed", "parked", "overdue"]
    assert "given up" in hub("outbox")[1]
    assert hub("outbox", "retry", "--all")[1] == "2 rows are tried again now.\n"
    assert hub("outbox", "retry", str(stuck[2]["id"]))[1] == "1 row is tried again now.\n"
    again = json.loads(hub("outbox", "--json")[1])["stuck"]
    assert not any(one["parked"] for one in again)


def test_what_is_stuck_is_marked_as_done(hub: Call, tmp_path: Path) -> None:
    """A row can be closed for a reason, which is kept with it; without one it stays."""
    hub("migrate")
    write(tmp_path, row("parked", error="Boom", parked_at=datetime.now(UTC)))
    assert hub("outbox", "done", "1", "--reason", " ")[0] == 2
    assert hub("outbox", "done", "1", "2", "--reason", "made it\nby hand") == (0, "1 row is marked as done.\n", "")
    assert hub("outbox")[1] == "Nothing is stuck.\n"
    store = Store(f"sqlite:///{tmp_path / 'data' / 'hub.sqlite'}")
    with store.read() as session:
        closed = session.get_one(OutboxRow, 1)
    store.dispose()
    assert closed.done_at
    assert (closed.error, closed.parked_at) == ("made it by hand", None)


def test_keys_are_rotated(hub: Call, tmp_path: Path) -> None:
    """A new key is put in front, and what an older key sealed is sealed anew and still readable."""
    from hub.app import assemble
    from hub.store.models import OAuthFlow

    hub("migrate")
    write(tmp_path, host())
    before = config.load(os.environ)
    old = assemble(before)
    flow = OAuthFlow(
        state_digest="d",
        browser_digest="b",
        host_id=1,
        provider="p",
        verifier=old.vault.seal("secret", "oauth_flow:d"),
        return_to="/",
        created_at=datetime.now(UTC),
    )
    with old.store.write() as session:
        session.add(flow)
    old.store.dispose()
    assert hub("rotate-keys")[1].startswith("1 value is encrypted with the newest key now.")
    after = config.load(os.environ)
    assert after.encryption_keys[1:] == before.encryption_keys
    assert stat.S_IMODE((after.data_dir / "keys" / "encryption_keys").stat().st_mode) == 0o600
    new = assemble(after)
    with new.store.read() as session:
        sealed = session.get_one(OAuthFlow, "d").verifier
    new.store.dispose()
    assert new.vault.current(sealed)
    assert new.vault.open(sealed, "oauth_flow:d") == "secret"
    with local.held(after.data_dir):
        assert "A hub is running already" in hub("rotate-keys")[2]


def test_a_taken_port_is_named(hub: Call, tmp_path: Path) -> None:
    """A port that was asked for and is taken ends the demo with a sentence; one that was not is replaced by the next."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = hub("demo", "--port", str(port), "--data", str(tmp_path / "demo"))
        assert (code, err) == (1, f"hub: Port {port} is taken by another program. Choose another one with --port.\n")
        other, sentence = local.free_port("127.0.0.1", port, given=False)
    assert other > port
    assert f"Port {port} is taken" in sentence


def test_an_address_of_another_machine_is_refused(hub: Call, tmp_path: Path) -> None:
    """Listening on an address that this machine does not have is refused in words."""
    for address in ("192.0.2.1", "no such host"):
        code, _, err = hub("demo", "--host", address, "--data", str(tmp_path / "demo"))
        assert (code, err) == (1, f"hub: {address} is not an address of this machine.\n")


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    """`hub … | head -0` ends quietly."""
    command = f'"{sys.executable}" -P -m hub.cli --help | true'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_webhook_secret_alone_is_half_a_setting(hub: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the app that they are about, webhooks say nothing; the start stops and names what is missing."""
    monkeypatch.setenv("HUB_ZOOM_WEBHOOK_SECRET", "a-secret")
    code, out, err = hub("up")
    assert (code, out) == (1, "")
    assert "HUB_ZOOM_CLIENT_ID is missing: Zoom is only half set up." in err
    assert "a-secret" not in err


def test_a_manifest_is_printed_with_this_hubs_addresses(hub: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Marketplace app is set up by one paste: with the page's four permissions, or with the optional ones besides."""
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.com")
    code, out, err = hub("providers", "manifest", "zoom")
    oauth = json.loads(out)["oauth_information"]
    assert (code, err) == (0, "")
    assert oauth["development_redirect_uri"] == "https://hub.example.com/integrations/zoom/callback"
    assert oauth["oauth_allow_list"] == [oauth["production_redirect_uri"]] == [oauth["development_redirect_uri"]]
    facts = location_provider().oauth
    assert facts is not None
    asked = [scope["scope"] for scope in oauth["scopes"]]
    assert asked == [scope.name for scope in facts.scopes]
    assert "event_subscription" not in json.loads(out)["features"]
    more = json.loads(hub("providers", "manifest", "zoom", "--optional")[1])
    asked = [scope["scope"] for scope in more["oauth_information"]["scopes"]]
    assert asked == [scope.name for scope in (*facts.scopes, *facts.optional_scopes)]
    (subscription,) = more["features"]["event_subscription"]["events"]
    assert subscription["production_webhook_url"] == "https://hub.example.com/webhooks/zoom"
    for key in ("phone", "nobody"):
        code, out, err = hub("providers", "manifest", key)
        assert (code, out) == (2, "")
        assert f"There is no provider {key} that has a manifest." in err


@pytest.mark.parametrize(
    ("secret", "url", "mark", "words"),
    [
        ("", "https://hub.example.com", "!", "HUB_ZOOM_WEBHOOK_SECRET is not set"),
        ("a-secret", "http://localhost:8000", "!", "can't reach this machine"),
        ("a-secret", "https://hub.example.com", "✓", "to register at Zoom"),
    ],
)
def test_doctor_looks_at_webhooks(
    hub: Call, monkeypatch: pytest.MonkeyPatch, secret: str, url: str, mark: str, words: str
) -> None:
    """For a provider that is told of things, the doctor says whether the secret is set and which address to register."""
    hub("migrate")
    for name, value in (("CLIENT_ID", "id"), ("CLIENT_SECRET", "x"), ("WEBHOOK_SECRET", secret)):
        monkeypatch.setenv(f"HUB_ZOOM_{name}", value)
    monkeypatch.setenv("HUB_PUBLIC_URL", url)
    line = next(line for line in hub("doctor")[1].splitlines() if "/webhooks/zoom" in line)
    assert line.startswith(mark)
    assert words in line
    assert "a-secret" not in line
