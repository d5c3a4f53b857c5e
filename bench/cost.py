"""
Processor time by kind of process: what a rate is made of.

A rate says how the machine's cores were shared at the moment; processor time says what the work
takes, and moves less. Of the processes that this one has started, theirs included.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

CLIENTS: Final = "clients"
WEB: Final = "web"
POSTGRES: Final = "Postgres"

_TICKS: Final = os.sysconf("SC_CLK_TCK")

Cost = Mapping[str, float]  # seconds by kind


class _Process(NamedTuple):
    parent: int
    seconds: float  # of its own
    ended: float  # seconds of its children that have ended
    command: str


def spent() -> Cost:
    """Return the processor time that each kind has taken until now."""
    processes = {pid: found for pid in _pids() if (found := _read(pid)) is not None}
    own = {os.getpid()}
    while grown := {pid for pid, one in processes.items() if one.parent in own} - own:
        own |= grown
    ended = os.times()
    seconds = {
        CLIENTS: time.process_time() + ended.children_user + ended.children_system,
        WEB: 0.0,
        POSTGRES: 0.0,
    }
    for pid in own - {os.getpid()}:
        process = processes[pid]
        kind = WEB if "granian" in process.command else POSTGRES
        if kind == WEB or "postgres" in process.command:
            # Connections' processes have ended when they are counted: their parent knows.
            seconds[kind] += process.seconds + process.ended
    return seconds


def between(before: Cost, after: Cost) -> Cost:
    """Return what was spent from one look to the other."""
    return {kind: after[kind] - before[kind] for kind in after}


def per_row(cost: Cost, rows: int) -> str:
    """Return the cost of one row for a table, in microseconds, without what took nothing."""
    shares = ((kind, seconds / rows * 1e6) for kind, seconds in cost.items())
    return ", ".join(f"{kind} {share:.1f}" for kind, share in shares if share >= 0.5)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(pid: int) -> _Process | None:
    folder = Path("/proc") / str(pid)
    try:
        # Its name may hold anything, a bracket too: what follows the last one is numbers.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        command = (folder / "cmdline").read_bytes().replace(b"\x00", b" ").decode(errors="replace")
    except OSError:  # it has ended meanwhile
        return None
    user, system, ended_user, ended_system = (int(field) / _TICKS for field in fields[11:15])
    return _Process(int(fields[1]), user + system, ended_user + ended_system, command)
