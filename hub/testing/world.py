"""What a flow test stands on: a clock that tests move, a Redis that takes nothing, the worker's part, and the mailbox."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from hub.app import handlers
from hub.container import Hub
from hub.outbox import sweep

# A Monday morning in winter; nothing of the hub's may look at the machine's own clock.
START = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved; aware UTC."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**amount)

    def sleep(self, seconds: float) -> None:
        """Wait by the clock: it moves on."""
        self.advance(seconds=seconds)


class DeafQueue:
    """A Redis that takes nothing, as when it is down; notes what it was asked."""

    def __init__(self) -> None:
        self.poked: list[int] = []

    def poke(self, outbox_id: int) -> bool:
        self.poked.append(outbox_id)
        return False

    def waiting(self) -> int:
        return 0


class Worker:
    """Does in the test's own process what the hub's workers do."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def works(self) -> int:
        """Do all that is due, meetings and mails; returns how many orders were carried out."""
        return sweep.drain(self._hub, handlers(self._hub))


class Mailbox:
    """The mails that were sent, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mails(self, to: str = "") -> list[EmailMessage]:
        """Return the mails sent so far, oldest first, to everyone or one address."""
        files = sorted(self._folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        found = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [mail for mail in found if isinstance(mail, EmailMessage) and to in str(mail["To"])]

    def text(self, to: str) -> str:
        """Return subject and plain text of the newest mail to this address. Raises AssertionError where there is none."""
        found = self.mails(to)
        assert found, f"no mail went to {to}"
        body = found[-1].get_body(("plain",))
        assert body
        return f"{found[-1]['Subject']}\n{body.get_content()}"
