"""
An agent of a pool of kind DOCKER, as a real process, against the API that `fake_docker` speaks.

The containers are processes here; what is inside of them is what is inside of real ones.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_docker import FakeDocker
from tests_support import ContractServer

Script = Callable[..., Path]
Python = Callable[..., "subprocess.Popen[str]"]

FLOWS = """
import os, signal, time
from pathlib import Path
from headway import flow, task

@task
def step(n):
    return n

@flow
def good(folder: str):
    step(1)
    Path(folder, "seen").write_text(os.environ.get("COLOUR", ""))

@flow
def bad():
    raise ValueError("no rows")

@flow
def long(folder: str):
    Path(folder, "started").write_text(str(os.getppid()))
    time.sleep(600)

@flow
def stubborn(folder: str):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(folder, "started").write_text(str(os.getppid()))
    while True:
        time.sleep(0.1)
"""

AGENT = """
import sys
from headway._config import get_config
from headway.agent import Agent
options = {"heartbeat_seconds": 0.1, "grace_seconds": 2.0} | eval(sys.argv[1])
sys.exit(Agent(get_config(), **options).run())
"""


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDocker]:
    folder = tmp_path / "docker"
    folder.mkdir()
    docker = FakeDocker(folder)
    docker.images.add("acme/flows:1")
    yield docker
    docker.close()


@pytest.fixture
def start_agent(
    server: ContractServer, python: Python, fake: FakeDocker
) -> Callable[..., subprocess.Popen[str]]:
    def start(**options: Any) -> subprocess.Popen[str]:
        server.pools[0]["kind"] = "DOCKER"
        environment = {**server.env, "DOCKER_HOST": fake.url, "HEADWAY_FLUSH_SECONDS": "0.05"}
        return python("-c", AGENT, repr(options), env=environment)

    return start


@pytest.fixture
def queue(server: ContractServer, script: Script, tmp_path: Path) -> Callable[..., str]:
    script(FLOWS, "flows.py")

    def put(name: str, settings: dict[str, Any] | None = None, **fields: Any) -> str:
        deployment = {
            "path": str(tmp_path),
            "entrypoint": f"flows.py:{name}",
            "job_settings": {"image": "acme/flows:1"} | (settings or {}),
        }
        return server.queue_run(deployment, **fields)

    return put


def wait_for_end(server: ContractServer, run_id: str) -> dict[str, Any]:
    ends = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "TIMED_OUT")
    server.wait_for(lambda: server.runs[run_id]["state"] in ends)
    return server.runs[run_id]


def wait_for_container(fake: FakeDocker, tmp_path: Path) -> Any:
    """Wait until the flow within the only container has begun."""
    with fake.changed:
        # Each look of the agent is a request, and wakes us.
        assert fake.changed.wait_for((tmp_path / "started").exists, 60)
    (container,) = fake.all()
    return container


def wait_for_removal(fake: FakeDocker) -> Any:
    """Wait until the agent has removed a container, and return it."""
    with fake.changed:
        assert fake.changed.wait_for(lambda: fake.removed, 60)
    (container,) = fake.removed
    return container


def test_a_run_is_executed_in_a_container_and_reported(
    server: ContractServer,
    start_agent: Callable[..., Any],
    queue: Callable[..., str],
    fake: FakeDocker,
    tmp_path: Path,
) -> None:
    start_agent()
    settings = {"env": {"COLOUR": "green"}, "memory_mb": 512, "cpus": 0.5, "network": "data"}
    run_id = queue("good", settings, parameters={"folder": str(tmp_path)})

    run = wait_for_end(server, run_id)

    assert run["states"] == ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]
    assert (tmp_path / "seen").read_text() == "green"
    assert [each["state"] for each in server.task_runs().values()] == ["COMPLETED"]
    container = wait_for_removal(fake)
    assert container.name == f"headway-{run_id}-1"
    host = container.config["HostConfig"]
    assert (host["Memory"], host["NanoCpus"]) == (512 * 2**20, 500_000_000)
    assert host["NetworkMode"] == "data"
    labels = container.config["Labels"]
    assert (labels["dev.headway.run"], labels["dev.headway.epoch"]) == (run_id, "1")


def test_a_run_that_fails_in_a_container_fails_with_its_error(
    server: ContractServer, start_agent: Callable[..., Any], queue: Callable[..., str]
) -> None:
    start_agent()

    run = wait_for_end(server, queue("bad"))

    assert run["state"] == "FAILED"
    assert run["reports"][-1]["error"]["message"] == "no rows"


def test_an_image_that_is_not_there_is_fetched(
    server: ContractServer,
    start_agent: Callable[..., Any],
    queue: Callable[..., str],
    fake: FakeDocker,
    tmp_path: Path,
) -> None:
    fake.registry.add("acme/other:latest")
    start_agent()

    run_id = queue("good", {"image": "acme/other"}, parameters={"folder": str(tmp_path)})

    # It is fetched by its tag, and never again under another name.
    wait_for_end(server, run_id)
    assert fake.pulled == ["acme/other:latest"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"image": "acme/nothing:1"}, "There is no image acme/nothing:1"),
        ({"image": "acme/nothing:1", "pull": "never"}, "There is no image acme/nothing:1"),
        ({"image": None}, "Nothing says in which image it runs"),
    ],
)
def test_without_its_image_a_run_is_a_failed_start(
    server: ContractServer,
    start_agent: Callable[..., Any],
    queue: Callable[..., str],
    settings: dict[str, Any],
    words: str,
) -> None:
    start_agent()

    run = wait_for_end(server, queue("good", settings))

    assert run["state"] == "CRASHED"
    cause = run["reports"][-1]["cause"]
    assert cause["kind"] == "start_failed"
    assert words in cause["detail"]


def test_a_cancelled_run_stops_with_its_container(
    server: ContractServer,
    start_agent: Callable[..., Any],
    queue: Callable[..., str],
    fake: FakeDocker,
    tmp_path: Path,
) -> None:
    start_agent(grace_seconds=60.0)  # it stops by itself, however slow the machine is
    run_id = queue("long", parameters={"folder": str(tmp_path)})
    container = wait_for_container(fake, tmp_path)

    with server.changed:
        server.cancelled.add(run_id)
        server.changed.notify_all()

    run = wait_for_end(server, run_id)
    assert run["state"] == "CANCELLED"
    assert wait_for_removal(fake) is container
    assert not container.is_running


@pytest.mark.parametrize(("is_oom", "kind"), [(True, "oom"), (False, "signal")])
def test_a_container_that_was_killed_leaves_the_cause_on_its_run(
    server: ContractServer,
    start_agent: Callable[..., Any],
    queue: Callable[..., str],
    fake: FakeDocker,
    tmp_path: Path,
    is_oom: bool,
    kind: str,
) -> None:
    start_agent()
    run_id = queue("long", parameters={"folder": str(tmp_path)})
    container = wait_for_container(fake, tmp_path)

    with fake.changed:
        fake.out_of_memory = is_oom
        container.kill(signal.SIGKILL)

    run = wait_for_end(server, run_id)
    assert run["state"] == "CRASHED"
    assert (run["reports"][-1]["cause"]["kind"], run["reports"][-1]["cause"]["signal"]) == (
        kind,
        "SIGKILL",
    )


def test_a_lost_run_is_killed_and_not_reported(
    server: ContractServer,
    start_agent: Callable[..., Any],
    queue: Callable[..., str],
    fake: FakeDocker,
    tmp_path: Path,
) -> None:
    start_agent()
    run_id = queue("long", parameters={"folder": str(tmp_path)})
    container = wait_for_container(fake, tmp_path)
    server.wait_for(lambda: server.runs[run_id]["state"] == "RUNNING")
    before = list(server.runs[run_id]["states"])

    server.lost.add(run_id)

    assert wait_for_removal(fake) is container
    assert not container.is_running
    assert server.runs[run_id]["states"] == before


def test_a_container_whose_agent_died_is_seen_through_by_the_next(
    server: ContractServer,
    start_agent: Callable[..., Any],
    queue: Callable[..., str],
    fake: FakeDocker,
    tmp_path: Path,
) -> None:
    first = start_agent()
    run_id = queue("long", parameters={"folder": str(tmp_path)})
    container = wait_for_container(fake, tmp_path)
    first.kill()
    first.wait()

    second = start_agent(adopt_seconds=0.1)
    watches = f"run {run_id} | goes on; its agent is gone"
    assert any(watches in line for line in iter(second.stdout.readline, ""))
    with fake.changed:
        fake.out_of_memory = True
        container.kill(signal.SIGKILL)

    # Nobody inside was left to say so.
    run = wait_for_end(server, run_id)
    assert (run["state"], run["reports"][-1]["cause"]["kind"]) == ("CRASHED", "oom")
    assert len(fake.all()) == 1
