"""The word `hub reconcile`: where bookings and the vendors' meetings differ, and what of it is safe to set right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from hub.commands.common import as_json, hub, print_json, say

if TYPE_CHECKING:
    from hub.container import Hub
    from hub.reconcile.look import Look

LEFT, UNSEEN = 3, 4


@dataclass
class Tally:
    """How much was set right, is left, and could not be compared."""

    mended: int = 0
    left: int = 0
    unseen: int = 0

    @property
    def code(self) -> int:
        """The exit code that says so."""
        return UNSEEN if self.unseen else LEFT if self.left else 0


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what differs.")
@click.option("--account", metavar="EMAIL", default="", help="Only the account of this host.")
@as_json
def reconcile(dry_run: bool, account: str, machine: bool) -> None:
    """Compare bookings with the vendors' meetings, as after restoring a backup.

    What is missing is made, what is at another time is moved, and what is left of a cancelled booking is deleted, by the
    workers. Meetings that no booking knows are listed and stay.

    Exit codes: 0 all is in step or being set right, 1 failed, 2 not understood, 3 differences are left, 4 an account
    could not be compared.
    """
    from hub.errors import InvalidInput
    from hub.reconcile.look import look, places

    running = hub()
    try:
        found = places(running, account)
    except InvalidInput as fault:
        raise click.BadParameter(fault.message, param_hint="'--account'") from None
    tally, told = Tally(), []
    for number, place in enumerate(found, 1):
        if not machine:
            say(f"[{number}/{len(found)}] {place.label} of {place.email}")
        seen = look(running, place)
        lines = list(_lines(running, seen, tally, dry_run=dry_run))
        told.append({"account": place.email, "provider": place.provider, "unseen": seen.unseen, "differences": lines})
        if not machine:
            _print(seen, lines)
    if machine:
        print_json({"exit_code": tally.code, "accounts": told})
    else:
        _conclude(len(found), tally, dry_run=dry_run)
    if tally.code:
        raise click.exceptions.Exit(tally.code)


def _lines(running: Hub, seen: Look, tally: Tally, *, dry_run: bool) -> list[dict[str, object]]:
    """Set right what may be, and return a line for each difference."""
    from hub.reconcile.drift import Kind
    from hub.reconcile.mend import mend
    from hub.reconcile.wording import sentence

    lines: list[dict[str, object]] = []
    for drift in seen.drifts:
        mended = not dry_run and mend(running, seen.place, drift)
        waits = drift.kind is Kind.WAITING
        tally.mended += mended and not waits
        tally.left += not mended and not waits
        text = sentence(running, seen.place, drift, mended=mended)
        lines.append({"kind": str(drift.kind), "text": text, "mended": mended and not waits, "safe": drift.safe})
    tally.unseen += bool(seen.unseen)
    return lines


def _print(seen: Look, lines: list[dict[str, object]]) -> None:
    if seen.unseen:
        say(f"  ✗ not compared: {seen.unseen}")
    else:
        say(f"  {_count(seen.bookings, 'upcoming booking')}, {_count(seen.meetings, 'meeting')} there")
    for line in lines:
        mark = "✓" if line["mended"] else "·" if line["kind"] == "waiting" else "!"
        say(f"  {mark} {line['text']}")


def _conclude(count: int, tally: Tally, *, dry_run: bool) -> None:
    if not count:
        say("Nobody has connected an account: there is nothing to compare.")
        return
    if not (tally.mended or tally.left or tally.unseen):
        say("All is in step.")
        return
    if tally.mended:
        say(f"{_count(tally.mended, 'difference')} being set right by the workers.")
    if tally.left:
        say(f"{_count(tally.left, 'difference')} left" + (", since nothing was changed." if dry_run else " to you."))
    if tally.unseen:
        say(f"{_count(tally.unseen, 'account')} could not be compared.")


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
