"""The providers' plugins: which are left out, and what each needs from the operator."""

from __future__ import annotations

from collections.abc import Iterator

from hub import config
from hub.config import ConfigError, Settings
from hub.doctor.finding import OK, WARNING, WRONG, Check
from hub.provider import Provider
from hub.providers import Registry


def findings(settings: Settings, registry: Registry, *, address_known: bool) -> Iterator[Check]:
    """Return a finding for each plugin; what depends on the public address is left out where that is not known."""
    for name, reason in registry.broken.items():
        yield Check(f"plugin {name}", WRONG, f"left out: {reason}. Update it, or uninstall it with pip.")
    for provider in registry.all():
        for state, text in _set_up(settings, provider, address_known=address_known):
            yield Check(f"provider {provider.key}", state, text)


def _set_up(settings: Settings, provider: Provider, *, address_known: bool) -> Iterator[tuple[str, str]]:
    label = provider.facts.label
    try:
        config.check_providers(settings, [provider.facts])
    except ConfigError as fault:
        yield WRONG, " ".join(fault.problems)
        return
    if not settings.configured(provider.facts):
        yield (
            WARNING,
            f"not set up: {' and '.join(config.required(provider.facts))} are missing, so no host can use it.",
        )
    elif not provider.oauth:
        yield OK, f"{label} needs no set-up"
    else:
        oauth, api = settings.bases(provider.facts)
        usual = (provider.oauth.base_url.rstrip("/"), provider.oauth.api_url.rstrip("/"))
        yield OK, "set up" + ("" if (oauth, api) == usual else f". It is pointed to {oauth} and {api}")
    if provider.oauth and address_known:
        yield OK, f"redirect URL to register at {label}, to the letter: {settings.redirect_uri(provider.facts)}"
        if provider.can("receive_webhook"):
            yield _webhooks(settings, provider)


def _webhooks(settings: Settings, provider: Provider) -> tuple[str, str]:
    label, url = provider.facts.label, settings.addresses(provider.facts)["webhook_url"]
    register = f"webhook and deauthorization URL to register at {label}: {url}"
    if not settings.provider(provider.facts).get("webhook_secret", "").strip(", "):
        variable = f"HUB_{provider.key.upper()}_WEBHOOK_SECRET"
        return WARNING, f"{variable} is not set, so what happens at {label} is seen at the next call only; {register}"
    return (OK, register) if settings.secure else (WARNING, f"{register}; but {label} can't reach this machine")
