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
    from headway import ApprovalExpired, ask, checkpoint, flow, run_deployment, task

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

    def count(name):
        with (HERE / f"{name}.steps").open("a") as file:
            file.write(f"{os.getpid()}\\n")

    @task
    def step(name, number):
        count(name)
        return number * 2

    @flow(timeout=60)
    def steps(name: str) -> None:
        note(f"{name}.began")
        total = 0
        for number in range(1000):
            checkpoint()
            total += step(name, number % 3)
            time.sleep(0.05)
            if (HERE / f"{name}.enough").exists():
                break
        note(f"{name}.ended", total=total)

    @task
    def first(name):
        count(name)
        return {"made by": os.getpid()}

    @task
    def fragile(name, made):
        count(name)
        if not (HERE / f"{name}.mended").exists():
            raise ValueError("not yet")
        return made

    @flow
    def mended(name: str) -> None:
        made = first.submit(name)
        note(f"{name}.ended", made=fragile(name, made.result())["made by"])

    @flow
    def asks_and_leaves(name: str) -> None:
        made = first(name)
        note(f"{name}.asks.{os.getpid()}")
        said = ask("Ship it?", suspend=True)
        note(f"{name}.ended", made=made["made by"], approved=said.approved)

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

    def steps(self, name: str) -> list[int]:
        """The processes that carried out steps, one for each."""
        file = self.folder / f"{name}.steps"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    @contextmanager
    def agent(self, **options) -> Iterator[subprocess.Popen[bytes]]:
        # No heartbeat comes soon enough to bring a command: the open poll has to.
        options = {"heartbeat_seconds": 25.0, "capacity": 4} | options
        process = subprocess.Popen(
            [sys.executable, "-c", AGENT, self.pool, repr(options)],
            cwd=self.folder,
            env=self.stack.client_environment(
                HEADWAY_SPOOL_DIR=str(self.folder / "spool"),
                HEADWAY_RESULTS=str(self.folder / "results"),
                PYTHONPATH=str(ROOT / "sdk" / "src"),
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


def test_a_paused_run_begins_no_step_until_it_goes_on(bench):
    deployment = bench.deploy("steps")
    with bench.agent():
        run_id = bench.start(deployment, name="p")
        bench.wait_for_state(run_id, "RUNNING")
        wait_until("some steps", lambda: len(bench.steps("p")) > 2, seconds=60)

        asked_at = time.time()
        assert bench.post(f"runs/{run_id}/pause")["state"] == "PAUSED"
        wait_until(
            "the process to say that it holds",
            lambda: any(one["message"] == "paused" for one in logs(bench, run_id)),
            seconds=60,
        )
        held = [one for one in logs(bench, run_id) if one["message"] == "paused"]
        print("paused at", held[0]["occurred_at"], "asked at", asked_at)
        done = len(bench.steps("p"))
        time.sleep(1.0)  # twenty steps long
        assert len(bench.steps("p")) == done

        assert bench.post(f"runs/{run_id}/resumption")["state"] == "RUNNING"
        wait_until("further steps", lambda: len(bench.steps("p")) > done + 2, seconds=60)
        (bench.folder / "p.enough").touch()
        bench.wait_for_state(run_id, "COMPLETED")
        assert len(set(bench.steps("p"))) == 1


def test_a_suspended_run_goes_on_in_another_process_where_it_was(bench):
    deployment = bench.deploy("steps")
    with bench.agent():
        run_id = bench.start(deployment, name="s")
        pid = bench.noted("s.began")["pid"]
        bench.wait_for_state(run_id, "RUNNING")
        wait_until("some steps", lambda: len(bench.steps("s")) > 2, seconds=60)

        bench.post(f"runs/{run_id}/suspension")
        bench.wait_for_state(run_id, "SUSPENDED")
        wait_until("its process to end", lambda: not psutil.pid_exists(pid))
        done = len(bench.steps("s"))

        assert bench.post(f"runs/{run_id}/resumption")["state"] == "SCHEDULED"
        wait_until("further steps", lambda: len(bench.steps("s")) > done + 2, seconds=60)
        (bench.folder / "s.enough").touch()
        run = bench.wait_for_state(run_id, "COMPLETED")

        tasks = bench.get(f"runs/{run_id}/task-runs?limit=500")["items"]
        cached = [one for one in tasks if one["state"] == "CACHED"]
        assert len(cached) == done == len([one for one in bench.steps("s") if one == pid])
        assert run["epoch"] == 2
    assert not list((bench.folder / "results").iterdir())  # kept as long as they were needed


def test_a_run_that_left_for_an_answer_comes_back_with_it(bench):
    deployment = bench.deploy("asks_and_leaves")
    with bench.agent():
        run_id = bench.start(deployment, name="a")
        (asked,) = bench.wait_for_state(run_id, "SUSPENDED")["approvals"]
        (pid,) = bench.steps("a")
        wait_until("its process to end", lambda: not psutil.pid_exists(pid))

        bench.post(f"approvals/{asked['id']}/answer", {"approved": True})

        told = bench.noted("a.ended")
        assert (told["approved"], told["made"]) == (True, pid)
        assert told["pid"] != pid
        run = bench.wait_for_state(run_id, "COMPLETED")
        assert len(run["approvals"]) == 1


def test_a_retry_from_what_failed_passes_over_what_was_done(bench):
    deployment = bench.deploy("mended")
    with bench.agent():
        run_id = bench.start(deployment, name="m")
        bench.wait_for_state(run_id, "FAILED")
        pid, again = bench.steps("m")
        assert pid == again
        (bench.folder / "m.mended").touch()

        bench.post(f"runs/{run_id}/retries", {"from": "failed"})

        told = bench.noted("m.ended")
        bench.wait_for_state(run_id, "COMPLETED")
        assert told["made"] == pid != told["pid"]
        assert bench.steps("m") == [pid, pid, told["pid"]]


def logs(bench: Bench, run_id: str):
    return bench.get(f"runs/{run_id}/logs?limit=500")["items"]
