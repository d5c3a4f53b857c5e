"""Why a process died, as far as its remains tell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from headway._records import Cause

VMSTAT = Path("/proc/vmstat")
MEMINFO = Path("/proc/meminfo")
OWN_CGROUP = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")
NEARLY_ALL = 0.9  # of the memory there is: who was killed with so much was killed for it
MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What is known of memory when a process is gone."""

    oom_kills: int = 0  # by the kernel, while it lived, of processes of our cgroup or machine
    peak_bytes: int | None = None  # the most that one of its processes had; None: not known
    limit_bytes: int | None = None  # what there was for all


def count_oom_kills() -> int:
    """
    Return how many processes the kernel has killed for want of memory: of our cgroup, where that
    is counted (version 2), else of the machine since it booted.
    """
    folder = own_cgroup()
    kills = None if folder is None else _numbers(folder / "memory.events").get("oom_kill")
    return _numbers(VMSTAT).get("oom_kill", 0) if kills is None else kills


def memory_limit_bytes() -> int | None:
    """Return how much memory our cgroup, or else the machine, has; None when nothing says so."""
    folder = own_cgroup()
    limits = []
    while folder is not None and folder.is_relative_to(CGROUPS):
        text = _read(folder / "memory.max").strip()
        if text.isdigit():
            limits.append(int(text))
        folder = folder.parent
    if limits:
        return min(limits)
    for line in _read(MEMINFO).splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return None


def own_cgroup() -> Path | None:
    """Return the folder of our cgroup of version 2, None when there is none."""
    for line in _read(OWN_CGROUP).splitlines():
        if line.startswith("0::"):
            folder = CGROUPS / line.removeprefix("0::").lstrip("/")
            # Of a container that shows the host's name of it, the own root is what there is.
            return folder if folder.is_dir() else CGROUPS
    return None


def reap(process: subprocess.Popen[bytes]) -> int | None:
    """Wait for the process to end, and return the most memory that one of its own had, in bytes."""
    if not hasattr(os, "wait4"):
        process.wait()
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # macOS counts in bytes.
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def cause_of_death(return_code: int, *, started: bool, remains: Remains, last_line: str) -> Cause:
    """
    Return why a run's process ended without saying how the run ended.

    With SIGKILL the kernel's count of what it killed for memory is a guess, but nearly always a
    right one; where it does not count, so is a process that had nearly all the memory there is.

    >>> cause_of_death(3, started=True, remains=Remains(), last_line="bye")
    {'kind': 'exit_code', 'exit_code': 3, 'detail': 'bye'}
    >>> cause_of_death(-9, started=True, remains=Remains(oom_kills=1), last_line="")["kind"]
    'oom'
    >>> full = Remains(peak_bytes=95 * MB, limit_bytes=100 * MB)
    >>> cause_of_death(-9, started=True, remains=full, last_line="")["detail"]
    'Killed from outside with 95 of 100 MB of memory in use.'
    """
    if return_code < 0:
        name = signal_name(-return_code)
        if name == "SIGKILL" and remains.oom_kills:
            detail = "The kernel killed a process for want of memory at that time"
            return {"kind": "oom", "signal": name, "detail": f"{detail}{_peak_words(remains)}."}
        if name == "SIGKILL" and _had_nearly_all(remains):
            peak, limit = (remains.peak_bytes or 0) // MB, (remains.limit_bytes or 0) // MB
            detail = f"Killed from outside with {peak} of {limit} MB of memory in use."
            return {"kind": "oom", "signal": name, "detail": detail}
        detail = last_line
        if name == "SIGKILL":
            detail = f"Killed from outside{_peak_words(remains)}."
        return {"kind": "signal", "signal": name, "detail": detail}
    if not started:
        detail = last_line or "The process ended before the flow began."
        return {"kind": "start_failed", "exit_code": return_code, "detail": detail}
    detail = last_line or "The process ended without reporting how the run ended."
    return {"kind": "exit_code", "exit_code": return_code, "detail": detail}


def _had_nearly_all(remains: Remains) -> bool:
    if remains.peak_bytes is None or remains.limit_bytes is None:
        return False
    return remains.peak_bytes >= NEARLY_ALL * remains.limit_bytes


def _peak_words(remains: Remains) -> str:
    if remains.peak_bytes is None:
        return ""
    return f"; it had {remains.peak_bytes // MB} MB of memory at most"


def _numbers(path: Path) -> dict[str, int]:
    """Return the numbers of a file of names and numbers; empty when there is no such file."""
    pairs = (line.split() for line in _read(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""  # no Linux, or one that does not count


def words_of(cause: Cause | None) -> str:
    """
    Return a cause as a log says it.

    >>> words_of({"kind": "exit_code", "exit_code": 3, "detail": "bye"}), words_of(None)
    ('exit_code 3, bye', 'no cause')
    """
    if cause is None:
        return "no cause"
    number = cause.get("exit_code")
    what = cause["kind"] if number is None else f"{cause['kind']} {number}"
    return ", ".join(filter(None, (what, cause.get("detail"))))


def signal_name(number: int) -> str:
    """
    Return a signal's name.

    >>> signal_name(11), signal_name(250)
    ('SIGSEGV', 'signal 250')
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
