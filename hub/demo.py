"""The demo: the whole hub on one machine with local stand-ins for the vendors, a sample host and a mailbox page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from hub import local, providers
from hub.facts import Field
from hub.provider import Provider
from hub.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from hub.container import Hub

NAME, EMAIL, PASSWORD = "Ada Lovelace", "ada@example.com", "demo-only-please-change"
HANDLE, TITLE, SLUG = "ada", "Intro call", "intro-call"
ABOUT = "Half an hour to get to know each other."
ZONE = "Europe/London"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
STATE_DIR = "HUB_SANDBOX_STATE_DIR"
KEPT_SETTINGS = ("HUB_REDIS_SERVER",)
SAMPLES = {
    "text": "Sample",
    "multiline": "Ring twice.",
    "tel": "+442071234567",
    "address": "12 Example Street, London",
    "url": "https://example.com/room",
}


@dataclass(frozen=True)
class Addresses:
    """Where the demo's two servers listen, and where browsers reach them."""

    host: str
    port: int
    services_port: int

    @property
    def hub(self) -> str:
        """The hub's own address."""
        return local.address(self.host, self.port)

    @property
    def services(self) -> str:
        """The address of mailbox and sandboxes."""
        return local.address(self.host, self.services_port)

    def sandbox(self, key: str) -> str:
        """The address of one provider's stand-in."""
        return f"{self.services}/sandbox/{key}"


def run(*, host: str, port: int | None, data_dir: Path, say: Callable[[str], None]) -> None:
    """Serve the demo until a signal asks to stop. Raises HubError for what is in the way."""
    data_dir = data_dir.absolute()
    with local.held(data_dir):
        addresses, sentence = _addresses(host, port)
        if sentence:
            say(sentence)
        registry = providers.load()
        sandboxes = [provider for provider in registry.all() if provider.can("sandbox_app")]
        env = environment(addresses, data_dir, sandboxes)
        with Supervisor(data_dir / "logs", say=say) as supervisor:
            supervisor.start(
                *local.redis_part(data_dir, env),
                services_part(addresses, env),
                Part("data", local.command("demo-data"), env, once=True, shows="database and sample host"),
            )
            supervisor.start(*local.hub_parts(env, host=host, port=addresses.port))
            say(welcome(addresses, data_dir, sandboxes))
            supervisor.watch()


def environment(addresses: Addresses, data_dir: Path, sandboxes: list[Provider]) -> dict[str, str]:
    """Return the parts' environment: nothing of an operator's own settings, so that no real account is touched."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_") or name in KEPT_SETTINGS}
    told = {
        "HUB_DATA_DIR": str(data_dir),
        "HUB_PUBLIC_URL": addresses.hub,
        "HUB_REDIS_URL": local.redis_url(data_dir),
        "HUB_MAIL_URL": f"file://{quote(str(data_dir / 'mail'))}",
        STATE_DIR: str(data_dir / "sandbox"),
        "PYTHONUNBUFFERED": "1",
    }
    for provider in sandboxes:
        told |= sandbox_settings(provider, addresses.sandbox(provider.key))
    return {**kept, **told}


def sandbox_settings(provider: Provider, url: str) -> dict[str, str]:
    """Return the settings that point a provider to its stand-in at `url`."""
    needed = [s.name for s in provider.facts.settings if s.required or s.name == "webhook_secret"]
    settings = {name: f"sandbox-{name}" for name in needed}
    if provider.oauth:
        settings |= {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        bases = {"oauth_url": provider.oauth.base_url, "api_url": provider.oauth.api_url}
        settings |= {name: url + urlsplit(base).path for name, base in bases.items()}
    return {f"HUB_{provider.key.upper()}_{name.upper()}": value for name, value in settings.items()}


def services_part(addresses: Addresses, env: Mapping[str, str]) -> Part:
    """Return the part that serves mailbox and stand-ins."""
    words = ["demo-services", "--host", addresses.host, "--port", str(addresses.services_port)]
    return Part(
        "services",
        local.command(*words),
        env,
        ready=lambda: local.answers(addresses.services, "/mailbox/"),
        shows=f"{addresses.services}/mailbox/",
    )


def welcome(addresses: Addresses, data_dir: Path, sandboxes: list[Provider]) -> str:
    """Return what is printed once everything runs."""
    rows = [
        ("Hub", addresses.hub),
        ("Sign in", f"{addresses.hub}/login  {EMAIL}  {PASSWORD}"),
        ("Book", f"{addresses.hub}/{HANDLE}/{SLUG}"),
        ("Mailbox", f"{addresses.services}/mailbox/"),
        *((f"{provider.facts.label} sandbox", addresses.sandbox(provider.key) + "/") for provider in sandboxes),
        ("Data", f"{data_dir} (remove it to begin anew)"),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    return "\n".join(["", *lines, "", "Ctrl-C stops everything."])


def seed(hub: Hub) -> bool:
    """Make the sample host with an event type that offers a provider of each group; False if there is one.

    Those that the host has yet to connect are offered too: trying that is what the demo is for.
    """
    from sqlalchemy import select

    from hub import accounts
    from hub.scheduling import event_types
    from hub.scheduling.event_type_form import Typed, TypedLocation
    from hub.store.models import Host

    with hub.store.read() as session:
        host = session.scalar(select(Host).where(Host.email == EMAIL))
    if host and host.onboarding_step == 0:
        return False
    host_id = (
        host.id
        if host
        else accounts.sign_up(hub, name=NAME, email=EMAIL, password=PASSWORD, timezone=ZONE, handle=HANDLE)
    )
    locations = (TypedLocation(one.key, sample_inputs(one.facts.host_fields)) for one in samples(hub.registry.all()))
    event_types.create(hub, host_id, Typed(TITLE, SLUG, description=ABOUT, notice="1", locations=tuple(locations)))
    with hub.store.write() as session:
        sample = session.get_one(Host, host_id)
        sample.onboarding_step, sample.operator = 0, True
    return True


def samples(providers: Iterable[Provider]) -> list[Provider]:
    """Return one provider of each group: the one that can do most, for that has most to try."""
    chosen: dict[str, Provider] = {}
    for one in providers:
        known = chosen.get(one.facts.group)
        if known is None or len(one.hooks) > len(known.hooks):
            chosen[one.facts.group] = one
    return list(chosen.values())


def sample_inputs(fields: tuple[Field, ...]) -> dict[str, str]:
    """Return values with which a host could have filled in these fields."""
    values: dict[str, str] = {}
    for field in fields:
        if field.required and (field.when is None or values.get(field.when[0]) == field.when[1]):
            values[field.name] = field.choices[0].value if field.kind == "choice" else SAMPLES[field.kind]
    return values


def _addresses(host: str, port: int | None) -> tuple[Addresses, str]:
    own, sentence = local.free_port(host, port or 8000, given=port is not None)
    services, _ = local.free_port(host, own + 1, given=False)
    return Addresses(host, own, services), sentence
