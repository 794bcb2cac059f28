"""Decides the one next step for a meeting row: pure, total, and tested as a table.

States of a row: pending (to be made) · ready (it exists) · failed (refused as it was asked for; the host was told) · skipped (the provider
could not be used at the time) · left (exists, and is not ours to touch any more) · deleted · closed (not wanted any more,
and never made; where an attempt of unknown outcome stands in it, it may exist) · manual (the host pasted a link; automation never touches it).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hub.values import Readiness

WAITING = ("pending", "failed")
FINAL = ("deleted", "left", "closed", "manual")


class Action(StrEnum):
    """What to do next about one meeting row."""

    CREATE = "create"
    FIND = "find"  # look for the result of an attempt whose outcome is unknown, then adopt it or create
    PARK = "park"  # wait for the host to reconnect
    SKIP = "skip"  # this booking gets no meeting unless the host asks for it
    MOVE = "move"
    RENEW = "renew"  # a new row; the old one is then unwanted
    KEEP = "keep"  # the meeting can't be moved; its link still works
    DELETE = "delete"
    LEAVE = "leave"
    CLOSE = "close"
    NOTHING = "nothing"


CALLS = (Action.CREATE, Action.FIND, Action.MOVE, Action.DELETE)


@dataclass(frozen=True)
class Facts:
    """All that the decision rests on.

    `behind`: the booking changed since the meeting was last in step or refused. `attempted`: a create of unknown outcome.
    `started`, `over`: the booking's time has begun, has passed.
    """

    wanted: bool
    state: str
    behind: bool
    attempted: bool
    readiness: Readiness
    same_account: bool
    can_move: bool
    can_delete: bool
    started: bool = False
    over: bool = False


def decide(facts: Facts) -> Action:
    """Return the one next step."""
    return _wanted(facts) if facts.wanted else _unwanted(facts)


def _wanted(facts: Facts) -> Action:
    if facts.state in WAITING:
        if facts.over:
            return Action.CLOSE
        if facts.state == "failed" and not facts.behind:
            return Action.NOTHING  # it would be refused again; a change, a reconnect or the host gives it another try
        if facts.readiness is Readiness.READY:
            if not facts.attempted:
                return Action.CREATE
            return Action.FIND if facts.same_account else Action.RENEW  # another account can't know of it
        if facts.state == "failed":
            return Action.NOTHING
        return Action.PARK if facts.readiness is Readiness.BROKEN else Action.SKIP
    if facts.state != "ready" or not facts.behind or facts.over:
        return Action.NOTHING
    if not _reachable(facts) or facts.started:
        return Action.KEEP
    return Action.MOVE if facts.can_move else Action.RENEW


def _unwanted(facts: Facts) -> Action:
    if facts.state == "ready":
        return Action.DELETE if _reachable(facts) and facts.can_delete else Action.LEAVE
    if facts.attempted and facts.state in (*WAITING, "skipped", "closed") and _reachable(facts):
        return Action.FIND
    return Action.CLOSE if facts.state in (*WAITING, "skipped") else Action.NOTHING


def _reachable(facts: Facts) -> bool:
    return facts.readiness in (Readiness.READY, Readiness.PAUSED) and facts.same_account
