"""`./run mutants`: change the code bit by bit with mutmut, see whether the tests notice, and print a table.

Each change (a mutant) is judged by the tests that run the function it is in, of those that setup.cfg names: first by
those of its module's own file and those that noticed a change of it before, and by as many as fit into
ENOUGH_SECONDS, or what --seconds says. What is known stays in the folder mutants/ until the function or what tests
it changes, so a run that was stopped goes on where it was. docs/mutants.md has the figures of the last whole run and says of each mutant left alive why it is.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
WANTED = 90  # per cent
PROCESSES = 5  # on two processors: the tests wait for as long as they work
ENOUGH_SECONDS = 8.0
SET_UP_SECONDS = 0.25  # of a test, about; what mutmut knows of how long it takes is without that
FEW = 10  # functions: a test that runs no more is about each of them
# A file for each function: the tests that noticed its changes. mutmut runs them in a copy of all this, in mutants/.
NOTICES = (ROOT if ROOT.name == "mutants" else ROOT / "mutants") / "notices"
# An endless loop or a wait without end is noticed too, by the time that it takes.
NOTICED = ("killed", "timeout", "segfault")
HEAD = ("module", "mutants", "killed", "timeouts", "survived", "not run", "noticed")


def best(tests: Iterable[str], function: str, enough: float = ENOUGH_SECONDS) -> list[str]:
    """Return those of a function's tests that are likeliest to notice, as many as fit: pytest reads the files of no others.

    First come those of the file that is named for its module, then those that notice most in their time: whatever
    noticed a change of this function before is likely to notice the next, and so is a test that runs little else.
    """
    from mutmut.state import state

    runs = Counter(test for some in state().tests_by_mangled_function_name.values() for test in some)
    seconds, before = state().duration_by_test, noticed_by(function)
    named = f"/test_{function.split('.')[-2]}.py::" if "." in function else ""

    def takes(test: str) -> float:
        return float(seconds.get(test, 0)) + SET_UP_SECONDS

    def last(test: str) -> tuple[bool, float, str]:
        likely = before[test] + FEW / (FEW + runs[test])
        return named not in test, -likely / takes(test), test

    ordered = sorted(tests, key=last)
    upto = itertools.accumulate(takes(test) for test in ordered)
    return [test for n, (test, total) in enumerate(zip(ordered, upto, strict=True)) if not n or total <= enough]


def noticed_by(function: str) -> Counter[str]:
    """Return how many changes of the function each test has noticed so far."""
    path = NOTICES / function
    return Counter(path.read_text("utf-8").splitlines() if path.exists() else ())


def function_of(mutant: str) -> str:
    """Return the function that a mutant is of, by the names that mutmut gives to both."""
    return mutant.rpartition("__mutmut_")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the tests that are most about the changed function judge first, as this is a plugin of pytest in those runs."""
    from mutmut.mutation.trampoline import get_mutant_under_test

    function = function_of(get_mutant_under_test())
    if function:
        place = {test: n for n, test in enumerate(best((item.nodeid for item in items), function))}
        items.sort(key=lambda item: place.get(item.nodeid, len(place)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which test noticed the change."""
    from mutmut.mutation.trampoline import get_mutant_under_test

    function = function_of(get_mutant_under_test())
    if report.failed and function:
        NOTICES.mkdir(parents=True, exist_ok=True)
        with (NOTICES / function).open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")


def share(counts: Counter[str]) -> float:
    """Return how many of the mutants that were run were noticed, in per cent."""
    run = counts.total() - counts["not checked"]
    return 100 * sum(counts[outcome] for outcome in NOTICED) / run if run else 0.0


def row(name: str, counts: Counter[str]) -> tuple[str, ...]:
    """Return a line of the table: what is neither noticed nor still to do has survived."""
    killed, late, waiting = counts["killed"] + counts["segfault"], counts["timeout"], counts["not checked"]
    alive = counts.total() - killed - late - waiting
    return (name, *map(str, (counts.total(), killed, late, alive, waiting)), f"{share(counts):.1f} %")


def table(found: dict[str, Counter[str]]) -> str:
    """Return the table, a line for each module and one for all, as Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD), *(row(name, found[name]) for name in sorted(found))]
    rows.append(row("all", sum(found.values(), Counter())))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def chosen(path: Path, paths: list[str]) -> bool:
    """Tell whether this file is one of those asked for, or lies in a folder that is."""
    return not paths or any(path.is_relative_to(wanted.rstrip("/")) for wanted in paths)


def forget(rules: str) -> None:
    """Begin anew where other rules say what is changed: mutants are told apart by their number in a function."""
    made_by = Path("mutants", "rules.txt")
    if not made_by.exists() or made_by.read_text("utf-8") != rules:
        shutil.rmtree("mutants/hub", ignore_errors=True)
        made_by.write_text(rules, "utf-8")


def main(words: list[str]) -> int:
    """Make the mutants, run those not judged yet, print the table and the survivors; 0 if enough was noticed."""
    told = argparse.ArgumentParser(prog="./run mutants", description=__doc__.split("\n")[0])
    told.add_argument("path", nargs="*", help="files or folders, as hub/outbox; all that setup.cfg names if none")
    told.add_argument("--again", action="store_true", help="judge anew what survived before")
    told.add_argument(
        "--seconds",
        type=float,
        default=ENOUGH_SECONDS,
        help=f"of tests for each change; {ENOUGH_SECONDS:.0f} by default, inf for all",
    )
    given = told.parse_args(words)
    os.chdir(ROOT)
    # The tests are to be those of the copy that mutmut makes, with all that they import.
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    # mutmut reads setup.cfg of the folder that it is imported in.
    from mutmut import __main__ as mutmut
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.stats import status_by_exit_code

    makes_runner = mutmut.get_mutant_runner

    def runner_of(processes: int) -> Any:
        runner = makes_runner(processes)
        submit = runner.submit
        runner.submit = lambda name, tests, *limits: submit(
            name, best(tests, function_of(name), given.seconds), *limits
        )
        return runner

    mutmut.get_mutant_runner = runner_of

    def outcomes() -> dict[Path, dict[str, str]]:
        known = {}
        for path in filter(lambda path: chosen(path, given.path), mutmut.walk_mutatable_files()):
            data = SourceFileMutationData(path=path)
            data.load()
            known[path] = {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items()}
        return known

    mutmut.makedirs("mutants", exist_ok=True)
    with mutmut.CatchOutput(spinner_title="Making mutants"):
        forget(repr(mutmut.config().do_not_mutate_patterns))
        mutmut.copy_src_dir()
        mutmut.create_mutants(PROCESSES)
    before = outcomes()
    if not before:
        told.error(f"setup.cfg names no file to change in {', '.join(given.path)}")
    settled = NOTICED if given.again else (*NOTICED, "survived", "no tests")
    todo = [name for of in before.values() for name, outcome in of.items() if outcome not in settled]
    if todo:
        mutmut._run(todo, PROCESSES)
    known = outcomes()
    alive = [name for of in known.values() for name, outcome in of.items() if outcome not in (*NOTICED, "not checked")]
    for name in alive:
        sys.stdout.write(f"\n{mutmut.get_diff_for_mutant(name)}\n")
    found = {str(path): Counter(of.values()) for path, of in known.items() if of}
    sys.stdout.write(f"\n{table(found)}\n")
    everything = sum(found.values(), Counter())
    return 0 if share(everything) >= WANTED and not everything["not checked"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
