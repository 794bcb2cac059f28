"""The sandbox's memory: one object, one lock, and an optional JSON file that is replaced atomically."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .clock import Clock, shifted, stamp, utc_now
from .model import BASIC, JSON, PRO, App, Code, Meeting, Token, User
from .switches import Switches


@dataclass
class Data:
    """All that a state file holds."""

    users: dict[str, User] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    meetings: dict[int, Meeting] = field(default_factory=dict)
    daily: dict[str, list[Any]] = field(default_factory=dict)
    offset_s: float = 0.0
    cookie_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))


class Sandbox:
    """Everything the pages and the API work on. Read and write it only while holding `lock` or inside `change()`."""

    def __init__(self, public_url: str, app: App, *, clock: Clock = utc_now, state_file: str | None = None) -> None:
        self.public_url = public_url.rstrip("/")
        self.app = app
        self.switches = Switches()
        self.lock = threading.RLock()
        self.requests: deque[JSON] = deque(maxlen=2000)
        self.announce: Callable[[str, JSON, str], None] = lambda *_: None
        """Is handed event, payload and URL of each webhook; the sender puts itself here."""
        self._clock = clock
        self._file = Path(state_file) if state_file else None
        self.data = Data()
        if not self._load():
            self.seed()
            self.save()

    def now(self) -> datetime:
        """Return the sandbox's time, aware, in UTC."""
        return shifted(self._clock, self.data.offset_s)

    def ts(self) -> float:
        """Return the sandbox's time in seconds since the epoch."""
        return self.now().timestamp()

    @contextmanager
    def change(self) -> Iterator[Data]:
        """Hold the lock, hand out the data, and write the state file if nothing was raised."""
        with self.lock:
            yield self.data
            self.save()

    def seed(self) -> None:
        """Forget all and start with Ada (Pro) and Grace (Basic), each in an account of her own."""
        with self.lock:
            self.data = Data(cookie_key=self.data.cookie_key)
            self.requests.clear()
            self.add_user("ada@example.com", "Ada", "Lovelace", plan=PRO)
            self.add_user("grace@example.com", "Grace", "Hopper", plan=BASIC)

    def add_user(self, email: str, first_name: str, last_name: str, *, plan: int = BASIC) -> User:
        """Add a person with an account of their own. Raises ValueError if the address is taken or is none."""
        email = email.strip().lower()
        if "@" not in email or any(char.isspace() for char in email):
            raise ValueError("not an email address")
        if self.find_user(email):
            raise ValueError("this address has a simulated account already")
        user = User(
            id=secrets.token_urlsafe(16),
            account_id=secrets.token_urlsafe(16),
            email=email,
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            type=plan,
            pmi=4_000_000_000 + secrets.randbelow(999_999_999),
            created_at=stamp(self.now()),
        )
        self.data.users[user.id] = user
        return user

    def find_user(self, key: str) -> User | None:
        """Return the user with this id or email address."""
        with self.lock:
            by_id = self.data.users.get(key)
            return by_id or next((user for user in self.data.users.values() if user.email == key.lower()), None)

    def dump(self) -> JSON:
        """Return the whole state without any secret: tokens are only counted and named by digest."""
        with self.lock:
            app = asdict(self.app)
            del app["client_secret"], app["webhook_secret"]
            return {
                "now": stamp(self.now()),
                "public_url": self.public_url,
                "app": app,
                "users": [asdict(user) | {"plan": user.plan} for user in self.data.users.values()],
                "meetings": [asdict(meeting) for meeting in self.data.meetings.values()],
                "tokens": [asdict(token) for token in self.data.tokens.values()],
                "daily": self.data.daily,
                "switches": asdict(self.switches),
            }

    def save(self) -> None:
        """Write the state file, if there is one: first beside it, then in its place, readable by its owner only."""
        if not self._file:
            return
        content = {"data": asdict(self.data), "switches": asdict(self.switches), "app": _kept(self.app)}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, self._file)

    def _load(self) -> bool:
        if not self._file or not self._file.exists():
            return False
        content = json.loads(self._file.read_text(encoding="utf-8"))
        raw = content["data"]
        self.data = Data(
            users={key: User(**value) for key, value in raw["users"].items()},
            codes={key: Code(**value) for key, value in raw["codes"].items()},
            tokens={key: Token(**value) for key, value in raw["tokens"].items()},
            meetings={int(key): Meeting(**value) for key, value in raw["meetings"].items()},
            daily=raw["daily"],
            offset_s=raw["offset_s"],
            cookie_key=raw["cookie_key"],
        )
        self.switches.set(content["switches"])
        for name, value in content["app"].items():
            setattr(self.app, name, value)
        return True


def _kept(app: App) -> JSON:
    # What the constructor is given anew at each start (client, webhook, redirects) is not kept: the caller's word wins.
    return {"disabled": app.disabled, "removed": app.removed}
