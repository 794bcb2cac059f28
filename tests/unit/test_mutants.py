"""`./run mutants` counts rightly, and its page says what it counted."""

from __future__ import annotations

import configparser
import re
from collections import Counter
from pathlib import Path

from tests import mutants

PAGE = (mutants.ROOT / "docs" / "mutants.md").read_text("utf-8")
FIGURES = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+) % \|$", PAGE, re.M)


def test_what_is_noticed() -> None:
    """A test that fails or never ends has noticed the change; a change that no test runs has survived."""
    counts = Counter({"killed": 5, "timeout": 2, "segfault": 1, "survived": 1, "no tests": 1, "not checked": 10})
    assert mutants.row("x.py", counts) == ("x.py", "20", "6", "2", "2", "10", "80.0 %")
    assert mutants.table({"x.py": counts}).endswith("| all | 20 | 6 | 2 | 2 | 10 | 80.0 % |")


def test_a_path_is_a_file_or_a_folder() -> None:
    """What is asked for is a file or all that lies in a folder, not what begins alike."""
    lease = Path("hub/outbox/lease.py")
    assert mutants.chosen(lease, [])
    assert mutants.chosen(lease, ["hub/outbox/"])
    assert mutants.chosen(lease, ["hub/meetings", "hub/outbox/lease.py"])
    assert not mutants.chosen(lease, ["hub/out"])


def test_the_page_adds_up() -> None:
    """The sums are those of the modules, enough was noticed, and each survivor is told with its reason."""
    *modules, last = [(name, [int(figure) for figure in figures], rate) for name, *figures, rate in FIGURES]
    assert last[0] == "all"
    assert last[1] == [sum(column) for column in zip(*(figures for _, figures, _ in modules), strict=True)]
    for _, (made, killed, late, alive, waiting), rate in [*modules, last]:
        assert made == killed + late + alive + waiting
        assert float(rate) == round(100 * (killed + late) / (made - waiting), 1)
    assert float(last[2]) >= mutants.WANTED
    told = Counter(re.findall(r"^\| `(hub/\S+\.py)` \| [^|]+ \| .+ \| .{10,} \|$", PAGE, re.M))
    assert told == Counter({name: figures[3] for name, figures, _ in modules if figures[3]})


def test_the_page_names_what_setup_cfg_names() -> None:
    """Only modules that are to be changed stand in the table, and the tests that judge are there."""
    setup = configparser.ConfigParser()
    setup.read(mutants.ROOT / "setup.cfg")
    patterns = setup["mutmut"]["only_mutate"].split()
    files = {str(path.relative_to(mutants.ROOT)) for pattern in patterns for path in mutants.ROOT.glob(pattern)}
    assert {name for name, *_ in FIGURES} - {"all"} <= files
    for name in setup["mutmut"]["pytest_add_cli_args_test_selection"].split():
        assert (mutants.ROOT / name).exists(), name
