"""
Ten thousand schedules due in one second, and four schedulers.

The schedulers are the real processes. No two schedules say the same, and none of them comes due
again meanwhile. All come due at one moment, some seconds after the processes have started; measured
is from that moment to the commit of the last run, on the one clock of the machine: each run's time
of creation is its scheduler's clock before its transaction, so the end is taken from a connection
that asks until all are there.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from bench.processes import workers
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table

DUE = 10_000
REPLICAS = 4
BUDGET_SECONDS = 5.0
START_SECONDS = 30.0  # for four processes to start

_MANY = """
    INSERT INTO flows_schedule (
        id, created_at, workspace_id, deployment_id, kind, cron, interval_seconds, anchor_at,
        rrule, once_at, name, jitter_seconds, timezone, parameters, missed_policy, missed_cap,
        next_at)
    SELECT gen_random_uuid(), now(), workspace_id, id, given.kind, given.cron,
        given.interval_seconds, given.anchor_at, given.rrule, NULL, '', 0, 'Europe/Berlin', '{}',
        'LATEST', 10, %(due)s
    FROM flows_deployment, generate_series(1, %(each)s) AS number, LATERAL (
        SELECT 'INTERVAL' AS kind, '' AS cron, 3600 AS interval_seconds,
            %(due)s::timestamptz - number * interval '1 hour' AS anchor_at, '' AS rrule
        UNION ALL SELECT 'CRON', concat_ws(' ', number %% 60, number / 60 %% 24, '* *',
                (extract(dow FROM %(due)s) + 3)::int %% 7),
            NULL, NULL, ''
        UNION ALL SELECT 'RRULE', '', NULL, %(due)s - number * interval '1 second',
            'FREQ=WEEKLY;BYDAY=MO,TH') AS given
    WHERE given.kind = %(kind)s
"""


def run() -> Table:
    """Measure intervals alone, and all kinds mixed."""
    rows = []
    with postgres() as server:
        for what, shares in (
            ("intervals", {"INTERVAL": DUE}),
            (
                "a third each: intervals, cron, rules",
                {"INTERVAL": 3_334, "CRON": 3_333, "RRULE": 3_333},
            ),
        ):
            with stack(server, stores(server)[-1]) as at:
                rows.append(_measure(at, what, shares))
    return Table(
        title="Schedules due at once",
        rows=rows,
        notes=[
            f"{REPLICAS} scheduler processes; each of the {DUE:,} due times has exactly one run,"
            " counted by schedule. Durable commits."
        ],
    )


def _measure(at: Stack, what: str, shares: dict[str, int]) -> Row:
    deployment = {
        "flow_name": "bench",
        "name": "bench",
        "entrypoint": "flow.py:bench",
        "path": "/srv",
    }
    fire(
        at.port,
        [at.request("PUT", f"{at.base}/deployments", json.dumps(deployment).encode())],
        clients=1,
    )
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=START_SECONDS)
    with at.connect() as link:
        for kind, each in shares.items():
            link.execute(_MANY, {"due": due, "each": each, "kind": kind})
    with ExitStack() as running, at.connect() as link:
        for _ in range(REPLICAS):
            running.enter_context(workers(at, "scheduler"))
        time.sleep(max((due - datetime.now(UTC)).total_seconds(), 0))
        made = 0
        while made < DUE and datetime.now(UTC) < due + timedelta(minutes=2):
            time.sleep(0.1)
            (made,) = link.execute("SELECT count(*) FROM runs_run").fetchone()
        seconds = (datetime.now(UTC) - due).total_seconds()
        per_schedule = Counter(
            schedule_id
            for (schedule_id,) in link.execute("SELECT schedule_id FROM runs_run").fetchall()
        )
    assert len(per_schedule) == DUE, f"only {len(per_schedule)} of {DUE} schedules ran"
    assert set(per_schedule.values()) == {1}, "a due time had more than one run"
    return Row(
        what=f"{DUE:,} due at one moment → all runs committed: {what}",
        measured=f"{seconds:.1f} s",
        reference=f"{DUE / seconds:,.0f}/s",
        budget=f"≤ {BUDGET_SECONDS:.0f} s",
        holds=seconds <= BUDGET_SECONDS,
    )
