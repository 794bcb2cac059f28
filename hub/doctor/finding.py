"""One finding of the doctor, and how a look that fails becomes one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

OK, WARNING, WRONG = "ok", "warning", "wrong"
Told = tuple[str, str]


@dataclass(frozen=True)
class Check:
    """What was looked at, how it stands (ok, warning, wrong), and in words, with what to do about it."""

    name: str
    state: str
    text: str


def guarded(name: str, look: Callable[[], Told | Iterable[Told]]) -> list[Check]:
    """Return what `look` finds; whatever it raises is a finding too, without a password that an address holds."""
    try:
        told = look()
        found = [told] if isinstance(told, tuple) else list(told)
    except Exception as fault:
        first = re.sub(r"://[^\s/@]*@", "://***@", next(iter(str(fault).splitlines()), ""))
        found = [(WRONG, f"{type(fault).__name__}: {first}")]
    return [Check(name, state, text) for state, text in found]
