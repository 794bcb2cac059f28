"""Frozen values by which a vendor tells the hub what happened there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.texts import aware


@dataclass(frozen=True)
class WebhookRequest:
    """What arrived: headers by lower-case name, the body's bytes as they came, and the aware time of arrival."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    arrived_at: datetime

    def __post_init__(self) -> None:
        aware(self.arrived_at, "arrived_at")


@dataclass(frozen=True)
class VendorEvent:
    """Base of all events: whose account (`Account.external_id`, empty where the vendor names none), and when (aware)."""

    account: str
    at: datetime

    def __post_init__(self) -> None:
        aware(self.at, "at")
        if not (self.account + getattr(self, "meeting", "")).isprintable():
            raise ValueError("an id holds what no id holds")


@dataclass(frozen=True)
class AccountRemoved(VendorEvent):
    """The account took its authorization back at the vendor."""


@dataclass(frozen=True)
class MeetingMoved(VendorEvent):
    """A meeting (`Meeting.external_id`) now begins at `starts_at` (aware) and lasts `minutes`; None is unchanged."""

    meeting: str
    starts_at: datetime | None = None
    minutes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.starts_at is not None:
            aware(self.starts_at, "starts_at")


@dataclass(frozen=True)
class MeetingDeleted(VendorEvent):
    """A meeting is no longer there."""

    meeting: str


@dataclass(frozen=True)
class MeetingRestored(VendorEvent):
    """A meeting that was deleted is there again."""

    meeting: str


@dataclass(frozen=True)
class WebhookReply:
    """What a webhook said, and what to answer: a JSON object, or None for nothing.

    `dedupe_id` is the vendor's own number of this delivery, the same for each repetition; it may be empty.
    """

    events: tuple[VendorEvent, ...] = ()
    body: Mapping[str, Any] | None = None
    dedupe_id: str = ""
