"""One step of sync: the facts that it is decided on, and all that its hook call needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from hub.connections.api import ConnectionApi
from hub.connections.readiness import Standing
from hub.meetings.decide import Action, Facts
from hub.provider import Provider
from hub.store.models import Booking, MeetingRow
from hub.values import Api, Meeting, MeetingRequest, Person

if TYPE_CHECKING:
    from hub.container import Hub


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


def facts_of(hub: Hub, known: Standing, booking: Booking, row: MeetingRow) -> Facts:
    """Gather what the decision about this row rests on."""
    provider = hub.registry.get(row.provider)
    connection = known.connections.get(row.provider)
    scopes = connection.scopes if connection else ()
    return Facts(
        wanted=booking.confirmed and row is booking.meeting,
        state=row.state,
        behind=row.synced_version < booking.version,
        attempted=row.attempted_at is not None,
        readiness=known.readiness(row.provider),
        same_account=known.same_account(row.provider, row.account) or (row.state != "ready" and not row.account),
        can_move=bool(provider and provider.can("update_meeting", scopes)),
        can_delete=bool(provider and provider.can("delete_meeting", scopes)),
        started=booking.starts_at <= hub.clock(),
        over=booking.ends_at <= hub.clock(),
    )


def prepare(hub: Hub, known: Standing, booking: Booking, row: MeetingRow, action: Action) -> Step:
    """Return the step that takes this action, which needs a call; an attempt to create is written down before it is made."""
    provider = hub.registry.get(row.provider)
    assert provider
    connection = known.connections.get(row.provider) if provider.oauth else None
    if action is Action.CREATE:
        row.attempted_at = hub.clock()  # committed before the call: a crash during it leaves this trace
        row.account = connection.account if connection else ""
    return Step(
        action=action,
        wanted=booking.confirmed and row is booking.meeting,
        row_id=row.id,
        version=booking.version,
        lease=booking.sync_lease,
        provider=provider,
        api=ConnectionApi(hub, provider, connection.id) if connection else None,
        scopes=tuple(connection.scopes) if connection else (),
        request=request_of(hub, booking, row),
        meeting=Meeting.from_json(row.value) if row.value else None,
        attempted_at=row.attempted_at,
        connection_id=connection.id if connection else 0,
        connected_at=connection.connected_at if connection else None,
        account=connection.account if connection else "",
    )


def request_of(hub: Hub, booking: Booking, row: MeetingRow) -> MeetingRequest:
    """Return what this row's meeting should be."""
    host = booking.host
    return MeetingRequest(
        ref=marker(hub, booking.ref, row.n),
        title=booking.title,
        starts_at=booking.starts_at,
        minutes=booking.minutes,
        timezone=host.timezone,
        host=Person(host.name, host.email),
        invitee=Person(booking.invitee_name, booking.invitee_email),
        location=booking.place,
        answers=dict(booking.answers),
    )


def marker(hub: Hub, ref: str, n: int) -> str:
    """Return the marker that meeting number `n` of the booking with this ref carries at the vendor."""
    return hub.vault.fingerprint(f"meeting:{ref}:{n}")
