"""A real SMTP server that does what a test tells it to, and notes what it was handed."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cached_property
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support import servers


@dataclass(frozen=True)
class Received:
    """One mail as it came: to whom, when by the test's clock, and whether the sender was told that it arrived."""

    message: EmailMessage
    to: tuple[str, ...]
    at: datetime
    told: bool = True

    @property
    def id(self) -> str:
        """Its Message-ID."""
        return str(self.message["Message-ID"])

    @cached_property
    def text(self) -> str:
        """Its plain text."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""


class Mailbox:
    """The server. `refuses` maps addresses to answers; the next `swallows` mails are taken without an answer."""

    def __init__(self, clock: Callable[[], datetime], host: str = "127.0.0.1") -> None:
        self.got: list[Received] = []
        self.refuses: dict[str, str] = {}
        self.swallows = 0
        self.silent = 0.0  # seconds that it says nothing to a recipient's address
        self.attempts = 0
        self._clock = clock
        self.host, self.port = host, servers.free_port()
        self.url = f"smtp://{host}:{self.port}"
        self._controller: Controller | None = None

    def starts(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname=self.host, port=self.port)
        self._controller.start()

    def stops(self) -> None:
        """Listen no more."""
        if self._controller:
            self._controller.stop()
        self._controller = None

    def to(self, address: str) -> list[Received]:
        """Return what this address was sent, oldest first."""
        return [mail for mail in self.got if address in mail.to]

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        """Take a recipient, or not."""
        self.attempts += 1
        if self.silent:
            await asyncio.sleep(self.silent)
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        told = self.swallows <= 0
        message = email.message_from_bytes(cast(bytes, envelope.content), policy=email.policy.default)
        self.got.append(Received(cast(EmailMessage, message), tuple(envelope.rcpt_tos), self._clock(), told))
        if not told:
            self.swallows -= 1
            assert server.transport
            server.transport.abort()
        return "250 OK"
