"""
Runs created, started and completed through the API.

A local run is what `python flow.py` sends: one request that it runs, one that it completed, or
both in one when it is over before the recorder sends. Who runs many, a service or a process that
comes back after an outage, sends fifty runs in a request. A deployment's run is created by one
request, leased by an agent ten at a time, and reported by its own process like a local one. The
reference is as many requests to an empty view with one INSERT on the same server. Rates are
divided by the machine's cores, which the database, the server and the clients share.
"""

from __future__ import annotations

import json
import os
import statistics
from datetime import UTC, datetime
from typing import Any

from apps.core.ids import uuid7
from bench.processes import live
from bench.stack import Outcome, Stack, fire, postgres, stack, stores
from bench.table import Row, Table

RUNS = 500
ROUNDS = 3
CLIENTS = 32
RUNS_A_BATCH = 50
BUDGET = 150.0  # runs per second and core


def run() -> Table:
    """Measure on the first store that the server offers: only transitions and events differ."""
    with postgres() as server, stack(server, stores(server)[-1]) as at, live(at) as live_port:
        reference = _reference(at)
        rows = [
            _row(f"local runs, {RUNS_A_BATCH} in a request", _local(at, RUNS_A_BATCH), None),
            _row("local run: running and completed in one request", _local(at, 1), reference),
            _row("local run: running, completed, a request each", _apart(at), reference / 2),
            _row(
                "deployment's run: created, leased, running, completed",
                _deployed(at, live_port),
                reference / 3.1,
            ),
        ]
    note = f"Medians of {ROUNDS} rounds of {RUNS:,} runs, {CLIENTS} clients, durable commits."
    return Table(title="Run lifecycle", rows=rows, notes=[note])


def _row(what: str, rate: float, reference: float | None) -> Row:
    per_core = rate / (os.cpu_count() or 1)
    return Row(
        what=what,
        measured=f"{rate:,.0f}/s, {per_core:,.0f}/s per core",
        reference=f"as many INSERTs through an empty view {reference:,.0f}/s" if reference else "",
        budget=f"≥ {BUDGET:.0f}/s per core",
        holds=per_core >= BUDGET,
    )


def _reference(at: Stack) -> float:
    """Return requests per second of the empty view."""
    requests = [at.request("POST", "/bench/insert", b'{"a": 1}')] * 3 * RUNS
    fire(at.port, requests[:200], clients=CLIENTS)
    return len(requests) / fire(at.port, requests, clients=CLIENTS).seconds


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _said(run_id: str, state: str, epoch: int = 1) -> dict[str, object]:
    return {
        "run_id": run_id,
        "epoch": epoch,
        "state": state,
        "occurred_at": _now(),
        "flow_name": "bench",
        "holder": "bench:1",
    }


def _sent(at: Stack, reports: list[dict[str, object]]) -> bytes:
    return at.request("POST", f"{at.base}/ingest", json.dumps({"runs": reports}).encode())


def _check(outcome: Outcome, accepted: int) -> None:
    for body in outcome.bodies:
        answer = json.loads(body)
        assert answer["accepted"] == accepted, answer


def _apart(at: Stack) -> float:
    rates = []
    for round_number in range(ROUNDS + 1):
        ids = [str(uuid7()) for _ in range(RUNS)]
        started = fire(at.port, [_sent(at, [_said(i, "RUNNING")]) for i in ids], clients=CLIENTS)
        ended = fire(at.port, [_sent(at, [_said(i, "COMPLETED")]) for i in ids], clients=CLIENTS)
        _check(started, 1)
        _check(ended, 1)
        if round_number:  # the first one warms up
            rates.append(RUNS / (started.seconds + ended.seconds))
    return statistics.median(rates)


def _local(at: Stack, runs_a_batch: int) -> float:
    rates = []
    count = RUNS * min(runs_a_batch, 10)
    for round_number in range(ROUNDS + 1):
        ids = [str(uuid7()) for _ in range(count)]
        requests = []
        for first in range(0, count, runs_a_batch):
            batch = ids[first : first + runs_a_batch]
            states = ("RUNNING", "COMPLETED")
            requests.append(_sent(at, [_said(i, state) for i in batch for state in states]))
        outcome = fire(at.port, requests, clients=CLIENTS if runs_a_batch == 1 else 4)
        _check(outcome, 2 * runs_a_batch)
        if round_number:
            rates.append(count / outcome.seconds)
    return statistics.median(rates)


def _deployed(at: Stack, live_port: int) -> float:
    deployment = {
        "flow_name": "bench",
        "name": "bench",
        "entrypoint": "flow.py:bench",
        "path": "/srv",
    }
    put = at.request("PUT", f"{at.base}/deployments", json.dumps(deployment).encode())
    deployment_id = json.loads(fire(at.port, [put], clients=1).bodies[0])["id"]
    agent = {
        "id": str(uuid7()),
        "name": "bench",
        "host": "bench",
        "pid": 1,
        "version": "0",
        "labels": {},
        "capacity": RUNS,
    }
    rates = []
    for round_number in range(ROUNDS + 1):
        create = at.request("POST", f"{at.base}/deployments/{deployment_id}/runs", b"{}")
        created = fire(at.port, [create] * RUNS, clients=CLIENTS)
        poll = json.dumps({"agent": agent, "limit": 10, "wait_seconds": 0}).encode()
        leased = fire(
            live_port,
            [at.request("POST", f"{at.base}/pools/default/leases", poll)] * (RUNS // 10),
            clients=1,
        )
        held = [lease for body in leased.bodies for lease in json.loads(body)["leases"]]
        assert len(held) == RUNS, f"{len(held)} of {RUNS} leased"

        def said(state: str, held: list[dict[str, Any]] = held) -> list[bytes]:
            return [_sent(at, [_said(lease["run_id"], state, lease["epoch"])]) for lease in held]

        started = fire(at.port, said("RUNNING"), clients=CLIENTS)
        ended = fire(at.port, said("COMPLETED"), clients=CLIENTS)
        _check(started, 1)
        _check(ended, 1)
        seconds = created.seconds + leased.seconds + started.seconds + ended.seconds
        if round_number:
            rates.append(RUNS / seconds)
    return statistics.median(rates)
