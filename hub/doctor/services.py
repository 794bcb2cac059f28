"""What the hub works with: database, clock, Redis and mail server."""

from __future__ import annotations

import contextlib
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import Engine, make_url, text

from hub.config import Settings
from hub.doctor.finding import OK, WARNING, WRONG, Told
from hub.doctor.place import room
from hub.notify.transport import SmtpMailer
from hub.store import migrate
from hub.store.db import Store
from hub.texts import LOOPBACK

OLDEST_POSTGRESQL = 14
LARGEST_SKEW = timedelta(seconds=5)
# Below these, RQ does not work. Below the others, CVE-2025-49844 lets whoever may run scripts run programs.
OLDEST_REDIS, OLDEST_VALKEY = (5, 0, 0), (7, 2, 0)
MENDED = {
    "redis": ((6, 2, 20), (7, 2, 11), (7, 4, 6), (8, 0, 4), (8, 2, 2)),
    "valkey": ((7, 2, 11), (8, 0, 6), (8, 1, 4)),
}


@contextlib.contextmanager
def reached(settings: Settings) -> Iterator[Store]:
    """Yield the database; its connections are closed afterwards."""
    store = Store(settings.database_url)
    try:
        yield store
    finally:
        store.dispose()


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Store | None]:
    """Yield the database if it is there and up to date, else None."""
    if not _exists(settings):
        yield None
        return
    with reached(settings) as store:
        yield store if migrate.is_current(store) else None


def _exists(settings: Settings) -> bool:
    return not settings.embedded or Path(make_url(settings.database_url).database or "").exists()


def database(settings: Settings) -> Iterator[Told]:
    """Look at the database: that it answers, is up to date, and can keep what it is given."""
    url = make_url(settings.database_url)
    shown = (url.database or "") if settings.embedded else url.render_as_string(hide_password=True)
    if not _exists(settings):
        yield WARNING, f"{shown} does not exist yet: hub migrate makes it."
        return
    with reached(settings) as store:
        told = list(_sqlite(store.engine, url.database or "") if settings.embedded else _postgresql(store.engine))
        if not migrate.is_current(store):
            told.append((WRONG, f"{shown} is not up to date: run hub migrate."))
    yield from told or [(OK, shown)]


def _sqlite(engine: Engine, path: str) -> Iterator[Told]:
    with engine.connect() as connection:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar()
    if mode != "wal":
        yield WRONG, f"{path} can't be used in WAL mode ({mode}): put HUB_DATA_DIR on a local disk."
    if not os.access(path, os.W_OK):
        yield WRONG, f"{path} can't be written by this user: chown it to the user that runs the hub."
    yield from room(Path(path).parent)


def _postgresql(engine: Engine) -> Iterator[Told]:
    with engine.connect() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar() or 0) // 10000
        kept = connection.execute(text("SHOW synchronous_commit")).scalar()
    if version < OLDEST_POSTGRESQL:
        yield WRONG, f"PostgreSQL {version} is too old: the hub needs {OLDEST_POSTGRESQL} or newer."
    if kept == "off":
        yield WARNING, "synchronous_commit is off: a crash of the server can lose bookings that were confirmed."


def clock(settings: Settings, ours: Callable[[], datetime]) -> Iterator[Told]:
    """Compare this machine's clock with the database server's."""
    if settings.embedded:
        yield OK, "the database is on this machine, and has its clock"
        return
    with reached(settings) as store, store.engine.connect() as connection:
        connection.execute(text("SELECT 1"))  # what connecting takes is no skew
        before = ours()
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = ours()
    skew = max(before - theirs, theirs - after, timedelta(0))
    if skew > LARGEST_SKEW:
        yield (
            WRONG,
            f"this machine's clock and the database server's are {skew.total_seconds():.0f} seconds apart: "
            "set both by NTP (timedatectl set-ntp true). Leases, tokens and reminders depend on it.",
        )
    else:
        yield OK, "in step with the database server's"


def redis_server(settings: Settings) -> Iterator[Told]:
    """Look at Redis: that it answers, is new enough, and is not open to everybody."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis.from_url(
        settings.redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    try:
        told = client.info("server")
    except redis.AuthenticationError:
        yield WRONG, "refuses our password: put the right one into HUB_REDIS_URL (redis://:PASSWORD@HOST:6379/0)."
        return
    except redis.RedisError as fault:
        if not settings.environ.get("HUB_REDIS_URL"):
            yield WARNING, f"not running; hub up starts it ({_bundled(settings)})"
        else:
            yield WRONG, f"does not answer ({type(fault).__name__}): start it, or check HUB_REDIS_URL."
        return
    finally:
        client.close()
    kind = "valkey" if told.get("valkey_version") else "redis"
    version = str(told.get("valkey_version") or told.get("redis_version") or "0")
    troubles = [*outdated(kind, version), *unprotected(settings.redis_url)]
    yield from troubles or [(OK, f"{kind} {version} answers")]


def outdated(kind: str, text: str) -> Iterator[Told]:
    """Say so where this version of redis or valkey can't be used, or has a known weakness."""
    version = tuple(int(part) if part.isdigit() else 0 for part in text.split(".")[:3])
    if version < (OLDEST_VALKEY if kind == "valkey" else OLDEST_REDIS):
        yield WRONG, f"{kind} {text} is too old: take Redis 6.2 or Valkey 7.2, or a newer one."
        return
    if version < next((mended for mended in MENDED[kind] if mended[:2] == version[:2]), MENDED[kind][-1]):
        yield (
            WARNING,
            f"{kind} {text} is older than the release that mends CVE-2025-49844: update it. "
            "Distributions may have mended it under the old number.",
        )


def unprotected(url: str) -> Iterator[Told]:
    """Say so where Redis is reached over a network without a password."""
    parts = urlsplit(url)
    if parts.scheme != "unix" and not parts.password and parts.hostname not in LOOPBACK:
        yield (
            WARNING,
            f"{parts.hostname} takes everybody who reaches it: set a password there (requirepass) "
            "and in HUB_REDIS_URL, or keep it in a private network.",
        )


def _bundled(settings: Settings) -> str:
    from hub import redis_server as bundled

    return str(bundled.program({**os.environ, **settings.environ}))


def mail(settings: Settings) -> Iterator[Told]:
    """Look at the mail server: that it takes us, in private, and that the sender is an address."""
    parts = urlsplit(settings.mail_url)
    if "@" not in parseaddr(settings.mail_from)[1]:
        yield WRONG, "HUB_MAIL_FROM must hold an address: Example Bookings <bookings@example.com>."
    if parts.scheme == "file":
        yield WARNING, f"mails are written to {unquote(parts.path)} and sent to nobody: set HUB_MAIL_URL"
        return
    at = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    try:
        with SmtpMailer(settings.mail_url).connect() as server:
            private = isinstance(server.sock, ssl.SSLSocket)
            server.noop()
    except smtplib.SMTPAuthenticationError:
        yield WRONG, f"{at} refuses name and password: check them in HUB_MAIL_URL (special characters as %XX)."
        return
    except smtplib.SMTPNotSupportedError:
        yield WRONG, f"{at} takes no passwords without encryption or at all: use its port for sending (587 or 465)."
        return
    except ssl.SSLError as fault:
        hint = "smtps:// is for port 465, smtp:// for 587" if fault.reason == "WRONG_VERSION_NUMBER" else fault.reason
        yield WRONG, f"{at} can't be spoken to in private ({hint}): check HUB_MAIL_URL and the server's certificate."
        return
    except (OSError, smtplib.SMTPException) as fault:
        yield WRONG, f"{at} does not answer as a mail server ({type(fault).__name__}): check HUB_MAIL_URL."
        return
    signed_in = " and takes our password" if parts.username else ""
    if private or parts.hostname in LOOPBACK:
        yield OK, f"{at} answers{signed_in}"
    else:
        yield WARNING, f"{at} answers{signed_in}, without encryption: use smtps:// or a server with STARTTLS."
