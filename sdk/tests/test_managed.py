"""The task of a managed run as a real process: real server, real uv, real run process."""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests_support import ContractServer, index_variables

FLOWS = """
import os, sys, time
from pathlib import Path
from headway import flow, task, emit_event
from lib.tools import X

emit_event("module.imported")

@task
def step(n):
    return n

@flow
def good(times: int = 2):
    for n in range(times):
        step(n)
    print("in", Path.cwd().name, "with", sys.prefix, X)
    emit_event("done")

@flow
def bad():
    raise ValueError("no rows")

@flow
def long(folder: str):
    Path(folder, "started").write_text(str(os.getpid()))
    time.sleep(60)

@flow
def stubborn(folder: str):
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(folder, "started").write_text(str(os.getpid()))
    while True:
        time.sleep(0.1)

@flow
def dies():
    os._exit(3)
"""
Start = Callable[..., "subprocess.Popen[str]"]


def bundle(flows: str = FLOWS) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("flow.py", flows)
        archive.writestr("lib/tools.py", "X = 'tool'\n")
    return target.getvalue()


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return index_variables(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests: the same environment is made once."""
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def start(
    server: ContractServer,
    python: Callable[..., subprocess.Popen[str]],
    index: dict[str, str],
    environments: Path,
    tmp_path: Path,
) -> Start:
    def begin(run_id: str, epoch: int = 1) -> subprocess.Popen[str]:
        own = {
            "HEADWAY_RUN_ID": run_id,
            "HEADWAY_EPOCH": str(epoch),
            "HEADWAY_TASK_DIR": str(tmp_path / "task"),
            "HEADWAY_ENVIRONMENTS_DIR": str(environments),
            "HEADWAY_SPOOL_DIR": str(tmp_path / "task" / "spool"),
        }
        return python("-m", "headway.agent.managed", env=server.env | index | own)

    return begin


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=90)
    return process.returncode, out + err


def last_report(server: ContractServer, run_id: str) -> dict[str, Any]:
    report: dict[str, Any] = server.runs[run_id]["reports"][-1]
    return report


def test_a_task_runs_its_flow_and_ends(
    server: ContractServer, start: Start, environments: Path, tmp_path: Path
) -> None:
    run_id = server.queue_task(bundle(), "flow.py:good", parameters={"times": 3})

    code, out = end_of(start(run_id))

    assert code == 0, out
    assert server.runs[run_id]["states"][-2:] == ["RUNNING", "COMPLETED"]
    assert server.phases == [(run_id, "FETCHED"), (run_id, "PREPARED")]
    assert len(server.task_runs()) == 3
    (line,) = [text for text in server.messages() if text.startswith("in code with")]
    assert str(environments) in line
    assert server.beats[run_id] >= 1
    # What was said while the module was imported is the run's as well: its key sends no other.
    events = {event["name"]: event["run_id"] for event in server.items["events"]}
    assert events["module.imported"] == events["done"] == run_id
    assert not (tmp_path / "task" / "bundle.zip").exists()
    assert server.env["HEADWAY_API_KEY"] not in out


def test_a_flow_that_fails_is_reported_and_the_task_is_content(
    server: ContractServer, start: Start
) -> None:
    run_id = server.queue_task(bundle(), "flow.py:bad")

    code, out = end_of(start(run_id))

    assert code == 0, out
    assert server.runs[run_id]["state"] == "FAILED"


def test_a_process_that_dies_is_reported(server: ContractServer, start: Start) -> None:
    run_id = server.queue_task(bundle(), "flow.py:dies")

    code, _ = end_of(start(run_id))

    assert code == 0
    assert server.runs[run_id]["state"] == "CRASHED"
    assert last_report(server, run_id)["cause"]["exit_code"] == 3


def test_requirements_that_do_not_resolve_end_the_run(server: ContractServer, start: Start) -> None:
    run_id = server.queue_task(bundle(), "flow.py:good")
    server.tasks[run_id]["requirements"] = ["headway-no-such-package==9"]

    code, _ = end_of(start(run_id))

    assert code == 0
    assert server.runs[run_id]["states"][-1] == "CRASHED"
    cause = last_report(server, run_id)["cause"]
    assert cause["kind"] == "start_failed"
    assert cause["detail"].startswith("requirements do not resolve: ")
    assert "headway-no-such-package" in cause["detail"]
    assert any("headway-no-such-package" in text for text in server.messages())


def test_code_that_is_not_what_was_uploaded_is_not_run(
    server: ContractServer, start: Start, tmp_path: Path
) -> None:
    run_id = server.queue_task(bundle(), "flow.py:good")
    sha256 = server.tasks[run_id]["bundle"]["sha256"]
    server.bundles[sha256] = bundle("raise SystemExit(0)\n")

    code, _ = end_of(start(run_id))

    assert code == 0
    cause = last_report(server, run_id)["cause"]
    assert (server.runs[run_id]["state"], cause["kind"]) == ("CRASHED", "start_failed")
    assert "checksum" in cause["detail"]
    assert not (tmp_path / "task" / "code").exists()


def test_code_that_was_deployed_while_it_was_fetched_is_run(
    server: ContractServer, start: Start
) -> None:
    run_id = server.queue_task(bundle(), "flow.py:good")
    newer = bundle("from headway import flow\n\n@flow\ndef newer():\n    print('newer code')\n")
    sha256 = hashlib.sha256(newer).hexdigest()
    server.bundles[sha256] = newer
    order = server.tasks[run_id]
    deployment = order["lease"]["deployment"] | {"entrypoint": "flow.py:newer"}
    server.redeployed[run_id] = order | {
        "bundle": {"sha256": sha256, "bytes": len(newer)},
        "lease": order["lease"] | {"deployment": deployment},
    }

    code, out = end_of(start(run_id))

    assert code == 0, out
    assert server.runs[run_id]["states"][-1] == "COMPLETED"
    assert "newer code" in server.messages()


def test_a_zip_that_leaves_its_folder_is_not_unpacked(
    server: ContractServer, start: Start, tmp_path: Path
) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../flow.py", FLOWS)
    run_id = server.queue_task(target.getvalue(), "flow.py:good")

    end_of(start(run_id))

    assert server.runs[run_id]["state"] == "CRASHED"
    assert not list(tmp_path.rglob("flow.py"))


def test_a_cancelled_run_is_stopped(server: ContractServer, start: Start, tmp_path: Path) -> None:
    run_id = server.queue_task(bundle(), "flow.py:long", parameters={"folder": str(tmp_path)})
    process = start(run_id)
    _wait_until(lambda: _pid_in(tmp_path))

    with server.changed:
        server.cancelled.add(run_id)
    code, out = end_of(process)

    assert code == 0, out
    assert server.runs[run_id]["state"] == "CANCELLED"
    assert _is_gone(int((tmp_path / "started").read_text()))


def test_a_cancellation_is_heard_without_waiting_for_a_beat(
    server: ContractServer, start: Start, tmp_path: Path
) -> None:
    server.tells_only_who_waits = True
    run_id = server.queue_task(bundle(), "flow.py:long", parameters={"folder": str(tmp_path)})
    process = start(run_id)
    _wait_until(lambda: _pid_in(tmp_path))

    with server.changed:
        server.cancelled.add(run_id)
        server.changed.notify_all()
    code, out = end_of(process)

    assert code == 0, out
    assert server.runs[run_id]["state"] == "CANCELLED"


def test_a_run_cancelled_before_it_began_never_begins(server: ContractServer, start: Start) -> None:
    run_id = server.queue_task(bundle(), "flow.py:good")
    server.cancelled.add(run_id)

    code, out = end_of(start(run_id))

    assert code == 0, out
    assert server.runs[run_id]["states"][-2:] == ["PENDING", "CANCELLED"]
    assert server.items["task_runs"] == []


def test_a_lost_run_is_killed_and_not_spoken_of(
    server: ContractServer, start: Start, tmp_path: Path
) -> None:
    run_id = server.queue_task(bundle(), "flow.py:stubborn", parameters={"folder": str(tmp_path)})
    process = start(run_id)
    _wait_until(lambda: _pid_in(tmp_path))
    # Told in the background, and nothing more once it is lost.
    _wait_until(lambda: server.runs[run_id]["state"] == "RUNNING")

    with server.changed:
        server.lost.add(run_id)
    code, _ = end_of(process)

    assert code == 1
    assert server.runs[run_id]["state"] == "RUNNING"
    assert _is_gone(int((tmp_path / "started").read_text()))


def test_a_stale_task_does_nothing(server: ContractServer, start: Start, tmp_path: Path) -> None:
    run_id = server.queue_task(bundle(), "flow.py:good")

    code, out = end_of(start(run_id, epoch=2))

    assert code == 1
    assert "there is nothing to do" in out
    assert server.runs[run_id]["states"] == ["SCHEDULED", "PENDING"]
    assert not (tmp_path / "task" / "code").exists()


def test_a_task_that_is_stopped_from_outside_reports_its_run_as_lost(
    server: ContractServer, start: Start, tmp_path: Path
) -> None:
    run_id = server.queue_task(bundle(), "flow.py:long", parameters={"folder": str(tmp_path)})
    process = start(run_id)
    _wait_until(lambda: _pid_in(tmp_path))

    process.send_signal(signal.SIGTERM)
    code, out = end_of(process)

    assert code == 0, out
    assert server.runs[run_id]["state"] == "CRASHED"
    assert last_report(server, run_id)["cause"]["kind"] == "evicted"
    assert _is_gone(int((tmp_path / "started").read_text()))


def test_a_task_that_is_killed_takes_its_run_along(
    server: ContractServer, start: Start, tmp_path: Path
) -> None:
    run_id = server.queue_task(bundle(), "flow.py:long", parameters={"folder": str(tmp_path)})
    process = start(run_id)
    _wait_until(lambda: _pid_in(tmp_path))

    process.kill()

    server.wait_for(lambda: server.runs[run_id]["state"] == "CRASHED")
    _wait_until(lambda: _is_gone(int((tmp_path / "started").read_text())))


def test_a_server_that_restarts_costs_no_run(server: ContractServer, start: Start) -> None:
    run_id = server.queue_task(bundle(), "flow.py:good")
    server.stop()
    process = start(run_id)
    time.sleep(1.0)

    server.start()
    code, out = end_of(process)

    assert code == 0, out
    assert server.runs[run_id]["state"] == "COMPLETED"


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def _pid_in(folder: Path) -> str:
    """Return what the flow wrote when it began; a file is there before what is in it."""
    started = folder / "started"
    return started.read_text() if started.exists() else ""


def _wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
