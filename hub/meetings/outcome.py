"""Writes what came of a step: the row's state, the timeline, and the mails that follow from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from hub.connections.broken import mark_broken
from hub.errors import ConnectionLost, MeetingGone, MissingScopes, PluginFault, ProviderError, Temporary
from hub.meetings import doubles
from hub.meetings.decide import Action
from hub.meetings.step import Step
from hub.notify import announce, unmade
from hub.store.models import Booking, Connection, MeetingRow
from hub.values import Meeting

if TYPE_CHECKING:
    from hub.container import Hub

# Seconds until the next try: quick after a hiccup, then at most six tries an hour.
WAITS = (5, 60, 300, 1200)
AWAY = "The provider does not answer at present; the meeting is seen to as soon as it does."
BROKE = "It went wrong each time it was tried, in a way that the hub does not understand. The operator can see more."


def decided(session: Session, hub: Hub, booking: Booking, row: MeetingRow, action: Action) -> None:
    """Carry out a decision that needs no call."""
    label = _label(hub, row)
    if action is Action.PARK:
        unmade.park(session, hub, booking, row)
    elif action is Action.SKIP:
        unmade.skip(session, hub, booking, row)
    elif action is Action.KEEP:
        row.synced_version = booking.version
        row.error = f"The time changed here, but could not be changed at {label}. The link still works."
        announce.note(session, hub, booking, "kept", f"The time at {label} did not change; the link still works.")
        announce.problem(session, hub, booking, row.n, "kept")
        announce.hasten(session, hub, booking)
    elif action is Action.RENEW:
        renew(session, booking, row)
    elif action is Action.LEAVE:
        row.state = "left"
        announce.note(session, hub, booking, "left", f"The {label} meeting stays as it is.")
        provider = hub.registry.get(row.provider)
        deletable = provider is None or provider.can("delete_meeting")  # else there is nothing anybody could delete
        if deletable and not booking.confirmed and row.value and row.value.get("external_id"):
            announce.problem(session, hub, booking, row.n, "left")
    elif action is Action.CLOSE:
        row.state, row.next_try_at = "closed", None
        if row.attempted_at and not (booking.confirmed and row is booking.meeting):
            unmade.may_exist(session, hub, booking, row)
        else:
            row.attempted_at = None
    session.flush()


def renew(session: Session, booking: Booking, row: MeetingRow) -> MeetingRow:
    """Ask for a new meeting in place of `row`, which is unwanted from then on."""
    new = MeetingRow(booking_id=booking.id, n=max(r.n for r in booking.meetings) + 1, provider=row.provider)
    session.add(new)
    session.flush()
    return new


def done(session: Session, hub: Hub, booking: Booking, row: MeetingRow, step: Step, meeting: Meeting | None) -> None:
    """The hook did its work."""
    row.error, row.attempts = "", 0
    row.next_try_at = row.attempted_at = None
    _note_success(session, hub, step)
    label = _label(hub, row)
    if step.action is Action.DELETE:
        row.state = "deleted"
        announce.note(session, hub, booking, "deleted", f"The {label} meeting was deleted.")
    elif meeting is None:
        row.state = "closed"  # looked for the result of a lost attempt: there was none, and none is wanted
    elif step.action is Action.MOVE:
        if row.value != meeting.to_json():
            _in_step(hub, row)
        row.value, row.synced_version = meeting.to_json(), step.version
        announce.note(session, hub, booking, "moved", f"The {label} meeting was moved.")
        announce.hasten(session, hub, booking)
    else:
        found = step.action is Action.FIND
        row.state, row.value = "ready", meeting.to_json()
        row.account, row.synced_version = step.account, 0 if found else step.version
        _in_step(hub, row)
        for other in booking.meetings:
            if other.stray and other.value and other.value.get("external_id") == meeting.external_id:
                other.state = "closed"  # a late worker reported this very meeting as its own
        if found:
            doubles.look_later(session, hub, booking, row, step)
        unsure = found and not step.provider.can("find_meeting", step.scopes)
        more = " An earlier attempt got no answer, so a second meeting may exist." if unsure else ""
        announce.note(session, hub, booking, "made", f"The {label} meeting was made.{more}")
        if booking.confirmed:
            announce.link(session, hub, booking, row.n)
    session.flush()


def failed(session: Session, hub: Hub, booking: Booking, row: MeetingRow, step: Step, fault: ProviderError) -> None:
    """The hook raised."""
    label = _label(hub, row)
    row.error = fault.message[:500]
    if isinstance(fault, Temporary):
        if fault.outcome_known and step.action is Action.CREATE:
            row.attempted_at = None
        elif not fault.outcome_known and step.action is Action.FIND:
            row.attempted_at = hub.clock()  # it was not found, and making it anew got no answer either
        _try_again(session, hub, booking, row, fault)
    elif isinstance(fault, ConnectionLost | MissingScopes) and step.connection_id:
        if step.action is Action.CREATE:
            row.attempted_at = None
        mark_broken(session, hub, step.connection_id, reason=fault.message, connected_at=step.connected_at)
    elif isinstance(fault, MeetingGone) and step.action is Action.MOVE:
        row.state = "deleted"
        announce.note(session, hub, booking, "gone", f"The {label} meeting no longer existed; a new one is made.")
        renew(session, booking, row)
    else:
        _given_up(session, hub, booking, row, step, fault)
    session.flush()


def abandoned(session: Session, hub: Hub, booking: Booking, row: MeetingRow, action: Action) -> None:
    """The pass that was to take this action broke its worker too often; it is not tried again by itself."""
    row.error = BROKE
    _end(session, hub, booking, row, action, wanted=booking.confirmed and row is booking.meeting)
    session.flush()


def too_late(
    session: Session, hub: Hub, booking: Booking, row: MeetingRow, step: Step, result: Meeting | ProviderError | None
) -> None:
    """Our lease ran out while the hook ran, and somebody else may have acted: only clean up after ourselves."""
    if step.action not in (Action.CREATE, Action.FIND) or not isinstance(result, Meeting):
        return
    doubles.add_stray(session, hub, booking, row, step.account, result)


def _try_again(session: Session, hub: Hub, booking: Booking, row: MeetingRow, fault: Temporary) -> None:
    wait = WAITS[min(row.attempts, len(WAITS) - 1)]
    row.attempts += 1
    row.next_try_at = max(fault.retry_at or hub.clock(), hub.clock() + timedelta(seconds=wait))
    if row.attempts == 1:
        announce.note(session, hub, booking, "retrying", f"{_label(hub, row)}: {fault.message} It is tried again.")


def _given_up(session: Session, hub: Hub, booking: Booking, row: MeetingRow, step: Step, fault: ProviderError) -> None:
    if step.action is Action.CREATE and not isinstance(fault, PluginFault):
        row.attempted_at = None  # refused; a plugin that broke may have made the meeting before
    _end(session, hub, booking, row, step.action, wanted=step.wanted, version=step.version)


def _end(
    session: Session, hub: Hub, booking: Booking, row: MeetingRow, action: Action, *, wanted: bool, version: int = 0
) -> None:
    """Stop trying this, for the booking's present (or that) version, with the row's error as the reason; tell the host."""
    version = version or booking.version
    row.next_try_at = None
    announce.note(session, hub, booking, "failed", f"{_label(hub, row)}: {row.error}")
    if action is Action.DELETE:
        row.state = "left"
    elif action is Action.MOVE:
        row.synced_version = version
    elif not wanted:
        row.state, row.attempted_at = "closed", None  # looked in vain for what a lost attempt may have left
    else:
        row.state, row.synced_version = "failed", version
    announce.problem(session, hub, booking, row.n, f"failed-{action}-{version}")
    announce.hasten(session, hub, booking)


def _note_success(session: Session, hub: Hub, step: Step) -> None:
    connection = session.get(Connection, step.connection_id) if step.connection_id else None
    if connection is not None and connection.connected_at == step.connected_at and connection.tokens:
        connection.last_success_at = hub.clock()


def _in_step(hub: Hub, row: MeetingRow) -> None:
    """The vendor has just been told what the meeting is: what it told us before is history."""
    row.noticed, row.known_at = None, hub.clock()


def _label(hub: Hub, row: MeetingRow) -> str:
    return hub.registry.label(row.provider)
