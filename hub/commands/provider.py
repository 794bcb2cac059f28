"""The word `hub provider`, for authors: write a new provider's package, and check one."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from hub.commands.common import as_json, print_json, say


@click.group()
def provider() -> None:
    """Write a provider of your own, and check it."""


@provider.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["plain", "link", "oauth"]),
    default="oauth",
    show_default=True,
    help="plain: no link, no API. link: one that the host has. oauth: a vendor with accounts and an API.",
)
@click.option(
    "--into", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help="Folder to write it into."
)
def new(name: str, kind: str, folder: Path) -> None:
    """Write the package of a provider called NAME; its tests pass as written."""
    from hub.errors import InvalidInput
    from hub.scaffold.new import write

    try:
        target = write(name, kind=kind, folder=folder)
    except InvalidInput as fault:
        raise click.BadParameter(fault.message) from None
    tools = Path(sys.executable).parent  # of the environment that the hub runs in
    say(f"✓ {target} is written. Next:")
    say(f"  {tools / 'pip'} install -e '{target}[test]'")
    say(f"  {tools / 'pytest'} {target}")
    say(f"  {tools / 'hub'} provider check {target}      takes about a minute")


@provider.command()
@click.argument("target")
@as_json
def check(target: str, machine: bool) -> None:
    """Check a package in a folder, or an installed provider by its key, and say how to mend what is wrong."""
    from hub.errors import InvalidInput
    from hub.scaffold.check import check as examine

    try:
        key, found = examine(target)
    except InvalidInput as fault:
        raise click.BadParameter(fault.message) from None
    wrong = [one for one in found if not one.ok]
    if machine:
        print_json({"key": key, "ok": not wrong, "findings": [asdict(one) for one in found]})
    else:
        for one in found:
            say(f"{'✓' if one.ok else '✗'} {one.what}")
            if not one.ok:
                say(f"    found: {one.found}")
                say(f"    mend:  {one.mend}")
        say(f"{len(found) - len(wrong)} of {len(found)} checks of {key} hold.")
    if wrong:
        raise click.exceptions.Exit(1)
