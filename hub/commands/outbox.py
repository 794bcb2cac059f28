"""The word `hub outbox`: what is stuck, and what the operator does about it."""

from __future__ import annotations

from dataclasses import asdict

import click

from hub.commands.common import as_json, hub, print_json, say, table


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def outbox(context: click.Context, machine: bool) -> None:
    """List what is stuck and why; retry it, or mark it as done."""
    if context.invoked_subcommand:
        return
    from hub.watch import stuck

    rows = stuck(hub())
    if machine:
        print_json({"stuck": [{**asdict(row), "due_at": row.due_at.isoformat()} for row in rows]})
        return
    if not rows:
        say("Nothing is stuck.")
        return
    table(
        [
            (
                str(row.id),
                row.topic,
                row.booking or "-",
                str(row.attempts),
                "given up" if row.parked else f"{row.due_at:%Y-%m-%d %H:%M:%S}",
                row.error,
            )
            for row in rows
        ],
        *("ID", "TOPIC", "BOOKING", "TRIES", "NEXT TRY (UTC)", "WHY"),
    )


@outbox.command()
@click.argument("ids", nargs=-1, type=click.IntRange(1))
@click.option("--all", "everything", is_flag=True, help="All that have failed or were given up.")
def retry(ids: tuple[int, ...], everything: bool) -> None:
    """Try rows again now."""
    from hub.watch import retry as again

    if everything == bool(ids):
        raise click.UsageError("Name the rows to retry, or use --all.")
    count = again(hub(), None if everything else ids)
    say(f"{count} {'row is' if count == 1 else 'rows are'} tried again now.")


@outbox.command()
@click.argument("ids", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--reason", required=True, help="Why; it is kept with the row and on the booking's timeline.")
def done(ids: tuple[int, ...], reason: str) -> None:
    """Mark rows as done, without what they stand for."""
    from hub.errors import InvalidInput
    from hub.watch import mark_done

    try:
        count = mark_done(hub(), ids, reason)
    except InvalidInput as fault:
        raise click.BadParameter(fault.message, param_hint="'--reason'") from None
    say(f"{count} {'row is' if count == 1 else 'rows are'} marked as done.")
