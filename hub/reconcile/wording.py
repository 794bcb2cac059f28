"""Says one difference in words, and who does what about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hub import words
from hub.reconcile.drift import Drift, Kind, Known
from hub.reconcile.look import Place
from hub.store.models import Booking
from hub.values import Listed

if TYPE_CHECKING:
    from hub.container import Hub

HOW = {
    Kind.MISSING: "it is made again",
    Kind.MOVED: "it is moved to the booking's time",
    Kind.UNLINKED: "the booking gets it",
    Kind.LEFTOVER: "it is deleted",
}


def sentence(hub: Hub, place: Place, drift: Drift, *, mended: bool) -> str:
    """Return what differs, and what is done about it; times in the host's zone."""
    there, known = drift.listed, drift.known
    if known is None:
        return _orphan(place, there)
    what = f"{_booking(hub, place, known)}: {_what(place, drift, known)}"
    if drift.kind is Kind.WAITING:
        return f"{what}."
    return f"{what}; {_then(place, drift, mended=mended)}."


def _what(place: Place, drift: Drift, known: Known) -> str:
    there, label = drift.listed, place.label
    if drift.kind is Kind.MISSING:
        found = f", but meeting {there.external_id} of the same booking is" if there else ""
        return f"its {label} meeting {known.external_id} is not there any more{found}"
    if drift.kind is Kind.MOVED:
        return f"its {label} meeting {there.external_id if there else ''} is at {_when(place, there)}"
    if drift.kind is Kind.UNLINKED:
        return f"its {label} meeting {there.external_id if there else ''} is there, and the booking does not know it"
    if drift.kind is Kind.LEFTOVER:
        why = "has another place" if known.confirmed else "is cancelled"
        return f"it {why}, and its {label} meeting {there.external_id if there else ''} is still there"
    if drift.kind is Kind.DOUBLE:
        return f"there is a second {label} meeting of it, {there.external_id if there else ''}"
    return f"no meeting yet, it {'waits' if known.state == 'pending' else f'is {known.state}'}" + (
        f" ({known.error.rstrip('.')})" if known.error else ""
    )


def _then(place: Place, drift: Drift, *, mended: bool) -> str:
    if mended:
        return HOW[drift.kind]
    if drift.kind in HOW and drift.safe:
        return f"hub reconcile without --dry-run sets it right, once {place.label} can be used"
    if drift.known and drift.known.told:
        return f"that was done in {place.label}, and {place.email} was told"
    if drift.kind is Kind.DOUBLE:
        return f"nobody was sent its link: {place.email} may delete it in {place.label}"
    if drift.known and drift.known.recent:
        return "it has changed just now, so look again in a minute"
    return f"{place.email} has to see to it in {place.label}"


def _orphan(place: Place, there: Listed | None) -> str:
    number = there.external_id if there else ""
    title = f" “{there.title}”" if there and there.title else ""
    return (
        f"{place.label} meeting {number}{title}, {_when(place, there)}, has a hub's marker, and no booking here has it: "
        f"it was made after the backup, or by another hub. It stays; if nobody was promised it, {place.email} "
        f"deletes it in {place.label}."
    )


def _booking(hub: Hub, place: Place, known: Known) -> str:
    with hub.store.read() as session:
        booking = session.get(Booking, known.booking)
        who = f"“{booking.title}” with {booking.invitee_name}" if booking else "a booking"
    return f"booking {known.booking}, {who}, {words.short(known.starts_at, place.timezone)}"


def _when(place: Place, there: Listed | None) -> str:
    if there is None or there.starts_at is None:
        return "at no fixed time"
    if there.minutes is None:
        return words.short(there.starts_at, place.timezone)
    return words.when(there.starts_at, there.starts_at + timedelta(minutes=there.minutes), place.timezone)
