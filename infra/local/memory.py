"""
Memory of processes, counted so that shared pages count once.

PSS (proportional set size) divides each page by the number of processes that map it, so the sum
over the stack is what the machine has lost to it; the sum of RSS would count Postgres' shared
buffers and the interpreter once per process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMemory:
    """One process and its proportional share of memory."""

    pid: int
    command: str
    pss_bytes: int


def descendants(root: int) -> list[int]:
    """Return `root` and every process below it, as far as they live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in brackets may hold spaces and brackets itself.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        if Path(f"/proc/{pid}").exists():
            found.append(pid)
        todo.extend(children.get(pid, []))
    return found


def measure(pids: Iterable[int]) -> list[ProcessMemory]:
    """Return the memory of each process, biggest first; those that ended meanwhile are left out."""
    measured = []
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            command = (
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            )
        except OSError:
            continue
        pss_kb = next(
            (int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0
        )
        measured.append(ProcessMemory(pid=pid, command=command, pss_bytes=pss_kb * 1024))
    return sorted(measured, key=lambda process: -process.pss_bytes)


def stack_memory(supervisor_pid: int) -> list[ProcessMemory]:
    """Return the memory of a running `make up`, itself included."""
    return measure(descendants(supervisor_pid))


if __name__ == "__main__":
    import sys

    total = 0
    for process in stack_memory(int(sys.argv[1])):
        total += process.pss_bytes
        print(f"{process.pss_bytes / 2**20:8.1f} MB  {process.pid:>7}  {process.command[:100]}")
    print(f"{total / 2**20:8.1f} MB  in all")
