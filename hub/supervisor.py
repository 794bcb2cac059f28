"""Runs the parts of the hub on one machine: starts them in order, starts again what exits, stops everything with it."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any

from hub import processes
from hub.errors import HubError

READY_FILE = "HUB_READY_FILE"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LARGEST_LOG = 10_000_000
LONGEST_BACKOFF = 30.0
STEADY = 60.0


class PartFailed(HubError):
    """A part of the hub did not start."""


class StopAsked(BaseException):
    """A signal asked to stop while parts were starting; not an Exception, so that nothing swallows it."""


@dataclass(frozen=True)
class Part:
    """One process: `ready()` tells when it serves; without it the process itself does, by `announce_ready`.

    A part that is `once` has to end with exit code 0 before the start goes on. `shows` is printed when it is ready;
    `patience` is in seconds.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    shows: str = ""
    once: bool = False
    patience: float = 60.0


def announce_ready() -> None:
    """Tell the supervisor, if this process has one, that it is ready."""
    path = os.environ.get(READY_FILE)
    if path:
        with contextlib.suppress(OSError):
            Path(path).touch()


@dataclass
class _Running:
    part: Part
    child: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    failures: int = 0
    again_at: float | None = field(default=None)


class Supervisor:
    """Use as a context manager from the main thread: whatever was started has ended when the block is left.

    Each part writes to its own file in `logs`; with None all write where this process does.
    """

    def __init__(
        self, logs: Path | None, *, say: Callable[[str], None] = print, first_backoff: float = 1.0, grace: float = 10.0
    ) -> None:
        self._logs = logs
        self._say_raw = say
        self._first_backoff = first_backoff
        self._grace = grace
        self._running: list[_Running] = []
        self._signals = 0
        self._last_signal = -1e9
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Supervisor:
        if self._logs:
            self._logs.mkdir(parents=True, exist_ok=True)
        self._marks = Path(tempfile.mkdtemp(prefix="hub-"))
        self._guardian = processes.Guardian()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._wakeup_before = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in STOPPING:
            self._before[number] = signal.signal(number, self._on_signal)
        # A handler that does nothing still interrupts the wait, so that a child's end is seen at once.
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.stop()
        self._guardian.close()
        shutil.rmtree(self._marks, ignore_errors=True)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        return kind is StopAsked

    def start(self, *parts: Part) -> None:
        """Start these parts together and return when all are ready. Raises PartFailed; StopAsked ends the block."""
        started = [_Running(part) for part in parts]
        for one in started:
            self._running.append(one)
            self._spawn(one)
        for one in started:
            self._await(one)
            if one.part.once:
                self._running.remove(one)
            if one.part.shows:
                self._say(f"✓ {one.part.name:<9} {one.part.shows}")

    def watch(self) -> None:
        """Start again what exits, until a signal asks to stop."""
        while not self._signals:
            self._tend()
            due = [one.again_at for one in self._running if one.again_at is not None]
            self._rest(max(0.0, min(due) - time.monotonic()) if due else None)

    def stop(self) -> None:
        """End all parts in reverse order; a second signal meanwhile ends them without grace."""
        asked = self._signals
        for one in reversed(self._running):
            if one.child is None:
                continue
            one.child.terminate()
            limit = time.monotonic() + self._grace
            while one.child.poll() is None and time.monotonic() < limit and self._signals <= max(asked, 1):
                self._rest(min(0.2, self._grace))
            self._ended(one.child)
        self._running.clear()

    def _spawn(self, one: _Running) -> None:
        part = one.part
        self._ready_file(part).unlink(missing_ok=True)
        env = {**part.env, READY_FILE: str(self._ready_file(part))}
        with self._output(part) as output:
            try:
                one.child = processes.spawn(part.argv, env=env, output=output)
            except OSError as fault:
                raise PartFailed(f"{part.name} can't be started: {part.argv[0]}: {fault.strerror}.") from fault
        self._guardian.watch(one.child.pid)
        one.since = time.monotonic()
        one.again_at = None

    def _await(self, one: _Running) -> None:
        limit = time.monotonic() + one.part.patience
        while time.monotonic() < limit:
            if self._signals:
                raise StopAsked
            child = one.child
            if child is not None and child.poll() is not None:
                self._ended(child)
                one.child = None
                if one.part.once and child.returncode == 0:
                    return
                raise PartFailed(f"{one.part.name} did not start (exit code {child.returncode}).{self._last_line(one)}")
            if not one.part.once and self._is_ready(one.part):
                return
            self._rest(0.05)
        raise PartFailed(f"{one.part.name} was not ready after {one.part.patience:.0f} seconds.{self._last_line(one)}")

    def _tend(self) -> None:
        """Note which children have exited, and start again those whose time has come."""
        now = time.monotonic()
        for one in self._running:
            if one.child is not None and one.child.poll() is not None:
                self._ended(one.child)
                one.failures = 1 if now - one.since > STEADY else one.failures + 1
                delay = min(LONGEST_BACKOFF, self._first_backoff * 2 ** (one.failures - 1))
                code, one.child, one.again_at = one.child.returncode, None, now + delay
                self._say(f"! {one.part.name:<9} ended (exit code {code}), starts again in {delay:.0f} s")
            elif one.again_at is not None and one.again_at <= now:
                try:
                    self._spawn(one)
                except PartFailed as fault:
                    one.again_at = now + LONGEST_BACKOFF
                    self._say(f"! {fault.message}")

    def _ended(self, child: subprocess.Popen[bytes]) -> None:
        """Clear away a child and whatever it left behind."""
        processes.end(child, grace=0)
        self._guardian.forget(child.pid)

    def _rest(self, seconds: float | None) -> None:
        """Wait, but no longer than until the next signal or a child's end."""
        select.select([self._wake_reader], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake_reader, 512):
                pass

    def _is_ready(self, part: Part) -> bool:
        return part.ready() if part.ready else self._ready_file(part).exists()

    def _ready_file(self, part: Part) -> Path:
        return self._marks / part.name

    @contextlib.contextmanager
    def _output(self, part: Part) -> Iterator[IO[bytes] | None]:
        if self._logs is None:
            yield None
            return
        log = self._logs / f"{part.name}.log"
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            yield output

    def _last_line(self, one: _Running) -> str:
        if self._logs is None:
            return ""
        log = self._logs / f"{one.part.name}.log"
        lines = log.read_bytes()[-4000:].decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f" It said: {last} - more in {log}" if last else f" Its log is {log}"

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone
            self._say_raw(text)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # One Ctrl-C may arrive twice, from the terminal and from a wrapper such as `timeout` or `uv run`.
        now = time.monotonic()
        if now - self._last_signal > 1:
            self._signals += 1
        self._last_signal = now
