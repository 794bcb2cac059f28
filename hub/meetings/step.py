"""One decided step of sync, with all that its hook call needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.meetings.decide import Action
from hub.provider import Provider
from hub.values import Api, Meeting, MeetingRequest


@dataclass(frozen=True)
class Step:
    """Made inside a transaction, used outside it.

    `lease` and `connected_at` tell, when the result is written, whether the world has moved on meanwhile; `account`
    is the fingerprint of the connected account, empty where the provider needs no connection.
    """

    action: Action
    wanted: bool
    row_id: int
    version: int
    lease: str
    provider: Provider
    api: Api | None
    scopes: tuple[str, ...]
    request: MeetingRequest
    meeting: Meeting | None
    attempted_at: datetime | None
    connection_id: int
    connected_at: datetime | None
    account: str
