"""Commands that operate: migrate, doctor, reconcile, rotate-keys, and the groups providers and outbox."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from hub.commands.accounts import accounts
from hub.commands.common import as_json, hub, print_json, say, settings
from hub.commands.outbox import outbox
from hub.commands.providers import providers
from hub.commands.reconcile import reconcile

MARKS = {"ok": "✓", "warning": "!", "wrong": "✗"}


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    from hub.store.migrate import upgrade

    upgrade(settings().database_url)
    say("The database is up to date.")


@click.command()
@as_json
def doctor(machine: bool) -> None:
    """Check the set-up, and print what to enter at the vendors."""
    from hub.doctor.examine import examine
    from hub.doctor.finding import WRONG

    found = examine(os.environ)
    fine = all(check.state != WRONG for check in found)
    if machine:
        print_json({"ok": fine, "checks": [asdict(check) for check in found]})
    else:
        width = max(len(check.name) for check in found)
        for check in found:
            say(f"{MARKS[check.state]} {check.name:<{width}}  {check.text}")
    if not fine:
        raise click.exceptions.Exit(1)


@click.command("rotate-keys")
@click.option("--lost-for-good", is_flag=True, help="Know accounts by a new key, as the old one can't be put back.")
def rotate_keys(lost_for_good: bool) -> None:
    """Encrypt everything stored with a new key."""
    from hub import local
    from hub.app import assemble
    from hub.keys import new_key
    from hub.operate import reseal

    told = settings()
    if told.environ.get("HUB_ENCRYPTION_KEYS"):
        done, lost = reseal(hub(), lost_for_good=lost_for_good)
    else:
        with local.held(told.data_dir):
            hub()
            new_key(told.data_dir)
            done, lost = reseal(assemble(settings()), lost_for_good=lost_for_good)
    say(f"{done} {'value is' if done == 1 else 'values are'} encrypted with the newest key now.")
    if lost:
        say(f"✗ {lost} could not be read with any key; the hosts concerned have to reconnect.")
        raise click.exceptions.Exit(1)
    say("hub doctor says when older keys may be removed.")


COMMANDS = (migrate, doctor, accounts, providers, outbox, reconcile, rotate_keys)
