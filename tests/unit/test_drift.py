"""What differs between bookings and a vendor's list, as a table, and what of it may be set right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.reconcile.drift import Drift, Kind, Known, compare, waiting
from hub.values import Listed

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
START = NOW + timedelta(days=1)
ROW = Known(
    booking=1,
    version=1,
    starts_at=START,
    minutes=30,
    confirmed=True,
    wanted=True,
    row=1,
    state="ready",
    external_id="7",
    marker="a1",
    next_marker="a2",
)
MEETING = Listed(external_id="7", ref="a1", starts_at=START, minutes=30)
SECOND = replace(MEETING, external_id="8")


def found(row: Known, *meetings: Listed, others: tuple[str, ...] = ()) -> list[tuple[Kind, str, bool]]:
    """Return the differences as kind, the meeting's id, and whether it is safe to set them right."""
    return [told(one) for one in compare([row], meetings, others, NOW)]


def told(drift: Drift) -> tuple[Kind, str, bool]:
    return drift.kind, drift.listed.external_id if drift.listed else "", drift.safe


def test_in_step() -> None:
    """A meeting at the booking's time is no difference, nor is one of somebody else's, or of another booking's."""
    assert found(ROW, MEETING, Listed(external_id="9"), Listed(external_id="10", ref="b1"), others=("b1",)) == []


@pytest.mark.parametrize("unsaid", [replace(MEETING, starts_at=None), replace(MEETING, minutes=None)])
def test_untold(unsaid: Listed) -> None:
    """What the vendor does not tell can't differ."""
    assert found(ROW, unsaid) == []


@pytest.mark.parametrize(
    ("row", "meetings", "expected"),
    [
        (ROW, (), [(Kind.MISSING, "", True)]),
        (ROW, (SECOND,), [(Kind.MISSING, "8", True)]),
        (ROW, (replace(SECOND, ref="a2"),), [(Kind.MISSING, "8", True)]),
        (replace(ROW, told="deleted"), (), [(Kind.MISSING, "", False)]),
        (replace(ROW, recent=True), (), []),
        (replace(ROW, same_account=False), (), []),
        (replace(ROW, external_id=""), (), []),
        (ROW, (replace(MEETING, minutes=45),), [(Kind.MOVED, "7", True)]),
        (ROW, (replace(MEETING, starts_at=NOW),), [(Kind.MOVED, "7", True)]),
        (replace(ROW, told="moved"), (replace(MEETING, starts_at=NOW),), [(Kind.MOVED, "7", False)]),
        (replace(ROW, recent=True), (replace(MEETING, starts_at=NOW),), [(Kind.MOVED, "7", False)]),
        (ROW, (MEETING, SECOND), [(Kind.DOUBLE, "8", False)]),
        (replace(ROW, state="pending", external_id=""), (MEETING,), [(Kind.UNLINKED, "7", True)]),
        (replace(ROW, state="failed", external_id=""), (MEETING, SECOND), [(Kind.UNLINKED, "7", True), (Kind.DOUBLE, "8", False)]),
        (replace(ROW, state="pending", external_id=""), (), [(Kind.WAITING, "", False)]),
        (replace(ROW, state="manual", external_id=""), (), []),
        (replace(ROW, confirmed=False, state="deleted"), (MEETING,), [(Kind.LEFTOVER, "7", True)]),
        (replace(ROW, confirmed=False, state="closed", external_id=""), (MEETING,), [(Kind.LEFTOVER, "7", True)]),
        (replace(ROW, wanted=False, state="deleted"), (MEETING,), [(Kind.LEFTOVER, "7", True)]),
        (replace(ROW, confirmed=False, state="left"), (MEETING,), [(Kind.LEFTOVER, "7", False)]),
        (replace(ROW, confirmed=False, same_account=False), (MEETING,), [(Kind.LEFTOVER, "7", False)]),
        (replace(ROW, confirmed=False, recent=True), (MEETING,), []),
        (replace(ROW, confirmed=False), (), []),
        (replace(ROW, starts_at=NOW - timedelta(days=1)), (MEETING,), [(Kind.MOVED, "7", False)]),
        (replace(ROW, starts_at=NOW), (replace(MEETING, starts_at=NOW),), []),
        (ROW, (MEETING, Listed(external_id="9", ref="b1")), [(Kind.ORPHAN, "9", False)]),
    ],
)  # fmt: skip
def test_table(row: Known, meetings: tuple[Listed, ...], expected: list[tuple[Kind, str, bool]]) -> None:
    """Each row of the table says what differs, and whether the hub may set it right."""
    assert found(row, *meetings) == expected


def test_a_late_reports_row_claims_nothing() -> None:
    """The row of a worker that reported the booking's own meeting once more does not make it a leftover."""
    stray = replace(ROW, row=2, wanted=False, state="closed", marker="a2")
    assert compare([stray, ROW], [MEETING], (), NOW) == []


def test_unlisted() -> None:
    """Where nothing could be listed, only what waits is told, and nothing counts as gone."""
    rows = [ROW, *(replace(ROW, state=state) for state in ("pending", "failed", "skipped"))]
    assert [told(one) for one in waiting(rows, NOW)] == [
        (Kind.WAITING, "", True),
        (Kind.WAITING, "", False),
        (Kind.WAITING, "", False),
    ]
