"""The supervisor with real processes: start, readiness, restart, stop, and that nothing outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.processes import wait_until

PATIENCE = 20.0
BEGIN = """
import os, sys
from pathlib import Path
from hub.errors import HubError
from hub.supervisor import Part, Supervisor
here = Path(sys.argv[1])
def shell(name, script, **more):
    return Part(name, ["sh", "-c", script], {**os.environ, "HERE": str(here)}, **more)
def obedient(name, **more):
    # It is asked by the kernel and by the guardian, each in its time; whoever has been asked once is deaf to the rest.
    return shell(name, f'trap "trap : TERM; echo {name} >> $HERE/ended; exit 0" TERM; echo $$ > $HERE/{name}.pid; '
                       'touch $HUB_READY_FILE; while :; do sleep 1000 & wait; done', **more)
say = lambda text: print(text, flush=True)
try:
    with Supervisor(here / "logs", say=say, first_backoff=0.1, grace=2) as supervisor:
"""
END = """
        say("all ready")
        supervisor.watch()
except HubError as fault:
    print(fault.message)
    sys.exit(1)
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that runs lines of a supervisor's `with` block in a process of its own."""
    with contextlib.ExitStack() as stack:

        def begin(lines: str) -> subprocess.Popen[str]:
            script = BEGIN + "".join(f"        {line}\n" for line in lines.strip().splitlines()) + END
            process = subprocess.Popen(
                [sys.executable, "-c", script, str(tmp_path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process

        yield begin


def wait_line(process: subprocess.Popen[str], text: str) -> list[str]:
    """Return the lines up to and with the one that holds the text."""
    lines = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line.rstrip())
        if text in line:
            return lines
    raise AssertionError(f"never said {text!r}: {lines}")


def pid_of(folder: Path, name: str) -> int:
    assert wait_until(lambda: bool(_text(folder / f"{name}.pid")), seconds=PATIENCE), f"{name} did not start"
    return int(_text(folder / f"{name}.pid"))


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie, which only waits to be collected, has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_reverse_order(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, a service manager's stop and a closed terminal all end the parts, the last started first, with success."""
    process = start('supervisor.start(obedient("one", shows="http://here"))\nsupervisor.start(obedient("two"))')
    lines = wait_line(process, "all ready")
    pids = [pid_of(tmp_path, "one"), pid_of(tmp_path, "two")]
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert lines == ["✓ one       http://here", "all ready"]
    assert (tmp_path / "ended").read_text().split() == ["two", "one"]
    assert all(gone(pid) for pid in pids)


def test_a_part_that_ends_is_started_again(start: Start, tmp_path: Path) -> None:
    """A part that is killed comes back, and the terminal says so."""
    process = start('supervisor.start(obedient("one"))')
    wait_line(process, "all ready")
    first = pid_of(tmp_path, "one")
    os.kill(first, signal.SIGKILL)
    assert "one       ended (exit code -9), starts again" in wait_line(process, "ended")[-1]
    assert wait_until(lambda: pid_of(tmp_path, "one") != first, seconds=PATIENCE)
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert gone(pid_of(tmp_path, "one"))


def test_a_part_that_ignores_the_stop_is_killed(start: Start, tmp_path: Path) -> None:
    """After the grace a stubborn part is ended by force, and what it started with it."""
    stubborn = "trap '' TERM; sleep 1000 & echo $! > $HERE/inner.pid; echo $$ > $HERE/one.pid; while :; do wait; done"
    process = start(f'supervisor.start(shell("one", "{stubborn}", ready=(here / "one.pid").exists))')
    wait_line(process, "all ready")
    pids = [pid_of(tmp_path, "one"), pid_of(tmp_path, "inner")]
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert wait_until(lambda: all(gone(pid) for pid in pids), seconds=PATIENCE)


def test_nothing_survives_a_supervisor_that_is_killed(start: Start, tmp_path: Path) -> None:
    """Even SIGKILL on the supervisor leaves no process behind, not one in a process group of its own either."""
    apart = f"{sys.executable} -c \\'import os, time; os.setpgrp(); time.sleep(1000)\\' & echo $! > $HERE/inner.pid"
    process = start(f"""
supervisor.start(obedient("one"))
supervisor.start(shell("two", '{apart}; echo $$ > $HERE/two.pid; wait', ready=(here / "two.pid").exists))
""")
    wait_line(process, "all ready")
    pids = [pid_of(tmp_path, name) for name in ("one", "two", "inner")]
    assert wait_until(lambda: os.getpgid(pids[2]) == pids[2], seconds=PATIENCE)
    process.kill()
    process.wait()
    assert wait_until(lambda: all(gone(pid) for pid in pids), seconds=PATIENCE)
    assert (tmp_path / "ended").read_text().split() == ["one"], "it was asked before it was forced"


def test_a_part_that_fails_at_the_start_is_named_with_its_last_words(start: Start, tmp_path: Path) -> None:
    """A part that cannot start ends the whole start with a sentence, and stops what ran already."""
    process = start("""
supervisor.start(obedient("one"))
supervisor.start(shell("two", "echo the port is taken >&2; exit 3"))
""")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert output.startswith("two did not start (exit code 3). It said: the port is taken - more in ")
    assert gone(pid_of(tmp_path, "one"))


def test_a_part_that_runs_once_is_awaited(start: Start, tmp_path: Path) -> None:
    """What has to be done once, such as bringing the database up to date, is over before the next part starts."""
    process = start("""
supervisor.start(shell("prepare", "echo done > $HERE/prepared", once=True, shows="done"))
assert (here / "prepared").read_text() == "done\\n"
""")
    assert wait_line(process, "all ready") == ["✓ prepare   done", "all ready"]
    process.terminate()
    assert process.wait(PATIENCE) == 0


def test_a_stop_while_parts_still_start_is_obeyed(start: Start, tmp_path: Path) -> None:
    """Ctrl-C during the start does not wait for parts that are not ready yet."""
    process = start('supervisor.start(shell("one", "echo $$ > $HERE/one.pid; exec sleep 1000"))')
    pid = pid_of(tmp_path, "one")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output) == (0, "")
    assert gone(pid)
