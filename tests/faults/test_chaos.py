"""
Everything is killed with -9 at random under 20 runs a second: nothing is lost, nothing runs twice.

Each of them once, and for as long as HEADWAY_CHAOS_SECONDS says; then the time that leases of the
dead take to lapse.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx2
import psycopg
import pytest

from infra.local.place import Place
from tests.stack import ROOT, wait_until

SECONDS = float(os.environ.get("HEADWAY_CHAOS_SECONDS", "0"))
SEED = int(os.environ.get("HEADWAY_CHAOS_SEED", "1"))
# Times that were missed are made up for, up to a hundred of each schedule: five minutes of these.
DEPLOYMENTS, SCHEDULES, EVERY_SECONDS = 4, 15, 3
SLOTS = 25  # of each deployment, for runs that go on at once
AGENTS = 3
VICTIMS = ("workers", "live", "web", "postgres", "valkey", "agent")
GRACE_SECONDS = 240.0  # to come back, to catch up, and for the leases of the dead to lapse

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(SECONDS + 2 * GRACE_SECONDS + 180),
]

# In every state that anybody can see of the database, also while everything is being killed.
NEVER = {
    "run that is executing without a lease": """
        SELECT count(*) FROM runs_run AS run
        WHERE run.state IN ('PENDING', 'RUNNING', 'RETRYING', 'CANCELLING') AND NOT EXISTS (
            SELECT FROM dispatch_lease AS lease
            WHERE lease.run_id = run.id AND lease.epoch = run.epoch AND lease.ended_at IS NULL)""",
    "lease of a run that is not executing": """
        SELECT count(*) FROM dispatch_lease AS lease JOIN runs_run AS run ON run.id = lease.run_id
        WHERE lease.ended_at IS NULL
          AND run.state NOT IN ('PENDING', 'RUNNING', 'RETRYING', 'CANCELLING')""",
    "slot without a lease": """
        SELECT count(*) FROM dispatch_concurrencyslot AS slot
        WHERE slot.granted_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM dispatch_lease AS lease
            WHERE lease.id = slot.lease_id AND lease.ended_at IS NULL)""",
    "deployment beyond its limit": f"""
        SELECT count(*) FROM (
            SELECT limit_id FROM dispatch_concurrencyslot WHERE granted_at IS NOT NULL
            GROUP BY limit_id HAVING sum(amount) > {SLOTS}) AS full_ones""",
}


UNFINISHED = "state NOT IN ('COMPLETED', 'CRASHED')"


def database(stack):
    place = Place(data=stack.data, port=stack.port)
    return psycopg.connect(place.postgres.dsn(), autocommit=True, connect_timeout=5)


def count(stack, condition):
    with database(stack) as link:
        return link.execute(f"SELECT count(*) FROM runs_run WHERE {condition}").fetchone()[0]


def refuse_what_is_never(link):
    for what, sql in NEVER.items():
        (found,) = link.execute(sql).fetchone()
        assert not found, f"{found} × {what}"


def look(stack):
    """Look once, if the database can be asked at this moment; return whether it could."""
    try:
        with database(stack) as link:
            refuse_what_is_never(link)
    except psycopg.OperationalError:
        return False
    return True


def is_back(stack):
    ready = httpx2.get(f"{stack.url}/health/ready", timeout=5, trust_env=False)
    return ready.status_code == 200 and all(
        stack.find(name) for name in VICTIMS if name not in {"agent", "valkey"}
    )


def caught_up(stack, moment):
    """Say whether each schedule has had its times up to `moment`."""
    try:
        with database(stack) as link:
            (behind,) = link.execute(
                "SELECT count(*) FROM flows_schedule WHERE next_at <= %s", [moment]
            ).fetchone()
    except psycopg.OperationalError:
        return False
    return not behind


def deploy(stack):
    """Make what comes due twenty times a second; return the schedules."""
    schedules = []
    with stack.api() as api:
        made = api.post("pools", json={"name": "chaos"})
        assert made.status_code == 201, made.text
        for number in range(DEPLOYMENTS):
            deployed = api.put(
                "deployments",
                json={
                    "flow_name": "chaos",
                    "name": f"chaos {number}",
                    "entrypoint": "flows.py:chaos",
                    "path": "/srv",
                    "pool": "chaos",
                    "concurrency_limit": SLOTS,
                    "schedules": [
                        {
                            "kind": "INTERVAL",
                            "interval_seconds": EVERY_SECONDS,
                            "anchor_at": f"2026-01-01T00:00:{position % EVERY_SECONDS:02}Z",
                            "name": f"schedule {position}",
                            "missed_policy": "ALL",
                            "missed_cap": 100,
                        }
                        for position in range(SCHEDULES)
                    ],
                },
            )
            assert deployed.status_code == 201, deployed.text
            schedules += [each["id"] for each in deployed.json()["schedules"]]
    return schedules


class Agents:
    """Processes that execute; one that is killed is followed by another at once."""

    def __init__(self, stack, folder):
        self._stack, self._folder = stack, folder
        self._running = []
        self._started = 0
        self._log = (folder / "agents.log").open("wb")

    def __enter__(self):
        for _ in range(AGENTS):
            self._start()
        return self

    def __exit__(self, *_):
        for process in self._running:
            process.kill()
            process.wait()
        self._log.close()

    def kill_one(self, rng):
        process = self._running.pop(rng.randrange(len(self._running)))
        assert process.poll() is None, (self._folder / "agents.log").read_text()
        process.kill()
        process.wait()
        self._start()

    def _start(self):
        self._started += 1
        path = self._stack.workspace_path
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.chaos_agent"),
                f"{self._stack.url}{path}",
                f"http://127.0.0.1:{self._stack.port + 1}{path}",
                self._stack.credentials["api_key"],
                "chaos",
                str(self._folder / f"notes-{self._started}"),
                str(SEED * 1_000 + self._started),
            ],
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
        )
        self._running.append(process)

    def told(self):
        """Return how often each run began and ended, by the executors' own notes."""
        began, ended = Counter(), Counter()
        for file in self._folder.glob("notes-*"):
            for line in file.read_text().splitlines():
                what, run_id, _ = line.split()
                (began if what == "began" else ended)[run_id] += 1
        return began, ended


def test_every_due_run_runs_once_whatever_is_killed(stack, tmp_path):
    rng = random.Random(SEED)
    schedules = deploy(stack)
    kills = Counter()
    with ExitStack() as running:
        agents = running.enter_context(Agents(stack, tmp_path))
        wait_until("runs to complete", lambda: count(stack, "state = 'COMPLETED'") > 20, seconds=60)
        ends_at = time.monotonic() + SECONDS
        looks = 0
        order = rng.sample(VICTIMS, len(VICTIMS))  # each of them at least once
        while time.monotonic() < ends_at or order:
            victim = order.pop() if order else rng.choice(VICTIMS)
            if victim == "agent":
                agents.kill_one(rng)
            elif (process := stack.find(victim)) is not None:
                process.kill()
            else:
                continue  # it has not come back yet
            kills[victim] += 1
            again_at = time.monotonic() + rng.uniform(0.5, 4.0)
            while time.monotonic() < again_at:
                looks += look(stack)
                time.sleep(0.25)
        over_at = datetime.now(UTC)

        wait_until("everything to be back", lambda: is_back(stack), seconds=GRACE_SECONDS)
        wait_until("all that came due", lambda: caught_up(stack, over_at), seconds=GRACE_SECONDS)
        with stack.api() as api:
            for schedule_id in schedules:
                paused = api.patch(f"schedules/{schedule_id}", json={"paused": True})
                assert paused.status_code == 200, paused.text
        wait_until("all runs to end", lambda: not count(stack, UNFINISHED), seconds=GRACE_SECONDS)
        began, ended = agents.told()

    with database(stack) as link:
        refuse_what_is_never(link)
        assert link.execute("SELECT count(*) FROM dispatch_concurrencyslot").fetchone() == (0,)
        assert link.execute("SELECT count(*) FROM dispatch_leasebeat").fetchone() == (0,)
        runs = link.execute(
            "SELECT id::text, state, cause ->> 'kind', schedule_id, due_at, epoch FROM runs_run"
        ).fetchall()

    due = {}
    for _, _, _, schedule_id, due_at, _ in runs:
        due.setdefault(schedule_id, []).append(due_at)
    assert len(due) == DEPLOYMENTS * SCHEDULES
    missing = []
    for times in due.values():
        first, last = min(times), max(times)
        step = timedelta(seconds=EVERY_SECONDS)
        assert last > over_at - step
        wanted = [first + n * step for n in range((last - first) // step + 1)]
        assert len(times) == len(set(times)), "a due time has two runs"
        missing.append(sorted(set(wanted) - set(times)))
    assert not any(missing), [
        f"{len(gap)} due times from {gap[0]:%X} to {gap[-1]:%X}" for gap in missing if gap
    ]

    twice = [run_id for run_id, times in began.items() if times > 1]
    assert not twice, f"{len(twice)} runs were executed twice"
    for run_id, state, cause, *_ in runs:
        if state == "COMPLETED":
            assert (began[run_id], ended[run_id]) == (1, 1)
        else:
            assert state == "CRASHED"
            assert cause
    assert looks, "the database was never looked at meanwhile"
    causes = Counter(cause for _, state, cause, *_ in runs if state == "CRASHED")
    anew = sum(epoch > 1 for *_, epoch in runs)
    print(
        f"\nseed {SEED}, {SECONDS:.0f} s: {sum(kills.values())} kills"
        f" ({', '.join(f'{name} {n}' for name, n in sorted(kills.items()))});"
        f" {len(runs):,} runs came due, each once;"
        f" {len(runs) - causes.total():,} completed, executed once each;"
        f" {causes.total()} crashed ({', '.join(f'{kind} {n}' for kind, n in causes.items())});"
        f" {anew} leased more than once; {looks} looks meanwhile, no run without its lease,"
        f" no slot leaked"
    )
