"""Writes a new provider's package from the templates beside this module; nothing that exists is overwritten."""

from __future__ import annotations

import re
from pathlib import Path

from hub.errors import InvalidInput

TEMPLATES = Path(__file__).parent / "templates"
KINDS = {
    "plain": "no link and no API: a place, a custom, a promise",
    "link": "a link that the host has anyway",
    "oauth": "a vendor with accounts and an API, with a local stand-in for it",
}
KEY = re.compile(r"[a-z][a-z0-9]{1,30}")
LONGEST_LABEL = 40


def write(name: str, *, kind: str, folder: Path) -> Path:
    """Write the package of a provider called `name` (as people read it) into `folder` and return where it is.

    Raises InvalidInput for a name that can't be a provider's, and where the package's folder exists.
    """
    words = names(name)
    target = folder / f"hub-{words['newname']}"
    if target.exists():
        raise InvalidInput("folder", f"{target} exists already; nothing was written.")
    for source in ("all", kind):
        for path in sorted((TEMPLATES / source).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                _copy(path, target / _filled(_place(path, source), words), words)
    return target


def names(name: str) -> dict[str, str]:
    """Return what stands for what in the templates. Raises InvalidInput for a name that can't be a provider's."""
    label = " ".join(name.split())
    if not label or len(label) > LONGEST_LABEL or not re.fullmatch(r"[\w .&+-]+", label):
        raise InvalidInput("name", f"A name has letters, digits, spaces and . & + - only, {LONGEST_LABEL} at most.")
    key = re.sub(r"[^a-z0-9]", "", label.lower())
    if not KEY.fullmatch(key):
        raise InvalidInput("name", f"“{label}” leads to the key “{key}”; a key begins with a letter and has 2 to 31.")
    parts = re.findall(r"[A-Za-z0-9]+", label)
    return {
        "New Name": label if len(parts) > 1 or not label.islower() else label.capitalize(),
        "NewName": "".join(part[0].upper() + part[1:] for part in parts),
        "NEWNAME": key.upper(),
        "newname": key,
    }


def _place(path: Path, source: str) -> str:
    # Build tools leave out files whose names begin with a dot.
    return path.relative_to(TEMPLATES / source).as_posix().replace("dot-", ".")


def _copy(source: Path, target: Path, words: dict[str, str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_filled(source.read_text("utf-8"), words), "utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub("|".join(words), lambda found: words[found.group()], text)
