"""Agents as real processes, with the world against them: full disks, limits, want of memory."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests_support import ContractServer

Script = Callable[..., Path]
Python = Callable[..., "subprocess.Popen[str]"]
StartAgent = Callable[..., "subprocess.Popen[str]"]

FLOWS = """
import os, signal
from pathlib import Path
from headway import flow

@flow
def good():
    print("printed")

@flow
def writes(path: str):
    Path(path).write_text("x" * 10_000)

@flow
def runs_out_of_memory(events: str):
    # What the kernel does: it kills, and counts.
    Path(events).write_text("low 0\\noom 3\\noom_kill 4\\n")
    os.kill(os.getpid(), signal.SIGKILL)

@flow
def is_killed():
    os.kill(os.getpid(), signal.SIGKILL)
"""

AGENT = """
import resource, sys
from pathlib import Path
from headway._config import get_config
from headway.agent import Agent, _death

options, world = eval(sys.argv[1]), eval(sys.argv[2])
if "cgroups" in world:
    _death.CGROUPS = Path(world["cgroups"])
    _death.OWN_CGROUP = Path(world["cgroups"], "own")
if "largest_file" in world:
    # Every write beyond that is refused, as on a disk that is full; for all that it starts too.
    resource.setrlimit(resource.RLIMIT_FSIZE, (world["largest_file"],) * 2)
options = {"heartbeat_seconds": 0.1, "grace_seconds": 1.0} | options
sys.exit(Agent(get_config(), **options).run())
"""


@pytest.fixture
def start_agent(server: ContractServer, python: Python) -> StartAgent:
    def start(world: dict[str, Any] | None = None, **options: Any) -> subprocess.Popen[str]:
        environment = {
            **server.env,
            "HEADWAY_FLUSH_SECONDS": "0.05",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return python("-c", AGENT, repr(options), repr(world or {}), env=environment)

    return start


@pytest.fixture
def flows(script: Script, tmp_path: Path) -> dict[str, Any]:
    script(FLOWS, "flows.py")
    return {"path": str(tmp_path)}


def queue(server: ContractServer, flows: dict[str, Any], name: str, **fields: Any) -> str:
    return server.queue_run({**flows, "entrypoint": f"flows.py:{name}"}, **fields)


def wait_for_state(server: ContractServer, run_id: str, *states: str) -> dict[str, Any]:
    server.wait_for(lambda: server.runs[run_id]["state"] in states)
    return server.runs[run_id]


def test_with_the_disk_full_runs_go_on_and_what_needs_it_fails_with_its_reason(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any], tmp_path: Path
) -> None:
    agent = start_agent({"largest_file": 0})
    good = queue(server, flows, "good")
    bad = queue(server, flows, "writes", parameters={"path": str(tmp_path / "out")})

    assert wait_for_state(server, good, "COMPLETED", "CRASHED")["state"] == "COMPLETED"
    failed = wait_for_state(server, bad, "FAILED", "CRASHED")
    again = queue(server, flows, "good")
    wait_for_state(server, again, "COMPLETED")

    assert failed["state"] == "FAILED"
    assert failed["reports"][-1]["error"]["type"] == "OSError"
    assert agent.poll() is None


def test_with_the_disk_full_a_process_that_dies_is_reported_all_the_same(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any]
) -> None:
    agent = start_agent({"largest_file": 0})
    killed = queue(server, flows, "is_killed")

    run = wait_for_state(server, killed, "CRASHED")

    assert run["reports"][-1]["cause"]["signal"] == "SIGKILL"
    assert agent.poll() is None


def test_an_agent_waits_as_long_as_a_busy_server_says(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any]
) -> None:
    server.refused_polls = 5
    agent = start_agent()
    run_id = queue(server, flows, "good")

    wait_for_state(server, run_id, "COMPLETED")

    assert server.refused_polls == 0
    assert agent.poll() is None


def test_nothing_begins_before_the_server_knows_that_it_was_taken_up(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any]
) -> None:
    """A lease that is never heard of again is granted anew; the run would be executed twice."""
    run_id = queue(server, flows, "good")
    start_agent(heartbeat_seconds=3600)

    wait_for_state(server, run_id, "COMPLETED")

    assert server.beats[run_id]


def test_what_was_granted_anew_meanwhile_does_not_begin(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any]
) -> None:
    gone = queue(server, flows, "good")
    server.lost.add(gone)
    start_agent(heartbeat_seconds=3600)
    server.wait_for(lambda: server.beats[gone])

    wait_for_state(server, queue(server, flows, "good"), "COMPLETED")

    assert "RUNNING" not in server.runs[gone]["states"]


@pytest.fixture
def cgroup(tmp_path: Path) -> Path:
    """A cgroup as the kernel shows it, with memory for a lot."""
    folder = tmp_path / "cgroup"
    group = folder / "agents.slice"
    group.mkdir(parents=True)
    (folder / "own").write_text("0::/agents.slice\n")
    (group / "memory.events").write_text("low 0\noom 2\noom_kill 3\n")
    (group / "memory.max").write_text("max\n")
    (folder / "memory.max").write_text(str(2**40))
    return folder


def test_a_run_that_the_kernel_killed_for_memory_says_so(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any], cgroup: Path
) -> None:
    start_agent({"cgroups": str(cgroup)})
    events = str(cgroup / "agents.slice" / "memory.events")
    run_id = queue(server, flows, "runs_out_of_memory", parameters={"events": events})

    cause = wait_for_state(server, run_id, "CRASHED")["reports"][-1]["cause"]

    assert (cause["kind"], cause["signal"]) == ("oom", "SIGKILL")
    assert "MB of memory at most" in cause["detail"]


def test_a_run_that_was_killed_with_nearly_all_memory_in_use_ran_out_of_it(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any], cgroup: Path
) -> None:
    (cgroup / "agents.slice" / "memory.max").write_text(str(2**20))  # less than any Python has
    start_agent({"cgroups": str(cgroup)})
    run_id = queue(server, flows, "is_killed")

    cause = wait_for_state(server, run_id, "CRASHED")["reports"][-1]["cause"]

    assert cause["kind"] == "oom"
    assert cause["detail"].endswith("of 1 MB of memory in use.")


def test_a_run_that_somebody_else_killed_did_not_run_out_of_memory(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any], cgroup: Path
) -> None:
    start_agent({"cgroups": str(cgroup)})
    run_id = queue(server, flows, "is_killed")

    cause = wait_for_state(server, run_id, "CRASHED")["reports"][-1]["cause"]

    assert (cause["kind"], cause["signal"]) == ("signal", "SIGKILL")


def test_a_draining_agent_says_so_takes_nothing_and_goes_on_when_told(
    server: ContractServer, start_agent: StartAgent, flows: dict[str, Any]
) -> None:
    server.draining = True
    agent = start_agent(labels={"zone": "a"})
    server.wait_for(lambda: server.agents)
    run_id = queue(server, flows, "good")
    assert agent.stdout is not None
    lines = iter(agent.stdout)
    assert any("drains" in line for line in lines)

    server.draining = False

    wait_for_state(server, run_id, "COMPLETED")
    assert any("takes runs again" in line for line in lines)
    (shown,) = server.agents.values()
    assert shown["labels"] == {"zone": "a"}
