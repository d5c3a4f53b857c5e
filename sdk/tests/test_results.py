"""Results of tasks, kept for the process that goes on with a run."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from headway import flow, task
from headway._flow import Flow
from headway._results import MISSING, FolderShelf, Results, open_results
from headway._time_limit import TimeLimit
from tests_support import PATIENCE_SECONDS

A, B = "a" * 64, "b" * 64
calls: list[Any] = []


@task
def double(n: int) -> int:
    calls.append(n)
    return 2 * n


@task
async def double_async(n: int) -> int:
    calls.append(n)
    return 2 * n


@task
def fragile(n: int) -> int:
    calls.append("fragile")
    raise ValueError(f"no {n}")


@flow
def doubles() -> list[int]:
    twice = [double(1), double(1), double(3)]
    return twice + double.map([4, 5]).result()


@flow
def breaks() -> int:
    return fragile(double(1))


@flow
async def doubles_async() -> list[int]:
    return [await double_async(1), await double_async(2)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADWAY_RESULTS", str(tmp_path / "results"))
    calls.clear()
    return tmp_path / "results"


def execute(of: Flow[..., Any], *, goes_on: bool = False, origin: int = 1) -> Any:
    """Call a flow as the process of a leased run does."""
    options: dict[str, Any] = {"run_id": "r1", "epoch": 1, "on_start": lambda _run: None}
    return of.run_leased({}, goes_on=goes_on, origin=origin, **options)


def test_what_completed_is_passed_over_by_who_goes_on(folder: Path) -> None:
    with pytest.raises(ValueError, match="no"):
        execute(breaks)
    assert calls == [1, "fragile"]

    with pytest.raises(ValueError, match="no"):
        execute(breaks, goes_on=True)

    assert calls == [1, "fragile", "fragile"]
    assert len(list(folder.iterdir())) == 1


def test_a_run_that_begins_afresh_does_everything_again(folder: Path) -> None:
    for origin in (1, 2):
        with pytest.raises(ValueError, match="no"):
            execute(breaks, origin=origin)

    assert calls == [1, "fragile"] * 2
    assert [path.name for path in folder.iterdir()] == ["r1.2.results"]


def test_a_completed_run_leaves_nothing_behind(folder: Path) -> None:
    assert execute(doubles) == [2, 2, 6, 8, 10]

    assert sorted(calls) == [1, 1, 3, 4, 5]
    assert list(folder.iterdir()) == []


def test_async_tasks_are_kept_too() -> None:
    import asyncio

    async def twice() -> list[Any]:
        results = open_results("r1", origin=1, goes_on=False)
        assert results is not None
        results.keep(results.key("double_async", ((1,), {})), 20)
        return [await execute(doubles_async, goes_on=True)]

    assert asyncio.run(twice()) == [[20, 4]]
    assert calls == [2]


def test_equal_calls_are_told_apart_by_their_turn(tmp_path: Path) -> None:
    def fresh() -> Results:
        return Results(FolderShelf(tmp_path, "r", 1), goes_on=True, limit_bytes=100)

    one, other = fresh(), fresh()

    # The same texts, once one object and once two: their keys are equal nevertheless.
    text = "".join(["ab", "c"])
    assert one.key("t", (text, text)) == other.key("t", ("abc", "".join(["a", "bc"])))
    assert one.key("t", (text, text)) != one.key("t", (text, text))
    assert one.key("t", 1) != one.key("u", 1)
    assert one.key("t", threading.Lock()) is None


def test_a_half_written_result_is_passed_over(tmp_path: Path) -> None:
    FolderShelf(tmp_path, "r", 1).put(A, b"whole")
    FolderShelf(tmp_path, "r", 1).put(B, b"will be cut")
    file = tmp_path / "r.1.results"
    file.write_bytes(file.read_bytes()[:-3])

    shelf = FolderShelf(tmp_path, "r", 1)

    assert (shelf.get(A), shelf.get(B)) == (b"whole", None)


def test_what_is_too_large_or_cannot_be_kept_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    kept = Results(FolderShelf(tmp_path, "r", 1), goes_on=True, limit_bytes=100)
    lost = Results(FolderShelf(in_the_way, "r", 1), goes_on=True, limit_bytes=100)

    for results in (kept, lost):
        results.keep(A, "x" * 200)
        results.keep(B, "small")
        results.keep(A, threading.Lock())

    assert (kept.find(A), kept.find(B)) == (MISSING, "small")
    assert lost.find(B) is MISSING
    assert capsys.readouterr().err.count("results of tasks are not kept") == 1


def test_results_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_RESULTS", "off")

    assert open_results("r1", origin=1, goes_on=True) is None
    assert execute(doubles) == [2, 2, 6, 8, 10]


def test_a_time_limit_stands_still_while_it_is_held() -> None:
    over = threading.Event()
    limit = TimeLimit(2.0, over.set)
    limit.hold()
    limit.hold()
    limit.go_on()

    began = time.monotonic()
    assert not over.wait(2.3)  # still held once

    limit.go_on()
    assert over.wait(PATIENCE_SECONDS)
    assert time.monotonic() - began >= 2.3


def test_a_time_limit_that_ended_does_not_come_back() -> None:
    over = threading.Event()
    limit = TimeLimit(1.0, over.set)
    limit.hold()
    limit.end()
    limit.go_on()

    assert not over.wait(1.2)
