"""Rows 50 and 51: the mail server is down, asks to come back, refuses one person, or says nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.notify import transport
from hub.store.models import EventType
from tests.faults.stage import SLOT, Guest, Stage
from tests.support import servers
from tests.support.people import Host


@pytest.fixture(name="offered")
def _offered(ada: Host) -> EventType:
    return ada.offers("zoom")


def test_down_for_an_hour(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 50: with the mail server down for an hour the booking stands, and each mail comes once when it is back."""
    stage.mailbox.stops()
    bob.books(offered, SLOT, location="zoom")
    stage.worked_over(hours=1)
    assert stage.link()
    stage.mailbox.starts()
    stage.worked_over(minutes=20)
    stage.holds()


@pytest.mark.parametrize("answer", ["451 4.7.1 Greylisted, come back later", "452 4.2.2 Mailbox full"])
def test_asked_to_come_back(stage: Stage, bob: Guest, offered: EventType, answer: str) -> None:
    """Row 50: a server that wants to be asked again later gets what it wants; the other party has the mail meanwhile."""
    stage.mailbox.refuses[bob.email] = answer
    bob.books(offered, SLOT, location="zoom")
    stage.worked_over(minutes=10)
    assert [mail.to for mail in stage.received()] == [("ada@example.com",)]
    stage.mailbox.refuses.clear()
    stage.worked_over(minutes=20)
    stage.holds()


def test_no_such_person(stage: Stage, bob: Guest, offered: EventType) -> None:
    """Row 50: where there is no such address the host reads it on the timeline, and still gets mails of their own."""
    stage.mailbox.refuses[bob.email] = "550 5.1.1 No such user"
    bob.books(offered, SLOT, location="zoom")
    stage.holds()
    assert "mail_failed" in stage.timeline()
    assert [mail.to for mail in stage.received()] == [("ada@example.com",)]


def test_says_nothing(stage: Stage, bob: Guest, offered: EventType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 51: a server that stops in the middle of a mail is left after a while, and the mail sent later."""
    monkeypatch.setattr(transport, "TIMEOUT", 0.2)
    stage.mailbox.silent = 1.0
    bob.books(offered, SLOT, location="zoom")
    began = time.monotonic()
    stage.work()
    stage.clock.advance(minutes=1)
    stage.work()
    assert time.monotonic() - began < 5
    stage.mailbox.silent = 0.0
    stage.worked_over(minutes=5)
    stage.holds()


@pytest.fixture(name="dripping")
def _dripping() -> Iterator[str]:
    """The URL of a server that answers one letter at a time, for ever."""
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.socket() as listener:
        port = servers.free_port()
        listener.bind(("127.0.0.1", port))
        listener.listen()
        threading.Thread(target=serve, daemon=True).start()
        yield f"smtp://127.0.0.1:{port}"
        stop.set()


def test_drips(dripping: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Row 51: a server that keeps a worker busy with one letter after the other is left as well."""
    monkeypatch.setattr(transport, "LONGEST", 0.5)
    message = transport.EmailMessage()
    message["From"] = message["To"] = "somebody@example.com"
    began = time.monotonic()
    with pytest.raises(OSError):
        transport.mailer(dripping).send(message)
    assert time.monotonic() - began < 5
