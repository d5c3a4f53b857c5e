"""
From the due time of a run to the moment when its agent holds the lease.

Fifty schedules, one a second each and spread over the second, make 50 runs/s, each due at a time
of its own. The scheduler, the live process and the agents are real processes and connections; the
agents are threads of this one. Measured from the due time itself, on the one clock of the machine.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta

from apps.core.ids import uuid7
from bench.processes import live, workers
from bench.stack import Outcome, Stack, fire, postgres, stack, stores
from bench.table import Row, Table

RATE = 50  # runs per second
AGENTS = 4
SECONDS = 20
P50_MS, P99_MS = 50.0, 250.0


def run() -> Table:
    """Measure schedules and runs by hand."""
    with postgres() as server, stack(server, stores(server)[-1]) as at, live(at) as live_port:
        deployment_id = _deploy(at)
        by_hand = _by_hand(at, live_port, deployment_id)
        _schedule(at, deployment_id)
        with workers(at, "scheduler"):
            due = _scheduled(at, live_port)
    return Table(
        title="Due to leased",
        rows=[
            _row(f"due time → agent holds the lease, {RATE} runs/s, {AGENTS} agents", due),
            _row("run made by hand → a waiting agent holds the lease, one at a time", by_hand),
        ],
        notes=[f"{len(due)} scheduled runs and {len(by_hand)} by hand; durable commits."],
    )


def _row(what: str, latencies_ms: list[float]) -> Row:
    outcome = Outcome(seconds=0, latencies_ms=latencies_ms, bodies=[])
    p50, p99 = outcome.percentile(0.5), outcome.percentile(0.99)
    return Row(
        what=what,
        measured=f"p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        budget=f"p50 ≤ {P50_MS:.0f} ms, p99 ≤ {P99_MS:.0f} ms",
        holds=p50 <= P50_MS and p99 <= P99_MS,
    )


def _send(at: Stack, method: str, path: str, body: object) -> dict[str, object]:
    request = at.request(method, f"{at.base}/{path}", json.dumps(body).encode())
    answer: dict[str, object] = json.loads(fire(at.port, [request], clients=1).bodies[0])
    return answer


def _deploy(at: Stack) -> str:
    deployment = {
        "flow_name": "bench",
        "name": "bench",
        "entrypoint": "flow.py:bench",
        "path": "/srv",
    }
    return str(_send(at, "PUT", "deployments", deployment)["id"])


def _schedule(at: Stack, deployment_id: str) -> None:
    start = datetime.now(UTC)
    for number in range(RATE):
        _send(
            at,
            "POST",
            f"deployments/{deployment_id}/schedules",
            {
                "kind": "INTERVAL",
                "interval_seconds": 1,
                "anchor_at": (start + timedelta(seconds=number / RATE)).isoformat(),
            },
        )


class _Agent(threading.Thread):
    """Polls until told to stop, and notes when it got which run."""

    def __init__(self, at: Stack, live_port: int, number: int) -> None:
        super().__init__(daemon=True)
        agent = {
            "id": str(uuid7()),
            "name": f"agent-{number}",
            "host": "bench",
            "pid": number,
            "version": "0",
            "labels": {},
            "capacity": 1_000,
        }
        body = {"agent": agent, "limit": 10, "wait_seconds": 2}
        path = f"{at.base}/pools/default/leases"
        self.poll = at.request("POST", path, json.dumps(body).encode())
        self.live_port = live_port
        self.stopping = threading.Event()
        self.leased_at: dict[str, datetime] = {}

    def run(self) -> None:
        while not self.stopping.is_set():
            (body,) = fire(self.live_port, [self.poll], clients=1).bodies
            now = datetime.now(UTC)
            for lease in json.loads(body)["leases"]:
                self.leased_at[lease["run_id"]] = now


def _scheduled(at: Stack, live_port: int) -> list[float]:
    agents = [_Agent(at, live_port, number) for number in range(AGENTS)]
    for agent in agents:
        agent.start()
    time.sleep(5)  # the scheduler has started and has made up for what it missed
    measured_from = datetime.now(UTC)
    time.sleep(SECONDS)
    measured_to = datetime.now(UTC) - timedelta(seconds=1)
    for agent in agents:
        agent.stopping.set()
    for agent in agents:
        agent.join()
    leased_at = {run_id: when for agent in agents for run_id, when in agent.leased_at.items()}
    with at.connect() as link:
        due = link.execute(
            "SELECT id::text, due_at FROM runs_run WHERE due_at >= %s AND due_at < %s",
            [measured_from, measured_to],
        ).fetchall()
    missing = [run_id for run_id, _ in due if str(run_id) not in leased_at]
    assert not missing, f"{len(missing)} of {len(due)} runs were leased to nobody"
    assert len(due) > 0.9 * RATE * (SECONDS - 1), f"only {len(due)} runs came due"
    return [
        (leased_at[str(run_id)] - due_at).total_seconds() * 1_000  # type: ignore[operator]
        for run_id, due_at in due
    ]


def _by_hand(at: Stack, live_port: int, deployment_id: str) -> list[float]:
    agent = _Agent(at, live_port, 0)
    agent.start()
    latencies = []
    for number in range(60):
        time.sleep(0.05)  # it is waiting again
        began = datetime.now(UTC)
        run_id = str(_send(at, "POST", f"deployments/{deployment_id}/runs", {})["id"])
        give_up_at = time.monotonic() + 10
        while run_id not in agent.leased_at and time.monotonic() < give_up_at:
            time.sleep(0.001)
        if number >= 10:  # before, each process has its first request
            latencies.append((agent.leased_at[run_id] - began).total_seconds() * 1_000)
    agent.stopping.set()
    agent.join()
    return latencies
