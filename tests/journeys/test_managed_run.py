"""Without an agent: code sent with the CLI, executed by Headway itself, in the real local stack."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack import Stack, running_stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

FLOW = """
    import sys

    from headway import emit_event, flow, task
    from weights import weigh

    emit_event("scale.found")

    @task
    def weigh_one(parcel: int) -> float:
        return weigh(parcel)

    @flow
    def weigh_parcels(parcels: int = 3) -> float:
        total = sum(weigh_one(n) for n in range(1, parcels + 1))
        print(f"{total} kg by {sys.prefix}")
        return total
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack() as started:
        yield started


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "parcels.py").write_text(textwrap.dedent(FLOW))
    (tmp_path / "weights.py").write_text("def weigh(parcel):\n    return 1.5 * parcel\n")
    return tmp_path


def headway(stack: Stack, folder: Path, *words: str) -> str:
    shell = {name: os.environ[name] for name in ("PATH", "NO_PROXY") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "headway", *words],
        cwd=folder,
        env=shell | {"HOME": str(folder)} | stack.client_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def ended(stack: Stack) -> dict[str, Any]:
    """The newest run, once it is over."""

    def find() -> dict[str, Any] | None:
        with stack.api() as client:
            (run, *_) = client.get("runs").json()["items"]
        return run if run["ended_at"] else None

    found: dict[str, Any] = wait_until("the run to end", find, seconds=150)
    return found


def test_code_is_sent_and_executed_without_an_agent(stack: Stack, project: Path) -> None:
    said = headway(stack, project, "deploy", "parcels.py:weigh_parcels", "--pool", "managed")
    assert "uploaded." in said

    headway(stack, project, "deployments", "run", "weigh-parcels", "-p", "parcels=4")
    run = ended(stack)

    assert run["state"] == "COMPLETED", stack.tail()
    assert (run["pool"]["name"], run["task_counts"]) == ("managed", {"COMPLETED": 4})
    with stack.api() as client:
        path = f"runs/{run['id']}"
        (line,) = [
            each["message"]
            for each in client.get(f"{path}/logs").json()["items"]
            if "kg by" in each["message"]
        ]
        own = client.get(f"events?name=scale.found&run_id={run['id']}").json()["items"]
        # The run is over a moment before its task.
        (task,) = wait_until(
            "the task to stop",
            lambda: [
                each
                for each in client.get(f"{path}/compute").json()["items"]
                if each["state"] == "STOPPED"
            ],
        )
    assert line.startswith("15.0 kg by ")
    assert "/environments/" in line
    assert len(own) == 1  # said while the module was imported: outside of the flow, yet the run's
    assert (task["exit_code"], task["cause"]) == (0, None)
    assert {"FETCHED", "PREPARED"} <= {each["phase"] for each in task["phases"] if each["at"]}


def test_what_cannot_be_installed_is_said_on_the_run(stack: Stack, project: Path) -> None:
    headway(
        *(stack, project, "deploy", "parcels.py:weigh_parcels", "--pool", "managed"),
        *("--name", "hopeless", "--requirement", "headway-no-such-package==9"),
    )

    headway(stack, project, "deployments", "run", "weigh-parcels/hopeless")
    run = stack.run(ended(stack)["id"])

    assert run["state"] == "CRASHED", stack.tail()
    assert run["cause"]["kind"] == "start_failed"
    assert "headway-no-such-package" in run["cause"]["detail"]
