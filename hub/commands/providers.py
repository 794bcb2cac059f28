"""The word `hub providers`: list the providers; enable or disable one for an account; set one up at its vendor."""

from __future__ import annotations

from string import Template
from typing import Any

import click

from hub.commands.common import as_json, hub, print_json, say, settings, table

CAN = (
    ("connect_account", "connect"),
    ("create_meeting", "make"),
    ("update_meeting", "move"),
    ("delete_meeting", "delete"),
    ("find_meeting", "find again"),
    ("receive_webhook", "be told"),
    ("sandbox_app", "play in the demo"),
)


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def providers(context: click.Context, machine: bool) -> None:
    """List what is installed: version, whether it is set up, what it can do, and what is broken and why."""
    if context.invoked_subcommand:
        return
    from hub import providers as plugins

    registry, told = plugins.load(), settings()
    rows: list[dict[str, Any]] = [
        {
            "key": provider.key,
            "label": provider.facts.label,
            "version": provider.version,
            "configured": told.configured(provider.facts),
            "hooks": list(provider.hooks),
            "can": [word for hook, word in CAN if provider.can(hook)],
        }
        for provider in registry.all()
    ]
    if machine:
        print_json({"providers": rows, "broken": registry.broken})
        return
    table(
        [
            (
                r["key"],
                r["label"],
                r["version"],
                "yes" if r["configured"] else "no",
                ", ".join(r["can"]),
            )
            for r in rows
        ],
        *("KEY", "NAME", "VERSION", "SET UP", "CAN"),
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
@click.option("--account", "email", required=True, help="The account's email address.")
def enable(key: str, email: str) -> None:
    """Let an account use a provider."""
    _switch(key, email, True)


@providers.command()
@click.argument("key")
@click.option("--account", "email", required=True, help="The account's email address.")
def disable(key: str, email: str) -> None:
    """Keep an account from using a provider; meetings that exist stay."""
    _switch(key, email, False)


@providers.command()
@click.argument("key")
@click.option("--optional", is_flag=True, help="With all optional permissions, and the webhooks that need them.")
def manifest(key: str, optional: bool) -> None:
    """Print what sets this hub up at a provider's vendor, with its addresses filled in."""
    from hub import providers as plugins

    provider = plugins.load().get(key)
    if provider is None or not provider.manifests:
        raise click.BadParameter(f"There is no provider {key} that has a manifest.")
    text = provider.manifests[-1 if optional else 0]
    click.echo(Template(text).safe_substitute(settings().addresses(provider.facts)), nl=False)
