"""Markdown by people we don't know, as parts of a page: text and tables, never their HTML, images or scripts.

A library reads it, as a stranger's README may use all of Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LINKS = ("https://", "http://", "#")


@dataclass(frozen=True)
class Part:
    """A piece of the text: `markup`, or a table with its columns, its rows and the heading above it as `title`."""

    markup: Markup
    title: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Markup, ...], ...] = ()


def parts(text: str) -> list[Part]:
    """Return the text's parts in order, without its first-level heading: the page has one of its own."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    found, title = [], ""
    for run in _runs(reader.parse(re.sub(r"\A\s*# .*", "", text))):
        for head, inside in pairwise(run):
            if head.type == "heading_open":
                title = inside.content
                head.attrSet("id", re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))
        if run[0].type == "table_open":
            found.append(_table(reader, run, title))
        else:
            found.append(Part(_markup(reader, run)))
    return found


def _runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield each table that stands by itself, and what is between them."""
    run: list[Token] = []
    for token in tokens:
        if token.type == "inline":
            token.children = _usable(token.children or [])
        if token.type == "table_open" and not token.level and run:
            yield run
            run = []
        run.append(token)
        if token.type == "table_close" and not token.level:
            yield run
            run = []
    if run:
        yield run


def _table(reader: MarkdownIt, run: Sequence[Token], title: str) -> Part:
    cells = [token for token in run if token.type == "inline"]
    width = sum(token.type == "th_open" for token in run)
    shown = [_markup(reader, [cell]) for cell in cells[width:]]
    rows = tuple(tuple(shown[at : at + width]) for at in range(0, len(shown), width))
    return Part(Markup(), title, columns=tuple(cell.content for cell in cells[:width]), rows=rows)


def _markup(reader: MarkdownIt, tokens: Sequence[Token]) -> Markup:
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - HTML in the text is escaped


def _usable(children: list[Token]) -> list[Token]:
    """Leave out links to files beside the text, which no page has; their words stay."""
    kept, inside = [], False
    for child in children:
        if child.type == "link_open":
            inside = not str(child.attrGet("href")).startswith(LINKS)
            child.attrSet("rel", "noopener noreferrer")
        if not (inside and child.type in ("link_open", "link_close")):
            kept.append(child)
    return kept
