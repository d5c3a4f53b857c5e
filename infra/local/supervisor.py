"""
Start the processes of a stack, show what they say, keep them alive, and end every one of them.

One thread does it all: programs are started from it (the kernel ties a child's life to the
*thread* that forked it, see lifeline), their output is read by it, and whoever waits for something
(a port, a migration) waits inside `run_until`, so output flows and Ctrl-C works at every moment.

- A program that ends by itself is started again, after 0.5 s, 1 s, 2 s … 30 s; the reason is said.
- What it left behind in its process group is ended first: a crashed web master must not leave a
  worker that still holds the port.
- Programs are stopped stage by stage, the last stage first: stores have stage 0 and go last.
- SIGINT, SIGTERM and SIGHUP stop everything; a second one hurries, a third one kills.
- When this process itself is killed, the kernel signals the programs (lifeline). What ignores that
  carries our mark in its environment, and the next start ends it.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import IOBase
from pathlib import Path
from types import FrameType
from typing import IO, Final, Self

from infra.local import lifeline
from infra.local.lifeline import Identity
from infra.local.problems import Problem

MARK_VARIABLE: Final = "HEADWAY_STACK"
FIRST_RETRY_SECONDS: Final = 0.5
LAST_RETRY_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 30.0  # alive for so long: the next crash counts as the first
HOPELESS_CRASHES: Final = 4  # in a row, while somebody waits for the stack to come up
HURRIED_SECONDS: Final = 1.0
SAME_WISH_SECONDS: Final = 0.2
LEFTOVER_SECONDS: Final = 3.0  # what a program left behind gets to end by itself
LINE_LIMIT_BYTES: Final = 64 << 10
LOG_ROTATE_BYTES: Final = 16 << 20
COLOURS: Final = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process to keep running. Stages are stopped in descending order."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    stage: int
    working_dir: Path = Path("/")
    stop_signal: signal.Signals = signal.SIGTERM
    kill_signal: signal.Signals = signal.SIGKILL  # for what did not stop in time
    stop_seconds: float = 10.0
    identity: Identity | None = None
    before_start: Callable[[], None] | None = None  # before each start; may raise Problem
    hush: re.Pattern[str] | None = None  # lines that go to the log only


@dataclass(slots=True, kw_only=True, eq=False)
class _Running:
    """A program and the process that plays it at the moment, if any."""

    program: Program
    colour: int
    process: subprocess.Popen[bytes] | None = None
    status: int | None = None  # of the last process that ended
    started_at: float = 0.0
    crashes: int = 0
    start_again_at: float | None = None
    expected_to_end: bool = False
    unfinished: dict[int, bytes] = field(default_factory=dict)  # by descriptor
    answer: bytearray = field(default_factory=bytearray)


class Stopped(Exception):
    """The user asked to stop while something was awaited."""


class Supervisor:
    """
    Runs programs until told to stop. A context manager: leaving it stops everything.

    mark: a text that no other stack of this machine uses (its data folder), to find leftovers by.
    log_path: receives every line, with its time.
    """

    def __init__(
        self,
        *,
        mark: str,
        log_path: Path | None = None,
        name_width: int = 9,
        out: IO[str] | None = None,
    ) -> None:
        self.mark = mark
        self.log_path = log_path
        self.name_width = name_width
        self._out: IO[str] | None = out if out is not None else sys.stdout
        self._in_colour = self._out.isatty()
        self._log: IO[str] | None = None
        self._runnings: dict[str, _Running] = {}
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0
        self._terminated_at = float("-inf")
        self._told_of_asking = 0
        self._handlers: dict[signal.Signals, object] = {}
        self._wake_reader = self._wake_writer = -1

    def __enter__(self) -> Self:
        self._open_log()
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        # Without it, select would sleep through a signal that came just before the call.
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_stop_signal)
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _wake_only)
        self._end_leftovers("of an earlier start")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            try:
                self.stop_all()
            finally:
                self._end_leftovers("that outlived its program")
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type] # what signal() returned
            self._selector.close()
            os.close(self._wake_reader)
            os.close(self._wake_writer)
            if self._log is not None:
                self._log.close()

    def start(self, program: Program) -> None:
        """Start a program and keep it running. Raises: Problem when it cannot be started at all."""
        colour = COLOURS[len(self._runnings) % len(COLOURS)]
        running = _Running(program=program, colour=colour)
        self._launch(running)
        self._runnings[program.name] = running

    def run_once(
        self, program: Program, *, timeout_seconds: float, show: bool = True
    ) -> tuple[int, str]:
        """
        Run a program to its end; return its exit status and, with show=False, its standard output.

        show=False is for an output that is an answer, or holds a secret; standard error is shown.
        Raises: Stopped when the user asks to stop; Problem when it takes too long.
        """
        running = _Running(program=program, colour=37, expected_to_end=True)
        self._launch(running, answering=not show)
        self._runnings[program.name] = running
        try:
            self.run_until(
                lambda: running.process is None,
                timeout_seconds=timeout_seconds,
                what=f"{program.name} to finish",
            )
        finally:
            self._stop([running])
            del self._runnings[program.name]
        assert running.status is not None
        return running.status, running.answer.decode(errors="replace")

    def run_until(
        self,
        condition: Callable[[], bool],
        *,
        timeout_seconds: float | None,
        what: str | Callable[[], str],
    ) -> None:
        """
        Supervise until `condition()` holds; it is asked about ten times a second.

        Raises: Stopped when the user asked to stop; with a timeout also Problem, when it is over or
        a program keeps crashing.
        """
        give_up_at = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not condition():
            if self._asked_to_stop:
                raise Stopped
            if give_up_at is not None:
                for running in self._runnings.values():
                    if running.crashes >= HOPELESS_CRASHES:
                        raise Problem(
                            f"{running.program.name} keeps ending; its last words stand above."
                        )
                if time.monotonic() > give_up_at:
                    awaited = what if isinstance(what, str) else what()
                    raise Problem(f"Waited {timeout_seconds:.0f} s in vain for {awaited}.")
            self._step(0.1)

    def run_for_ever(self) -> None:
        """Supervise until the user asks to stop."""
        with contextlib.suppress(Stopped):
            self.run_until(lambda: False, timeout_seconds=None, what="the end")

    def stop_all(self) -> None:
        """Stop every program, stage by stage, the last stage first."""
        while self._runnings:
            stage = max(running.program.stage for running in self._runnings.values())
            group = [r for r in self._runnings.values() if r.program.stage == stage]
            self._stop(group)
            for running in group:
                del self._runnings[running.program.name]

    def running_pids(self) -> dict[str, int]:
        """Return the process id of every program that runs now."""
        return {
            name: running.process.pid
            for name, running in self._runnings.items()
            if running.process is not None
        }

    def say(self, line: str, *, name: str = "headway", colour: int = 1) -> None:
        """Show one line under `name`, and write it to the log."""
        self._show(name, colour, line)

    # Starting and ending.

    def _launch(self, running: _Running, *, answering: bool = False) -> None:
        program = running.program
        if program.before_start is not None:
            program.before_start()
        running.process = process = subprocess.Popen(
            lifeline.command(
                program.argv, death_signal=program.stop_signal, identity=program.identity
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if answering else subprocess.STDOUT,
            cwd=program.working_dir,
            env={**program.environment, MARK_VARIABLE: self.mark},
            # Ctrl-C goes to a terminal's whole process group; the order of ends is ours to decide.
            start_new_session=True,
        )
        running.started_at = time.monotonic()
        running.start_again_at = None
        for stream, is_answer in ((process.stdout, answering), (process.stderr, False)):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
                self._selector.register(stream, selectors.EVENT_READ, (running, is_answer))

    def _step(self, timeout_seconds: float) -> None:
        """Read what there is to read, notice who ended, start again who is due."""
        for key, _ in self._selector.select(timeout_seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_reader, 4096)
            else:
                self._read(key)
        if self._asked_to_stop > self._told_of_asking:
            self._told_of_asking = self._asked_to_stop
            self.say(
                {1: "Stopping; once more to hurry.", 2: "Hurrying; once more to kill."}.get(
                    self._asked_to_stop, "Killing what is left."
                )
            )
        for running in list(self._runnings.values()):
            if running.process is not None and running.process.poll() is not None:
                self._ended(running)
            elif running.start_again_at is not None and time.monotonic() >= running.start_again_at:
                self._start_again(running)

    def _start_again(self, running: _Running) -> None:
        try:
            self._launch(running)
        except (Problem, OSError) as problem:
            self._show(running.program.name, running.colour, str(problem))
            self._plan_restart(running, "could not be started")

    def _ended(self, running: _Running) -> None:
        """Take note that a process is over; plan the next one unless the end was expected."""
        process = running.process
        assert process is not None
        for key in self._keys_of(running):
            while self._read(key):
                pass
            self._forget_stream(key)
        _end_group(process.pid)
        running.process = None
        running.status = process.returncode
        if not running.expected_to_end:
            if time.monotonic() - running.started_at > STEADY_SECONDS:
                running.crashes = 0
            self._plan_restart(running, _describe_end(process.returncode))

    def _plan_restart(self, running: _Running, reason: str) -> None:
        # Capped before it is raised to a power: a program may crash for weeks.
        wait_seconds = min(FIRST_RETRY_SECONDS * 2 ** min(running.crashes, 16), LAST_RETRY_SECONDS)
        running.crashes += 1
        running.start_again_at = time.monotonic() + wait_seconds
        self.say(f"{running.program.name} {reason}; starting it again in {wait_seconds:g} s.")

    def _stop(self, group: Sequence[_Running]) -> None:
        """Ask all of `group` to end at the same time, wait, and kill what does not."""
        now = time.monotonic()
        for running in group:
            running.expected_to_end = True
            running.start_again_at = None
            if running.process is not None:
                _send(running.process, running.program.stop_signal)
        patience = {running: now + running.program.stop_seconds for running in group}
        killed: dict[_Running, float] = {}
        while alive := [running for running in group if running.process is not None]:
            self._step(0.05)
            now = time.monotonic()
            for running in alive:
                if running.process is None:
                    continue
                if self._asked_to_stop >= 2:
                    patience[running] = min(patience[running], now + HURRIED_SECONDS)
                if running in killed:
                    if now > killed[running] + HURRIED_SECONDS * 3:
                        _send(running.process, signal.SIGKILL)
                elif now > patience[running] or self._asked_to_stop >= 3:
                    self.say(f"{running.program.name} does not stop; ending it by force.")
                    _send(running.process, running.program.kill_signal)
                    killed[running] = now

    def _end_leftovers(self, what: str) -> None:
        pids = _marked_processes(self.mark)
        if not pids:
            return
        numbers = ", ".join(str(pid) for pid in pids)
        self.say(f"Ending {len(pids)} process(es) {what}: {numbers}.")
        for signal_, seconds in ((signal.SIGTERM, LEFTOVER_SECONDS), (signal.SIGKILL, 1.0)):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal_)
            give_up_at = time.monotonic() + seconds
            while (pids := _marked_processes(self.mark)) and time.monotonic() < give_up_at:
                time.sleep(0.05)

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        now = time.monotonic()
        # SIGTERM to the whole process group comes twice: from the sender, and through make.
        if number != signal.SIGTERM or now - self._terminated_at >= SAME_WISH_SECONDS:
            self._asked_to_stop += 1
        if number == signal.SIGTERM:
            self._terminated_at = now

    # Output.

    def _keys_of(self, running: _Running) -> list[selectors.SelectorKey]:
        keys = self._selector.get_map().values()
        return [key for key in keys if key.data is not None and key.data[0] is running]

    def _read(self, key: selectors.SelectorKey) -> bool:
        """Read one piece; return whether there may be another one at once."""
        running: _Running
        running, is_answer = key.data
        try:
            chunk = os.read(key.fd, 1 << 16)
        except BlockingIOError:
            return False
        if not chunk:
            self._forget_stream(key)
            return False
        if is_answer:
            running.answer += chunk
            return True
        *lines, rest = (running.unfinished.get(key.fd, b"") + chunk).split(b"\n")
        if len(rest) > LINE_LIMIT_BYTES:
            lines.append(rest)
            rest = b""
        running.unfinished[key.fd] = rest
        for line in lines:
            self._show_bytes(running, line)
        return True

    def _forget_stream(self, key: selectors.SelectorKey) -> None:
        stream = key.fileobj
        if not isinstance(stream, IOBase) or stream.closed:
            return
        running: _Running = key.data[0]
        rest = running.unfinished.pop(key.fd, b"")
        if rest:
            self._show_bytes(running, rest)
        self._selector.unregister(stream)
        stream.close()

    def _show_bytes(self, running: _Running, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        program = running.program
        hushed = program.hush is not None and program.hush.search(text) is not None
        self._show(program.name, running.colour, text, hushed=hushed)

    def _show(self, name: str, colour: int, line: str, *, hushed: bool = False) -> None:
        padded = f"{name:<{self.name_width}}"
        if self._out is not None and not hushed:
            shown = (
                f"\x1b[{colour}m{padded} │\x1b[0m {line}"
                if self._in_colour
                else f"{padded} │ {line}"
            )
            try:
                print(shown, file=self._out, flush=True)
            except OSError:  # the terminal is gone; SIGHUP or the log tells the rest
                self._out = None
        if self._log is not None:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._log.write(f"{at} {padded} {line}\n")
            if self._log.tell() > LOG_ROTATE_BYTES:
                self._open_log()

    def _open_log(self) -> None:
        if self.log_path is None:
            return
        if self._log is not None:
            self._log.close()
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_ROTATE_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        self._log = self.log_path.open("a", buffering=1, encoding="utf-8")


def _wake_only(number: int, frame: FrameType | None) -> None:
    """Do nothing: with a handler installed, the signal ends the wait for output."""


def _send(process: subprocess.Popen[bytes], signal_: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal_)


def _end_group(group: int) -> None:
    """End what a finished program left running in its process group."""
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        give_up_at = time.monotonic() + LEFTOVER_SECONDS
        try:
            os.killpg(group, signal_)
            while time.monotonic() < give_up_at:
                os.killpg(group, 0)
                time.sleep(0.02)
        except (ProcessLookupError, PermissionError):
            return


def _marked_processes(mark: str) -> list[int]:
    """Return the processes that carry our mark in their environment, this one excepted."""
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    return [
        pid for pid, environment in _environments() if wanted in environment and pid != os.getpid()
    ]


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "environ").read_bytes().split(b"\0")
            except OSError:  # somebody else's, or gone
                continue


def _describe_end(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with exit status {status}"
