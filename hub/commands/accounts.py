"""The word `hub accounts`: list accounts; open, close, make and delete them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from hub.commands.common import as_json, hub, print_json, say, table

EMAIL = click.argument("email")


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what can't be used into the command's own complaint."""
    from hub.errors import InvalidInput
    from hub.forms import InvalidForm

    try:
        yield
    except InvalidInput as fault:
        raise click.BadParameter(fault.message) from None
    except InvalidForm as fault:
        raise click.BadParameter(" ".join(fault.errors.values())) from None


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def accounts(context: click.Context, machine: bool) -> None:
    """List the accounts; open, close, make and delete them."""
    if context.invoked_subcommand:
        return
    from hub.accounts.admin import overview

    rows = overview(hub())
    if machine:
        print_json({"accounts": [asdict(row) for row in rows]})
        return
    if not rows:
        say("There are no accounts yet.")
        return
    lines = [
        (
            row.email,
            row.name,
            "active" if row.active else "inactive",
            "operator" if row.operator else "",
            str(row.upcoming),
            ", ".join(row.disabled),
        )
        for row in rows
    ]
    table(lines, "EMAIL", "NAME", "STATE", "ROLE", "UPCOMING", "DISABLED")


@accounts.command()
@EMAIL
def activate(email: str) -> None:
    """Let an account take bookings and connect providers again."""
    _switch(email, True)


@accounts.command()
@EMAIL
def deactivate(email: str) -> None:
    """Keep an account from taking bookings and connecting; bookings and meetings that exist stay."""
    _switch(email, False)


def _switch(email: str, active: bool) -> None:
    from hub.accounts.admin import switch

    with _understood():
        name = switch(hub(), email, active=active)
    say(f"The account of {name} is {'active' if active else 'inactive'}.")


@accounts.command()
@EMAIL
@click.option("--on/--off", "on", default=True, show_default=True, help="Whether the host is an operator.")
def operator(email: str, on: bool) -> None:
    """Make an account's host an operator of this hub, or not."""
    from hub.accounts.admin import switch

    with _understood():
        name = switch(hub(), email, operator=on)
    say(f"{name} is {'an operator' if on else 'no operator'} now.")


@accounts.command()
@EMAIL
@click.option("--name", required=True, help="What invitees see.")
@click.option("--timezone", default="UTC", show_default=True, help="An IANA name, such as Europe/Vienna.")
def add(email: str, name: str, timezone: str) -> None:
    """Make an account, and print the link at which its host sets the password."""
    from hub.accounts.admin import add as make

    with _understood():
        url = make(hub(), email=email, name=name, timezone=timezone)
    say(f"{url}\nThe link works once, within three days. Hand it to {name} in private.")


@accounts.command()
@EMAIL
def invite(email: str) -> None:
    """Print a new link at which an account's host sets the password."""
    from hub.accounts.admin import invite as renew

    with _understood():
        url = renew(hub(), email)
    say(f"{url}\nThe link works once, within three days. Hand it over in private.")


@accounts.command()
@EMAIL
@click.option("--upcoming", type=click.Choice(["cancel", "leave"]), required=True, help="What happens to bookings.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(email: str, upcoming: str, yes: bool) -> None:
    """Delete an account with all its data, as its host asked; invitees of cancelled bookings get a mail."""
    from hub.accounts.admin import host_id
    from hub.profile import deletion

    assembled = hub()
    with _understood():
        number = host_id(assembled, email)
    with assembled.store.read() as session:
        touched = deletion.effects(session, assembled, number)
    fate = "cancelled" if upcoming == "cancel" else "left as they are"
    say(f"Event types: {touched.event_types}. Upcoming bookings: {touched.upcoming}, {fate}. Others: {touched.past}.")
    for label, count in touched.meetings:
        say(f"Upcoming meetings that stay in the host's {label} account: {count}.")
    if not yes:
        click.confirm("Delete this account for good?", abort=True)
    deletion.delete(assembled, number, cancel=upcoming == "cancel")
    say("The account is deleted.")
