"""
From the request to cancel a run to its process, and to the end of that process's children.

One run at a time, each with a child that sleeps, as a flow that calls a command line has. On an
agent and on managed compute (local). Measured on the one clock of the machine: the request is sent,
the flow is interrupted, the child is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.processes import live, workers
from bench.stack import Stack, fire, free_port, postgres, stack, stores
from bench.table import Row, Table

RUNS = 12
SECONDS = 120
MOST_MS = 2_000
SDK = Path(__file__).resolve().parent.parent / "sdk"
HEADWAY = str(Path(sys.executable).parent / "headway")
FLOW = """
import subprocess
import time
from pathlib import Path
from headway import RunCancelled, flow

@flow
def held(to: str) -> None:
    child = subprocess.Popen(["sleep", "600"])
    Path(to, "child").write_text(str(child.pid))
    try:
        time.sleep(600)
    except RunCancelled:
        Path(to, "heard").write_text(str(time.time()))
        raise
"""


class Latency(NamedTuple):
    heard_ms: float
    gone_ms: float


def run() -> Table:
    """Cancel runs one after the other."""
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name, postgres() as server:
        folder = Path(name)
        live_port = free_port()
        settings = {
            "LIVE_URL": f"http://127.0.0.1:{live_port}",
            "COMPUTE_BACKEND": "local",
            "COMPUTE_LOCAL_DIR": f"{folder}/compute",
            "HEADWAY_SDK": str(SDK),
            # The interpreter of whoever runs benchmarks may be closed to everybody else.
            "COMPUTE_LOCAL_USER": "root" if os.geteuid() == 0 else "",
            "BUNDLE_FOLDER": f"{folder}/bundles",
        }
        (folder / "code").mkdir()
        (folder / "code" / "flow.py").write_text(FLOW)
        with (
            stack(server, stores(server)[-1], settings=settings) as at,
            live(at, live_port),
            workers(
                at,
                *("scheduler", "launcher"),
                settings=settings | {"COMPUTE_API_URL": f"http://127.0.0.1:{at.port}"},
            ),
            _agent(at, folder),
        ):
            measured = {
                where: [_cancel(at, _deploy(at, folder, pool), folder) for _ in range(RUNS)]
                for where, pool in (("on an agent", "default"), ("managed (local)", "managed"))
            }
    return Table(
        title="From a cancellation to the process",
        rows=[row for where, each in measured.items() for row in _rows(where, each)],
        notes=[f"{RUNS} runs each, one at a time; durable commits."],
    )


def _rows(where: str, each: list[Latency]) -> list[Row]:
    return [
        _row(f"cancel → the flow is interrupted, {where}", [one.heard_ms for one in each]),
        _row(f"cancel → its child process is gone, {where}", [one.gone_ms for one in each]),
    ]


def _row(what: str, latencies_ms: list[float]) -> Row:
    ordered = sorted(latencies_ms)
    return Row(
        what=what,
        measured=f"p50 {ordered[len(ordered) // 2]:.0f} ms, longest {ordered[-1]:.0f} ms",
        budget=f"≤ {MOST_MS:,} ms",
        holds=ordered[-1] <= MOST_MS,
    )


def _environment(at: Stack, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HEADWAY_API_URL": f"http://127.0.0.1:{at.port}",
        "HEADWAY_API_KEY": at.key,
        "HEADWAY_WORKSPACE": at.slug,
    }


@contextmanager
def _agent(at: Stack, folder: Path) -> Iterator[None]:
    with tempfile.TemporaryFile() as log:
        agent = subprocess.Popen(
            [HEADWAY, "agent", "start", "--pool", "default"],
            env=_environment(at, folder),
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            agent.terminate()
            agent.wait(30)


def _deploy(at: Stack, folder: Path, pool: str) -> str:
    subprocess.run(
        [HEADWAY, "deploy", "--pool", pool, "--name", pool, "flow.py:held"],
        cwd=folder / "code",
        env=_environment(at, folder),
        check=True,
        capture_output=True,
    )
    with at.connect() as link:
        found = link.execute("SELECT id FROM flows_deployment WHERE name = %s", [pool]).fetchone()
    assert found is not None
    return str(found[0])


def _cancel(at: Stack, deployment_id: str, folder: Path) -> Latency:
    """Start a run, wait until it holds a child, and cancel it."""
    with tempfile.TemporaryDirectory(dir=folder) as to:
        body = json.dumps({"parameters": {"to": to}}).encode()
        made = _send(at, f"deployments/{deployment_id}/runs", body)
        child = int(_wait_for(Path(to, "child").read_text, "its child"))
        began = time.time()
        _send(at, f"runs/{made['id']}/cancellation")
        heard = float(_wait_for(Path(to, "heard").read_text, "it to be interrupted"))
        while Path(f"/proc/{child}").exists() and not _is_zombie(child):
            assert time.time() < began + SECONDS, "its child goes on"
            time.sleep(0.005)
        return Latency((heard - began) * 1_000, (time.time() - began) * 1_000)


def _is_zombie(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _send(at: Stack, path: str, body: bytes = b"{}") -> dict[str, object]:
    request = at.request("POST", f"{at.base}/{path}", body)
    answer: dict[str, object] = json.loads(fire(at.port, [request], clients=1).bodies[0])
    return answer


def _wait_for(read: Callable[[], str], what: str) -> str:
    give_up_at = time.monotonic() + SECONDS
    while time.monotonic() < give_up_at:
        try:
            if said := read():
                return said
        except FileNotFoundError:
            pass
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for {what}")
