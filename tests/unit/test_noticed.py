"""Which events of a vendor's can be reckoned with, and what is known of a meeting after them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.container import Hub
from hub.events import MeetingDeleted, MeetingMoved, MeetingRestored
from hub.meetings import noticed
from tests.support.world import START

MOMENT = timedelta(microseconds=1)
LATER = START + timedelta(days=1)


@pytest.mark.parametrize(
    ("ahead", "minutes", "sane"),
    [
        (None, None, True),
        (timedelta(0), 1, True),
        (noticed.FARTHEST, 1440, True),
        (-noticed.FARTHEST, 30, True),
        (noticed.FARTHEST + MOMENT, 30, False),
        (-noticed.FARTHEST - MOMENT, 30, False),
        (timedelta(0), 0, False),
        (timedelta(0), -1, False),
        (timedelta(0), 1441, False),
    ],
)
def test_what_can_be_reckoned_with(hub: Hub, ahead: timedelta | None, minutes: int | None, sane: bool) -> None:
    """Ten years to either side, and a day at most: beyond that no page could show it."""
    starts_at = None if ahead is None else hub.clock() + ahead
    event = MeetingMoved(at=START, account="", meeting="1", starts_at=starts_at, minutes=minutes)
    assert noticed._sane(hub, event) is sane


def test_what_is_known() -> None:
    """Each event adds to what was known; a meeting that is there again is where it was before it was deleted."""
    moved = {"starts_at": LATER.isoformat(), "minutes": 45}
    assert noticed._known({}, MeetingMoved(at=START, account="", meeting="1", starts_at=LATER, minutes=45)) == moved
    assert noticed._known({"minutes": 45}, MeetingMoved(at=START, account="", meeting="1", starts_at=LATER)) == moved
    assert (
        noticed._known({"starts_at": LATER.isoformat()}, MeetingMoved(at=START, account="", meeting="1", minutes=45))
        == moved
    )
    assert noticed._known(moved, MeetingDeleted(at=START, account="", meeting="1")) == {**moved, "deleted": True}
    assert noticed._known({**moved, "deleted": True}, MeetingRestored(at=START, account="", meeting="1")) == moved
    assert noticed._known({**moved, "deleted": True}, MeetingMoved(at=START, account="", meeting="1")) == moved
