"""The table of what sync does next, and what holds for every combination of facts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import fields

import pytest

from hub.meetings.decide import FINAL, WAITING, Action, Facts, decide
from hub.values import Readiness

STATES = (*WAITING, *FINAL, "ready", "skipped")
USABLE = (Readiness.READY, Readiness.PAUSED)
UNUSABLE = tuple(one for one in Readiness if one not in USABLE)
CALLS = (Action.CREATE, Action.FIND, Action.MOVE, Action.DELETE)


def facts(text: str, readiness: Readiness = Readiness.READY) -> Facts:
    """Return facts from words: the state, then whatever departs from a booking that stands, on time, all possible."""
    words = text.split()
    return Facts(
        wanted="unwanted" not in words,
        state=words[0],
        behind="behind" in words,
        attempted="attempted" in words,
        readiness=readiness,
        same_account="elsewhere" not in words,
        can_move="unmovable" not in words,
        can_delete="undeletable" not in words,
        started="started" in words or "over" in words,
        over="over" in words,
    )


def everything() -> Iterator[Facts]:
    """Yield every combination there is."""
    flags = [(False, True)] * (len(fields(Facts)) - 2)
    for state, readiness, values in itertools.product(STATES, Readiness, itertools.product(*flags)):
        wanted, behind, attempted, same, move, delete, started, over = values
        yield Facts(
            wanted=wanted,
            state=state,
            behind=behind,
            attempted=attempted,
            readiness=readiness,
            same_account=same,
            can_move=move,
            can_delete=delete,
            started=started,
            over=over,
        )


@pytest.mark.parametrize(
    ("said", "readiness", "action"),
    [
        ("pending behind", Readiness.READY, Action.CREATE),
        ("pending behind elsewhere", Readiness.READY, Action.CREATE),
        ("pending behind started", Readiness.READY, Action.CREATE),
        ("pending behind attempted", Readiness.READY, Action.FIND),
        ("pending behind attempted elsewhere", Readiness.READY, Action.RENEW),
        ("failed behind attempted elsewhere", Readiness.READY, Action.RENEW),
        ("pending behind", Readiness.BROKEN, Action.PARK),
        ("pending behind attempted", Readiness.BROKEN, Action.PARK),
        *(("pending behind", one, Action.SKIP) for one in Readiness if one not in (Readiness.READY, Readiness.BROKEN)),
        ("pending behind over", Readiness.READY, Action.CLOSE),
        ("pending behind over", Readiness.BROKEN, Action.CLOSE),
        ("failed behind", Readiness.READY, Action.CREATE),
        ("failed behind attempted", Readiness.READY, Action.FIND),
        ("failed", Readiness.READY, Action.NOTHING),
        ("failed attempted", Readiness.READY, Action.NOTHING),
        ("failed over", Readiness.READY, Action.CLOSE),
        *(("failed behind", one, Action.NOTHING) for one in Readiness if one is not Readiness.READY),
        ("skipped behind", Readiness.READY, Action.NOTHING),
        ("ready", Readiness.READY, Action.NOTHING),
        ("ready elsewhere", Readiness.READY, Action.NOTHING),
        ("ready behind", Readiness.READY, Action.MOVE),
        ("ready behind", Readiness.PAUSED, Action.MOVE),
        ("ready behind unmovable", Readiness.READY, Action.RENEW),
        ("ready behind elsewhere", Readiness.READY, Action.KEEP),
        ("ready behind elsewhere unmovable", Readiness.PAUSED, Action.KEEP),
        *(("ready behind", one, Action.KEEP) for one in UNUSABLE),
        ("ready behind started", Readiness.READY, Action.KEEP),
        ("ready behind over", Readiness.READY, Action.NOTHING),
        ("ready unwanted", Readiness.READY, Action.DELETE),
        ("ready unwanted", Readiness.PAUSED, Action.DELETE),
        ("ready unwanted started over", Readiness.READY, Action.DELETE),
        ("ready unwanted undeletable", Readiness.READY, Action.LEAVE),
        ("ready unwanted elsewhere", Readiness.READY, Action.LEAVE),
        *(("ready unwanted", one, Action.LEAVE) for one in UNUSABLE),
        ("pending unwanted", Readiness.READY, Action.CLOSE),
        ("failed unwanted", Readiness.READY, Action.CLOSE),
        ("skipped unwanted", Readiness.READY, Action.CLOSE),
        ("pending unwanted", Readiness.BROKEN, Action.CLOSE),
        ("pending unwanted attempted", Readiness.READY, Action.FIND),
        ("failed unwanted attempted", Readiness.READY, Action.FIND),
        ("pending unwanted attempted", Readiness.NOT_CONNECTED, Action.CLOSE),
        *((f"{state} behind attempted", Readiness.READY, Action.NOTHING) for state in FINAL),
        *(
            (f"{state} unwanted behind attempted", Readiness.READY, Action.NOTHING)
            for state in FINAL
            if state != "closed"
        ),
        *(
            (f"{state} unwanted attempted", one, Action.FIND)
            for one in USABLE
            for state in (*WAITING, "skipped", "closed")
        ),
        *(("closed unwanted attempted", one, Action.NOTHING) for one in UNUSABLE),
        ("closed unwanted attempted elsewhere", Readiness.READY, Action.NOTHING),
        ("pending unwanted attempted elsewhere", Readiness.READY, Action.CLOSE),
        ("closed unwanted", Readiness.READY, Action.NOTHING),
    ],
)
def test_table(said: str, readiness: Readiness, action: Action) -> None:
    """Each row of the table says what happens."""
    assert decide(facts(said, readiness)) is action


def test_total() -> None:
    """Every combination of facts has an answer."""
    assert all(isinstance(decide(one), Action) for one in everything())


def test_every_action_is_reached() -> None:
    """No action is there for nothing."""
    assert {decide(one) for one in everything()} == set(Action)


def test_what_is_final_stays() -> None:
    """What is deleted, left, closed or made by hand is never touched again, but to look for what a lost attempt made."""
    lost = [one for one in everything() if one.state == "closed" and one.attempted and not one.wanted]
    final = [one for one in everything() if one.state in FINAL and one not in lost]
    assert {decide(one) for one in final} == {Action.NOTHING}
    assert {decide(one) for one in lost} == {Action.NOTHING, Action.FIND}


def test_calls_need_a_connection() -> None:
    """No call is made unless the connection can make it; a meeting of another account is never touched."""
    for one in everything():
        action = decide(one)
        if action is Action.CREATE or (action is Action.FIND and one.wanted):
            assert one.readiness is Readiness.READY
        elif action is Action.FIND:  # it only looks, for what is then deleted
            assert one.readiness in USABLE
        if action is Action.FIND:
            assert one.same_account  # no other account can know what this one was asked for
        if action in (Action.MOVE, Action.DELETE):
            assert one.readiness in USABLE
            assert one.same_account
            assert one.state == "ready"


def test_no_second_meeting() -> None:
    """What may have been made already, or exists, is never simply made."""
    for one in everything():
        if decide(one) is Action.CREATE:
            assert not one.attempted
            assert one.wanted
            assert one.state in WAITING


def test_unwanted_is_never_made() -> None:
    """A cancelled booking makes, moves and skips nothing."""
    allowed = {Action.FIND, Action.DELETE, Action.LEAVE, Action.CLOSE, Action.NOTHING}
    assert {decide(one) for one in everything() if not one.wanted} == allowed


def test_settled_is_settled() -> None:
    """A meeting in step, or one that was refused as it is asked for, causes nothing while its time has not passed."""
    for one in everything():
        if one.wanted and not one.behind and not one.over and one.state in ("ready", "failed"):
            assert decide(one) is Action.NOTHING
