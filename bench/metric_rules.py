"""
From the moment at which rules on metrics look to the commit of what they saw.

A thousand rules in one workspace, whose looks all come due at the same second of each minute, while
points of two hundred series come in each second through HTTP. A quarter of the rules watch each
series of their metric for itself. What is due is counted every few milliseconds, so what is
measured ends with the commit; it holds the wait for the rollup. Web, evaluator, rollup and database
are real processes on the machine.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from bench.processes import workers
from bench.stack import Outcome, Stack, fire, postgres, stack, stores
from bench.table import Row, Table

RULES = 1_000
METRICS = 20
SERIES = 10  # of each metric
MINUTES = 4  # at which all of them look; the first is not counted
LATE_SECONDS = 10
LAG_P99_MS = 10_000.0  # they are all due at once: the last one waits for all others


def run() -> Table:
    """Measure."""
    with postgres() as server, stack(server, stores(server)[-1]) as at:
        requests = [
            at.request("POST", f"{at.base}/automations", json.dumps(rule).encode())
            for rule in _rules()
        ]
        fire(at.port, requests, clients=1)
        with workers(at, "evaluator", "rollup"), _points(at) as sent:
            lags = [lag for tick in _ticks() for lag in _lags(at, tick)]
        fired = _count(at, "SELECT count(*) FROM automations_firing")
    outcome = Outcome(seconds=0, latencies_ms=lags, bodies=[])
    p50, p99 = outcome.percentile(0.5), outcome.percentile(0.99)
    return Table(
        title="Rules on metrics",
        rows=[
            Row(
                what=f"look due → what it saw committed, {RULES:,} rules due at once",
                measured=f"p50 {p50:,.0f} ms, p99 {p99:,.0f} ms",
                budget=f"p99 ≤ {LAG_P99_MS:,.0f} ms",
                holds=p99 <= LAG_P99_MS,
            )
        ],
        notes=[
            f"{len(lags):,} looks at {MINUTES - 1} minutes; {sent[0]:,} points of"
            f" {METRICS * SERIES} series came in meanwhile; {fired:,} firings."
        ],
    )


def _rules() -> Iterator[dict[str, object]]:
    for number in range(RULES):
        trigger: dict[str, object] = {
            "type": "metric",
            "metric": f"metric_{number % METRICS}",
            "aggregate": ("sum", "avg", "max", "p95")[number // METRICS % 4],
            "is": "above",
            "threshold": number % 100,
            "within_seconds": (300, 60)[number % 2],
            "allow_late_seconds": LATE_SECONDS,
        }
        if number % 4:
            trigger["where"] = {"table": [f"table-{number % SERIES}"]}
        else:
            trigger["for_each"] = ["table"]
        yield {"name": f"rule {number}", "trigger": trigger, "actions": []}


@contextmanager
def _points(at: Stack) -> Iterator[list[int]]:
    """Send a point of each series every second."""
    sent = [0]
    stopping = threading.Event()

    def send() -> None:
        while not stopping.wait(1.0):
            now = datetime.now(UTC).isoformat()
            points = [
                {
                    "name": f"metric_{metric}",
                    "occurred_at": now,
                    "value": (metric * 7 + series * 13 + sent[0] // 200) % 100,
                    "labels": {"table": f"table-{series}"},
                }
                for metric in range(METRICS)
                for series in range(SERIES)
            ]
            body = json.dumps({"points": points}).encode()
            fire(at.port, [at.request("POST", f"{at.base}/ingest", body)], clients=1)
            sent[0] += len(points)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        stopping.set()
        thread.join()


def _ticks() -> Iterator[datetime]:
    """Yield when looks come due, once each is past; the first one only lets everything start."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    for number in range(MINUTES):
        due_at = minute + timedelta(minutes=number, seconds=LATE_SECONDS)
        time.sleep(max((due_at - datetime.now(UTC)).total_seconds(), 0))
        if number:
            yield due_at


def _lags(at: Stack, due_at: datetime) -> list[float]:
    """Return of each rule by how many milliseconds its look came after it was due."""
    lags: list[float] = []
    waiting = RULES
    give_up_at = due_at + timedelta(seconds=45)
    while waiting and datetime.now(UTC) < give_up_at:
        time.sleep(0.01)
        left = _count(at, "SELECT count(*) FROM automations_deadline WHERE due_at <= %s", due_at)
        lag = (datetime.now(UTC) - due_at).total_seconds() * 1_000
        lags += [lag] * (waiting - left)
        waiting = left
    return lags + [45_000.0] * waiting


def _count(at: Stack, query: str, *values: object) -> int:
    with at.connect() as link:
        row = link.execute(query.encode(), values).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]
