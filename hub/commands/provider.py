"""The word `hub provider`, for authors: write a new provider's package, and check one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.commands.common import as_json, print_json, say

if TYPE_CHECKING:
    from hub.scaffold.check import Finding


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
        for line in _lines(found):
            say(line)
        say(f"{len(found) - len(wrong)} of {len(found)} checks of {key} hold.")
    if wrong:
        raise click.exceptions.Exit(1)


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    """Yield what holds, and then what does not by cause: one fault in a plugin can fail thirty checks."""
    yield from (f"✓ {one.what}" for one in found if one.ok)
    causes: dict[str, list[Finding]] = {}
    for one in found:
        if not one.ok:
            causes.setdefault(one.found, []).append(one)
    for cause, (first, *others) in causes.items():
        yield f"✗ {first.what}"
        yield f"    found: {cause}"
        yield f"    mend:  {first.mend}"
        if others:
            yield f"    The same words in {len(others)} more; this mended, they may hold, too:"
        yield from (f"  ✗ {one.what}" for one in others)
