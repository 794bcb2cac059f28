"""Renders mails from templates/email/<name>/, where text is text and only HTML is escaped as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from hub import words

PARTS = ("subject.txt", "body.txt", "body.html")
UNSEEN = "\u200b"  # zero-width space


def render(name: str, context: Mapping[str, Any], parts: tuple[str, ...] = PARTS) -> list[str]:
    """Return the named parts of a mail; the subject is one line."""
    environment = _environment()
    texts = [environment.get_template(f"email/{name}/{part}").render(context) for part in parts]
    return [
        " ".join(t.split()) if part.startswith("subject") else t.strip() + "\n"
        for part, t in zip(parts, texts, strict=True)
    ]


def defused(text: str) -> str:
    """Return a stranger's text such that mail programs make no links of it."""
    return text.replace("://", f":{UNSEEN}//").replace("www.", f"www{UNSEEN}.").replace("@", f"{UNSEEN}@")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(words.templates_folder()),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["defused"] = defused
    environment.filters["minutes"] = words.minutes
    return environment
