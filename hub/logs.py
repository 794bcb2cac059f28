"""The log: one line for each event, as text or JSON, with what it is about and without any secret."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

FORMATS = ("text", "json")
FIELDS = ("request", "outbox", "topic", "booking", "provider")  # what a line may be about, in this order
HIDDEN = "***"
_about: ContextVar[dict[str, Any]] = ContextVar("hub_log", default={})  # noqa: B039 - replaced, never changed

# What may be secret, wherever it stands: how it is found, and what is left of it.
SECRETS = (
    # name and password of an address; what follows its question mark; links that open a booking
    (re.compile(r"(?<=://)[^\s/@]+(?=@)"), HIDDEN),
    (re.compile(r"(?<=\?)[^\s\"'<>)]*=[^\s\"'<>)]*"), HIDDEN),
    (re.compile(r"(?<=/b/)[\w-]+"), HIDDEN),
    # anything called by a name that secrets have: token=…, "access_token": "…", Authorization: Bearer …
    (
        re.compile(
            r"(?i)((?:[\w-]*(?:token|secret|password|passcode|signature|pwd|verifier|api[_-]?key)|authorization|cookie)"
            r"[\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?)[^\s\"',;}&]+"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    # signed and sealed values, and whatever is long and random
    (re.compile(r"\beyJ[\w-]+\.[\w.-]+"), HIDDEN),
    (re.compile(r"\b(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{40,}={0,2}"), HIDDEN),
)
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def mask(text: str) -> str:
    """Return the text without tokens, passwords and links that let somebody in."""
    for pattern, left in SECRETS:
        text = pattern.sub(left, text)
    return text


@contextmanager
def bound(**about: Any) -> Iterator[None]:
    """Say what all lines within this block are about, see FIELDS; what `bind` adds in it ends with it."""
    token = _about.set({**_about.get(), **about})
    try:
        yield
    finally:
        _about.reset(token)


def bind(**about: Any) -> None:
    """Add to what the lines of the innermost `bound` block are about."""
    _about.set({**_about.get(), **about})


def configure(form: str) -> None:
    """Have this process write its log to standard error in this form: text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log addresses of vendors
    logging.getLogger("alembic").setLevel(logging.WARNING)


def formatter(form: str) -> logging.Formatter:
    """Return what writes a line in this form."""
    return Json() if form == "json" else Text()


class Text(logging.Formatter):
    """For people: time, level, logger, message, and name=value; a traceback follows, each of its lines marked."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        about = "".join(f" {name}={_flat(str(value))}" for name, value in _fields().items())
        head = f"{_time(record)} {record.levelname} {record.name} {_flat(mask(record.getMessage()))}{about}"
        trace = _trace(self, record)
        return head + "".join(f"\n  | {_flat(line)}" for line in trace.splitlines())


class Json(logging.Formatter):
    """For programs: one object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage()),
            **_fields(),
        }
        trace = _trace(self, record)
        if trace:
            told["trace"] = trace
        return json.dumps(told, default=str)


def _fields() -> dict[str, Any]:
    about = _about.get()
    return {name: about[name] for name in FIELDS if about.get(name) not in (None, "")}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _trace(writer: logging.Formatter, record: logging.LogRecord) -> str:
    return mask(writer.formatException(record.exc_info)) if record.exc_info else ""


def _flat(text: str) -> str:
    """Return the text on one line: what would begin another one is written out."""
    return CONTROL.sub(lambda found: ascii(found.group())[1:-1], text)
