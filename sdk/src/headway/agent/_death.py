"""Why a process died, as far as its remains tell."""

from __future__ import annotations

import signal
from pathlib import Path

from headway._records import Cause

VMSTAT = Path("/proc/vmstat")


def count_oom_kills() -> int:
    """Return how many processes the kernel has killed for want of memory since it booted."""
    try:
        for line in VMSTAT.read_text("ascii").splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    except (OSError, ValueError):
        return 0  # no Linux, or one that does not count
    return 0


def cause_of_death(return_code: int, *, started: bool, oom_kills: int, last_line: str) -> Cause:
    """
    Return why a run's process ended without saying how the run ended.

    `oom_kills` is how many processes the kernel killed for memory while this one lived; with
    SIGKILL that is a guess, but nearly always a right one.

    >>> cause_of_death(3, started=True, oom_kills=0, last_line="bye")
    {'kind': 'exit_code', 'exit_code': 3, 'detail': 'bye'}
    >>> cause_of_death(-9, started=True, oom_kills=1, last_line="")["kind"]
    'oom'
    """
    if return_code < 0:
        name = signal_name(-return_code)
        if name == "SIGKILL" and oom_kills:
            detail = "The kernel killed a process for want of memory at that time."
            return {"kind": "oom", "signal": name, "detail": detail}
        detail = last_line
        if name == "SIGKILL":
            detail = "Killed from outside; short of memory, that is often the kernel."
        return {"kind": "signal", "signal": name, "detail": detail}
    if not started:
        detail = last_line or "The process ended before the flow began."
        return {"kind": "start_failed", "exit_code": return_code, "detail": detail}
    detail = last_line or "The process ended without reporting how the run ended."
    return {"kind": "exit_code", "exit_code": return_code, "detail": detail}


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
