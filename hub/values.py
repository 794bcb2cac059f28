"""Frozen values that cross the border between the core and the plugins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

from hub.facts import Reply
from hub.texts import Unusable, aware, is_line, web_link

SHORTEST_NUMBER = 4  # digits of a telephone number
MOST_DIAL_IN = 200
LONGEST_DATA = 20_000  # of one text in Meeting.data
MOST_DATA = 50


class Readiness(StrEnum):
    """Whether a provider can make a meeting for a host now."""

    NOT_INSTALLED = "not_installed"
    NOT_CONFIGURED = "not_configured"
    NOT_ENABLED = "not_enabled"
    NOT_CONNECTED = "not_connected"
    BROKEN = "broken"
    PAUSED = "paused"
    READY = "ready"


@dataclass(frozen=True)
class Account:
    """Who a connection belongs to at the vendor: stable id, the label hosts know it by (an email), more in `notes`.

    `max_minutes` is how long the account lets a meeting last, None for no limit; `warning` says so to the host. `pool`
    is the stable id of what the vendor counts calls per second for, such as a company; empty where it is this account.
    """

    external_id: str
    label: str
    notes: Mapping[str, str] = field(default_factory=dict)
    max_minutes: int | None = None
    warning: str = ""
    pool: str = ""


@dataclass(frozen=True)
class Person:
    """A host or an invitee as providers see them."""

    name: str
    email: str


@dataclass(frozen=True)
class Location:
    """A location of an event type: the provider's key, the host's inputs by field name, and the host's own label."""

    provider: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True)
class MeetingRequest:
    """What a meeting should be. `starts_at` is aware, `minutes` whole minutes, `timezone` the host's IANA zone.

    `ref` is the marker of this meeting: 128 bits in hex that nobody can guess, the same for every attempt to make it.
    """

    ref: str
    title: str
    starts_at: datetime
    minutes: int
    timezone: str
    host: Person
    invitee: Person
    location: Location
    answers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aware(self.starts_at, "starts_at")

    @property
    def ends_at(self) -> datetime:
        """When it ends, in the zone of `starts_at`."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class DialIn:
    """One number to call: `country` is ISO 3166 alpha-2, `tap` a tel: link that enters the meeting by itself."""

    number: str
    country: str = ""
    label: str = ""
    tap: str = ""

    def __post_init__(self) -> None:
        if not all(is_line(text) for text in (self.number, self.country, self.label, self.tap)) or not self.number:
            raise Unusable("a dial-in number is missing, too long, or more than one line")
        if self.tap and not self.tap.startswith("tel:"):
            raise Unusable("tap is not a tel: link")

    @classmethod
    def of(cls, shown: str, *, code: str = "", then: str = "", country: str = "", label: str = "") -> DialIn | None:
        """Return the number that a vendor shows, None where it shows none.

        Its `tap` types the meeting's `code` and #, and after it `then`: digits, `*`, `#`, and commas for pauses of about
        two seconds. With a code of anything but digits and blanks it only dials.
        """
        digits = re.sub(r"[^+0-9]", "", shown)
        if len(digits) < SHORTEST_NUMBER:
            return None
        typed = f",,{''.join(code.split())}#{then}"
        tail = typed if re.fullmatch(r",,\d+#[\d,*#]*", typed, re.ASCII) else ""
        return cls(number=shown, country=country, label=label, tap=f"tel:{digits}{tail}")

    @staticmethod
    def distinct(numbers: Iterable[DialIn | None]) -> tuple[DialIn, ...]:
        """Return those that are numbers, each once, as many as a meeting may have."""
        found: dict[str, DialIn] = {}
        for number in numbers:
            if number:
                found.setdefault(number.tap or number.number, number)
        return tuple(found.values())[:MOST_DIAL_IN]


@dataclass(frozen=True)
class Meeting:
    """What the provider made for a booking: all that mails, pages and calendar entries may show.

    `where` is one line of plain text. `dial_in_id` and `dial_in_passcode` are what a caller types. `data` is the
    provider's own and is shown nowhere.
    """

    where: str
    external_id: str = ""
    join_url: str = ""
    dial_in: tuple[DialIn, ...] = ()
    passcode: str = ""
    dial_in_id: str = ""
    dial_in_passcode: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.where, str) or not self.where.strip():
            raise Unusable("where is empty")
        texts = (self.where, self.external_id, self.join_url, self.passcode, self.dial_in_id, self.dial_in_passcode)
        if not all(is_line(text) for text in texts):
            raise Unusable("a text is missing, too long, or more than one line")
        if len(self.dial_in) > MOST_DIAL_IN:
            raise Unusable("too many dial-in numbers")
        if not all(isinstance(number, DialIn) for number in self.dial_in):
            raise Unusable("a dial-in number is no DialIn")
        _check_data(self.data)
        if self.join_url and not web_link(self.join_url):
            raise Unusable("join_url is not an https link")

    @property
    def path_id(self) -> str:
        """`external_id` as one segment of a URL's path, whatever the vendor put into it."""
        return quote(self.external_id, safe="")

    def to_json(self) -> dict[str, Any]:
        """Return a dict of JSON values from which `from_json` makes an equal meeting."""
        return {
            "where": self.where,
            "external_id": self.external_id,
            "join_url": self.join_url,
            "dial_in": [[d.number, d.country, d.label, d.tap] for d in self.dial_in],
            "passcode": self.passcode,
            "dial_in_id": self.dial_in_id,
            "dial_in_passcode": self.dial_in_passcode,
            "data": dict(self.data),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Meeting:
        """Return the meeting that `to_json` wrote."""
        known = {**value, "dial_in": tuple(DialIn(*row) for row in value.get("dial_in", ()))}
        return cls(**known)


@dataclass(frozen=True)
class Listed:
    """One meeting as its vendor lists it, whoever made it.

    `ref` is the marker it carries, empty where it carries none. `starts_at` is aware, `minutes` whole; None where the
    vendor does not tell, or tells nothing that can be compared. `data` is what `Meeting.data` would hold if the hub had
    sent just what the vendor has.
    """

    external_id: str
    ref: str = ""
    starts_at: datetime | None = None
    minutes: int | None = None
    title: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not all(is_line(text) for text in (self.external_id, self.ref, self.title)) or not self.external_id:
            raise Unusable("a text is missing, too long, or more than one line")
        if self.starts_at is not None:
            aware(self.starts_at, "starts_at")
        _check_data(self.data)


@dataclass(frozen=True)
class Card:
    """A provider's box in settings, as the core made it; a plugin may return a changed copy (`notes` above all)."""

    key: str
    label: str
    blurb: str
    readiness: Readiness
    text: str = ""
    notes: tuple[str, ...] = ()


class Api(Protocol):
    """Authenticated HTTP to the provider's REST base for one connection.

    Paths begin with a slash. A 2xx answer that is empty or JSON is returned; everything else is raised as a
    `ProviderError`, a 2xx answer that can't be read as `Temporary(outcome_known=False)`.
    """

    def get(self, path: str, *, params: Mapping[str, str] | None = None) -> Reply:
        """Read; repeated freely."""

    def post(self, path: str, *, json: Mapping[str, Any]) -> Reply:
        """Make; a lost answer raises `Temporary(outcome_known=False)`."""

    def patch(self, path: str, *, json: Mapping[str, Any]) -> Reply:
        """Change; repeated freely."""

    def delete(self, path: str, *, params: Mapping[str, str] | None = None) -> Reply:
        """Remove; repeated freely."""


def _check_data(data: Mapping[str, str]) -> None:
    kept = [text for pair in data.items() for text in pair]
    if len(kept) > 2 * MOST_DATA or any(not isinstance(text, str) or len(text) > LONGEST_DATA for text in kept):
        raise Unusable("data holds something else than a few short texts")
