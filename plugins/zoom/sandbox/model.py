"""The records the sandbox keeps: users, the app, codes, tokens and meetings; plain data that survives JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]

BASIC, PRO = 1, 2
"""Zoom's plan numbers, as `type` of a user."""

DIAL_IN_COUNTRIES = ("US", "AT", "DE", "GB")


@dataclass
class User:
    """A person with a simulated Zoom account; every seeded person owns an account of their own."""

    id: str
    account_id: str
    email: str
    first_name: str
    last_name: str
    type: int
    pmi: int
    created_at: str
    timezone: str = "UTC"
    active: bool = True
    can_host: bool = True
    dial_in: bool = True
    dial_in_countries: list[str] = field(default_factory=lambda: list(DIAL_IN_COUNTRIES))

    @property
    def name(self) -> str:
        """Return the name that people see."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def plan(self) -> str:
        """Return the plan in one word."""
        return "Basic" if self.type == BASIC else "Pro"


@dataclass
class App:
    """The Marketplace app under test: what its developer would have typed at Zoom."""

    client_id: str
    client_secret: str = field(repr=False)
    name: str = "Scheduling Hub"
    redirect_uris: list[str] = field(default_factory=list)
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    deauthorization_url: str = ""
    published: bool = True
    disabled: bool = False
    removed: bool = False


@dataclass
class Code:
    """An authorization code, kept as a digest; it serves once."""

    digest: str
    client_id: str
    redirect_uri: str
    user_id: str
    challenge: str
    method: str
    expires_at: float
    used: bool = False


@dataclass
class Token:
    """An access or refresh token, kept as a digest. Times are seconds since the epoch."""

    digest: str
    kind: str
    grant: str
    user_id: str
    client_id: str
    scopes: list[str]
    expires_at: float
    dead: bool = False
    rotated_at: float | None = None


@dataclass
class Meeting:
    """A meeting. `start_time` and `created_at` are UTC as Zoom writes them; `created`, `deleted_at` epoch seconds."""

    id: int
    uuid: str
    host_id: str
    topic: str
    type: int
    duration: int
    timezone: str
    created_at: str
    created: float
    start_time: str | None = None
    agenda: str = ""
    password: str = ""
    pstn_password: str = ""
    encrypted_password: str = ""
    pre_schedule: bool = False
    creation_source: str = "open_api"
    settings: JSON = field(default_factory=dict)
    status: str = "waiting"
    deleted_at: float | None = None
    purged: bool = False
