"""What an invitee asks for, and the booking that it becomes."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.scheduling.offers import Option
from hub.store import sealed
from hub.store.models import Booking, EventType
from hub.store.vault import digest
from hub.texts import aware

if TYPE_CHECKING:
    from hub.container import Hub


@dataclass(frozen=True)
class Wish:
    """What an invitee asks for, cleaned; `nonce` is the same for every copy of one form."""

    starts_at: datetime
    location_id: int
    answers: Mapping[str, str]
    name: str
    email: str
    notes: str
    timezone: str
    nonce: str

    def __post_init__(self) -> None:
        aware(self.starts_at, "starts_at")

    def digest(self) -> str:
        """Return what tells this wish from another one with the same nonce."""
        parts = [self.starts_at.isoformat(), self.location_id, dict(self.answers), self.name, self.email, self.notes]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def new_booking(hub: Hub, event_type: EventType, wish: Wish, option: Option, *, token: str, view: str) -> Booking:
    """Return the booking, not stored yet; the tokens of its two links are kept sealed, and found by their digests."""
    ref, now = secrets.token_hex(8), hub.clock()
    ends_at = wish.starts_at + timedelta(minutes=event_type.minutes)
    return Booking(
        ref=ref,
        host_id=event_type.host_id,
        host=event_type.host,
        event_type_id=event_type.id,
        manage_digest=digest(token),
        view_digest=digest(view),
        manage_token=hub.vault.seal(token, sealed.booking_token(ref, "manage")),
        view_token=hub.vault.seal(view, sealed.booking_token(ref, "view")),
        nonce=wish.nonce,
        nonce_digest=wish.digest(),
        title=event_type.title,
        starts_at=wish.starts_at,
        ends_at=ends_at,
        busy_from=wish.starts_at - timedelta(minutes=event_type.buffer_before),
        busy_to=ends_at + timedelta(minutes=event_type.buffer_after),
        location=snapshot(option),
        answers=dict(wish.answers),
        invitee_name=wish.name,
        invitee_email=wish.email,
        invitee_timezone=wish.timezone,
        notes=wish.notes,
        created_at=now,
        updated_at=now,
    )


def snapshot(option: Option) -> dict[str, object]:
    """Return what a booking keeps of its location, whatever becomes of the event type."""
    return {
        "id": option.id,
        "provider": option.provider.key,
        "inputs": dict(option.location.inputs),
        "label": option.location.label,
        "promise": option.line,
    }
