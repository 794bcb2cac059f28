"""Settings from the environment, checked at start: every problem is named at once, no value is shown."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from hub import crash, keys, logs
from hub.facts import LocationProvider
from hub.texts import LOOPBACK

# name, what it is for; docs/settings.md has a line on each, and a test compares the two.
SETTINGS = {
    "HUB_PUBLIC_URL": "the address under which people reach the hub",
    "HUB_DATABASE_URL": "PostgreSQL address; without it the hub keeps a SQLite file in HUB_DATA_DIR",
    "HUB_REDIS_URL": "Redis address; without it the hub starts its own",
    "HUB_REDIS_SERVER": "path of the Redis or Valkey program to start, where the bundled one does not fit",
    "HUB_DATA_DIR": "folder for the embedded database, keys and logs",
    "HUB_SECRET_KEY": "signs sessions; at least 32 characters",
    "HUB_ENCRYPTION_KEYS": "keys for what is encrypted at rest, newest first, comma-separated, base64 of 32 bytes each",
    "HUB_MAIL_URL": "smtp://user:password@host:port, smtps://… or file:///folder",
    "HUB_MAIL_FROM": "sender of all mails",
    "HUB_SIGNUP": "how accounts are made: open, confirm (by mail) or closed",
    "HUB_SUPPORT_EMAIL": "whom hosts can ask for help",
    "HUB_LINK_DEADLINE": "seconds that a confirmation waits for its link",
    "HUB_LOG_FORMAT": "how the log is written: text, or json for programs",
    "HUB_METRICS_TOKEN": "lets a program on another machine read /metrics",
    "HUB_TRUSTED_PROXIES": "number of reverse proxies in front of the hub",
}
LOCAL_URL = "http://localhost:8000"


class ConfigError(Exception):
    """The environment can't be used; `problems` has one sentence for each fault."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True)
class Settings:
    """What the operator decided; `link_deadline` is in seconds."""

    public_url: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    data_dir: Path
    secret_key: str = field(repr=False)
    encryption_keys: tuple[bytes, ...] = field(repr=False)
    mail_url: str = field(repr=False)
    mail_from: str
    support_email: str = ""
    signup: str = "open"
    link_deadline: int = 60
    trusted_proxies: int = 0
    log_format: str = "text"
    metrics_token: str = field(default="", repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def secure(self) -> bool:
        """Whether people reach the hub over https."""
        return self.public_url.startswith("https://")

    @property
    def embedded(self) -> bool:
        """Whether the hub keeps its own SQLite file."""
        return self.database_url.startswith("sqlite")

    def provider(self, facts: LocationProvider) -> dict[str, str]:
        """Return the provider's own settings by lower-case name, defaults filled in."""
        names = [(s.name, s.default) for s in facts.settings]
        if facts.oauth:
            names += [("client_id", ""), ("client_secret", "")]
        return {name: self.environ.get(_variable(facts, name), default) for name, default in names}

    def bases(self, facts: LocationProvider) -> tuple[str, str]:
        """Return the provider's OAuth and REST base URLs, as the environment may have replaced them."""
        assert facts.oauth
        oauth = self.environ.get(_variable(facts, "oauth_url")) or facts.oauth.base_url
        api = self.environ.get(_variable(facts, "api_url")) or facts.oauth.api_url
        return oauth.rstrip("/"), api.rstrip("/")

    def redirect_uri(self, facts: LocationProvider) -> str:
        """Return the address to which the provider's vendor sends hosts back; it is registered there to the letter."""
        return f"{self.public_url}/integrations/{facts.key}/callback"

    def addresses(self, facts: LocationProvider) -> dict[str, str]:
        """Return this hub's addresses that a provider's vendor has to know, by the names they have in manifests."""
        return {
            "public_url": self.public_url,
            "redirect_url": self.redirect_uri(facts),
            "webhook_url": f"{self.public_url}/webhooks/{facts.key}",
        }

    def configured(self, facts: LocationProvider) -> bool:
        """Whether the operator has given what the provider needs."""
        return not _missing(facts, self.environ, at_all=True)


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings; embedded, the first call makes the keys and keeps them. Raises ConfigError with every problem."""
    settings, problems = read(environ, make_keys=True)
    if problems:
        raise ConfigError(problems)
    return settings


def read(environ: Mapping[str, str], *, make_keys: bool = False) -> tuple[Settings, list[str]]:
    """Return the settings as far as they can be used, and every problem, each beginning with its variable's name.

    Keys that are neither given nor kept are empty, unless they are to be made and there is no problem.
    """
    problems = [told] if (told := crash.problem(environ)) else []
    data_dir = Path(environ.get("HUB_DATA_DIR") or "var").absolute()
    public_url = _public_url(environ, problems)
    database_url = environ.get("HUB_DATABASE_URL", "")
    if database_url and not database_url.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:///")):
        problems.append("HUB_DATABASE_URL must begin with postgresql:// (or be left out for the embedded database).")
    if database_url.startswith("postgresql") and not environ.get("HUB_REDIS_URL"):
        problems.append("HUB_REDIS_URL is missing: with HUB_DATABASE_URL set, name the Redis that all processes share.")
    redis_url = environ.get("HUB_REDIS_URL", "")
    if redis_url and not redis_url.startswith(("redis://", "rediss://", "unix://")):
        problems.append("HUB_REDIS_URL must begin with redis://, rediss:// or unix://.")
    mail_url = environ.get("HUB_MAIL_URL") or f"file://{quote(str(data_dir / 'mail'))}"
    if not mail_url.startswith(("smtp://", "smtps://", "file:///")):
        problems.append("HUB_MAIL_URL must begin with smtp://, smtps:// or file:///.")
    link_deadline = _number(environ, "HUB_LINK_DEADLINE", 60, problems)
    trusted_proxies = _number(environ, "HUB_TRUSTED_PROXIES", 0, problems)
    log_format = environ.get("HUB_LOG_FORMAT") or "text"
    if log_format not in logs.FORMATS:
        problems.append(f"HUB_LOG_FORMAT must be {' or '.join(logs.FORMATS)}.")
    metrics_token = environ.get("HUB_METRICS_TOKEN", "")
    if metrics_token and len(metrics_token) < 20:
        problems.append("HUB_METRICS_TOKEN must be at least 20 random characters.")
    signup = _signup(environ, mail_url, problems)
    kept = None if database_url.startswith("postgresql") else data_dir / "keys"  # embedded, keys are made and kept
    host = urlsplit(public_url).hostname or "localhost"
    settings = Settings(
        public_url=public_url,
        database_url=database_url or sqlite_url(data_dir),
        redis_url=redis_url or f"unix://{quote(str(socket_path(data_dir)))}",
        data_dir=data_dir,
        secret_key=keys.secret_key(environ, kept, problems, make=make_keys),
        encryption_keys=keys.encryption_keys(environ, kept, problems, make=make_keys),
        mail_url=mail_url,
        mail_from=environ.get("HUB_MAIL_FROM") or f"Scheduling Hub <hub@{'localhost' if host in LOOPBACK else host}>",
        support_email=environ.get("HUB_SUPPORT_EMAIL", ""),
        link_deadline=link_deadline,
        trusted_proxies=trusted_proxies,
        log_format=log_format,
        metrics_token=metrics_token,
        signup=signup,
        environ={k: v for k, v in environ.items() if k.startswith("HUB_")},
    )
    return settings, problems


def check_providers(settings: Settings, facts: Iterable[LocationProvider]) -> None:
    """Raise ConfigError naming what is missing where a provider is half-set."""
    problems = [problem for one in facts for problem in _missing(one, settings.environ, at_all=False)]
    if problems:
        raise ConfigError(problems)


def sqlite_url(data_dir: Path) -> str:
    """Return the address of the embedded database: a file in the data folder, whatever that is called."""
    return f"sqlite:///{quote(str(data_dir / 'hub.sqlite'))}"


def socket_path(data_dir: Path) -> Path:
    """Return where the bundled Redis listens: in the data folder, or where the system keeps such files.

    A socket's path is limited in length, and redis-py misreads what a server on a path with spaces says of a client.
    """
    path = data_dir / "redis.sock"
    if len(str(path)) < 100 and re.fullmatch(r"[A-Za-z0-9._/-]+", str(path)):
        return path
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:24]
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/hub-{os.getuid()}")  # noqa: S108 - made 0700 by its starter
    return base / f"{digest}.sock"


def _variable(facts: LocationProvider, name: str) -> str:
    return f"HUB_{facts.key.upper()}_{name.upper()}"


def required(facts: LocationProvider) -> list[str]:
    """Return the variables without which the provider can't be used."""
    names = [s.name for s in facts.settings if s.required]
    names += ["client_id", "client_secret"] if facts.oauth else []
    return [_variable(facts, name) for name in names]


def _missing(facts: LocationProvider, environ: Mapping[str, str], *, at_all: bool) -> list[str]:
    absent = [name for name in required(facts) if not environ.get(name)]
    if len(absent) == len(required(facts)) and not at_all:
        absent = []
    given = [s for s in facts.settings if environ.get(_variable(facts, s.name))]
    needed = [_variable(facts, s.goes_with) for s in given if s.goes_with]
    absent += [name for name in needed if not environ.get(name)]
    return [f"{name} is missing: {facts.label} is only half set up." for name in absent]


def _public_url(environ: Mapping[str, str], problems: list[str]) -> str:
    url = environ.get("HUB_PUBLIC_URL") or LOCAL_URL
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that don't close, a port that is none
        usable = False
    if not usable:
        problems.append("HUB_PUBLIC_URL must be an address such as https://hub.example.com.")
        return LOCAL_URL
    if parts.path or parts.query or parts.fragment:
        problems.append("HUB_PUBLIC_URL must end after the host name (and port), without a path or slash.")
    elif parts.username or parts.password:
        problems.append("HUB_PUBLIC_URL must not hold a name or password.")
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        problems.append("HUB_PUBLIC_URL must begin with https:// unless it is this machine itself.")
    return url


def _signup(environ: Mapping[str, str], mail_url: str, problems: list[str]) -> str:
    """Return how accounts are made; where mails become files nobody could confirm an address."""
    chosen = environ.get("HUB_SIGNUP") or ("open" if mail_url.startswith("file:") else "confirm")
    if chosen not in ("open", "confirm", "closed"):
        problems.append("HUB_SIGNUP must be open, confirm or closed.")
    return chosen


def _number(environ: Mapping[str, str], name: str, default: int, problems: list[str]) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) > 86400:
        problems.append(f"{name} must be a whole number from 0 to 86400.")
        return default
    return int(text)
