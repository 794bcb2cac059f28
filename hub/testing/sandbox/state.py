"""A sandbox's memory: people, grants and meetings behind one lock, and an optional JSON file that is replaced atomically."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .switches import Switches

JSON = dict[str, Any]
Clock = Callable[[], datetime]
LONGEST_LOG = 2000


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass
class User:
    """A person with a simulated account; `facts` are the sandbox's own."""

    id: str
    email: str
    name: str
    active: bool = True
    facts: JSON = field(default_factory=dict)


@dataclass
class Meeting:
    """What a user made; `values` are the sandbox's own. Times are ISO, in UTC; `deleted_at` is empty while it exists."""

    id: str
    user_id: str
    created_at: str
    values: JSON = field(default_factory=dict)
    deleted_at: str = ""


@dataclass
class Code:
    """An authorization code, kept under its digest; it serves once, for a refresh token only where `lasting`. Times are seconds since the epoch."""

    user_id: str
    redirect_uri: str
    challenge: str
    method: str
    scopes: list[str]
    expires_at: float
    lasting: bool = True
    used: bool = False


@dataclass
class Token:
    """An access or refresh token, kept under its digest. Times are seconds since the epoch."""

    kind: str
    grant: str
    user_id: str
    scopes: list[str]
    expires_at: float
    dead: bool = False
    rotated_at: float | None = None


@dataclass
class Data:
    """All that a state file holds."""

    users: dict[str, User] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    meetings: dict[str, Meeting] = field(default_factory=dict)
    offset_s: float = 0.0


class State:
    """Everything the pages and the API work on. Read and write it only while holding `lock` or inside `change()`."""

    def __init__(self, people: Sequence[User], switches: Switches, *, clock: Clock, file: str | None) -> None:
        self.switches = switches
        self.lock = threading.RLock()
        self.requests: deque[JSON] = deque(maxlen=LONGEST_LOG)
        self.data = Data()
        self._people = people
        self._clock = clock
        self._file = Path(file) if file else None
        if not self._load():
            self.seed()

    def now(self) -> datetime:
        """Return the sandbox's time, aware, in UTC."""
        return self._clock().astimezone(UTC) + timedelta(seconds=self.data.offset_s)

    def ts(self) -> float:
        """Return the sandbox's time in seconds since the epoch."""
        return self.now().timestamp()

    def stamp(self) -> str:
        """Return the sandbox's time as ISO text in UTC, with microseconds: lists are sorted by it."""
        return self.now().isoformat(timespec="microseconds")

    @contextmanager
    def change(self) -> Iterator[Data]:
        """Hold the lock, hand out the data, and write the state file if nothing was raised."""
        with self.lock:
            yield self.data
            self._save()

    def seed(self) -> None:
        """Forget all and start with the people that the sandbox is born with."""
        with self.change():
            self.data = Data(users={user.id: User(**asdict(user)) for user in self._people})
            self.requests.clear()

    def find_user(self, key: str) -> User | None:
        """Return the user with this id or email address."""
        by_id = self.data.users.get(key)
        return by_id or next((user for user in self.data.users.values() if user.email == key.lower()), None)

    def dump(self) -> JSON:
        """Return the whole state without any secret: of tokens, only what they are for."""
        with self.lock:
            return {
                "now": self.stamp(),
                "users": [asdict(user) for user in self.data.users.values()],
                "meetings": [asdict(meeting) for meeting in self.data.meetings.values()],
                "tokens": [asdict(token) for token in self.data.tokens.values()],
                "switches": asdict(self.switches),
            }

    def _save(self) -> None:
        if not self._file:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=self._file.name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"data": asdict(self.data), "switches": asdict(self.switches)}, file)
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
            meetings={key: Meeting(**value) for key, value in raw["meetings"].items()},
            offset_s=raw["offset_s"],
        )
        self.switches.set(content["switches"])
        return True
