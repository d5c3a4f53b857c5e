"""Code deployed to the managed pool, and every way in which its runs may end."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from apps.compute.backends.local import SHIM
from tests.stack import Stack, running_stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

HEADWAY = str(Path(sys.executable).parent / "headway")
HELPER = """
    def greeting(name):
        return f"hello {name} from a module beside the flow"
"""
FLOW = """
    import os, sys, time
    from typing import Literal

    from headway import emit_event, flow, get_logger, task
    from beside import greeting

    emit_event("code.read")  # outside of the flow, yet the run's

    @task
    def greet(name: str) -> str:
        get_logger().info(greeting(name))
        return name

    @flow
    def main(then: Literal["end", "exit", "hog", "wait"] = "end") -> None:
        greet("Ada")
        print("secrets:", sorted(each for each in os.environ if "SECRET" in each or "DATA" in each))
        if then == "exit":
            sys.stdout.flush()
            os._exit(3)
        if then == "hog":
            kept = bytearray(900 << 20)
            time.sleep(60)
        while then == "wait":
            time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack() as started:
        yield started


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    (folder / "flow.py").write_text(textwrap.dedent(FLOW))
    (folder / "beside.py").write_text(textwrap.dedent(HELPER))
    return folder


@pytest.fixture(scope="module")
def deployment(stack: Stack, code: Path) -> str:
    return deploy(stack, code)


def deploy(stack: Stack, code: Path, *more: str) -> str:
    """Deploy as a user does; return the deployment's id."""
    done = subprocess.run(
        [HEADWAY, "deploy", "--pool", "managed", "flow.py:main", *more],
        cwd=code,
        env=stack.client_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with stack.api() as api:
        found = api.get("deployments").json()["items"]
    return str(max(found, key=lambda each: each["updated_at"])["id"])


def execute(stack: Stack, deployment: str, seconds: float = 120, **parameters: str) -> dict:
    run_id = begin(stack, deployment, **parameters)
    return end_of(stack, run_id, seconds)


def begin(stack: Stack, deployment: str, **parameters: str) -> str:
    with stack.api() as api:
        made = api.post(f"deployments/{deployment}/runs", json={"parameters": parameters})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def end_of(stack: Stack, run_id: str, seconds: float = 120) -> dict[str, Any]:
    found: dict[str, Any] = wait_until(
        "the run to end",
        lambda: (r := stack.run(run_id))["ended_at"] and r,
        seconds=seconds,
    )
    return found


def task_of(stack: Stack, run_id: str) -> dict[str, Any]:
    def stopped() -> Any:
        with stack.api() as api:
            (task,) = api.get(f"runs/{run_id}/compute").json()["items"]
        return task["state"] == "STOPPED" and task

    found: dict[str, Any] = wait_until("its task to stop", stopped, seconds=45)
    return found


def log_of(stack: Stack, run_id: str) -> list[str]:
    with stack.api() as api:
        return [line["message"] for line in api.get(f"runs/{run_id}/logs").json()["items"]]


def test_a_run_completes_with_its_logs_and_its_seconds_are_metered(stack, deployment):
    run = execute(stack, deployment)

    assert run["state"] == "COMPLETED", (run, log_of(stack, run["id"]))
    said = wait_until("its logs", lambda: log_of(stack, run["id"]))
    assert "hello Ada from a module beside the flow" in said
    assert "secrets: []" in said
    task = task_of(stack, run["id"])
    assert (task["exit_code"], task["cause"], task["backend"]) == (0, None, "LOCAL")
    assert [each["phase"] for each in task["phases"]][-3:] == ["FETCHED", "PREPARED", "STOPPED"]
    assert task["managed_seconds"] >= 1
    with stack.api() as api:
        (pool,) = [each for each in api.get("pools").json()["items"] if each["kind"] == "MANAGED"]
        assert pool["managed"]["month"]["managed_seconds"] >= task["managed_seconds"]
        events = {event["name"] for event in api.get(f"events?run_id={run['id']}").json()["items"]}
    assert {"code.read", "headway.compute.launched", "headway.compute.stopped"} <= events


def test_an_exit_code_is_the_runs_cause(stack, deployment):
    run = execute(stack, deployment, then="exit")

    assert (run["state"], run["cause"]["kind"], run["cause"]["exit_code"]) == (
        "CRASHED",
        "exit_code",
        3,
    )
    assert task_of(stack, run["id"])["managed_seconds"] >= 1


def test_more_memory_than_its_size_is_out_of_memory(stack, deployment):
    run = execute(stack, deployment, then="hog")

    assert (run["state"], run["cause"]["kind"]) == ("CRASHED", "oom")
    assert "of 512 MiB" in run["cause"]["detail"]
    task = task_of(stack, run["id"])
    assert task["cause"]["kind"] == "oom"
    assert task["managed_seconds"] >= 1


def test_a_cancelled_run_ends_and_leaves_no_process(stack, deployment):
    run_id = begin(stack, deployment, then="wait")
    wait_until("the run to run", lambda: stack.run(run_id)["state"] == "RUNNING", seconds=60)
    with stack.api() as api:
        assert api.post(f"runs/{run_id}/cancellation").json()["state"] == "CANCELLING"

    assert end_of(stack, run_id, 40)["state"] == "CANCELLED"

    assert task_of(stack, run_id)["managed_seconds"] >= 1
    wait_until("its processes to go", lambda: not processes_of(stack, run_id), seconds=20)


def test_a_run_cancelled_at_once_runs_nothing(stack, deployment):
    run_id = begin(stack, deployment, then="wait")
    with stack.api() as api:
        assert api.post(f"runs/{run_id}/cancellation").status_code == 200

    assert end_of(stack, run_id, 60)["state"] == "CANCELLED"

    assert "hello Ada from a module beside the flow" not in log_of(stack, run_id)
    wait_until("its processes to go", lambda: not processes_of(stack, run_id), seconds=30)


def test_requirements_that_do_not_resolve_are_a_failed_start(stack, code):
    impossible = deploy(stack, code, "--name", "impossible", "--requirement", "headway==999.0")

    run = execute(stack, impossible)

    assert (run["state"], run["cause"]["kind"]) == ("CRASHED", "start_failed")
    assert "requirements do not resolve" in run["cause"]["detail"]


def test_a_bundle_that_leaves_its_folder_is_refused(stack):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("flow.py", "x = 1")
        archive.writestr("../outside.py", "x = 1")
    content = packed.getvalue()

    with stack.api() as api:
        answer = api.put(
            f"bundles/{sha256(content).hexdigest()}",
            content=content,
            headers={"Content-Type": "application/zip"},
        )

    assert isinstance(answer, httpx2.Response)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bundle_invalid"


def test_a_killed_task_crashes_its_run_within_seconds(stack, deployment):
    run_id = begin(stack, deployment, then="wait")
    wait_until("the run to run", lambda: stack.run(run_id)["state"] == "RUNNING", seconds=60)
    (shim,) = [each for each in processes_of(stack, run_id) if str(SHIM) in each.cmdline()]

    for child in shim.children():
        child.kill()

    run = end_of(stack, run_id, 8)
    # Who says so first: the flow's process, which sees that its parent died, or the launcher.
    assert (run["state"], run["cause"]["kind"]) in {
        ("CRASHED", "agent_lost"),
        ("CRASHED", "signal"),
    }
    assert task_of(stack, run_id)["cause"]["signal"] == "SIGKILL"


def test_the_launcher_may_be_killed_while_a_task_runs(stack, deployment):
    run_id = begin(stack, deployment, then="wait")
    wait_until("the run to run", lambda: stack.run(run_id)["state"] == "RUNNING", seconds=60)
    before = {each.pid for each in processes_of(stack, run_id)}

    stack.find("workers").kill()
    wait_until("another one", lambda: stack.find("workers"), seconds=30)

    assert {each.pid for each in processes_of(stack, run_id)} == before
    with stack.api() as api:
        api.post(f"runs/{run_id}/cancellation")
    assert end_of(stack, run_id, 60)["state"] == "CANCELLED"


def processes_of(stack: Stack, run_id: str) -> list[psutil.Process]:
    """Everything on this machine that works for the run: its shim, its task, its flow."""
    found = []
    for process in psutil.process_iter():
        try:
            told = run_id in " ".join(process.cmdline())
            told = told or process.environ().get("HEADWAY_RUN_ID") == run_id
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if told and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found
