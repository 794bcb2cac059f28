"""The doctor: checks the set-up part by part, and says in a sentence what to do where something is wrong."""

from __future__ import annotations

import os
import platform
import smtplib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hub import config
from hub.config import ConfigError, Settings
from hub.providers import Provider, Registry

OK, WARNING, WRONG = "ok", "warning", "wrong"


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, how it stands (ok, warning, wrong), and in words."""

    name: str
    state: str
    text: str


def examine(environ: Mapping[str, str]) -> list[Check]:
    """Return all findings. Raises nothing; what can't be looked at is a finding."""
    from hub import providers

    found = [Check("python", OK, f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")]
    registry = providers.load()
    try:
        settings = config.load(environ)
    except ConfigError as fault:
        return [*found, *(Check("settings", WRONG, problem) for problem in fault.problems)]
    found.append(_address(settings))
    for name, look in (
        ("data folder", _folder),
        ("database", _database),
        ("redis", _redis),
        ("mail", _mail),
    ):
        found.append(_guarded(name, partial(look, settings)))
    found += _providers(settings, registry)
    return found


def _guarded(name: str, look: Callable[[], tuple[str, str]]) -> Check:
    try:
        return Check(name, *look())
    except Exception as fault:  # whatever a driver raises is the finding
        return Check(name, WRONG, f"{type(fault).__name__}: {str(fault).splitlines()[0] if str(fault) else ''}")


def _address(settings: Settings) -> Check:
    if settings.secure:
        return Check("address", OK, settings.public_url)
    return Check("address", WARNING, f"{settings.public_url} is good for this machine only; others need https.")


def _folder(settings: Settings) -> tuple[str, str]:
    folder = settings.data_dir
    if not folder.exists():
        return WARNING, f"{folder} does not exist yet; it is made at the first start."
    if not os.access(folder, os.W_OK):
        return WRONG, f"{folder} can't be written by this user."
    if folder.stat().st_mode & 0o077 and settings.embedded:
        return WARNING, f"{folder} is open to other users of this machine: chmod 700 it."
    return OK, str(folder)


def _database(settings: Settings) -> tuple[str, str]:
    from sqlalchemy import make_url, text

    from hub.store import migrate
    from hub.store.db import Store

    url = make_url(settings.database_url)
    shown = url.render_as_string(hide_password=True)
    if settings.embedded and not Path(url.database or "").exists():
        return WARNING, f"{shown} does not exist yet: hub migrate makes it."
    store = Store(settings.database_url)
    try:
        with store.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        if not migrate.is_current(store):
            return WRONG, f"{shown} is not up to date: run hub migrate."
    finally:
        store.dispose()
    return OK, shown


def _redis(settings: Settings) -> tuple[str, str]:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis.from_url(
        settings.redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    try:
        told = client.info("server")
    except redis.RedisError as fault:
        own = settings.redis_url.startswith("unix:") and not settings.environ.get("HUB_REDIS_URL")
        if own:
            return WARNING, f"not running; hub up starts it ({_bundled(settings)})"
        return WRONG, f"does not answer ({type(fault).__name__}): see HUB_REDIS_URL"
    finally:
        client.close()
    return OK, f"{told.get('server_name', 'redis')} {told.get('valkey_version') or told.get('redis_version')} answers"


def _bundled(settings: Settings) -> str:
    from hub import redis_server

    return str(redis_server.program({**os.environ, **settings.environ}))


def _mail(settings: Settings) -> tuple[str, str]:
    parts = urlsplit(settings.mail_url)
    if parts.scheme == "file":
        return WARNING, f"mails are written to {unquote(parts.path)} and sent to nobody: set HUB_MAIL_URL"
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(parts.hostname or "", parts.port or 0, timeout=5) as server:
        server.noop()
    return OK, f"{parts.hostname} answers"


def _providers(settings: Settings, registry: Registry) -> Iterator[Check]:
    for name, reason in registry.broken.items():
        yield Check(f"plugin {name}", WRONG, f"left out: {reason}")
    for provider in registry.all():
        yield _provider(settings, provider)


def _provider(settings: Settings, provider: Provider) -> Check:
    name = f"provider {provider.key}"
    try:
        config.check_providers(settings, [provider.facts])
    except ConfigError as fault:
        return Check(name, WRONG, " ".join(fault.problems))
    if not provider.oauth:
        return Check(name, OK, f"{provider.facts.label} needs no set-up")
    if not settings.configured(provider.facts):
        missing = f"HUB_{provider.key.upper()}_CLIENT_ID and HUB_{provider.key.upper()}_CLIENT_SECRET"
        return Check(
            name,
            WARNING,
            f"not set up: {missing} are missing. Redirect URL to register: {_redirect(settings, provider)}",
        )
    oauth, api = settings.bases(provider.facts)
    elsewhere = (oauth, api) != (provider.oauth.base_url.rstrip("/"), provider.oauth.api_url.rstrip("/"))
    text = f"set up. Redirect URL to register: {_redirect(settings, provider)}"
    return Check(name, OK, text + (f". It is pointed to {oauth} and {api}" if elsewhere else ""))


def _redirect(settings: Settings, provider: Provider) -> str:
    return f"{settings.public_url}/integrations/{provider.key}/callback"
