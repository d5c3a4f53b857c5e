"""Runs are steered while they run: real servers, an agent of our own, real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.stack import ROOT, Stack, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

FLOWS = """
    import json, os, pathlib, signal, time
    from dataclasses import asdict, dataclass
    from datetime import date
    from headway import ApprovalExpired, ask, flow, run_deployment

    HERE = pathlib.Path(__file__).parent

    def note(name, **what):
        (HERE / name).write_text(json.dumps({"pid": os.getpid(), "at": time.time(), **what}))

    @flow
    def sleeper(name: str) -> None:
        note(f"{name}.began")
        try:
            while True:
                time.sleep(0.05)
        finally:
            note(f"{name}.stopped")

    @flow
    def stubborn(name: str) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note(f"{name}.began")
        while True:
            time.sleep(0.05)

    @dataclass
    class Release:
        version: str
        day: date

    @flow(timeout=20)
    def release(name: str) -> None:
        note(f"{name}.began")
        said = ask("Ship it?", form=Release)
        note(f"{name}.answered", approved=said.approved, by=said.by, comment=said.comment,
             version=said.values.version, day=str(said.values.day), kind=type(said.values).__name__)

    @flow
    def impatient(name: str) -> None:
        try:
            ask("Anybody?", expires_in=1)
        except ApprovalExpired:
            note(f"{name}.expired")

    @flow
    def parent(name: str) -> None:
        run_deployment("sleeper/steered", {"name": f"{name}-child"})
"""

AGENT = """
import sys
from headway._config import get_config
from headway.agent import Agent
sys.exit(Agent(get_config(), pool=sys.argv[1], **eval(sys.argv[2])).run())
"""


class Bench:
    """A pool of its own with one agent, which hears of commands by its polls only."""

    def __init__(self, stack: Stack, folder, pool: str) -> None:
        self.stack, self.folder, self.pool = stack, folder, pool
        (folder / "steered.py").write_text(textwrap.dedent(FLOWS))
        with stack.api() as api:
            made = api.post("pools", json={"name": pool})
            assert made.status_code in {201, 409}, made.text

    def deploy(self, flow: str, **more) -> str:
        with self.stack.api() as api:
            body = {
                "flow_name": flow,
                "name": "steered",
                "entrypoint": f"steered.py:{flow}",
                "path": str(self.folder),
                "pool": self.pool,
            }
            deployed = api.put("deployments", json=body | more)
        assert deployed.status_code in {200, 201}, deployed.text
        return str(deployed.json()["id"])

    def start(self, deployment_id: str, **parameters) -> str:
        return str(self.post(f"deployments/{deployment_id}/runs", {"parameters": parameters})["id"])

    def post(self, path: str, body=None):
        with self.stack.api() as api:
            answer = api.post(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def get(self, path: str):
        with self.stack.api() as api:
            return api.get(path).json()

    def wait_for_state(self, run_id: str, *states: str):
        return wait_until(
            f"the run to be {states}",
            lambda: (run := self.stack.run(run_id))["state"] in states and run,
            seconds=60,
        )

    def noted(self, name: str):
        """What a process wrote; waits for it."""
        file = self.folder / name
        return json.loads(
            wait_until(name, lambda: file.exists() and file.read_text(), seconds=60, every=0.02)
        )

    @contextmanager
    def agent(self, **options) -> Iterator[subprocess.Popen[bytes]]:
        # No heartbeat comes soon enough to bring a command: the open poll has to.
        options = {"heartbeat_seconds": 25.0, "capacity": 4} | options
        process = subprocess.Popen(
            [sys.executable, "-c", AGENT, self.pool, repr(options)],
            cwd=self.folder,
            env=self.stack.client_environment(
                HEADWAY_SPOOL_DIR=str(self.folder / "spool"), PYTHONPATH=str(ROOT / "sdk" / "src")
            ),
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture
def bench(stack, tmp_path, request) -> Bench:
    return Bench(stack, tmp_path, f"steering-{request.node.name[5:25].strip('_')}")


def elapsed(what: str, began: float, ended: float, say: Callable[[str], None] = print) -> float:
    say(f"{what}: {1000 * (ended - began):.0f} ms")
    return ended - began


def test_a_cancellation_is_in_the_process_at_once(bench):
    taken = []
    sleeper = bench.deploy("sleeper")
    with bench.agent(capacity=1):  # full while it runs: it must listen nevertheless
        for number in range(3):
            run_id = bench.start(sleeper, name=f"r{number}")
            pid = bench.noted(f"r{number}.began")["pid"]
            bench.wait_for_state(run_id, "RUNNING")

            asked_at = time.time()
            assert bench.post(f"runs/{run_id}/cancellation")["state"] == "CANCELLING"

            told = bench.noted(f"r{number}.stopped")
            taken.append(elapsed("cancellation asked → in the process", asked_at, told["at"]))
            run = bench.wait_for_state(run_id, "CANCELLED")
            assert run["cause"] is None
            wait_until("its process to end", lambda pid=pid: not psutil.pid_exists(pid))
    # Far below a heartbeat, which is what it would take without the poll; 2 s is the promise.
    assert min(taken) < 2


def test_what_does_not_stop_is_killed_and_says_so(bench):
    stubborn = bench.deploy("stubborn")
    with bench.agent(grace_seconds=1.0):
        run_id = bench.start(stubborn, name="s")
        pid = bench.noted("s.began")["pid"]
        bench.wait_for_state(run_id, "RUNNING")

        bench.post(f"runs/{run_id}/cancellation")

        run = bench.wait_for_state(run_id, "CANCELLED")
        assert (run["cause"]["kind"], run["cause"]["signal"]) == ("killed", "SIGKILL")
        wait_until("its process to end", lambda: not psutil.pid_exists(pid))


def test_a_cancellation_reaches_what_the_run_started(bench):
    bench.deploy("sleeper")
    parent = bench.deploy("parent")
    with bench.agent():
        run_id = bench.start(parent, name="tree")
        pid = bench.noted("tree-child.began")["pid"]
        (child,) = bench.get(f"runs?parent={run_id}")["items"]
        bench.wait_for_state(child["id"], "RUNNING")
        assert (child["source"], child["deployment"]["name"]) == ("SUBFLOW", "steered")

        asked_at = time.time()
        bench.post(f"runs/{run_id}/cancellation")

        told = bench.noted("tree-child.stopped")
        elapsed("cancellation of the parent → in the child's process", asked_at, told["at"])
        bench.wait_for_state(run_id, "CANCELLED")
        bench.wait_for_state(child["id"], "CANCELLED")
        wait_until("the child's process to end", lambda: not psutil.pid_exists(pid))


def test_a_run_waits_for_people_and_goes_on_with_what_they_filled_in(bench):
    release = bench.deploy("release", timeout_seconds=20)
    with bench.agent():
        run_id = bench.start(release, name="r")
        run = bench.wait_for_state(run_id, "AWAITING_APPROVAL")
        (asked,) = run["approvals"]
        assert asked["form"]["required"] == ["version", "day"]

        bench.post(
            f"approvals/{asked['id']}/answer",
            {
                "approved": True,
                "values": {"version": "1.2", "day": "2026-03-01"},
                "comment": "go",
            },
        )

        told = bench.noted("r.answered")
        assert (told["approved"], told["comment"], told["kind"]) == (True, "go", "Release")
        assert (told["version"], told["day"]) == ("1.2", "2026-03-01")
        run = bench.wait_for_state(run_id, "COMPLETED")
        assert run["approvals"][0]["answered_by"]["name"] == told["by"]


def test_a_question_that_nobody_answers_ends_by_itself(bench):
    impatient = bench.deploy("impatient")
    with bench.agent():
        run_id = bench.start(impatient, name="i")
        bench.noted("i.expired")
        run = bench.wait_for_state(run_id, "COMPLETED")
        assert [one["state"] for one in run["approvals"]] == ["EXPIRED"]


def test_a_run_that_waits_for_people_is_cancelled_as_any_other(bench):
    release = bench.deploy("release")
    with bench.agent():
        run_id = bench.start(release, name="c")
        bench.wait_for_state(run_id, "AWAITING_APPROVAL")

        bench.post(f"runs/{run_id}/cancellation")

        run = bench.wait_for_state(run_id, "CANCELLED")
        assert [one["state"] for one in run["approvals"]] == ["WITHDRAWN"]
        assert run["cause"] is None
