"""
From an event's commit to its place in the world view, and what leaving it for that costs ingest.

Two thousand events a second for twenty seconds, in batches of a hundred through HTTP: statements by
their text, loads with row counts and columns, events of runs. Each batch also tells of a thing that
nobody has seen before; the table of resources is looked at every few milliseconds, so what is
measured ends with the commit that shows it. Web, loop and database are real processes here.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from apps.core.ids import uuid7
from bench.processes import workers
from bench.stack import Outcome, Stack, fire, postgres, stack, stores
from bench.table import Row, Table

RATE = 2_000  # events per second
BATCH = 100
SECONDS = 20
SETTLED_SECONDS = 2.0  # at the start: processes take their first requests
SENDERS = 4
TABLES = 400
LAG_SECONDS = 2.0
MARKER = "marker_"
NAMESPACE = "postgres://db.acme.example"
COST_BATCH = 500
COST_BATCHES = 24
ROUNDS = 5


def run() -> Table:
    """Measure both, one after the other."""
    with postgres() as server, stack(server, stores(server)[-1]) as at:
        with workers(at, "lineage"), _watch(at) as seen:
            time.sleep(3)  # the loop has started
            committed = _send_all(at)
            _wait_for_all(seen, committed)
        settled = min(committed.values()) + SETTLED_SECONDS
        lags = sorted(
            seen[number] - moment for number, moment in committed.items() if moment >= settled
        )
        left, without = _what_it_costs(at)
    outcome = Outcome(seconds=0, latencies_ms=lags, bodies=[])
    p50, p95, most = outcome.percentile(0.5), outcome.percentile(0.95), lags[-1]
    return Table(
        title="The world view",
        rows=[
            Row(
                what=f"event committed → in the world, {RATE:,} events/s for {SECONDS} s",
                measured=f"p50 {p50:.2f} s, p95 {p95:.2f} s, most {most:.2f} s",
                budget=f"most ≤ {LAG_SECONDS:.0f} s",
                holds=most <= LAG_SECONDS,
            ),
            Row(
                what=f"events left for the world, {COST_BATCH} in a request",
                measured=f"{left:,.0f}/s",
                reference=f"the same bytes, not left for it: {without:,.0f}/s",
                budget=f"{left / without:.0%}, no budget",
            ),
        ],
        notes=[f"{len(committed):,} batches of {BATCH} events; medians of {ROUNDS} rounds."],
    )


def _send_all(at: Stack) -> dict[int, float]:
    """Send at the rate; return when each batch was answered, by its number."""
    batches = RATE * SECONDS // BATCH
    committed: dict[int, float] = {}
    began = time.perf_counter() + 0.5

    def sender(first: int) -> None:
        for number in range(first, batches, SENDERS):
            body = json.dumps(_events(number)).encode()
            due = began + number * BATCH / RATE
            time.sleep(max(due - time.perf_counter(), 0))
            fire(at.port, [at.request("POST", f"{at.base}/events", body)], clients=1)
            committed[number] = time.perf_counter()

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    late = max(committed.values()) - began - SECONDS
    assert late < 2, f"ingest itself was {late:.1f} s behind the rate"
    return committed


def _events(batch: int) -> list[dict[str, object]]:
    now = datetime.now(UTC)
    events = [
        _event(batch * BATCH + number, now + timedelta(microseconds=number))
        for number in range(BATCH - 1)
    ]
    marker = {"kind": "table", "namespace": NAMESPACE, "name": f"bench.public.{MARKER}{batch}"}
    return [*events, {"name": "table.created", "occurred_at": now.isoformat(), "resource": marker}]


def _event(number: int, at: datetime) -> dict[str, object]:
    table, other = f"bench.public.table_{number % TABLES}", f"table_{number * 7 % TABLES}"
    common = {"id": str(uuid7()), "occurred_at": at.isoformat(), "run_id": str(_run(number))}
    if number % 4 == 0:
        return common | {
            "name": "table.loaded",
            "resource": {"kind": "table", "namespace": NAMESPACE, "name": table},
            "payload": {
                "rows": number,
                "columns": [{"name": f"column_{each}", "type": "text"} for each in range(8)],
            },
        }
    return common | {
        "name": "query.executed",
        "related": [
            {"role": "on", "kind": "database", "namespace": NAMESPACE, "name": "bench"},
        ],
        "payload": {
            "dialect": "postgresql",
            "user": f"user_{number % 30}@acme.example",
            "database": "bench",
            "text": f"INSERT INTO table_{number % TABLES} SELECT a.id, count(*) FROM {other} a"
            f" JOIN orders o ON o.id = a.id WHERE a.id = {number} GROUP BY 1",
        },
    }


_RUNS = [uuid7() for _ in range(200)]


def _run(number: int) -> UUID:
    return _RUNS[number % len(_RUNS)]


@contextmanager
def _watch(at: Stack) -> Iterator[dict[int, float]]:
    """Note when each marker is first seen among the resources."""
    seen: dict[int, float] = {}
    done = threading.Event()

    def look() -> None:
        with at.connect() as link:
            while not done.is_set():
                rows = link.execute(
                    "SELECT name FROM lineage_resource WHERE workspace_id = %s AND kind = 'table'"
                    " AND namespace = %s AND name LIKE %s",
                    [at.workspace_id, NAMESPACE, f"%.{MARKER}%"],
                ).fetchall()
                now = time.perf_counter()
                for (name,) in rows:
                    seen.setdefault(int(str(name).rpartition("_")[2]), now)
                done.wait(0.02)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _wait_for_all(seen: dict[int, float], committed: dict[int, float]) -> None:
    give_up_at = time.monotonic() + 60
    while len(seen) < len(committed):
        assert time.monotonic() < give_up_at, f"{len(committed) - len(seen)} never came"
        time.sleep(0.05)


def _what_it_costs(at: Stack) -> tuple[float, float]:
    """Return events a second that are left for the world, and of the same bytes that are not."""
    seconds: dict[str, list[float]] = {"query.noted": [], "quasi.noted": []}
    for _ in range(ROUNDS + 1):
        for name, taken in seconds.items():
            requests = [
                at.request("POST", f"{at.base}/events", json.dumps(_plain(name)).encode())
                for _ in range(COST_BATCHES)
            ]
            taken.append(fire(at.port, requests, clients=SENDERS).seconds)
    left, without = (
        COST_BATCH * COST_BATCHES / statistics.median(taken[1:]) for taken in seconds.values()
    )
    return left, without


def _plain(name: str) -> list[dict[str, object]]:
    now = datetime.now(UTC)
    return [
        {
            "id": str(uuid7()),
            "name": name,
            "occurred_at": (now + timedelta(microseconds=number)).isoformat(),
            "payload": {"rows": number, "note": "x" * 120},
        }
        for number in range(COST_BATCH)
    ]
