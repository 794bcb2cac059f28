"""The container that carries what services need; assembled once per process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

import httpx2

from hub.config import Settings
from hub.providers import Registry
from hub.store.db import Store
from hub.store.vault import Vault


class Queue(Protocol):
    """Carries wake-ups to the workers; losing one loses nothing."""

    def poke(self, outbox_id: int) -> bool:
        """Wake a worker for this outbox row. Returns whether the wake-up was handed over; never raises."""

    def waiting(self) -> int:
        """Return how many wake-ups no worker has taken yet, 0 where that can't be told; never raises."""


class Mailer(Protocol):
    """Hands mails to the outside."""

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail. Raises MailRefused (for good) or OSError/SMTPException (later)."""


@dataclass(frozen=True)
class Hub:
    """Everything a service may need; `clock()` returns the present as an aware UTC datetime, `sleep()` waits for seconds."""

    settings: Settings
    store: Store
    vault: Vault
    registry: Registry
    queue: Queue
    http: httpx2.Client
    mailer: Mailer
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
