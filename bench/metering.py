"""
What metering costs: task runs that are counted against the same ones that are not.

Both sides send batches of 500 completed task runs through HTTP to one run a client. On one side
they took two seconds each, and the metering loops record them meanwhile; on the other they took
half a second, so that nothing is left to count and the loops only look. Rounds alternate. In the
end the ledger is compared with the task runs.
"""

from __future__ import annotations

import json
import statistics
import time
from datetime import UTC, datetime, timedelta

from apps.core.ids import uuid7
from bench.processes import workers
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table

BATCH = 500
BATCHES = 40
CLIENTS = 4
ROUNDS = 12
FREE, COUNTED = 0.5, 2.0  # how long a task run took, in seconds
STARTED_SECONDS = 4  # until the loops have started
BUDGET = 0.05


def run() -> Table:
    """Measure on the store that production has, if this server offers it."""
    with postgres() as server, stack(server, stores(server)[-1]) as at:
        runs = _start_runs(at)
        with workers(at, "metering"):
            time.sleep(STARTED_SECONDS)
            _send(at, runs, seconds=0.5)  # processes take their first requests
            rates: dict[float, list[float]] = {FREE: [], COUNTED: []}
            for number in range(ROUNDS):
                # Later rounds meet larger tables: neither side is always the later one.
                for seconds in (FREE, COUNTED) if number % 2 else (COUNTED, FREE):
                    rates[seconds].append(_send(at, runs, seconds=seconds))
            waiting = _catch_up(at)
        free, counted = rates[FREE], rates[COUNTED]
        at.manage("recount_usage")  # raises when the ledger is off
        recorded = _recorded(at)
    without, with_metering = statistics.median(free), statistics.median(counted)
    # Of neighbours: what else the machine does changes more from minute to minute than this costs.
    cost = 1 - statistics.median(some / all_ for some, all_ in zip(counted, free, strict=True))
    expected = ROUNDS * BATCHES * BATCH
    return Table(
        title="Metering",
        rows=[
            Row(
                what="task runs through ingest, counted as usage",
                measured=f"{with_metering:,.0f}/s",
                reference=f"{without:,.0f}/s not counted",
                budget=f"cost ≤ {BUDGET:.0%}",
                holds=cost <= BUDGET,
            ),
            Row(
                what="ledger against task runs",
                measured=f"{recorded:,}",
                reference=f"{expected:,} sent",
                budget="equal",
                holds=recorded == expected and waiting == 0,
            ),
        ],
        notes=[
            f"Cost {cost:.1%} (median over {ROUNDS} pairs of rounds; not counted"
            f" {min(free):,.0f} to {max(free):,.0f}/s, counted"
            f" {min(counted):,.0f} to {max(counted):,.0f}/s)."
        ],
    )


def _start_runs(at: Stack) -> list[str]:
    now = datetime.now(UTC).isoformat()
    runs = [str(uuid7()) for _ in range(BATCHES)]
    reports = [
        {"run_id": run, "epoch": 1, "state": "RUNNING", "occurred_at": now, "flow_name": "bench"}
        for run in runs
    ]
    body = json.dumps({"runs": reports}).encode()
    fire(at.port, [at.request("POST", f"{at.base}/ingest", body)], clients=1)
    return runs


def _send(at: Stack, runs: list[str], *, seconds: float) -> float:
    """Return how many task runs a second were taken in."""
    requests = [
        at.request("POST", f"{at.base}/ingest", _batch(runs[number], seconds))
        for number in range(BATCHES)
    ]
    outcome = fire(at.port, requests, clients=CLIENTS)
    assert all(b'"rejected":[]' in body for body in outcome.bodies), "something was refused"
    return BATCHES * BATCH / outcome.seconds


def _batch(run: str, seconds: float) -> bytes:
    ended_at = datetime.now(UTC)
    started_at = ended_at - timedelta(seconds=seconds)
    reports = [
        {
            "task_run_id": str(uuid7()),
            "run_id": run,
            "epoch": 1,
            "sequence": number,
            "state": "COMPLETED",
            "started_at": started_at.isoformat(),
            "occurred_at": ended_at.isoformat(),
            "task_name": "load",
            "name": f"load-{number}",
            "attempt": 1,
        }
        for number in range(BATCH)
    ]
    return json.dumps({"task_runs": reports}).encode()


def _catch_up(at: Stack) -> int:
    """Give the loops ten seconds to record the rest; return how much they leave."""
    with at.connect() as link:
        for _ in range(100):
            (waiting,) = link.execute("SELECT count(*) FROM runs_pendingusage").fetchone() or (0,)
            if not waiting:
                return 0
            time.sleep(0.1)
        return int(str(waiting))


def _recorded(at: Stack) -> int:
    with at.connect() as link:
        row = link.execute("SELECT sum(quantity)::bigint FROM metering_usagerecord").fetchone()
    return int(str(row[0])) if row and row[0] else 0
