"""The agent as a real process against a real server on loopback."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests_support import PATIENCE_SECONDS, ContractServer

Script = Callable[..., Path]
Python = Callable[..., "subprocess.Popen[str]"]

FLOWS = """
import logging, os, signal, subprocess, sys, threading, time
from datetime import date
from pathlib import Path
from headway import flow, task, get_logger, emit_event

logging.basicConfig(level=logging.INFO)

@task
def step(n):
    return n

@flow
def good(day: date, times: int = 2):
    for n in range(times):
        step(n)
    print("printed on", day.isoformat())
    logging.getLogger("mine").info("logged once")
    get_logger().info("and with ours")
    os.system("echo from a shell")

@flow
async def good_async():
    print("async works")

@flow
def bad():
    raise ValueError("no rows")

@flow
def long(folder: str):
    Path(folder, "started").write_text(str(os.getpid()))
    time.sleep(60)

@flow
def stubborn(folder: str):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(folder, "started").write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)

@flow
def stuck(folder: str):
    # In C code that lets nobody else in, as a bad extension would: no thread, no handler of ours.
    import ctypes
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGURG])
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    ctypes.PyDLL(None).sleep(600)

@flow
def with_child(folder: str):
    child = subprocess.Popen(["sleep", "60"])
    Path(folder, "child").write_text(str(child.pid))
    Path(folder, "started").write_text(str(os.getpid()))
    time.sleep(60)

@flow
def exits():
    print("going down", flush=True)
    os._exit(3)

@flow
def killed():
    os.kill(os.getpid(), signal.SIGKILL)

@flow
def segfault():
    import ctypes
    ctypes.string_at(0)
"""

ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "TIMED_OUT")

AGENT = """
import sys
from headway._config import get_config
from headway.agent import Agent
options = {"heartbeat_seconds": 0.1, "grace_seconds": 1.0} | eval(sys.argv[1])
sys.exit(Agent(get_config(), **options).run())
"""


@pytest.fixture
def start_agent(server: ContractServer, python: Python) -> Callable[..., subprocess.Popen[str]]:
    def start(**options: Any) -> subprocess.Popen[str]:
        environment = {**server.env, "HEADWAY_FLUSH_SECONDS": "0.05"}
        return python("-c", AGENT, repr(options), env=environment)

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


def wait_for_file(path: Path) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)
    return path.read_text()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_alive(pid):
        assert time.monotonic() < deadline, f"{pid} still lives"
        time.sleep(0.02)


def test_a_leased_run_is_executed_and_reported(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any]
) -> None:
    start_agent()
    run_id = queue(server, flows, "good", parameters={"day": "2026-03-01"})

    run = wait_for_state(server, run_id, "COMPLETED")
    server.wait_for(lambda: "from a shell" in server.messages())

    assert run["states"] == ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED"]
    assert run["illegal"] == []
    assert {name: r["state"] for name, r in server.task_runs().items()} == {
        "step-0": "COMPLETED",
        "step-1": "COMPLETED",
    }
    messages = server.messages()
    assert messages.count("printed on 2026-03-01") == 1
    assert messages.count("logged once") == 1
    assert messages.count("and with ours") == 1
    assert not [text for text in messages if text.startswith("INFO:mine")]
    assert all(line["run_id"] == run_id for line in server.items["logs"])


def test_runs_go_on_side_by_side_up_to_the_capacity(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent(capacity=2)
    (tmp_path / "one").mkdir()
    held = queue(server, flows, "long", parameters={"folder": str(tmp_path / "one")})
    wait_for_state(server, held, "RUNNING")

    others = [queue(server, flows, "good_async") for _ in range(3)]

    for run_id in others:
        wait_for_state(server, run_id, "COMPLETED")
    assert server.runs[held]["state"] == "RUNNING"


@pytest.mark.parametrize(
    ("name", "state", "cause"),
    [
        ("bad", "FAILED", None),
        ("exits", "CRASHED", {"kind": "exit_code", "exit_code": 3, "detail": "going down"}),
        ("segfault", "CRASHED", {"kind": "signal", "signal": "SIGSEGV"}),
        ("killed", "CRASHED", {"kind": "signal", "signal": "SIGKILL"}),
        ("nothing", "CRASHED", {"kind": "start_failed"}),
    ],
)
def test_a_run_that_ends_badly_says_why_and_hurts_nobody_else(
    server: ContractServer,
    start_agent: Callable[..., Any],
    flows: dict[str, Any],
    name: str,
    state: str,
    cause: dict[str, Any] | None,
) -> None:
    start_agent()
    run_id = queue(server, flows, name)

    run = wait_for_state(server, run_id, "FAILED", "CRASHED")

    assert run["state"] == state
    told = run["reports"][-1].get("cause")
    if cause is None:
        assert told is None
        assert run["reports"][-1]["error"]["message"] == "no rows"
    else:
        assert cause.items() <= told.items()
    after = queue(server, flows, "good_async")
    wait_for_state(server, after, "COMPLETED")


def test_a_flow_file_that_cannot_be_imported_shows_its_traceback_on_the_run(
    server: ContractServer, start_agent: Callable[..., Any], script: Script, tmp_path: Path
) -> None:
    script("import no_such_module_anywhere\n", "broken.py")
    start_agent()
    run_id = server.queue_run({"path": str(tmp_path), "entrypoint": "broken.py:main"})

    run = wait_for_state(server, run_id, "CRASHED")
    server.wait_for(lambda: any("ModuleNotFoundError" in text for text in server.messages()))

    report = run["reports"][-1]
    assert report["cause"]["kind"] == "start_failed"
    assert report["error"]["type"] == "ModuleNotFoundError"
    assert 'broken.py", line 1' in report["error"]["traceback"]


@pytest.mark.parametrize(
    "deployment", [{"path": "/no/such/folder"}, {"entrypoint": "absent.py:main"}]
)
def test_a_missing_folder_or_file_is_a_failed_start(
    server: ContractServer,
    start_agent: Callable[..., Any],
    tmp_path: Path,
    deployment: dict[str, str],
) -> None:
    start_agent()
    run_id = server.queue_run({"path": str(tmp_path), "entrypoint": "x.py:main", **deployment})

    run = wait_for_state(server, run_id, "CRASHED")

    assert run["reports"][-1]["cause"]["kind"] == "start_failed"


def test_parameters_of_the_wrong_type_are_a_failed_start(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any]
) -> None:
    start_agent()
    run_id = queue(server, flows, "good", parameters={"day": "tomorrow"})

    run = wait_for_state(server, run_id, "CRASHED")

    assert "day: expected a date" in run["reports"][-1]["cause"]["detail"]


def test_a_cancelled_run_stops_and_takes_its_children_along(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent()
    run_id = queue(server, flows, "with_child", parameters={"folder": str(tmp_path)})
    wait_for_file(tmp_path / "started")

    server.cancelled.add(run_id)

    wait_for_state(server, run_id, "CANCELLED")
    wait_until_dead(int((tmp_path / "child").read_text()))


def test_a_run_that_ignores_sigterm_is_killed_after_the_grace(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent()
    run_id = queue(server, flows, "stubborn", parameters={"folder": str(tmp_path)})
    pid = int(wait_for_file(tmp_path / "started"))

    server.cancelled.add(run_id)

    run = wait_for_state(server, run_id, "CANCELLED")
    assert run["reports"][-1]["cause"]["kind"] == "killed"
    assert "Killed 1 s after it was asked to stop" in run["reports"][-1]["cause"]["detail"]
    wait_until_dead(pid)


def test_a_full_agent_hears_of_a_cancellation_at_once(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent(capacity=1, heartbeat_seconds=3600.0)  # nobody but its polls can tell it
    run_id = queue(server, flows, "long", parameters={"folder": str(tmp_path)})
    wait_for_file(tmp_path / "started")

    with server.changed:
        server.cancelled.add(run_id)
        server.changed.notify_all()

    wait_for_state(server, run_id, "CANCELLED")


def test_a_run_that_takes_its_time_to_stop_is_not_asked_again_and_again(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent(heartbeat_seconds=3600.0)
    run_id = queue(server, flows, "stubborn", parameters={"folder": str(tmp_path)})
    wait_for_file(tmp_path / "started")
    polls = len(leases_asked(server))

    with server.changed:
        server.cancelled.add(run_id)
        server.changed.notify_all()

    wait_for_state(server, run_id, "CANCELLED")
    assert len(leases_asked(server)) - polls <= 3  # told, waiting while it stops, free again


def leases_asked(server: ContractServer) -> list[tuple[str, str]]:
    return [request for request in server.requests if request[1].endswith("/leases")]


@pytest.mark.parametrize("name", ["long", "stubborn"])
def test_a_run_over_its_time_is_timed_out(
    server: ContractServer,
    start_agent: Callable[..., Any],
    flows: dict[str, Any],
    tmp_path: Path,
    name: str,
) -> None:
    start_agent(grace_seconds=60.0)  # it sees to that itself, however slow the machine is
    run_id = queue(server, flows, name, parameters={"folder": str(tmp_path)}, timeout_seconds=0.5)

    run = wait_for_state(server, run_id, *ENDS)

    assert run["states"] == ["SCHEDULED", "PENDING", "RUNNING", "TIMED_OUT"]


def test_a_run_that_cannot_see_to_its_time_is_killed(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent()
    run_id = queue(
        server, flows, "stuck", parameters={"folder": str(tmp_path)}, timeout_seconds=4.0
    )
    wait_for_state(server, run_id, "RUNNING", *ENDS)
    (tmp_path / "go").touch()

    run = wait_for_state(server, run_id, *ENDS)

    assert run["state"] == "TIMED_OUT"


def test_the_time_of_a_run_begins_with_it_and_not_with_its_process(
    server: ContractServer,
    start_agent: Callable[..., Any],
    script: Script,
    flows: dict[str, Any],
) -> None:
    # Longer than the limit and the grace together.
    script("import time\ntime.sleep(5)\nfrom flows import good_async\n", "slow_import.py")
    start_agent(grace_seconds=0.5)
    run_id = server.queue_run(
        {**flows, "entrypoint": "slow_import.py:good_async"}, timeout_seconds=4.0
    )

    run = wait_for_state(server, run_id, *ENDS)

    assert "RUNNING" in run["states"]


def test_a_lost_run_is_killed_at_once_and_not_reported(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent()
    run_id = queue(server, flows, "long", parameters={"folder": str(tmp_path)})
    pid = int(wait_for_file(tmp_path / "started"))
    wait_for_state(server, run_id, "RUNNING")

    server.lost.add(run_id)

    wait_until_dead(pid)
    after = queue(server, flows, "good_async")
    wait_for_state(server, after, "COMPLETED")
    assert server.runs[run_id]["state"] == "RUNNING"


@pytest.mark.parametrize("name", ["long", "stubborn"])
def test_an_agent_killed_with_9_takes_its_runs_along(
    server: ContractServer,
    start_agent: Callable[..., Any],
    flows: dict[str, Any],
    tmp_path: Path,
    name: str,
) -> None:
    agent = start_agent()
    run_id = queue(server, flows, name, parameters={"folder": str(tmp_path)})
    pid = int(wait_for_file(tmp_path / "started"))
    wait_for_state(server, run_id, "RUNNING")

    agent.send_signal(signal.SIGKILL)
    agent.wait(5)

    run = wait_for_state(server, run_id, "CRASHED")
    assert run["reports"][-1]["cause"]["kind"] == "agent_lost"
    wait_until_dead(pid)


def test_an_agent_outlives_its_server(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    start_agent()
    run_id = queue(server, flows, "long", parameters={"folder": str(tmp_path)})
    wait_for_file(tmp_path / "started")
    wait_for_state(server, run_id, "RUNNING")

    server.stop()
    beats = server.beats[run_id]
    server.start()
    server.wait_for(lambda: server.beats[run_id] > beats)

    after = queue(server, flows, "good_async")
    wait_for_state(server, after, "COMPLETED")
    assert server.runs[run_id]["state"] == "RUNNING"


@pytest.mark.parametrize("on_stop", ["wait", "cancel"])
def test_sigterm_stops_the_agent_in_order(
    server: ContractServer,
    start_agent: Callable[..., Any],
    flows: dict[str, Any],
    tmp_path: Path,
    on_stop: str,
) -> None:
    agent = start_agent(on_stop=on_stop, stop_seconds=1.0)
    run_id = queue(server, flows, "long", parameters={"folder": str(tmp_path)})
    wait_for_file(tmp_path / "started")
    wait_for_state(server, run_id, "RUNNING")

    agent.send_signal(signal.SIGTERM)
    out, err = agent.communicate(timeout=PATIENCE_SECONDS)

    assert agent.returncode == 0, err
    assert "agent stopped" in out
    assert server.runs[run_id]["state"] == "CANCELLED"


def test_a_lease_that_comes_while_the_agent_stops_is_handed_back(
    server: ContractServer, start_agent: Callable[..., Any], flows: dict[str, Any], tmp_path: Path
) -> None:
    agent = start_agent(on_stop="wait", stop_seconds=60.0)
    queue(server, flows, "long", parameters={"folder": str(tmp_path)})
    wait_for_file(tmp_path / "started")

    agent.send_signal(signal.SIGTERM)
    assert any("stopping" in line for line in agent.stdout)
    second = queue(server, flows, "good_async")
    said = server.runs[second]["reports"]
    server.wait_for(lambda: len(said) == 2)

    agent.send_signal(signal.SIGTERM)
    agent.communicate(timeout=PATIENCE_SECONDS)
    assert [each["state"] for each in said] == ["PENDING", "SCHEDULED"]
    assert said[-1]["message"] == "The agent is stopping."


def test_an_agent_with_a_wrong_key_says_so_and_exits(
    server: ContractServer, python: Python
) -> None:
    environment = {**server.env, "HEADWAY_API_KEY": "hw_wrong"}
    agent = python("-m", "headway", "agent", "start", env=environment)

    _, err = agent.communicate(timeout=PATIENCE_SECONDS)

    assert agent.returncode == 3
    assert "The API key is not valid. (unauthenticated, request req_test)" in err


def test_an_agent_for_a_pool_that_is_not_there_says_so_and_exits(
    server: ContractServer, python: Python
) -> None:
    agent = python("-m", "headway", "agent", "start", "--pool", "gpu", env=server.env)

    _, err = agent.communicate(timeout=PATIENCE_SECONDS)

    assert agent.returncode == 4
    assert "not_found" in err
