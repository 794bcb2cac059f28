"""Turns of the processes of `./run faults -n`: a test marked `alone` runs while no other one does."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(run: str, *, alone: bool) -> Iterator[None]:
    """Wait until this test may run, and let it run; `run` names the run, whose processes share two files.

    Whoever wants to be alone keeps the door shut while it waits for the others to come out, so that no new one goes in.
    """
    folder = Path(tempfile.gettempdir())
    with (folder / f"hub-faults-{run}.door").open("w") as door, (folder / f"hub-faults-{run}.room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
