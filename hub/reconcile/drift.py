"""Where the bookings of one host differ from the meetings that the vendor lists: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hub.values import Listed


class Kind(StrEnum):
    """What is not as it should be."""

    MISSING = "missing"  # the booking stands, and its meeting is not there
    MOVED = "moved"  # it is there, at another time or of another length
    UNLINKED = "unlinked"  # it is there, and the booking does not know it
    LEFTOVER = "leftover"  # it is there, and the booking is cancelled or has another one
    DOUBLE = "double"  # it carries the marker of a booking that has another one
    ORPHAN = "orphan"  # it carries a marker that no booking has
    WAITING = "waiting"  # nothing is wrong, and nothing is there yet


@dataclass(frozen=True)
class Known:
    """One meeting row with its booking. `marker` is what its meeting carries, `next_marker` what one after it would.

    `recent`: it changed so lately that the vendor's list may not show it yet. `told`: what the host did to it there as
    the vendor told, and as the host knows: "moved" or "deleted".
    """

    booking: int
    version: int
    starts_at: datetime
    minutes: int
    confirmed: bool
    wanted: bool
    row: int
    state: str
    external_id: str
    marker: str
    next_marker: str
    same_account: bool = True
    recent: bool = False
    told: str = ""
    error: str = ""


@dataclass(frozen=True)
class Drift:
    """One difference. `known` is None for a meeting that is nobody's; `safe` says that the hub may set it right."""

    kind: Kind
    known: Known | None = None
    listed: Listed | None = None
    safe: bool = False


def waiting(rows: Sequence[Known], now: datetime) -> Iterator[Drift]:
    """Yield what waits, where nothing could be listed. An attempt that may have been made before is looked for."""
    for row in rows:
        if _stands(row, now) and row.state in ("pending", "failed", "skipped"):
            yield Drift(Kind.WAITING, row, safe=row.state == "pending" and not row.recent)


def compare(rows: Sequence[Known], meetings: Sequence[Listed], others: Collection[str], now: datetime) -> list[Drift]:
    """Return the differences, bookings first. `others` are the markers of further bookings that use the account."""
    told = _Told(meetings)
    standing = [row for row in rows if _stands(row, now)]
    found = [drift for row in standing for drift in _standing(told, row)]
    found += [drift for row in rows if not _stands(row, now) for drift in _past(told, row, now)]
    orphans = [one for one in meetings if one.ref and one.ref not in others and one.external_id not in told.claimed]
    return found + [Drift(Kind.ORPHAN, listed=one) for one in orphans]


@dataclass
class _Told:
    """The list, and which of its meetings a row has accounted for."""

    meetings: Sequence[Listed]
    claimed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.by_id = {one.external_id: one for one in self.meetings}
        self.by_marker: dict[str, list[Listed]] = defaultdict(list)
        for one in self.meetings:
            if one.ref:
                self.by_marker[one.ref].append(one)

    def carrying(self, marker: str) -> list[Listed]:
        """Return the meetings with this marker that no row has claimed, and claim them."""
        found = [one for one in self.by_marker.get(marker, ()) if one.external_id not in self.claimed]
        self.claimed.update(one.external_id for one in found)
        return found

    def own(self, row: Known) -> Listed | None:
        """Return the meeting that the row knows, and claim it."""
        found = self.by_id.get(row.external_id) if row.external_id not in self.claimed else None
        if found:
            self.claimed.add(found.external_id)
        return found


def _stands(row: Known, now: datetime) -> bool:
    return row.confirmed and row.wanted and row.starts_at > now


def _standing(told: _Told, row: Known) -> Iterator[Drift]:
    own, marked = told.own(row), told.carrying(row.marker)
    if row.state == "ready":
        if own:
            yield from _placed(row, own)
            yield from (Drift(Kind.DOUBLE, row, one) for one in marked)
        elif row.external_id and row.same_account and not row.recent:
            later = told.carrying(row.next_marker)  # of a renewal that this database knows nothing of
            found = marked or later
            yield Drift(Kind.MISSING, row, found[0] if found else None, safe=row.told != "deleted")
            yield from (Drift(Kind.DOUBLE, row, one) for one in found[1:])
    elif row.state == "manual":
        yield from (Drift(Kind.DOUBLE, row, one) for one in (*([own] if own else ()), *marked))
    elif marked:
        yield Drift(Kind.UNLINKED, row, marked[0], safe=not row.recent)
        yield from (Drift(Kind.DOUBLE, row, one) for one in marked[1:])
    else:
        yield Drift(Kind.WAITING, row)


def _placed(row: Known, there: Listed) -> Iterator[Drift]:
    elsewhere = there.starts_at is not None and there.starts_at != row.starts_at
    longer = there.minutes is not None and there.minutes != row.minutes
    if elsewhere or longer:
        yield Drift(Kind.MOVED, row, there, safe=row.told != "moved" and not row.recent)


def _past(told: _Told, row: Known, now: datetime) -> Iterator[Drift]:
    """What is there of a row that is wanted no longer, or whose booking is under way or over."""
    own, marked = told.own(row), told.carrying(row.marker)
    for there in (*([own] if own else ()), *marked):
        if row.recent:
            continue
        if not (row.confirmed and row.wanted):
            yield Drift(Kind.LEFTOVER, row, there, safe=row.same_account and row.state != "left")
        elif there.starts_at is not None and there.starts_at > now:
            yield Drift(Kind.MOVED, row, there)
