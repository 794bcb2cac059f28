"""`hub accounts`: what an operator does to accounts, with nothing secret in the words of a command."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import cli
from hub.store.db import Store
from hub.store.models import Booking, EventType, Host
from tests.support import traces

Call = Callable[..., tuple[int, str, str]]
ADA = "ada@example.com"


@pytest.fixture(name="hub")
def _hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs the command on a database that has Ada's account: exit code, output, errors."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(words)
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    call("migrate")
    assert call("accounts") == (0, "There are no accounts yet.\n", "")
    assert call("accounts", "add", ADA, "--name", "Ada Lovelace", "--timezone", "Europe/London")[0] == 0
    return call


@pytest.fixture(name="store")
def _store(hub: Call, tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'hub.sqlite'}")


def one(hub: Call) -> dict[str, object]:
    """Return the only account as the list has it."""
    found = json.loads(hub("accounts", "--json")[1])["accounts"]
    assert len(found) == 1
    return dict(found[0])


def booked(store: Store) -> None:
    """Write an event type of the account with one upcoming booking."""
    start = datetime.now(UTC) + timedelta(days=3)
    with store.write() as session:
        host = session.query(Host).one()
        event_type = EventType(host_id=host.id, title="Talk", slug="talk", minutes=30, created_at=start)
        session.add(event_type)
        session.flush()
        session.add(
            Booking(
                ref="r1",
                host_id=host.id,
                event_type_id=event_type.id,
                manage_digest="m",
                view_digest="v",
                nonce="n",
                nonce_digest="d",
                title="Talk",
                starts_at=start,
                ends_at=start + timedelta(minutes=30),
                busy_from=start,
                busy_to=start + timedelta(minutes=30),
                location={"provider": "phone", "inputs": {}, "label": ""},
                invitee_name="Bob",
                invitee_email="bob@example.net",
                invitee_timezone="UTC",
                created_at=start,
                updated_at=start,
            )
        )


def test_an_account_is_made(hub: Call, store: Store) -> None:
    """An account is listed with state and role; its first password is set by a link that is printed, not kept."""
    account = one(hub)
    assert (account["email"], account["name"], account["handle"]) == (ADA, "Ada Lovelace", "ada-lovelace")
    assert (account["active"], account["operator"], account["upcoming"]) == (True, False, 0)
    code, out, _ = hub("accounts", "invite", "ADA@example.com")
    assert code == 0
    token = out.split("\n")[0].removeprefix("http://localhost:8000/account/password/")
    assert len(token) == 43
    assert traces.in_tables(store, token) == []
    assert ADA in hub("accounts")[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", ADA, "--name", "Other"], "has an account already"),
        (["add", "nonsense", "--name", "\t"], "Please fill in your name. This does not look like an email address"),
        (["add", "eve@example.com", "--name", "Eve", "--timezone", "Mars/X"], "time zone"),
        (["activate", "eve@example.com"], "There is no account with the address eve@example.com."),
        (["delete", ADA], "Missing option"),
    ],
)
def test_what_can_not_be(hub: Call, words: list[str], sentence: str) -> None:
    """What is wrong is one line and exit code 2; an account that exists stays as it is."""
    code, _, err = hub("accounts", *words)
    assert code == 2
    assert sentence in err
    assert one(hub)["name"] == "Ada Lovelace"


def test_accounts_are_switched(hub: Call) -> None:
    """Active or not, operator or not: one command each, and its opposite."""
    assert hub("accounts", "deactivate", ADA)[1] == "The account of Ada Lovelace is inactive.\n"
    assert one(hub)["active"] is False
    assert hub("accounts", "activate", ADA)[1] == "The account of Ada Lovelace is active.\n"
    assert hub("accounts", "operator", ADA)[1] == "Ada Lovelace is an operator now.\n"
    assert one(hub)["operator"] is True
    assert "operator" in hub("accounts")[1]
    assert hub("accounts", "operator", ADA, "--off")[1] == "Ada Lovelace is no operator now.\n"


def test_an_account_is_deleted_on_request(hub: Call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """If you wish to have all your data removed from SchedulingKit entirely, contact support at your account's support
    email or delete your account from Profile → Delete Account. (Support says in numbers what it does, and is asked.)"""
    booked(store)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, out, _ = hub("accounts", "delete", ADA, "--upcoming", "cancel")
    assert code == 130  # nobody was there to answer
    assert "Event types: 1. Upcoming bookings: 1, cancelled. Others: 0." in out
    assert one(hub)["email"] == ADA
    code, out, _ = hub("accounts", "delete", ADA, "--upcoming", "cancel", "--yes")
    assert code == 0
    assert out.endswith("The account is deleted.\n")
    assert json.loads(hub("accounts", "--json")[1])["accounts"] == []
    assert traces.in_tables(store, ADA) == []
    with store.read() as session:
        booking = session.query(Booking).one()
        assert (booking.status, booking.host.name, booking.host.email.startswith("departed.")) == (
            "cancelled",
            "Ada Lovelace",
            True,
        )
    assert hub("accounts", "delete", ADA, "--upcoming", "leave", "--yes")[0] == 2
