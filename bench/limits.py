"""
What a limit costs ingest: events of a workspace that has one against the same without.

The limit is so high that nothing is refused; what is measured is the question to Valkey. Rounds
alternate. Judged is the time on the processors that the web processes and Valkey take for an event,
not the clock: it says the same of a machine that is busy with other things too.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from bench.ingest import _events
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table
from infra.local.valkey import EmbeddedValkey

BATCH = 500
BATCHES = 40
CLIENTS = 4
SINGLES = 2_000
SINGLE_CLIENTS = 16
ROUNDS = 8
NONE, HIGH = None, 2_000_000_000  # a minute
REMEMBERED_SECONDS = 1.1  # how long web processes remember a workspace's limits
BUDGET = 0.05


def run() -> Table:
    """Measure on the store that production has, if this server offers it."""
    with (
        tempfile.TemporaryDirectory(prefix="headway-bench-") as folder,
        EmbeddedValkey(Path(folder) / "valkey", durable=False) as valkey,
        postgres() as server,
        stack(server, stores(server)[-1], settings={"REDIS_URL": valkey.url}) as at,
    ):
        _send(at, count=BATCH, requests=BATCHES, clients=CLIENTS)
        _send(at, count=1, requests=500, clients=SINGLE_CLIENTS)
        rows = [
            _compare(at, f"events in batches of {BATCH}", BATCH, BATCHES, CLIENTS),
            _compare(at, "single events", 1, SINGLES, SINGLE_CLIENTS),
        ]
    return Table(
        title="Limits",
        rows=rows,
        notes=[
            f"Medians over {ROUNDS} pairs of rounds. The cost is that of a pair in processor time"
            " of the web processes and Valkey. One Valkey on a Unix socket, two web processes."
        ],
    )


def _compare(at: Stack, what: str, count: int, requests: int, clients: int) -> Row:
    rates: dict[int | None, list[float]] = {NONE: [], HIGH: []}
    spent: dict[int | None, list[float]] = {NONE: [], HIGH: []}
    for number in range(ROUNDS):
        # Later rounds meet larger tables: neither side is always the later one.
        for limit in (NONE, HIGH) if number % 2 else (HIGH, NONE):
            _limit(at, limit)
            before = _processor_seconds()
            rates[limit].append(_send(at, count=count, requests=requests, clients=clients))
            spent[limit].append(_processor_seconds() - before)
    pairs = zip(spent[HIGH], spent[NONE], strict=True)
    cost = 1 - statistics.median(free / limited for limited, free in pairs)
    return Row(
        what=f"{what}, {clients} clients, with a limit",
        measured=f"{statistics.median(rates[HIGH]):,.0f}/s",
        reference=f"{statistics.median(rates[NONE]):,.0f}/s without",
        budget=f"cost {cost:.1%} of ≤ {BUDGET:.0%}",
        holds=cost <= BUDGET,
    )


def _processor_seconds() -> float:
    """Return what our child processes and theirs have used: the web processes and Valkey."""
    ticks: dict[int, float] = {}
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(folder.name)] = int(fields[1])
        ticks[int(folder.name)] = int(fields[11]) + int(fields[12])
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    ours -= {os.getpid()}
    return sum(ticks[pid] for pid in ours) / os.sysconf("SC_CLK_TCK")


def _limit(at: Stack, per_minute: int | None) -> None:
    with at.connect() as link:
        link.execute(
            "UPDATE tenancy_workspacelimits SET events_per_minute = %s WHERE workspace_id = %s",
            (per_minute, at.workspace_id),
        )
    time.sleep(REMEMBERED_SECONDS)


def _send(at: Stack, *, count: int, requests: int, clients: int) -> float:
    """Return how many events a second were taken in."""
    bodies = [
        at.request("POST", f"{at.base}/events", json.dumps(_events(count)).encode())
        for _ in range(requests)
    ]
    outcome = fire(at.port, bodies, clients=clients)
    assert sum(json.loads(body)["accepted"] for body in outcome.bodies) == count * requests
    return count * requests / outcome.seconds
