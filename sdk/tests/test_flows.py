from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from headway import (
    FlowTimedOut,
    TaskTimedOut,
    UpstreamFailed,
    emit_event,
    flow,
    get_logger,
    metric,
    task,
    unmapped,
)
from headway.testing import InMemoryTransport


@task
def double(n: int) -> int:
    return 2 * n


@task
async def double_later(n: int) -> int:
    await asyncio.sleep(0)
    return 2 * n


def test_a_flow_is_a_run_and_its_tasks_are_task_runs(headway_recorded: InMemoryTransport) -> None:
    @flow(tags=["nightly"])
    def load(day: str = "monday") -> int:
        return double(len(day) - 2)

    assert load() == 8

    first, last = headway_recorded.runs
    assert (first["flow_name"], first["state"], first["source"]) == ("load", "RUNNING", "LOCAL")
    assert first["parameters"] == {"day": "monday"}
    assert first["tags"] == ["nightly"]
    assert last["state"] == "COMPLETED"
    assert last["run_id"] == first["run_id"]
    (report,) = headway_recorded.task_runs
    assert (report["name"], report["state"]) == ("double-0", "COMPLETED")
    assert report["started_at"] <= report["occurred_at"]


def test_an_async_flow_and_its_tasks_are_recorded(headway_recorded: InMemoryTransport) -> None:
    @flow
    async def load() -> list[int]:
        return list(await asyncio.gather(double_later(1), double_later(2)))

    assert asyncio.run(load()) == [2, 4]

    assert headway_recorded.run_states() == ["RUNNING", "COMPLETED"]
    assert {r["name"] for r in headway_recorded.task_runs} == {"double_later-0", "double_later-1"}


@pytest.mark.parametrize("is_async", [False, True])
def test_a_failed_task_is_retried_and_each_attempt_is_told(
    headway_recorded: InMemoryTransport, is_async: bool
) -> None:
    attempts: list[int] = []

    def work() -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise ConnectionError("no route")
        return "done"

    async def work_later() -> str:
        return work()

    if is_async:
        later = task(retries=3, retry_delay=timedelta(milliseconds=1))(work_later)

        @flow
        async def fetch_async() -> str:
            return await later()

        assert asyncio.run(fetch_async()) == "done"
        name = "work_later-0"
    else:
        now = task(retries=3, retry_delay=timedelta(milliseconds=1))(work)

        @flow
        def fetch() -> str:
            return now()

        assert fetch() == "done"
        name = "work-0"

    assert headway_recorded.task_states(name) == [
        *("RUNNING", "AWAITING_RETRY", "RETRYING", "AWAITING_RETRY", "RETRYING", "COMPLETED")
    ]
    waiting = next(r for r in headway_recorded.task_runs if r["state"] == "AWAITING_RETRY")
    assert waiting["error"]["type"] == "ConnectionError"
    sequences = [r["sequence"] for r in headway_recorded.task_runs]
    assert sequences == sorted(set(sequences))


def test_a_task_gives_up_on_errors_it_shall_not_retry(headway_recorded: InMemoryTransport) -> None:
    @task(retries=5, retry_on=ConnectionError)
    def parse() -> None:
        raise ValueError("line 3")

    @flow
    def load() -> None:
        parse()

    with pytest.raises(ValueError, match="line 3"):
        load()

    assert headway_recorded.task_states("parse-0") == ["FAILED"]
    assert headway_recorded.run_states() == ["RUNNING", "FAILED"]
    error = headway_recorded.runs[-1]["error"]
    assert error["type"] == "ValueError"
    assert "in parse" in error["traceback"]


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_exception_without_words_is_still_the_flows_own(
    headway_recorded: InMemoryTransport,
) -> None:
    @task(retries=1, retry_delay=0.001)
    def fail() -> None:
        raise Mute

    @flow
    def work() -> None:
        fail()

    with pytest.raises(Mute):
        work()

    end = headway_recorded.runs[-1]
    assert end["state"] == "FAILED"
    assert end["error"]["message"] == "<Mute, whose text failed: RuntimeError>"


def test_a_log_handler_that_raises_does_not_keep_a_run_alive(
    headway_recorded: InMemoryTransport,
) -> None:
    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record.getMessage())

    @flow
    def work() -> None:
        raise ValueError

    handler = Raising()
    logging.getLogger().addHandler(handler)
    try:
        with pytest.raises(RuntimeError, match="failed: ValueError"):
            work()
    finally:
        logging.getLogger().removeHandler(handler)

    assert headway_recorded.run_states() == ["RUNNING", "FAILED"]


def test_a_flow_is_retried_as_a_whole(headway_recorded: InMemoryTransport) -> None:
    attempts: list[int] = []

    @flow(retries=1)
    def load() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("flaky")
        return 7

    assert load() == 7
    assert headway_recorded.run_states() == ["RUNNING", "RETRYING", "COMPLETED"]


def test_submitted_tasks_wait_for_the_futures_they_are_given(
    headway_recorded: InMemoryTransport,
) -> None:
    @task
    def total(numbers: list[int], *, offset: int) -> int:
        return sum(numbers) + offset

    @flow
    def load() -> int:
        doubled = double.map([1, 2, 3])
        return total.submit(doubled, offset=double.submit(5)).result()

    assert load() == 22

    ids = {r["name"]: r["task_run_id"] for r in headway_recorded.task_runs}
    last = [r for r in headway_recorded.task_runs if r["task_name"] == "total"][-1]
    assert last["depends_on"] == [ids[f"double-{n}"] for n in range(4)]
    assert [r["map_index"] for r in headway_recorded.task_runs if "map_index" in r][-1] == 2


def test_map_spreads_iterables_and_keeps_the_unmapped() -> None:
    @task
    def scale(n: int, factors: list[int], label: str) -> str:
        return f"{label}{n * sum(factors)}"

    @flow
    def load() -> list[str]:
        return scale.map(range(3), unmapped([2, 3]), "x").result()

    assert load() == ["x0", "x5", "x10"]


def test_tasks_that_submit_tasks_and_wait_do_not_starve() -> None:
    @task
    def outer(n: int) -> int:
        return sum(double.map(range(n)).result())

    @flow(max_workers=2)
    def load() -> list[int]:
        return outer.map([3, 3, 3, 3]).result()

    assert load() == [6, 6, 6, 6]


def test_tasks_that_tasks_submitted_and_left_are_waited_for() -> None:
    done: list[int] = []

    @task
    def inner(n: int) -> None:
        time.sleep(0.02)
        done.append(n)

    @task
    def outer(n: int) -> None:
        time.sleep(0.02)
        inner.submit(n)

    @flow
    def load() -> None:
        outer.map([1, 2])

    load()

    assert sorted(done) == [1, 2]


def test_no_more_tasks_run_at_once_than_allowed() -> None:
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    @task
    def work(n: int) -> int:
        with lock:
            running.append(n)
            most.append(len(running))
        time.sleep(0.01)
        with lock:
            running.remove(n)
        return n

    @flow(max_workers=3)
    def load() -> list[int]:
        return work.map(range(12)).result()

    assert load() == list(range(12))
    assert max(most) <= 3


def test_a_failure_that_nobody_looked_at_fails_the_flow(
    headway_recorded: InMemoryTransport,
) -> None:
    @task
    def broken() -> None:
        raise ValueError("quietly")

    @flow
    def load() -> str:
        broken.submit()
        return "fine"

    with pytest.raises(ValueError, match="quietly"):
        load()
    assert headway_recorded.run_states() == ["RUNNING", "FAILED"]


def test_a_task_whose_input_failed_does_not_run(headway_recorded: InMemoryTransport) -> None:
    @task
    def broken() -> int:
        raise ValueError("no data")

    @flow
    def load() -> int:
        return double.submit(broken.submit()).result()

    with pytest.raises(UpstreamFailed, match=r"double-0 needs broken-0.*no data") as caught:
        load()
    assert isinstance(caught.value.__cause__, ValueError)
    assert headway_recorded.task_states("double-0")[-1] == "FAILED"


def test_async_tasks_can_be_submitted_and_futures_awaited() -> None:
    @flow
    async def load() -> int:
        return await double_later.submit(4) + await double.submit(1)

    assert asyncio.run(load()) == 10


def test_a_flow_in_a_flow_is_a_run_of_its_own(headway_recorded: InMemoryTransport) -> None:
    @flow
    def inner() -> int:
        return double(1)

    @task
    def step() -> int:
        return inner()

    @flow
    def outer() -> int:
        return step()

    assert outer() == 2

    runs = {r["flow_name"]: r for r in headway_recorded.runs}
    (step_run,) = {r["task_run_id"] for r in headway_recorded.task_runs if r["name"] == "step-0"}
    assert runs["inner"]["parent_run_id"] == runs["outer"]["run_id"]
    assert runs["inner"]["parent_task_run_id"] == step_run
    assert runs["inner"]["source"] == "SUBFLOW"
    inner_task = next(r for r in headway_recorded.task_runs if r["name"] == "double-0")
    assert inner_task["run_id"] == runs["inner"]["run_id"]


@pytest.mark.parametrize("where", ["main", "thread", "async"])
def test_a_task_over_its_time_is_timed_out(headway_recorded: InMemoryTransport, where: str) -> None:
    @task(timeout=0.1)
    def slow() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            time.sleep(10 if where == "main" else 0.01)

    @task(timeout=0.1)
    async def slow_async() -> None:
        await asyncio.sleep(10)

    @flow
    def load() -> None:
        slow() if where == "main" else slow.submit().result()

    @flow
    async def load_async() -> None:
        await slow_async()

    began = time.monotonic()
    with pytest.raises(TaskTimedOut, match=r"ran longer than 0\.1 s"):
        asyncio.run(load_async()) if where == "async" else load()

    assert time.monotonic() - began < 5
    assert headway_recorded.task_runs[-1]["state"] == "TIMED_OUT"
    assert headway_recorded.run_states()[-1] == "TIMED_OUT"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_flow_over_its_time_is_timed_out_and_its_task_cancelled(
    headway_recorded: InMemoryTransport, is_async: bool
) -> None:
    @task(retries=3)
    def slow() -> None:
        try:
            time.sleep(10)
        except Exception as error:
            raise AssertionError("an except Exception must not see it") from error

    @task(retries=3)
    async def slow_async() -> None:
        await asyncio.sleep(10)

    @flow(timeout=0.1)
    def load() -> None:
        slow()

    @flow(timeout=0.1)
    async def load_async() -> None:
        await slow_async()

    with pytest.raises(FlowTimedOut):
        asyncio.run(load_async()) if is_async else load()

    assert headway_recorded.task_runs[-1]["state"] == "CANCELLED"
    assert headway_recorded.run_states() == ["RUNNING", "TIMED_OUT"]


def test_ctrl_c_cancels_the_run_its_tasks_and_what_was_submitted(
    headway_recorded: InMemoryTransport,
) -> None:
    import _thread

    started = threading.Event()

    @task
    def waiting() -> None:
        started.set()
        while True:
            time.sleep(0.01)

    @task
    def never() -> None:
        raise AssertionError("it was submitted behind one that never ends")

    @flow(max_workers=1)
    def load() -> None:
        waiting.submit()
        never.submit()
        started.wait(5)
        _thread.interrupt_main()
        time.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        load()

    assert headway_recorded.run_states() == ["RUNNING", "CANCELLED"]
    assert headway_recorded.task_states("waiting-0")[-1] == "CANCELLED"
    assert headway_recorded.task_states("never-0")[-1] == "CANCELLED"


def test_prints_and_logs_carry_their_run_and_task_run(
    headway_recorded: InMemoryTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    @task
    def talk() -> None:
        print("from", "the task")
        get_logger().warning("careful: %d", 3)

    @flow
    def load() -> None:
        talk()
        thread = threading.Thread(target=print, args=("from a thread of mine",))
        thread.start()
        thread.join()

    load()
    print("after the flow")

    lines = {line["message"]: line for line in headway_recorded.logs}
    task_run_id = headway_recorded.task_runs[0]["task_run_id"]
    assert lines["from the task"]["task_run_id"] == task_run_id
    assert lines["careful: 3"]["level"] == "WARNING"
    assert lines["careful: 3"]["task_run_id"] == task_run_id
    assert "task_run_id" not in lines["from a thread of mine"]
    assert "after the flow" not in lines
    assert "from the task" in capsys.readouterr().out


def test_events_and_metrics_belong_to_their_run(headway_recorded: InMemoryTransport) -> None:
    @flow
    def load() -> str:
        metric("rows_loaded", 12, unit="rows", labels={"table": "orders"})
        metric("broken", float("nan"))
        first = emit_event("query.ran", payload={"rows": 12, "share": float("inf")})
        return emit_event("table.loaded", resource={"kind": "table", "name": "o"}, follows=first)

    event_id = load()

    run_id = headway_recorded.runs[0]["run_id"]
    (point,) = headway_recorded.points
    assert (point["name"], point["value"], point["run_id"]) == ("rows_loaded", 12.0, run_id)
    first, second = headway_recorded.events
    assert first["payload"] == {"rows": 12, "share": None}
    assert (second["id"], second["follows"], second["run_id"]) == (event_id, first["id"], run_id)


def test_options_are_checked_when_they_are_given() -> None:
    with pytest.raises(TypeError, match=r"no option 'retires'\. Did you mean 'retries'"):
        task(retires=3)(lambda: None)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="retries=-1"):
        flow(retries=-1)(lambda: None)
    with pytest.raises(TypeError, match="generators"):

        @task
        def lines() -> Any:
            yield 1


def test_with_options_changes_a_copy() -> None:
    named = double.with_options(name="twice", retries=2)

    assert (named.name, named.options["retries"]) == ("twice", 2)
    assert (double.name, dict(double.options)) == ("double", {})


def test_methods_can_be_tasks(headway_recorded: InMemoryTransport) -> None:
    class Loader:
        def __init__(self, factor: int) -> None:
            self.factor = factor

        @task
        def scale(self, n: int) -> int:
            return n * self.factor

    @flow
    def load() -> int:
        return Loader(3).scale(5)

    assert load() == 15
    assert headway_recorded.task_states("scale-0") == ["COMPLETED"]


def test_tasks_on_threads_of_the_users_own_belong_to_the_only_run(
    headway_recorded: InMemoryTransport,
) -> None:
    @flow
    def work() -> list[int]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(double, [1, 2]))

    assert work() == [2, 4]

    run_id = headway_recorded.runs[0]["run_id"]
    assert {report["run_id"] for report in headway_recorded.task_runs} == {run_id}
    assert {report["name"] for report in headway_recorded.task_runs} == {"double-0", "double-1"}


def test_a_task_outside_of_a_flow_just_runs() -> None:
    attempts: list[int] = []

    @task(retries=1)
    def work() -> int:
        attempts.append(1)
        return 1 // (len(attempts) - 1)

    assert work() == 1
    with pytest.raises(RuntimeError, match="need a flow around them"):
        work.submit()
