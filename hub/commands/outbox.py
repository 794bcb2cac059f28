"""The word `hub outbox`: what is stuck, and what the operator does about it."""

from __future__ import annotations

import click

from hub.commands.common import as_json, hub, print_json, say, table


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
