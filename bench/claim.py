"""
How fast a pool's agents take runs, however long the line; and what their signs of life cost.

Fifty agents wait at the live process, each on a connection of its own. A round wakes them to a
line of so many due runs and ends when 900 are leased. Lines of all lengths take turns, so that a
slow minute of the machine meets all of them. In the second table a limit keeps the whole line back
but for one run at a time: what is parked is not looked at.
"""

from __future__ import annotations

import json
import os
import statistics
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from apps.core.ids import uuid7
from bench.processes import live
from bench.stack import Stack, fire, postgres, stack, stores
from bench.table import Row, Table

LINES = (1_000, 10_000, 100_000, 1_000_000)
AGENTS = 50
LEASED = 900  # a round
AT_ONCE = 20  # a poll
ROUNDS = 3
LEAST_PER_SECOND = 1_000
LEAST_RATIO = 0.8

BEATING, HELD, EVERY_SECONDS, BEAT_SECONDS = 500, 10, 8.0, 24.0
MOST_OF_A_CORE = 0.05
WATCHED = 100_000

# Ids grow with time, as the product's do: random ones would spread the rows that are claimed
# together over all pages of the primary key.
_FILL = """
    INSERT INTO runs_run (id, created_at, workspace_id, flow_id, deployment_id, pool_id, queue_id,
        name, source, tags, parameters, priority, state, state_at, changed_at, epoch, attempt,
        scheduled_for, agent_name, agent_host, note, crashed_starts)
    SELECT encode(overlay(uuid_send(gen_random_uuid()) PLACING
            substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6), 'hex')::uuid,
        now(), run.workspace_id, run.flow_id, run.deployment_id, run.pool_id,
        run.queue_id, 'bench', 'ADHOC', '{}', '{}', 0, 'SCHEDULED', now(), now(), 0, 1,
        now() - interval '1 hour' + number * interval '1 microsecond', '', '', '', 0
    FROM (SELECT * FROM runs_run LIMIT 1) AS run, generate_series(1, %s) AS number
"""
_EMPTY = "DELETE FROM runs_run WHERE state = 'SCHEDULED' AND name = 'bench'"


def run() -> Table:
    """Measure claims for lines of all lengths, and heartbeats."""
    with postgres() as server, stack(server, stores(server)[-1]) as at, live(at) as live_port:
        _deploy(at)
        rates: dict[int, list[float]] = {length: [] for length in LINES}
        for _ in range(ROUNDS):
            for length in LINES:
                rates[length].append(_claim(at, live_port, length))
        share, beats = _heartbeats(at, live_port)
    return Table(
        title=f"Claims of {AGENTS} waiting agents",
        rows=[*_claim_rows(rates), _beat_row(share)],
        notes=[
            f"Medians of {ROUNDS} rounds of {LEASED} leases, {AT_ONCE} a poll; durable commits.",
            f"Heartbeats: {ROUNDS} rounds, {beats:,} in {BEAT_SECONDS:.0f} s each.",
        ],
    )


def _claim_rows(rates: dict[int, list[float]]) -> list[Row]:
    median = {length: statistics.median(each) for length, each in rates.items()}
    shortest = median[LINES[0]]
    rows = []
    for length, rate in median.items():
        ratio = rate / shortest
        # So many a second from a long line; and no fewer, to speak of, from one ten times as long.
        budget = {
            WATCHED: f"≥ {LEAST_PER_SECOND:,}/s, ≥ {LEAST_RATIO}",
            LINES[-1]: f"≥ {LEAST_RATIO}",
        }
        is_fast = rate >= LEAST_PER_SECOND or length != WATCHED
        rows.append(
            Row(
                what=f"leases from a line of {length:,}",
                measured=f"{rate:,.0f}/s",
                reference=f"{ratio:.2f} of a line of {LINES[0]:,}" if length != LINES[0] else "",
                budget=budget.get(length, ""),
                holds=is_fast and ratio >= LEAST_RATIO if length in budget else None,
            )
        )
    return rows


def _beat_row(share: float) -> Row:
    return Row(
        what=f"{BEATING} agents beat for {BEATING * HELD:,} leases, the database's part of a core",
        measured=f"{share:.1%}",
        budget=f"< {MOST_OF_A_CORE:.0%}",
        holds=share < MOST_OF_A_CORE,
    )


def _deploy(at: Stack) -> None:
    deployment = {"flow_name": "bench", "name": "bench", "entrypoint": "f.py:f", "path": "/srv"}
    (body,) = _send(at, "PUT", "deployments", deployment)
    _send(at, "POST", f"deployments/{json.loads(body)['id']}/runs", {})


def _send(at: Stack, method: str, path: str, body: object) -> list[bytes]:
    request = at.request(method, f"{at.base}/{path}", json.dumps(body).encode())
    return list(fire(at.port, [request], clients=1).bodies)


def _claim(at: Stack, live_port: int, length: int) -> float:
    """Return how many leases a second the agents get from a line of this length."""
    with at.connect() as link:
        # PERF: a million rows need no look at what they name, nor at what named those before.
        link.execute("SET session_replication_role = replica")
        link.execute(_EMPTY)
        # They wait before there is anything; the pause keeps the first ones from starting early.
        link.execute("UPDATE dispatch_pool SET paused_at = now()")
        link.execute(_FILL, [length])
        link.execute("VACUUM ANALYZE runs_run")
        link.execute("CHECKPOINT")
        pool_id = link.execute("SELECT id::text FROM dispatch_pool").fetchone()
        assert pool_id is not None
        agents = [_Agent(at, live_port, number) for number in range(AGENTS)]
        for agent in agents:
            agent.start()
        for agent in agents:
            agent.has_asked.wait(30)
        time.sleep(1)  # all of them wait at the door
        began = time.perf_counter()
        with link.transaction():
            link.execute("UPDATE dispatch_pool SET paused_at = NULL")
            link.execute("SELECT pg_notify('headway_pool', %s)", [pool_id[0]])
        while sum(len(agent.leased_at) for agent in agents) < LEASED:
            time.sleep(0.002)
        for agent in agents:
            agent.stopping.set()
        link.execute("UPDATE dispatch_pool SET paused_at = now()")
        for agent in agents:
            agent.join()
    moments = sorted(moment for agent in agents for moment in agent.leased_at)
    return LEASED / (moments[LEASED - 1] - began)


class _Agent(threading.Thread):
    """Polls until told to stop, and notes when it got each lease."""

    def __init__(self, at: Stack, live_port: int, number: int) -> None:
        super().__init__(daemon=True)
        body = {"agent": _agent(number), "limit": AT_ONCE, "wait_seconds": 3}
        path = f"{at.base}/pools/default/leases"
        self.poll = at.request("POST", path, json.dumps(body).encode())
        self.live_port = live_port
        self.stopping = threading.Event()
        self.has_asked = threading.Event()
        self.leased_at: list[float] = []

    def run(self) -> None:
        while not self.stopping.is_set():
            self.has_asked.set()
            (body,) = fire(self.live_port, [self.poll], clients=1).bodies
            now = time.perf_counter()
            self.leased_at += [now] * len(json.loads(body)["leases"])


def _agent(number: int) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "name": f"agent-{number}",
        "host": "bench",
        "pid": number,
        "version": "0",
        "labels": {},
        "capacity": 1_000,
    }


def _heartbeats(at: Stack, live_port: int) -> tuple[float, int]:
    """
    Return the database's processor time per second while all agents beat, and the beats.

    The median of rounds, each less what it spent in the silence before it: tidying up after a line
    of a million comes and goes, and is no heartbeat's.
    """
    with at.connect() as link:
        link.execute(_EMPTY)
        link.execute(_FILL, [BEATING * HELD])
        link.execute("VACUUM ANALYZE runs_run")
        link.execute("UPDATE dispatch_pool SET paused_at = NULL")
    requests = []
    for number in range(BEATING):
        agent = _agent(number)
        poll = {"agent": agent, "limit": HELD, "wait_seconds": 0}
        request = at.request("POST", f"{at.base}/pools/default/leases", json.dumps(poll).encode())
        leases = json.loads(fire(live_port, [request], clients=1).bodies[0])["leases"]
        assert len(leases) == HELD, f"{len(leases)} leases"
        held = [{"run_id": lease["run_id"], "epoch": lease["epoch"]} for lease in leases]
        body = json.dumps({"agent": agent, "leases": held}).encode()
        requests.append(at.request("POST", f"{at.base}/pools/default/heartbeats", body))
    each_beats = int(BEAT_SECONDS / EVERY_SECONDS)

    def beat() -> None:
        began = time.monotonic()
        beats: list[Future[None]] = []
        # Nobody's beat waits for another's answer.
        with ThreadPoolExecutor(32) as agents:
            for number, request in enumerate(requests * each_beats):
                due = began + number * EVERY_SECONDS / BEATING
                time.sleep(max(0.0, due - time.monotonic()))
                beats.append(agents.submit(_beat, at, request))
        for each in beats:
            each.result()

    shares = []
    for _ in range(ROUNDS):
        idle = _cost_of(at, lambda: time.sleep(EVERY_SECONDS)) / EVERY_SECONDS
        began = time.monotonic()
        busy = _cost_of(at, beat)
        shares.append(busy / (time.monotonic() - began) - idle)
    return statistics.median(shares), len(requests) * each_beats


def _beat(at: Stack, request: bytes) -> None:
    (body,) = fire(at.port, [request], clients=1).bodies
    answer = json.loads(body)
    if answer.get("lost") != []:
        raise AssertionError(body)


def _cost_of(at: Stack, work: object) -> float:
    """Return the seconds of processor time that the database's processes spend meanwhile."""
    assert callable(work)
    before = _spent(at)
    work()
    after = _spent(at)
    return sum(seconds - before.get(process, 0.0) for process, seconds in after.items())


def _spent(at: Stack) -> dict[int, float]:
    with at.connect() as link:
        folder = link.execute("SHOW data_directory").fetchone()
    assert folder is not None
    postmaster = int((Path(str(folder[0])) / "postmaster.pid").read_text().split()[0])
    tick = os.sysconf("SC_CLK_TCK")
    spent = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(words[1]) == postmaster or int(entry.name) == postmaster:
            spent[int(entry.name)] = (int(words[11]) + int(words[12])) / tick
    return spent
