"""The recorder against a real server on loopback, in real processes where it is about dying."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from headway import RunCancelled, _recording, emit_event, flow, get_logger, task
from headway._config import Config
from headway._recorder import Recorder, RecorderSettings
from headway._records import LogLine
from headway._spool import Spool
from headway._transport import HttpTransport
from tests_support import KEY, PATIENCE_SECONDS, ContractServer

QUICK = RecorderSettings(
    flush_seconds=0.02, heartbeat_seconds=0.05, retry_seconds=0.02, retry_ceiling_seconds=0.1
)

Script = Callable[[str], Path]
Python = Callable[..., "subprocess.Popen[str]"]

FLOW = """
import os, signal, sys, time
from headway import flow, task, get_logger, emit_event

@task
def step(n):
    print("step", n, flush=True)
    return n

@flow
def work(count=20, pause=0.0):
    for n in range(count):
        step(n)
        time.sleep(pause)
    return "done"
"""


@pytest.fixture
def recorder(server: ContractServer, tmp_path: Path) -> Recorder:
    return make_recorder(server, tmp_path)


def make_recorder(
    server: ContractServer, tmp_path: Path, settings: RecorderSettings = QUICK
) -> Recorder:
    config = Config(api_url=server.url, api_key=KEY, workspace="acme")
    spool = Spool(tmp_path / "spool", api_url=server.url, api_key=KEY)
    spool.workspace = "acme"
    return Recorder(HttpTransport(config), spool, server=server.url, settings=settings)


def line(number: int) -> LogLine:
    return LogLine(id=f"id-{number}", occurred_ns=number, level="INFO", message=f"line {number}")


@task
def step(n: int) -> int:
    return n


def test_a_flow_reaches_the_server_in_few_batches(
    server: ContractServer, recorder: Recorder
) -> None:
    @flow
    def work() -> None:
        for n in range(300):
            step(n)

    with _recording.recording_to(recorder):
        work()
    recorder.close()

    run = server.only_run()
    assert run["states"] == ["SCHEDULED", "RUNNING", "COMPLETED"]
    assert run["illegal"] == []
    tasks = server.task_runs()
    assert len(tasks) == 300
    assert {report["state"] for report in tasks.values()} == {"COMPLETED"}
    assert len(server.items["task_runs"]) <= 300 + len(server.batches)
    assert len(server.batches) < 30


def test_a_server_that_goes_away_gets_everything_once_it_is_back(
    server: ContractServer, recorder: Recorder
) -> None:
    away, back = threading.Event(), threading.Event()

    @flow
    def work() -> None:
        for n in range(50):
            step(n)
        away.set()
        back.wait(10)
        for n in range(50):
            step(n)

    def interrupt_server() -> None:
        away.wait(10)
        server.wait_for(lambda: server.items["task_runs"])
        server.stop()
        back.set()

    helper = threading.Thread(target=interrupt_server)
    helper.start()
    with _recording.recording_to(recorder):
        work()
    helper.join()
    server.start()
    server.wait_for(lambda: server.only_run()["state"] == "COMPLETED")
    recorder.close()

    assert len(server.task_runs()) == 100
    assert server.only_run()["illegal"] == []
    assert dict(recorder.dropped) == {}


def test_a_flow_without_its_server_leaves_a_spool_that_the_next_process_sends(
    server: ContractServer, python: Python, script: Script
) -> None:
    path = script(FLOW + "\nprint(work())\n")
    server.stop()

    first = python(str(path), env=server.env)
    out, err = first.communicate(timeout=PATIENCE_SECONDS)
    assert first.returncode == 0
    assert "done" in out
    assert "kept in" in err
    assert server.runs == {}

    server.start()
    second = python("-m", "headway", "flush", env=server.env)
    out, err = second.communicate(timeout=PATIENCE_SECONDS)
    assert (second.returncode, err) == (0, "")

    assert server.only_run()["states"] == ["SCHEDULED", "RUNNING", "COMPLETED"]
    assert len(server.task_runs()) == 20
    assert server.duplicates == 0
    assert server.messages().count("step 7") == 1
    spool = Path(os.environ["HEADWAY_SPOOL_DIR"])
    assert list(spool.rglob("*.segment")) == []


def test_the_workspace_is_learned_from_the_key(
    server: ContractServer, python: Python, script: Script
) -> None:
    environment = {k: v for k, v in server.env.items() if k != "HEADWAY_WORKSPACE"}
    python(str(script(FLOW + "\nwork()\n")), env=environment).communicate(timeout=PATIENCE_SECONDS)

    assert server.only_run()["state"] == "COMPLETED"
    assert server.requests[0] == ("GET", "/api/v1/me")


def test_what_was_spooled_survives_kill_9(
    server: ContractServer, python: Python, script: Script
) -> None:
    path = script(
        FLOW
        + """
@flow
def doomed():
    for n in range(20):
        step(n)
    spool = __import__("pathlib").Path(os.environ["HEADWAY_SPOOL_DIR"])
    while not any(b'"step-19"' in path.read_bytes() for path in spool.rglob("*.segment")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
doomed()
"""
    )
    server.stop()
    environment = {**server.env, "HEADWAY_FLUSH_SECONDS": "0.05"}

    process = python(str(path), env=environment)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == -signal.SIGKILL

    server.start()
    drain = python("-m", "headway", "flush", env=server.env)
    drain.communicate(timeout=PATIENCE_SECONDS)

    assert server.only_run()["states"] == ["SCHEDULED", "RUNNING"]
    assert len(server.task_runs()) == 20
    assert {r["state"] for r in server.task_runs().values()} == {"COMPLETED"}


def test_a_spool_in_use_is_left_to_its_owner(tmp_path: Path) -> None:
    from headway._batch import encode_batches

    owner = Spool(tmp_path, api_url="http://x", api_key="k")
    owner.append(encode_batches([line(1)])[0])
    other = Spool(tmp_path, api_url="http://x", api_key="k")

    assert other.adopt_leftovers() == 0
    owner.close()
    assert other.adopt_leftovers() == 1
    kept = other.oldest()
    assert kept is not None
    assert b"line 1" in kept.body
    other.confirm(kept)
    assert other.is_empty()


def test_a_confirmed_batch_is_not_sent_again_by_whoever_comes_next(tmp_path: Path) -> None:
    from headway._batch import encode_batches

    owner = Spool(tmp_path, api_url="http://x", api_key="k")
    for number in range(3):
        owner.append(encode_batches([line(number)])[0])
    first = owner.oldest()
    assert first is not None
    owner.confirm(first)
    owner.forget()

    heir = Spool(tmp_path, api_url="http://x", api_key="k")
    assert heir.adopt_leftovers() == 1
    kept = heir.oldest()
    assert kept is not None
    assert b"line 1" in kept.body


def test_a_torn_line_at_the_end_of_a_segment_is_passed_over(tmp_path: Path) -> None:
    from headway._batch import encode_batches

    owner = Spool(tmp_path, api_url="http://x", api_key="k")
    owner.append(encode_batches([line(1)])[0])
    owner.append(encode_batches([line(2)])[0])
    owner.close()
    (segment,) = tmp_path.rglob("*.segment")
    segment.write_bytes(segment.read_bytes()[:-5])

    heir = Spool(tmp_path, api_url="http://x", api_key="k")
    heir.adopt_leftovers()
    kept = heir.oldest()
    assert kept is not None
    heir.confirm(kept)
    assert heir.is_empty()


def test_a_rotated_key_drains_what_the_old_key_left(tmp_path: Path) -> None:
    from headway._batch import encode_batches

    old = Spool(tmp_path, api_url="http://x", api_key="old")
    old.workspace = "acme"
    old.append(encode_batches([line(1)])[0])
    old.close()

    stranger = Spool(tmp_path, api_url="http://x", api_key="new")
    stranger.workspace = "other"
    assert stranger.adopt_leftovers() == 0
    new = Spool(tmp_path, api_url="http://x", api_key="new")
    new.workspace = "acme"
    assert new.adopt_leftovers() == 1


def test_beyond_its_limit_the_spool_keeps_reports_and_says_what_it_drops(
    server: ContractServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.stop()
    recorder = make_recorder(server, tmp_path)

    @flow
    def work() -> None:
        get_logger().info("early")
        recorder.flush(5)
        (segment,) = tmp_path.rglob("*.segment")
        assert recorder._spool is not None
        recorder._spool.limit_bytes = segment.stat().st_size - 1
        get_logger().info("late")
        step(1)

    with _recording.recording_to(recorder):
        work()
    recorder.close()

    assert recorder.dropped["logs"] >= 1
    assert "the spool is full; logs are dropped" in capfd.readouterr().err
    server.start()
    heir = make_recorder(server, tmp_path)
    assert heir.drain()
    heir.close()
    assert server.only_run()["state"] == "COMPLETED"
    assert "late" not in server.messages()


def test_a_throttled_recorder_waits_as_long_as_it_is_told(
    server: ContractServer, recorder: Recorder
) -> None:
    server.answers.append((429, {"Retry-After": "1"}, {"error": {"code": "rate_limited"}}))
    emit_through(recorder, "table.loaded")

    server.wait_for(lambda: server.items["events"])
    recorder.close()

    ingests = [path for _, path in server.requests if path.endswith("/ingest")]
    assert len(ingests) == 2
    assert len(server.items["events"]) == 1


@pytest.mark.parametrize("status", [408, 500, 503])
def test_a_failing_server_is_asked_again(
    server: ContractServer, recorder: Recorder, status: int
) -> None:
    server.answers += [(status, {}, None)] * 3
    emit_through(recorder, "table.loaded")

    server.wait_for(lambda: server.items["events"])
    recorder.close()
    assert len(server.items["events"]) == 1


def test_a_batch_that_is_too_large_is_halved_until_it_fits(
    server: ContractServer, recorder: Recorder
) -> None:
    server.largest_batch = 10
    for number in range(64):
        recorder.log(line(number))
    assert recorder.flush(10)
    recorder.close()

    assert [x["message"] for x in server.items["logs"]] == [f"line {n}" for n in range(64)]


def test_a_refused_key_is_said_once_and_nothing_is_lost(
    server: ContractServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = Config(api_url=server.url, api_key="hw_wrong", workspace="acme")
    spool = Spool(tmp_path / "spool", api_url=server.url, api_key="hw_wrong")
    recorder = Recorder(HttpTransport(config), spool, server=server.url, settings=QUICK)
    for number in range(3):
        recorder.log(line(number))
        recorder.flush(5)
    recorder.close()

    err = capfd.readouterr().err
    assert err.count("unauthenticated, request req_test") == 1
    assert "kept in" in err


@pytest.mark.parametrize("status", [200, 302, 404, 405])
def test_what_a_proxy_answers_costs_nothing(
    server: ContractServer, recorder: Recorder, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    server.page = status
    emit_through(recorder, "table.loaded")
    assert not recorder.flush(5)
    server.page = None
    assert recorder.flush(5)
    recorder.close()

    assert [event["name"] for event in server.items["events"]] == ["table.loaded"]
    assert f"status {status}, and not as a Headway server answers" in capfd.readouterr().err


def test_rejected_items_are_told(
    server: ContractServer, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    server.reject = lambda kind, _item: (
        {"code": "too_old", "field": "occurred_at"} if kind == "events" else None
    )
    emit_through(recorder, "table.loaded")
    recorder.flush(5)
    recorder.close()

    assert "rejected one of the events: too_old (occurred_at)" in capfd.readouterr().err
    assert recorder.dropped["events"] == 1


def test_items_that_json_cannot_say_spoil_nothing(
    server: ContractServer, recorder: Recorder
) -> None:
    with _recording.recording_to(recorder):
        emit_event("odd", payload={"nan": float("nan"), "set": {1}, "lone": "\udc80", 5: object})  # type: ignore[dict-item]
    recorder.close()

    (event,) = server.items["events"]
    assert event["payload"]["nan"] is None
    assert event["payload"]["set"] == [1]
    assert "5" in event["payload"]


def emit_through(recorder: Recorder, name: str) -> None:
    with _recording.recording_to(recorder):
        emit_event(name)


def test_a_long_flow_sends_heartbeats_and_obeys_a_cancel(
    server: ContractServer, recorder: Recorder
) -> None:
    began = threading.Event()

    @task
    def forever() -> None:
        began.set()
        while True:
            threading.Event().wait(0.01)

    @flow
    def work() -> None:
        forever()

    def cancel() -> None:
        began.wait(10)
        server.wait_for(lambda: len(server.beats) == 1 and sum(server.beats.values()) >= 2)
        server.cancelled.update(server.runs)

    helper = threading.Thread(target=cancel)
    helper.start()
    with _recording.recording_to(recorder), pytest.raises(RunCancelled, match="Cancelled from"):
        work()
    helper.join()
    recorder.close()

    assert server.only_run()["states"][-1] == "CANCELLED"
    assert server.task_runs()["forever-0"]["state"] == "CANCELLED"


def test_a_local_run_that_the_server_has_ended_goes_on_and_reports_everything(
    server: ContractServer, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    @flow
    def work() -> int:
        server.wait_for(lambda: server.runs)
        with server.changed:
            server.lost.update(server.runs)
            beats = sum(server.beats.values())
        server.wait_for(lambda: sum(server.beats.values()) > beats)
        recorder.flush(5)  # returns after the answer to that beat was heeded
        print("still here")
        return 7

    with _recording.recording_to(recorder):
        assert work() == 7
    recorder.close()

    assert server.only_run()["states"][-1] == "COMPLETED"  # the real server keeps it as evidence
    assert "still here" in server.messages()
    assert capfd.readouterr().err.count("without this process") == 1


# After Ctrl-C Python dies of SIGINT, or exits with 1 if something was imported in between.
@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGTERM, {143}), (signal.SIGINT, {-signal.SIGINT, 1})]
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_signal_cancels_the_run_and_reports_it_before_the_process_ends(
    server: ContractServer, python: Python, script: Script, number: int, codes: set[int], kind: str
) -> None:
    path = script(
        FLOW
        + """
import asyncio
@task
async def wait_async():
    print("waiting", flush=True)
    await asyncio.sleep(60)
@task
def wait():
    print("waiting", flush=True)
    time.sleep(60)
@flow
async def long_async():
    await wait_async()
@flow
def long():
    wait()
if sys.argv[1] == "async":
    asyncio.run(long_async())
else:
    long()
"""
    )
    process = python(str(path), kind, env=server.env)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"

    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode in codes, err
    assert server.only_run()["states"] == ["SCHEDULED", "RUNNING", "CANCELLED"]
    (report,) = server.task_runs().values()
    assert report["state"] == "CANCELLED"


def test_children_of_multiprocessing_report_for_themselves(
    server: ContractServer, python: Python, script: Script
) -> None:
    path = script(
        FLOW
        + """
import multiprocessing
def in_child():
    emit_event("from.child")
@flow
def parent():
    emit_event("from.parent")
    process = multiprocessing.get_context("fork").Process(target=in_child)
    process.start()
    process.join()
parent()
"""
    )
    process = python(str(path), env=server.env)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0, err
    assert sorted(event["name"] for event in server.items["events"]) == [
        *("from.child", "from.parent")
    ]
    (told_by_child,) = (
        batch
        for batch in server.batches
        if "from.child" in {event["name"] for event in batch.get("events", [])}
    )
    # The parent may still be about to send its own: the run has to be known by then.
    assert [report["state"] for report in told_by_child["runs"]] == ["RUNNING"]
    assert server.only_run()["states"] == ["SCHEDULED", "RUNNING", "COMPLETED"]


def test_a_program_that_logs_everything_is_not_told_of_our_requests(
    server: ContractServer, python: Python, script: Script
) -> None:
    setup = "import logging; logging.basicConfig(level=logging.DEBUG)\n"
    process = python(str(script(setup + FLOW + "\nwork()\n")), env=server.env)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert "httpx2" not in err
    assert "httpcore2" not in err
    assert server.only_run()["state"] == "COMPLETED"


def test_without_a_server_flows_just_run(python: Python, script: Script) -> None:
    process = python(str(script(FLOW + "\nprint(work())\n")))
    out, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert out.splitlines()[-1] == "done"
    assert err == ""


def test_a_backlog_is_spilled_to_disk_by_whoever_makes_it(
    server: ContractServer, tmp_path: Path
) -> None:
    settings = RecorderSettings(flush_seconds=0.02, flush_items=50, spill_items=200)
    recorder = make_recorder(server, tmp_path, settings)
    with server.changed:  # the server hangs: requests wait for this lock
        for number in range(1_000):
            recorder.log(line(number))
        assert list((tmp_path / "spool").rglob("*.segment"))
    assert recorder.flush(20)
    recorder.close()

    assert {x["message"] for x in server.items["logs"]} == {f"line {n}" for n in range(1_000)}


def test_importing_headway_is_light() -> None:
    code = (
        "import sys; before = set(sys.modules); import headway; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(new & {'asyncio', 'httpx2', 'click', 'ssl', 'multiprocessing', 'tomllib'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
