"""The lines that a run prints: what was measured, its floor, the ratio, the target, and whether it is met."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One measurement as text; `met` is None where no target is set for it."""

    what: str
    measured: str
    floor: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the line's columns."""
        verdict = {True: "met", False: "NOT MET", None: ""}[self.met]
        return self.what, self.measured, self.floor, self.ratio, self.target, verdict


HEADINGS = ("what", "measured", "floor", "ratio", "target", "")


def show(title: str, lines: Sequence[Line]) -> None:
    """Print one table, as Markdown that also reads well as it is."""
    rows = [HEADINGS, *(line.cells for line in lines)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADINGS))]
    rule = "|".join("-" * (width + 2) for width in widths)
    print(f"\n## {title}\n")
    for n, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if n == 0:
            print(f"|{rule}|")
    sys.stdout.flush()


def ms(seconds: float) -> str:
    """Return a duration in milliseconds with three digits that count."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def us(seconds: float) -> str:
    """Return a duration in microseconds."""
    return f"{seconds * 1e6:.3g} µs"


def ratio_line(what: str, measured: float, floor: float, *, most: float | None = None) -> Line:
    """Return the line for two durations in seconds; the target is that the ratio is at most `most`."""
    ratio = measured / floor
    target = f"≤ {most:g}x" if most else ""
    return Line(what, ms(measured), ms(floor), f"{ratio:.2f}x", target, None if most is None else ratio <= most)


def limit_line(what: str, measured: float, most: float) -> Line:
    """Return the line for a duration in seconds that should be at most `most`."""
    return Line(what, ms(measured), target=f"≤ {ms(most)}", met=measured <= most)


def progress(text: str) -> None:
    """Say on stderr what is being measured."""
    print(f"· {text}", file=sys.stderr, flush=True)
