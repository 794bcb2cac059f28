"""Goes through all parts; a setting that can't be used hides only what depends on it."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from hub import config, providers
from hub.config import Settings
from hub.doctor import keys, life, place, plugins, services
from hub.doctor.finding import OK, WRONG, Check, Told, guarded
from hub.providers import Registry

Clock = Callable[[], datetime]
Look = Callable[[], Told | Iterable[Told]]


def now() -> datetime:
    """Return the present by this machine's clock."""
    return datetime.now(UTC)


def examine(environ: Mapping[str, str], registry: Registry | None = None, clock: Clock = now) -> list[Check]:
    """Return all findings, without changing anything. Raises nothing; what can't be looked at is a finding."""
    registry = registry or providers.load()
    settings, problems = config.read(environ)
    found = [Check("python", OK, f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")]
    found += [Check("settings", WRONG, problem) for problem in problems]
    unusable = {problem.split()[0] for problem in problems}
    for name, needs, look in _parts(settings, clock):
        if unusable.isdisjoint(needs):
            found += guarded(name, look)
    found += plugins.findings(settings, registry, address_known="HUB_PUBLIC_URL" not in unusable)
    return found


def _parts(settings: Settings, clock: Clock) -> Iterator[tuple[str, tuple[str, ...], Look]]:
    """Yield what is looked at, the settings without which it can't be, and how."""
    base, redis, sealing = "HUB_DATABASE_URL", "HUB_REDIS_URL", "HUB_ENCRYPTION_KEYS"
    yield "address", ("HUB_PUBLIC_URL",), partial(place.address, settings)
    yield "data folder", (), partial(place.folder, settings)
    yield "keys", ("HUB_SECRET_KEY", sealing), partial(keys.given, settings)
    yield "database", (base,), partial(services.database, settings)
    yield "stored values", (base, sealing), partial(keys.stored, settings)
    yield "clock", (base,), partial(services.clock, settings, clock)
    yield "redis", (redis,), partial(services.redis_server, settings)
    yield "mail", ("HUB_MAIL_URL",), partial(services.mail, settings)
    yield "sweeper", (base,), partial(life.sweeper, settings, clock)
    yield "worker", (base, redis), partial(life.worker, settings, clock)
