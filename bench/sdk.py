"""
What the SDK costs: a task's overhead with and without a server, and `import headway`.

Each figure comes from a process of its own, as a user's script is one.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.stack import REPOSITORY, Stack, postgres, stack, stores
from bench.table import Row, Table

TASKS = 10_000
ROUNDS = 3
IMPORT_ROUNDS = 9
OFFLINE_US = 50.0
ONLINE_US = 500.0
IMPORT_MS = 100.0
IMPORT_MB = 30.0

_FLOW = f"""
import time
from headway import flow, task

def plain(n):
    return n + 1

tracked = task(plain)

@flow(name="bench")
def loop():
    began = time.perf_counter()
    for n in range({TASKS}):
        tracked(n)
    return time.perf_counter() - began

began = time.perf_counter()
for n in range({TASKS}):
    plain(n)
bare = time.perf_counter() - began
started_at = time.monotonic()
print(bare, loop(), started_at)
"""
# Memory is what the process itself holds; shared pages of the interpreter are in both figures.
_RESIDENT = """
import pathlib, sys, time
began, used = time.perf_counter(), time.process_time()
{statement}
ended, burnt = time.perf_counter(), time.process_time()
status = pathlib.Path("/proc/self/status").read_text()
kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
print(ended - began, burnt - used, int(kilobytes) / 1024)
"""


def run() -> Table:
    rows = [_offline(), *_imported()]
    with postgres() as server, stack(server, stores(server)[-1]) as at:
        rows.insert(1, _online(at))
    return Table(
        title="SDK",
        rows=rows,
        notes=[
            f"Medians of {ROUNDS} flows of {TASKS:,} tasks in a loop, and of {IMPORT_ROUNDS}"
            " imports. “Recorded” counts until the process has ended and the server has"
            " committed every task run."
        ],
    )


def _offline() -> Row:
    overheads, bare = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as home:
            alone, tracked, _, _ = _run_flow(home, {})
        overheads.append((tracked - alone) / TASKS * 1e6)
        bare.append(alone / TASKS * 1e6)
    overhead = statistics.median(overheads)
    return Row(
        what="a task, no server",
        measured=f"{overhead:.0f} µs",
        reference=f"the bare call {statistics.median(bare):.2f} µs",
        budget=f"≤ {OFFLINE_US:.0f} µs",
        holds=overhead <= OFFLINE_US,
    )


def _online(at: Stack) -> Row:
    overheads, whole = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as home:
            alone, tracked, started_at, ended_at = _run_flow(
                home,
                {
                    "HEADWAY_API_URL": f"http://127.0.0.1:{at.port}",
                    "HEADWAY_API_KEY": at.key,
                    "HEADWAY_WORKSPACE": at.slug,
                    "HEADWAY_SPOOL_DIR": str(Path(home) / "spool"),
                },
            )
        overheads.append((tracked - alone) / TASKS * 1e6)
        whole.append((ended_at - started_at) / TASKS * 1e6)
    with at.connect() as link:
        (stored,) = link.execute("SELECT count(*) FROM runs_taskrun WHERE state = 'COMPLETED'")
    assert stored == (ROUNDS * TASKS,), stored
    recorded = statistics.median(whole)
    return Row(
        what="a task, recorded on the server",
        measured=f"{recorded:.0f} µs, of it {statistics.median(overheads):.0f} µs in the loop",
        reference="every task run read back",
        budget=f"≤ {ONLINE_US:.0f} µs",
        holds=recorded <= ONLINE_US,
    )


def _run_flow(home: str, server: dict[str, str]) -> tuple[float, float, float, float]:
    """Return seconds bare, seconds tracked, and on the monotonic clock begin and end."""
    done = subprocess.run(
        [sys.executable, "-c", _FLOW],
        cwd=home,
        env=_environment(home) | server,
        check=True,
        capture_output=True,
        text=True,
    )
    ended_at = time.monotonic()
    alone, tracked, started_at = (float(word) for word in done.stdout.split()[-3:])
    return alone, tracked, started_at, ended_at


def _imported() -> list[Row]:
    """Compare `import headway` with an interpreter that imports nothing more."""
    walls, cpus, sizes, bare_sizes = [], [], [], []
    for _ in range(IMPORT_ROUNDS):
        _, _, bare = _measure("pass")
        wall, cpu, size = _measure("import headway")
        walls.append(wall * 1e3)
        cpus.append(cpu * 1e3)
        sizes.append(size)
        bare_sizes.append(bare)
    bare = statistics.median(bare_sizes)
    more = statistics.median(sizes) - bare
    wall = statistics.median(walls)
    return [
        Row(
            what="import headway: time",
            measured=f"{wall:.0f} ms ({statistics.median(cpus):.0f} ms of CPU)",
            reference="after a bare start of Python",
            budget=f"≤ {IMPORT_MS:.0f} ms",
            holds=wall <= IMPORT_MS,
        ),
        Row(
            what="import headway: memory",
            measured=f"+{more:.1f} MB",
            reference=f"bare Python {bare:.1f} MB",
            budget=f"≤ +{IMPORT_MB:.0f} MB",
            holds=more <= IMPORT_MB,
        ),
    ]


def _measure(statement: str) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", _RESIDENT.format(statement=statement)],
            cwd=home,
            env=_environment(home),
            check=True,
            capture_output=True,
            text=True,
        )
    wall, cpu, megabytes = (float(word) for word in done.stdout.split())
    return wall, cpu, megabytes


def _environment(home: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": home,
        "PYTHONPATH": str(REPOSITORY / "sdk" / "src"),
        "NO_PROXY": "*",
    }
