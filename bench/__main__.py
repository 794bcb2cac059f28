"""Runs all measurements on both engines and prints one report: `python -m bench [--quick] [PART ...]`."""

from __future__ import annotations

import argparse
import logging
import time
from datetime import UTC, datetime

from bench import booking, cards, delay, engines, hooks, outage, slots
from bench.report import Line, progress, show

PARTS = ("booking", "outage", "slots", "cards", "hooks", "delay")
ENGINES = ("embedded", "production")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)}; all by default")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="only this engine; both by default")
    parser.add_argument("--quick", action="store_true", help="a short run: shows that it works, not how fast")
    told = parser.parse_args()
    unknown = set(told.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part named {', '.join(sorted(unknown))}")
    run(told.parts or PARTS, told.engine or ENGINES, quick=told.quick)


def run(parts: list[str] | tuple[str, ...], on: list[str] | tuple[str, ...], *, quick: bool) -> list[Line]:
    """Measure these parts on these engines and print as it goes; returns all lines."""
    logging.disable(logging.INFO)
    began = time.monotonic()
    print(f"# The hub, measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC{' (quick: rough numbers)' if quick else ''}\n")
    for name, value in engines.machine():
        print(f"- {name}: {value}")
    found: list[Line] = []

    def told(title: str, lines: list[Line]) -> None:
        show(title, lines)
        found.extend(lines)

    if "hooks" in parts:
        progress("hook calls")
        told(
            "Hook calls (floors: a plain function call; pluggy asking all plugins)",
            hooks.measure(seconds=_of(quick, 0.1, 1)),
        )
    for name in on if set(parts) - {"hooks"} else ():
        progress(f"starting the {name} engine")
        with engines.engine(name) as engine:
            _measure(engine, parts, quick, told)
    print(f"\n{time.monotonic() - began:.0f} s in all; targets met: {_met(found)}.")
    return found


def _measure(engine: engines.Engine, parts: list[str] | tuple[str, ...], quick: bool, told) -> None:  # type: ignore[no-untyped-def]
    on = f"{engine.name}: {engine.label}"
    if "booking" in parts:
        progress(f"bookings over HTTP ({engine.name})")
        lines = booking.measure(engine, rounds=_of(quick, 1, 6), seconds=_of(quick, 1.0, 3.0))
        told(f"Booking POST, 2 workers x 4 threads, 8 clients (floor: bare Flask + SQLAlchemy insert) - {on}", lines)
    if "outage" in parts:
        progress(f"bookings in an outage ({engine.name})")
        lines = outage.measure(engine, rounds=_of(quick, 1, 10), seconds=_of(quick, 1.0, 2.0))
        told(f"Booking POST in an outage, 1 client (floor: the same in normal times) - {on}", lines)
    if "slots" in parts:
        progress(f"free times ({engine.name})")
        lines = slots.measure(engine, calls=_of(quick, 15, 100), history=_of(quick, 10_000, slots.LONG))
        told(f"Free times, 1 host, 60 days, half hours, 300 bookings ahead - {on}", lines)
    if "cards" in parts:
        progress(f"the settings page ({engine.name})")
        lines = cards.measure(engine, calls=_of(quick, 20, 200))
        told(
            f"Settings page with {hooks.MOST} providers (floor: a file of the same bytes) - {on}",
            lines,
        )
    if "delay" in parts:
        progress(f"from commit to Zoom ({engine.name})")
        lines = delay.measure(engine, count=_of(quick, 8, 100))
        told(f"From commit to Zoom (floor: RQ from enqueue to start, same Redis, same kind of worker) - {on}", lines)


def _of(quick: bool, short, long):  # type: ignore[no-untyped-def]
    return short if quick else long


def _met(lines: list[Line]) -> str:
    judged = [line.met for line in lines if line.met is not None]
    return f"{sum(judged)} of {len(judged)}"


if __name__ == "__main__":
    main()
