"""Commands that operate: migrate, doctor, providers, outbox, rotate-keys."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from hub.commands.common import as_json, hub, print_json, say, settings, table

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
    from hub.doctor import WRONG, examine

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


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def providers(context: click.Context, machine: bool) -> None:
    """List the providers; enable or disable one for an account."""
    if context.invoked_subcommand:
        return
    from hub import providers as plugins

    registry, told = plugins.load(), settings()
    rows = [
        {
            "key": provider.key,
            "label": provider.facts.label,
            "version": provider.version,
            "configured": told.configured(provider.facts),
            "hooks": list(provider.hooks),
        }
        for provider in registry.all()
    ]
    if machine:
        print_json({"providers": rows, "broken": registry.broken})
        return
    table(
        [(str(r["key"]), str(r["label"]), str(r["version"]), "yes" if r["configured"] else "no") for r in rows],
        *("KEY", "NAME", "VERSION", "SET UP"),
    )
    for name, reason in registry.broken.items():
        say(f"✗ {name} is left out: {reason}")


def _switch(key: str, email: str, on: bool) -> None:
    from hub.errors import InvalidInput
    from hub.operate import switch_provider

    try:
        name = switch_provider(hub(), key, email, on=on)
    except InvalidInput as fault:
        raise click.BadParameter(fault.message) from None
    say(f"{key} is {'enabled' if on else 'disabled'} for {name}.")


@providers.command()
@click.argument("key")
@click.option("--host", "email", required=True, help="The email address of the host's account.")
def enable(key: str, email: str) -> None:
    """Let a host use a provider."""
    _switch(key, email, True)


@providers.command()
@click.argument("key")
@click.option("--host", "email", required=True, help="The email address of the host's account.")
def disable(key: str, email: str) -> None:
    """Keep a host from using a provider; meetings that exist stay."""
    _switch(key, email, False)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def outbox(context: click.Context, machine: bool) -> None:
    """List what is stuck; retry it."""
    if context.invoked_subcommand:
        return
    from hub.operate import stuck

    rows = stuck(hub())
    if machine:
        print_json({"stuck": rows})
        return
    if not rows:
        say("Nothing is stuck.")
        return
    table(
        [
            (str(r["id"]), r["topic"], str(r["attempts"]), "given up" if r["parked"] else r["due_at"], r["error"])
            for r in rows
        ],
        *("ID", "TOPIC", "TRIES", "NEXT TRY", "ERROR"),
    )


@outbox.command()
@click.argument("ids", nargs=-1, type=click.IntRange(1))
@click.option("--all", "everything", is_flag=True, help="All that have failed or were given up.")
def retry(ids: tuple[int, ...], everything: bool) -> None:
    """Try rows again now."""
    from hub.operate import retry as again

    if everything == bool(ids):
        raise click.UsageError("Name the rows to retry, or use --all.")
    count = again(hub(), None if everything else ids)
    say(f"{count} {'row is' if count == 1 else 'rows are'} tried again now.")


@click.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt everything stored with a new key."""
    from hub import local
    from hub.app import assemble
    from hub.operate import new_key, reseal

    told = settings()
    if told.environ.get("HUB_ENCRYPTION_KEYS"):
        done, lost = reseal(hub())
    else:
        with local.held(told.data_dir):
            hub()
            new_key(told.data_dir)
            done, lost = reseal(assemble(settings()))
    say(f"{done} {'value is' if done == 1 else 'values are'} encrypted with the newest key now.")
    say("Keep the oldest key as the last one: it also recognises accounts.")
    if lost:
        say(f"✗ {lost} could not be read with any key; the hosts concerned have to reconnect.")
        raise click.exceptions.Exit(1)


COMMANDS = (migrate, doctor, providers, outbox, rotate_keys)
