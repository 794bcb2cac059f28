"""Child processes that never outlive who started them: spawning, ending whole sessions, and the guardian."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
GRACE = 10.0

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when the process `parent` that started it is gone (Linux)."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it went between the fork and the request
        os._exit(1)


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more than it has; beyond them it gets a MemoryError. Linux only."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return
    import resource  # Unix only

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def spawn(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, output: IO[bytes] | int | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own that gets SIGTERM when the calling thread ends. Raises OSError."""
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603 - argv is built by the hub, no shell
        list(argv),
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),
    )


def members(session: int) -> list[int]:
    """Return the living processes of a session, which keeps those too that left its process group (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name) state ppid group session ...": the name may hold anything, also brackets.
            state, _, _, belongs = stat.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue  # it has just ended
        if int(belongs) == session and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def signal_session(session: int, number: int) -> None:
    """Send a signal to the process group and to every process of a session; those already gone are no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, number)
    for pid in members(session):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end(child: subprocess.Popen[bytes], *, grace: float = GRACE) -> int:
    """End a spawned child and all it started: SIGTERM, after `grace` seconds SIGKILL. Returns its exit code."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    signal_session(child.pid, signal.SIGKILL)
    return child.wait()


class Guardian:
    """A small process that ends the told sessions when its maker is gone, however that went."""

    def __init__(self) -> None:
        reader, self._writer = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._writer)
            try:
                _guard(reader)
            finally:
                os._exit(0)
        os.close(reader)

    def watch(self, session: int) -> None:
        """End this session too when the time comes."""
        self._tell(f"+{session}\n")

    def forget(self, session: int) -> None:
        """This session has ended by itself; its number may be given to somebody else."""
        self._tell(f"-{session}\n")

    def close(self) -> None:
        """Dismiss the guardian; sessions still watched end now."""
        os.close(self._writer)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, line.encode())


def _guard(reader: int) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    sessions: set[int] = set()
    with os.fdopen(reader) as lines:
        for line in lines:
            change = sessions.add if line[0] == "+" else sessions.discard
            change(int(line[1:]))
    if sessions:
        end_orphans(sessions)


def end_orphans(sessions: Iterable[int], *, grace: float = GRACE) -> None:
    """End sessions whose leaders are not ours to wait for: SIGTERM, after `grace` seconds SIGKILL."""
    left = set(sessions)
    for session in left:
        signal_session(session, signal.SIGTERM)
    wait_until(lambda: not any(_alive(session) for session in left), seconds=grace, every=0.1)
    for session in left:
        signal_session(session, signal.SIGKILL)


def _alive(session: int) -> bool:
    if sys.platform == "linux":
        return bool(members(session))
    try:
        os.killpg(session, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.05) -> bool:
    """Return True as soon as the condition holds, False if it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True
