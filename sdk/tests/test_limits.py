"""What the server puts off is kept and sent later; nothing about how runs go waits for it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headway import _recording, emit_event, flow, get_logger, metric, task
from headway._batch import Batch
from headway._recorder import Recorder, RecorderSettings
from headway._spool import Spool
from test_recorder import make_recorder
from tests_support import PATIENCE_SECONDS, ContractServer

Script = Callable[[str], Path]
Python = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def recorder(server: ContractServer, tmp_path: Path) -> Recorder:
    return make_recorder(server, tmp_path)


@task
def step() -> None:
    pass


def flow_of(events: int, recorder: Recorder) -> None:
    @flow
    def work() -> None:
        for number in range(events):
            emit_event(f"e.{number}")
        step()

    with _recording.recording_to(recorder):
        work()


def names(server: ContractServer) -> list[str]:
    return [event["name"] for event in server.items["events"]]


def in_order(count: int) -> list[str]:
    return [f"e.{number}" for number in range(count)]


def test_a_limited_flow_ends_at_once_and_its_events_follow_in_order(
    server: ContractServer, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    server.allowance["events"] = 600

    flow_of(1_000, recorder)
    assert not recorder.flush(10)
    assert server.only_run()["state"] == "COMPLETED"
    assert len(server.task_runs()) == 1
    assert names(server) == in_order(600)

    server.allowance.clear()
    recorder._limited_until.clear()
    assert recorder.flush(10)
    recorder.close()

    assert names(server) == in_order(1_000)
    assert server.duplicates == 0
    assert dict(recorder.dropped) == {}
    said = capfd.readouterr().err
    assert said.count("takes no more events at the moment") == 1
    assert "rejected" not in said


def test_what_comes_later_waits_behind_what_was_put_off(
    server: ContractServer, recorder: Recorder
) -> None:
    server.allowance["events"] = 5
    flow_of(10, recorder)
    recorder.flush(10)

    server.allowance.clear()  # it would take them, but said to come back later
    with _recording.recording_to(recorder):
        emit_event("e.10")
        emit_event("e.11")
    assert not recorder.flush(10)
    assert names(server) == in_order(5)

    recorder._limited_until.clear()
    assert recorder.flush(10)
    recorder.close()
    assert names(server) == in_order(12)


def test_the_server_says_when_to_come_back(server: ContractServer, recorder: Recorder) -> None:
    server.allowance["events"], server.retry_after = 5, "1"
    flow_of(8, recorder)
    recorder.flush(10)
    began = time.monotonic()
    server.allowance.clear()

    server.wait_for(lambda: len(server.items["events"]) == 8)

    assert time.monotonic() - began > 0.5
    recorder.close()


def test_a_limit_on_logs_holds_back_logs_only(server: ContractServer, recorder: Recorder) -> None:
    server.allowance["logs"] = 0

    @flow
    def work() -> None:
        get_logger().info("said")
        emit_event("e.0")
        metric("rows", 1)

    with _recording.recording_to(recorder):
        work()
        recorder.flush(10)
        emit_event("e.1")
        recorder.flush(10)

    assert server.only_run()["state"] == "COMPLETED"
    assert names(server) == in_order(2)
    assert len(server.items["points"]) == 1
    assert server.messages() == []
    recorder.close()


def test_a_whole_request_put_off_lets_the_run_pass(
    server: ContractServer, recorder: Recorder
) -> None:
    limited = (429, {"Retry-After": "3600"}, {"error": {"code": "rate_limited"}})
    server.answers.append(limited)

    flow_of(20, recorder)
    recorder.flush(10)

    assert server.only_run()["state"] == "COMPLETED"
    assert names(server) == []
    recorder._limited_until.clear()
    assert recorder.flush(10)
    recorder.close()
    assert names(server) == in_order(20)
    assert server.duplicates == 0


def test_a_429_without_anything_to_put_off_is_obeyed(
    server: ContractServer, recorder: Recorder
) -> None:
    server.answers.append((429, {"Retry-After": "1"}, {"error": {"code": "rate_limited"}}))

    @flow
    def work() -> None:
        step()

    began = time.monotonic()
    with _recording.recording_to(recorder):
        work()
    server.wait_for(lambda: server.runs and server.only_run()["state"] == "COMPLETED")

    assert time.monotonic() - began > 0.9
    recorder.close()


FLOW = """
from headway import emit_event, flow

@flow
def work():
    for number in range(1000):
        emit_event(f"e.{number}")
    return "done"

print(work())
"""


def test_a_process_does_not_wait_for_a_limit_and_the_next_ones_send_the_rest(
    server: ContractServer, python: Python, script: Script
) -> None:
    server.allowance["events"] = 600
    path = script(FLOW)

    began = time.monotonic()
    out, err = python(str(path), env=server.env).communicate(timeout=PATIENCE_SECONDS)

    assert "done" in out
    assert time.monotonic() - began < 10  # and not an hour
    assert "kept in" in err
    assert server.only_run()["state"] == "COMPLETED"
    assert len(names(server)) == 600

    # Each is let send 150 more, and then dies with the rest still waiting.
    for total in (750, 900, 1_000):
        server.allowance["events"] = 150
        drain = python("-m", "headway", "flush", env=server.env)
        drain.communicate(timeout=PATIENCE_SECONDS)
        assert len(names(server)) == total

    assert names(server) == in_order(1_000)
    assert server.duplicates == 0
    assert list(Path(os.environ["HEADWAY_SPOOL_DIR"]).rglob("*.segment")) == []


def test_what_was_kept_while_the_server_was_away_is_put_off_too(
    server: ContractServer, tmp_path: Path, recorder: Recorder
) -> None:
    server.stop()
    flow_of(30, recorder)
    recorder.flush(5)
    with _recording.recording_to(recorder):
        emit_event("e.30")
    recorder.flush(5)

    server.allowance["events"] = 10
    server.start()
    recorder.flush(10)
    assert server.only_run()["state"] == "COMPLETED"
    assert names(server) == in_order(10)
    recorder.close()

    server.allowance.clear()
    heir = make_recorder(server, tmp_path)
    assert heir.drain()
    heir.close()
    assert names(server) == in_order(31)
    assert server.duplicates == 0


def test_new_runs_pass_while_much_is_made_up_for(server: ContractServer, tmp_path: Path) -> None:
    server.allowance["events"] = 0
    first = make_recorder(server, tmp_path)
    flow_of(20_000, first)
    first.flush(20)
    first.close()
    server.allowance.clear()
    settings = RecorderSettings(flush_seconds=0.02, heartbeat_seconds=0.05)
    heir = make_recorder(server, tmp_path, settings)
    heir.start()
    server.wait_for(lambda: server.items["events"])

    @flow
    def meanwhile() -> None:
        step()

    with _recording.recording_to(heir):
        meanwhile()
    server.wait_for(lambda: {run["state"] for run in server.runs.values()} == {"COMPLETED"})
    behind = 20_000 - len(server.items["events"])

    assert heir.flush(30)
    heir.close()
    assert behind > 0
    assert names(server) == in_order(20_000)


def test_beyond_the_spools_limit_what_is_put_off_is_dropped_and_said(
    server: ContractServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.allowance["events"] = 0
    recorder = make_recorder(server, tmp_path)
    recorder._spool.limit_bytes = 100_000  # type: ignore[union-attr]

    flow_of(3_000, recorder)
    recorder.flush(10)
    recorder.close()

    assert server.only_run()["state"] == "COMPLETED"
    assert 0 < recorder.dropped["events"] < 3_000
    assert "the spool is full; events are dropped" in capfd.readouterr().err


def test_a_rejection_for_good_is_still_counted_and_said(
    server: ContractServer, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    server.allowance["events"] = 1
    server.reject = lambda _kind, item: {"code": "too_old"} if item.get("name") == "e.1" else None

    flow_of(3, recorder)
    recorder.flush(10)
    server.allowance.clear()
    recorder._limited_until.clear()
    assert recorder.flush(10)
    recorder.close()

    assert names(server) == ["e.0", "e.2"]
    assert recorder.dropped == {"events": 1}
    assert "rejected one of the events: too_old" in capfd.readouterr().err


def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, api_url="http://x", api_key="k")


def bodies(batches: list[Any]) -> list[bytes]:
    return [batch.body for batch in batches]


def test_the_rest_of_a_batch_comes_first_also_for_an_heir(tmp_path: Path) -> None:
    owner = spool(tmp_path)
    for first in range(0, 900, 300):
        owner.hold("events", [str(number) for number in range(first, first + 300)])
    batches, items = owner.held["events"].oldest_together()
    assert items == [str(number) for number in range(300)]
    rest = Batch({"events": ["298", "299"]}).encode()
    batches[0].segment.replace(batches, rest)
    owner.forget()  # as if it died

    heir = spool(tmp_path)
    assert heir.adopt_leftovers() == 1
    batches, items = heir.held["events"].oldest_together()
    assert items == ["298", "299", *(str(number) for number in range(300, 600))]
    batches[0].segment.replace(batches, Batch({"events": ["599"]}).encode())
    batches, items = heir.held["events"].oldest_together()
    assert items == [str(number) for number in range(599, 900)]
    batches[0].segment.replace(batches, None)
    assert heir.is_empty()
    assert list(tmp_path.rglob("*.segment")) == []


def test_what_a_dying_process_wrote_half_of_spoils_nothing(tmp_path: Path) -> None:
    owner = spool(tmp_path)
    owner.hold("points", ["1", "2"])
    owner.hold("points", ["3"])
    owner.close()
    (segment,) = tmp_path.rglob("*.points.segment")
    segment.write_bytes(segment.read_bytes() + b'^ 0000abcd {"points":[')

    heir = spool(tmp_path)
    heir.adopt_leftovers()
    batches, items = heir.held["points"].oldest_together()
    assert items == ["1", "2", "3"]
    batches[0].segment.replace(batches, Batch({"points": ["3"]}).encode())
    heir.forget()

    third = spool(tmp_path)
    third.adopt_leftovers()
    batches, items = third.held["points"].oldest_together()
    assert items == ["3"]
    assert bodies(batches) == [b'{"points":[3]}']


def test_lanes_are_left_to_their_owner_and_adopted_with_the_rest(tmp_path: Path) -> None:
    owner = spool(tmp_path)
    owner.append(Batch({"runs": ["1"]}))
    owner.hold("events", ["2"])
    owner.hold("logs", ["3"])
    other = spool(tmp_path)

    assert other.adopt_leftovers() == 0
    owner.close()
    assert other.adopt_leftovers() == 3
    assert other.main.adopt([other.folder]) == 0
    assert other.oldest().body == b'{"runs":[1]}'  # type: ignore[union-attr]
    assert other.held["events"].oldest_together()[1] == ["2"]
    assert other.held["points"].is_empty()
