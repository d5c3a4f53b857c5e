"""
From a run that is due to its processes, on the backend `local`.

One run at a time, made by hand and so due at once. The environment of its requirements is there
already, made by a run before. Measured on the one clock of the machine: to the task's process,
which fetches code and environment, and to the flow's own process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.processes import workers
from bench.stack import Outcome, Stack, fire, postgres, stack, stores
from bench.table import Row, Table

RUNS = 40
FIRST_SECONDS, RUN_SECONDS = 180, 30
SDK = Path(__file__).resolve().parent.parent / "sdk"
FLOW = """
from headway import flow

@flow
def nothing() -> None:
    pass
"""


def run() -> Table:
    """Measure runs one after the other."""
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder, postgres() as server:
        settings = {
            "COMPUTE_BACKEND": "local",
            "COMPUTE_LOCAL_DIR": f"{folder}/compute",
            "HEADWAY_SDK": str(SDK),
            # The interpreter of whoever runs benchmarks may be closed to everybody else.
            "COMPUTE_LOCAL_USER": "root" if os.geteuid() == 0 else "",
            "BUNDLE_FOLDER": f"{folder}/bundles",
        }
        with stack(server, stores(server)[-1], settings=settings) as at:
            settings["COMPUTE_API_URL"] = f"http://127.0.0.1:{at.port}"
            deployment_id = _deploy(at, Path(folder))
            with workers(at, "scheduler", "launcher", settings=settings):
                began = time.perf_counter()
                _execute(at, deployment_id, FIRST_SECONDS)
                first = time.perf_counter() - began
                run_ids = [_execute(at, deployment_id, RUN_SECONDS) for _ in range(RUNS)]
            to_task, to_flow = _latencies(at, run_ids)
    return Table(
        title="From due to a managed process (local)",
        rows=[
            _row("managed run due → its task's process started", to_task),
            _row("managed run due → its flow's process runs, environment cached", to_flow),
        ],
        notes=[
            f"{RUNS} runs, one at a time; durable commits. The first one, which made the"
            f" environment, took {first:.0f} s."
        ],
    )


def _row(what: str, latencies_ms: list[float]) -> Row:
    outcome = Outcome(seconds=0, latencies_ms=latencies_ms, bodies=[])
    p50, p99 = outcome.percentile(0.5), outcome.percentile(0.99)
    return Row(what=what, measured=f"p50 {p50:.0f} ms, p99 {p99:.0f} ms")


def _deploy(at: Stack, folder: Path) -> str:
    code = folder / "code"
    code.mkdir()
    (code / "flow.py").write_text(FLOW)
    subprocess.run(
        [
            str(Path(sys.executable).parent / "headway"),
            *("deploy", "--pool", "managed", "flow.py:nothing"),
        ],
        cwd=code,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HEADWAY_API_URL": f"http://127.0.0.1:{at.port}",
            "HEADWAY_API_KEY": at.key,
            "HEADWAY_WORKSPACE": at.slug,
        },
        check=True,
        capture_output=True,
    )
    with at.connect() as link:
        return str(link.execute("SELECT id FROM flows_deployment").fetchone()[0])  # type: ignore[index]


def _execute(at: Stack, deployment_id: str, seconds: float) -> str:
    """Make a run and wait for its end."""
    made = at.request("POST", f"{at.base}/deployments/{deployment_id}/runs", b"{}")
    run_id = str(json.loads(fire(at.port, [made], clients=1).bodies[0])["id"])
    look = at.request("GET", f"{at.base}/runs/{run_id}")
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        found = json.loads(fire(at.port, [look], clients=1).bodies[0])
        if found["ended_at"] is not None:
            assert found["state"] == "COMPLETED", found
            return run_id
        time.sleep(0.05)
    raise AssertionError(f"the run {run_id} did not end in {seconds:.0f} s: {found}")


def _latencies(at: Stack, run_ids: list[str]) -> tuple[list[float], list[float]]:
    with at.connect() as link:
        rows = link.execute(
            "SELECT task.started_at - run.created_at, run.started_at - run.created_at"
            " FROM runs_run AS run JOIN compute_managedtask AS task ON task.run_id = run.id"
            " WHERE run.id = ANY(%s::uuid[])",
            [run_ids],
        ).fetchall()
    assert len(rows) == len(run_ids)
    to_task, to_flow = zip(*rows, strict=True)
    return (
        [each.total_seconds() * 1_000 for each in to_task],
        [each.total_seconds() * 1_000 for each in to_flow],
    )
