"""The timeline of a run with 100,000 task runs, through HTTP, and how fast those came in."""

from __future__ import annotations

import gzip
import json
import statistics
import time
from datetime import UTC, datetime, timedelta

import httpx2

from apps.core.ids import uuid7
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table

TASKS = 100_000
BATCH = 5_000
READS = 9
BUDGET_MS = 200.0
PAGE = 20_000  # what the API gives unasked


def run() -> Table:
    """Measure on the first store: task runs are the same table on both."""
    with postgres() as server, stack(server, stores(server)[0]) as at:
        run_id, rate = _report(at)
        pages, wholes, size = _read(at, run_id)
    p95 = sorted(pages)[int(0.95 * len(pages))]
    return Table(
        title="Timeline",
        rows=[
            Row(
                what=f"{TASKS:,} task runs reported in batches of {BATCH:,}",
                measured=f"{rate:,.0f}/s",
            ),
            Row(
                what=f"a page of {PAGE:,} of them as columns",
                measured=f"p50 {statistics.median(pages):.0f} ms, p95 {p95:.0f} ms",
                budget=f"p95 ≤ {BUDGET_MS:.0f} ms",
                holds=p95 <= BUDGET_MS,
            ),
            Row(
                what=f"all pages, {size / 1e6:.1f} MB compressed",
                measured=f"median {statistics.median(wholes):.0f} ms",
            ),
        ],
        notes=[f"{READS} reads, one client; every second task run depends on the one before."],
    )


def _report(at: Stack) -> tuple[str, float]:
    run_id, start = str(uuid7()), datetime.now(UTC) - timedelta(minutes=5)
    head = {
        "run_id": run_id,
        "epoch": 1,
        "state": "RUNNING",
        "occurred_at": start.isoformat(),
        "flow_name": "bench",
    }
    fire(at.port, [_ingest(at, {"runs": [head]})], clients=1)
    before: str | None = None
    requests = []
    for first in range(0, TASKS, BATCH):
        reports = []
        for number in range(first, first + BATCH):
            task_run_id = str(uuid7())
            began = start + timedelta(milliseconds=number)
            reports.append(
                {
                    "task_run_id": task_run_id,
                    "run_id": run_id,
                    "epoch": 1,
                    "sequence": number,
                    "state": "COMPLETED",
                    "started_at": began.isoformat(),
                    "occurred_at": (began + timedelta(milliseconds=20)).isoformat(),
                    "task_name": f"task_{number % 7}",
                    "name": f"load-{number}",
                    "attempt": 1,
                    "depends_on": [before] if before and number % 2 else [],
                }
            )
            before = task_run_id
        requests.append(_ingest(at, {"task_runs": reports}))
    outcome = fire(at.port, requests, clients=1)
    accepted = sum(json.loads(body)["accepted"] for body in outcome.bodies)
    assert accepted == TASKS, f"{accepted} of {TASKS} accepted"
    return run_id, TASKS / outcome.seconds


def _ingest(at: Stack, body: dict[str, object]) -> bytes:
    return at.request("POST", f"{at.base}/ingest", json.dumps(body).encode())


def _read(at: Stack, run_id: str) -> tuple[list[float], list[float], int]:
    """Return the times of single pages and of all of them, and how many bytes they are."""
    pages: list[float] = []
    wholes: list[float] = []
    with httpx2.Client(base_url=f"http://127.0.0.1:{at.port}", timeout=60) as client:
        headers = {"Authorization": f"Bearer {at.key}", "Accept-Encoding": "gzip"}
        for number in range(READS + 1):
            cursor, rows, size, times = None, 0, 0, []
            while True:
                query = {} if cursor is None else {"cursor": cursor}
                began = time.perf_counter()
                with client.stream(
                    "GET", f"{at.base}/runs/{run_id}/timeline", params=query, headers=headers
                ) as response:
                    data = b"".join(response.iter_raw())
                times.append((time.perf_counter() - began) * 1_000)
                is_packed = response.headers.get("Content-Encoding") == "gzip"
                page = json.loads(gzip.decompress(data) if is_packed else data)
                rows, size = rows + len(page["rows"]["id"]), size + len(data)
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert rows == TASKS
            if number:  # the first one warms up
                pages += [took for took, _ in zip(times, range(TASKS // PAGE), strict=False)]
                wholes.append(sum(times))
    return pages, wholes, size
