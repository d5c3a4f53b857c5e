"""
Processes that are there at once: `python -m tests.faults.nursery MODULE`, one for each line given.

What takes seconds of a processor, importing the application, is done once; each line of arguments
then becomes a fork of it, and its id a line of the output. So what is killed was at work and not
still starting, however busy the machine. `MODULE.prepare` imports, `MODULE.work` is the process.
"""

from __future__ import annotations

import importlib
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).parents[2]


class Nursery:
    """The forks of one prepared process; all of them end with it."""

    def __init__(self, module: str, *, environment: Mapping[str, str], log: IO[bytes]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", module],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        self._pids: list[int] = []

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in list(self._pids):
            self.kill(pid)
        self._process.communicate()

    def start(self, *arguments: str) -> int:
        """Return the id of a new process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(shlex.join(arguments).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "What was to be forked could not be imported."
        self._pids.append(int(answer))
        return self._pids[-1]

    def kill(self, pid: int) -> None:
        """Kill a process as the kernel does, and wait until it is gone."""
        self._pids.remove(pid)
        os.kill(pid, signal.SIGKILL)
        while psutil.pid_exists(pid):
            time.sleep(0.001)


def main(module: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is gone, and no zombie
    work = importlib.import_module(module)
    work.prepare()
    started: list[int] = []
    for line in sys.stdin:
        arguments: Sequence[str] = shlex.split(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            random.seed()  # else all draw the same
            os.dup2(2, 1)  # what it says belongs into the log; our output is for ids
            work.work(*arguments)
            os._exit(0)
        started.append(pid)
        print(pid, flush=True)
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
