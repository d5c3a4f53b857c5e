"""
From an event to the firing that it causes, and from a deadline to the firing of what did not come.

A thousand rules of all kinds in one workspace and a thousand events a second, sent in batches of
twenty through HTTP; one event in twenty concerns a rule. Twenty events a second open a window that
nothing satisfies. Firings are seen by looking at the table every few milliseconds, so what is
measured ends with the commit. Web, evaluator and database are real processes on the machine.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from apps.core.ids import uuid7
from bench.processes import workers
from bench.stack import Outcome, Stack, fire, postgres, stack, stores
from bench.table import Row, Table

RULES = 1_000
RATE = 1_000  # events per second
BATCH = 20
SENDERS = 4
SECONDS = 30
TABLES = 20_000  # that events are about; rules are about the first of them
OPENING = 50  # one event in so many opens a window
WINDOW_SECONDS = 10
LAG_P99_MS = 1_000.0
DEADLINE_P99_MS = 1_000.0
SETTLED_SECONDS = 3  # at the start: processes take their first requests


def run() -> Table:
    """Measure both at once."""
    with postgres() as server, stack(server, stores(server)[-1]) as at:
        _make_rules(at)
        with workers(at, "evaluator"), _watch(at) as seen:
            time.sleep(3)  # the evaluator has started
            began = datetime.now(UTC)
            sent = _send_all(at)
            time.sleep(WINDOW_SECONDS + 3)
        lags, deadlines, waiting = _measure(at, seen, began)
    return Table(
        title="Automations",
        rows=[
            _row(
                f"event sent → firing committed, {RATE:,} events/s, {RULES:,} rules",
                lags,
                LAG_P99_MS,
            ),
            _row("deadline → firing committed, at the same time", deadlines, DEADLINE_P99_MS),
        ],
        notes=[
            f"{sent:,} events in {SECONDS} s, {len(lags):,} firings by events and"
            f" {len(deadlines):,} by deadlines; {waiting} batches left at the end."
        ],
    )


def _row(what: str, latencies_ms: list[float], budget_ms: float) -> Row:
    outcome = Outcome(seconds=0, latencies_ms=latencies_ms, bodies=[])
    p50, p99 = outcome.percentile(0.5), outcome.percentile(0.99)
    return Row(
        what=what,
        measured=f"p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        budget=f"p99 ≤ {budget_ms:,.0f} ms",
        holds=p99 <= budget_ms,
    )


def _make_rules(at: Stack) -> None:
    requests = [
        at.request("POST", f"{at.base}/automations", json.dumps(rule).encode()) for rule in _rules()
    ]
    fire(at.port, requests, clients=1)


def _rules() -> Iterator[dict[str, object]]:
    for number in range(RULES):
        table = {"resource.name": [f"table-{number}"]}
        trigger: dict[str, object]
        if number == 0:
            trigger = {
                "type": "absence",
                "after": {"name": ["load.started"]},
                "expect": {"name": ["load.finished"]},
                "for_each": ["resource.name"],
                "within_seconds": WINDOW_SECONDS,
            }
        elif number % 10 == 1:
            trigger = {
                "type": "event",
                "match": {"name": ["query.*"], "payload.n": [number], **table},
            }
        elif number % 10 == 2:
            trigger = {
                "type": "event",
                "match": {"name": ["query.*", "!query.test*"], **table},
                "for_each": ["resource.name"],
                "threshold": 1_000,
                "within_seconds": 60,
            }
        elif number % 10 == 3:
            trigger = {
                "type": "absence",
                "after": {"name": ["load.started"], **table},
                "expect": {"name": ["load.finished"]},
                "within_seconds": 3_600,
            }
        else:
            trigger = {"type": "event", "match": {"name": ["query.finished"], **table}}
        yield {"name": f"rule {number}", "trigger": trigger, "actions": []}


def _send_all(at: Stack) -> int:
    """Send at the rate; return how many events were."""
    pause = SENDERS * BATCH / RATE
    counts = [0] * SENDERS

    def send(sender: int) -> None:
        number = sender * 7
        next_at = time.monotonic() + sender * pause / SENDERS
        give_up_at = time.monotonic() + SECONDS
        while next_at < give_up_at:
            time.sleep(max(next_at - time.monotonic(), 0))
            next_at += pause
            body = json.dumps({"events": [_event(number + n) for n in range(BATCH)]}).encode()
            number += BATCH * SENDERS
            fire(at.port, [at.request("POST", f"{at.base}/events", body)], clients=1)
            counts[sender] += BATCH

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def _event(number: int) -> dict[str, object]:
    opens = number % OPENING == 0
    return {
        "id": str(uuid7()),
        "name": "load.started" if opens else "query.finished",
        "occurred_at": datetime.now(UTC).isoformat(),
        # A step that has no factor in common with the tables: all of them come along.
        "resource": {"kind": "table", "name": f"table-{number * 7_919 % TABLES}"},
        "payload": {"n": number % 100, "rows": number, "user": "bench"},
    }


@contextmanager
def _watch(at: Stack) -> Iterator[dict[object, datetime]]:
    """Note when each firing was first there to be seen."""
    seen: dict[object, datetime] = {}
    stopping = threading.Event()

    def look() -> None:
        last = datetime.now(UTC)
        with at.connect() as link:
            while not stopping.wait(0.005):
                now = datetime.now(UTC)
                # Behind by a while: what commits late has an earlier time.
                rows = link.execute(
                    "SELECT id FROM automations_firing WHERE fired_at > %s",
                    [last - timedelta(seconds=2)],
                ).fetchall()
                found = datetime.now(UTC)
                for (firing_id,) in rows:
                    seen.setdefault(firing_id, found)
                last = now

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stopping.set()
        thread.join()


def _measure(
    at: Stack, seen: dict[object, datetime], began: datetime
) -> tuple[list[float], list[float], object]:
    with at.connect() as link:
        rows = link.execute(
            "SELECT id, occurred_at, reason->>'type' FROM automations_firing"
            " WHERE occurred_at > %s",
            [began + timedelta(seconds=SETTLED_SECONDS)],
        ).fetchall()
        found = link.execute(
            "SELECT count(*) FROM telemetry_pendingbatch WHERE consumer = 'automations'"
        ).fetchone()
    by_kind: dict[bool, list[float]] = {True: [], False: []}
    for firing_id, occurred_at, kind in rows:
        assert isinstance(occurred_at, datetime)
        lag = seen[firing_id] - occurred_at
        by_kind[kind == "absence"].append(lag.total_seconds() * 1_000)
    return by_kind[False], by_kind[True], found[0] if found else 0
