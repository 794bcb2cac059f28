"""The `hub` command: its words, and that every failure is one sentence."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from typing import NoReturn

import click

from hub.commands import operating, serving
from hub.commands.provider import provider


def _version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"hub {metadata.version('scheduling-hub')}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@click.option("--traceback", "tracing", is_flag=True, help="Show where a failure came from.")
def hub(tracing: bool) -> None:
    """A self-hosted scheduling hub whose meeting locations are plugins."""


for _command in (*serving.COMMANDS, *operating.COMMANDS, provider):
    hub.add_command(_command)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0 done, 1 failed, 2 not understood, 130 interrupted."""
    words = sys.argv[1:] if words is None else list(words)
    try:
        result = hub.main(list(words), prog_name="hub", standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except click.exceptions.NoArgsIsHelpError as fault:
        click.echo(fault.format_message())
        sys.exit(2)
    except click.UsageError as fault:
        path = fault.ctx.command_path if fault.ctx else "hub"
        _leave(2, f"{fault.format_message()} ({path} --help tells more)")
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as fault:
        if "--traceback" in words:
            traceback.print_exc()
        _leave(1, *_sentences(fault))


def _sentences(fault: Exception) -> Sequence[str]:
    problems = getattr(fault, "problems", None)
    if problems:
        return list(problems)
    text = fault.format_message() if isinstance(fault, click.ClickException) else str(fault)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    # Addresses of databases and servers may carry a password.
    first = re.sub(r"://[^\s/@]*@", "://***@", first)
    from hub.errors import HubError

    if isinstance(fault, (HubError, click.ClickException)):
        return [first]
    return [f"{type(fault).__name__}: {first}" if first else type(fault).__name__]


def _leave(code: int, *lines: str) -> NoReturn:
    for line in lines:
        click.echo(f"hub: {line}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
