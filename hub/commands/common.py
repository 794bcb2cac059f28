"""What several commands share: options, settings, and output for people and for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.config import Settings
    from hub.container import Hub

PORT = click.IntRange(1, 65535)
as_json = click.option("--json", "machine", is_flag=True, help="Print JSON.")


def settings() -> Settings:
    """Return the settings of the environment. Raises ConfigError."""
    from hub import config

    return config.load(os.environ)


def whole_settings() -> Settings:
    """Return the settings, of which no provider's are half given. Raises ConfigError."""
    from hub import config, providers

    told = settings()
    config.check_providers(told, [provider.facts for provider in providers.load().all()])
    return told


def hub() -> Hub:
    """Return the assembled hub; its database must be up to date. Raises ConfigError and HubError."""
    from hub.app import assemble
    from hub.errors import HubError
    from hub.store import migrate

    assembled = assemble(settings())
    if not migrate.is_current(assembled.store):
        raise HubError("The database is not up to date: run hub migrate first.")
    return assembled


def serving() -> Hub:
    """Return the assembled hub for a process that goes on running, whose log is set up. Raises like `hub`."""
    from hub import logs
    from hub.operate import keep_fingerprint_key

    logs.configure(settings().log_format)
    assembled = hub()
    keep_fingerprint_key(assembled)
    return assembled


def say(text: str) -> None:
    """Print a line at once; where the terminal can't show our marks, plain ones stand in."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    if encoding != "utf8":
        text = text.replace("✓", "+").replace("✗", "x").encode("ascii", "replace").decode()
    click.echo(text)
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Print a value for programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(rows: Iterable[Sequence[str]], *heads: str) -> None:
    """Print rows as aligned columns below their heads."""
    lines = [heads, *rows]
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(heads))]
    for line in lines:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
