"""What is made of two readings of pg_stat_statements, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headway._errors import ApiError, ConfigError
from headway._postgres import Poller
from headway._postgres_changes import (
    BATCH_BYTES,
    TEXT_LENGTH,
    Memory,
    Reading,
    Statement,
    batches_of,
    changes,
    is_first,
    remembered,
    without_values,
)
from headway._postgres_reading import columns_of

AT = "2026-03-01T06:00:00+00:00"
LAST, BETWEEN, LONG_AGO = 1_000.0, 1_030.0, 500.0


def line(
    calls: float,
    *,
    total_ms: float | None = None,
    since: float | None = None,
    text: str | None = "SELECT $1",
) -> Statement:
    return Statement(
        key="10/5/77",
        user="ada",
        database="shop",
        text=text,
        calls=calls,
        total_ms=calls if total_ms is None else total_ms,
        rows=0.0,
        since=since,
    )


def reading(*lines: Statement, server: str = "1", reset: float | None = None) -> Reading:
    return Reading(
        server=server, name="postgres://db:5432", began=1_060.0, reset=reset, at=AT,
        statements=list(lines),
    )  # fmt: skip


def memory(*lines: Statement, reset: float | None = None) -> Memory:
    counters = {each.key: each.counters for each in lines}
    return Memory(server="1", began=LAST, reset=reset, counters=counters)


def calls(before: Memory, now: Reading) -> list[float]:
    return [each.calls for each in changes(before, now)]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        pytest.param(memory(line(5)), reading(line(8)), [3], id="more calls"),
        pytest.param(memory(line(5)), reading(line(5)), [], id="none"),
        pytest.param(memory(), reading(line(8)), [8], id="a new statement"),
        pytest.param(memory(line(5)), reading(line(2)), [2], id="fewer calls: lost since"),
        pytest.param(
            memory(line(5, total_ms=900)),
            reading(line(7, total_ms=9)),
            [7],
            id="more calls in less time: lost since",
        ),
        pytest.param(
            memory(line(5, since=LONG_AGO)),
            reading(line(7, since=BETWEEN)),
            [7],
            id="counted anew since",
        ),
        pytest.param(
            memory(line(5, since=LONG_AGO)),
            reading(line(900, since=LONG_AGO - 1)),
            [],
            id="counted for long, but elsewhere",
        ),
        pytest.param(
            memory(), reading(line(900, since=LONG_AGO)), [], id="hidden from the last reading"
        ),
        pytest.param(
            memory(line(5), reset=LONG_AGO), reading(line(7), reset=BETWEEN), [7], id="all reset"
        ),
        pytest.param(
            memory(line(5), reset=LONG_AGO),
            reading(line(900), reset=LONG_AGO - 1),
            [],
            id="a replica took over",
        ),
        pytest.param(memory(line(5)), reading(line(900), server="2"), [], id="another server"),
        pytest.param(Memory(), reading(line(900)), [], id="the first reading"),
    ],
)
def test_what_was_executed_since(before: Memory, now: Reading, told: list[float]) -> None:
    assert calls(before, now) == told


def test_a_text_that_could_not_be_read_is_told_with_the_next_reading() -> None:
    before = memory(line(5))
    now = reading(line(8, text=None))
    assert calls(before, now) == []

    after = Memory(server="1", began=1_060.0, counters=remembered(before, now))

    assert calls(after, reading(line(9))) == [4]


def test_nothing_of_another_server_is_remembered() -> None:
    now = reading(line(8, text=None), server="2")
    assert is_first(memory(line(5)), now)
    assert remembered(memory(line(5)), now) == {}


@pytest.mark.parametrize(
    ("there", "total", "top", "since"),
    [
        pytest.param({"total_time"}, "s.total_time", "true", "NULL", id="12"),
        pytest.param({"total_exec_time"}, "s.total_exec_time", "true", "NULL", id="13"),
        pytest.param(
            {"total_exec_time", "toplevel"}, "s.total_exec_time", "s.toplevel", "NULL", id="14"
        ),
        pytest.param(
            {"total_exec_time", "toplevel", "stats_since"},
            "s.total_exec_time",
            "s.toplevel",
            "extract",
            id="17",
        ),
    ],
)
def test_columns_are_chosen_by_what_the_view_has(
    there: set[str], total: str, top: str, since: str
) -> None:
    columns = columns_of({"queryid", "calls", "rows"} | there)

    assert (columns.total_ms, columns.top_level) == (total, top)
    assert columns.since.startswith(since)


@pytest.mark.parametrize("there", [set(), {"queryid"}, {"total_time"}], ids=["none", "id", "time"])
def test_a_view_that_is_not_known_is_refused(there: set[str]) -> None:
    with pytest.raises(ConfigError, match="not known"):
        columns_of(there)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("SELECT $1, a$1, $2", "SELECT $1, a$1, $2", id="numbered"),
        pytest.param("SET a = 'b''c'", "SET a = '?'", id="doubled quote"),
        pytest.param("PASSWORD E'b\\'c' x", "PASSWORD '?' x", id="escaped quote"),
        pytest.param("DO $$ it's $$; x", "DO '?'; x", id="dollars"),
        pytest.param("DO $a$ $b$ ' $a$ x", "DO '?' x", id="named dollars"),
        pytest.param("SELECT \"it's\", 'v'", "SELECT \"it's\", '?'", id="quoted name"),
        pytest.param("/* it's */ SET a = 'v'", "/* it's */ SET a = '?'", id="comment"),
        pytest.param("-- it's\nSET a = 'v'", "-- it's\nSET a = '?'", id="line comment"),
        pytest.param("SET a = 'open", "SET a = '?'", id="open quote"),
    ],
)
def test_what_stands_in_quotes_is_left_out(text: str, shown: str) -> None:
    assert without_values(text) == shown


def test_texts_are_cut_and_batches_have_a_size() -> None:
    hidden = f"SELECT '{'x' * 5 * TEXT_LENGTH}'"
    long = line(1, text="SELECT " + "é" * 2 * TEXT_LENGTH)
    batches = batches_of([line(1, text=hidden), *[long] * 400], at=AT, namespace="postgres://db")

    texts = [event["payload"]["text"] for each in batches for event in each.get("events", ())]
    assert len(texts) == 401
    assert texts[0].startswith("SELECT '?'… [cut")
    assert all(len(text) < TEXT_LENGTH + 50 for text in texts)
    sizes = [len(json.dumps(each, ensure_ascii=False).encode()) for each in batches]
    assert max(sizes) < 1.1 * BATCH_BYTES
    assert [len(each["points"]) for each in batches if "points" in each] == [3]


class Busy:
    """Takes the first item of each batch, and puts off or refuses the others."""

    def __init__(self, *, retryable: bool) -> None:
        self.retryable = retryable
        self.taken: list[str] = []

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == "ingest"
        ((kind, items),) = body.items()
        self.taken.append(items[0]["id"])
        refusal = {"kind": kind, "message": "No.", "field": "name", "retryable": self.retryable}
        return {"rejected": [refusal | {"index": index} for index in range(1, len(items))]}


def sending(busy: Busy, state: Path) -> Poller:
    pytest.importorskip("psycopg")
    poller = Poller(busy, "", state=state)  # type: ignore[arg-type]
    events = [{"id": str(number)} for number in range(3)]
    poller._memory.pending = [{"events": events}]
    return poller


def test_what_is_over_the_rate_limit_is_kept_and_sent_later(tmp_path: Path) -> None:
    busy = Busy(retryable=True)
    poller = sending(busy, tmp_path / "state.json")
    for _ in range(2):
        with pytest.raises(ApiError) as caught:
            poller._send()
        assert caught.value.retryable
    poller.close()

    after = Poller(busy, "", state=tmp_path / "state.json")  # type: ignore[arg-type]
    after._send()
    after.close()

    assert busy.taken == ["0", "1", "2"]
    assert after._memory.pending == []


def test_what_is_refused_for_good_is_told_and_not_sent_again(tmp_path: Path) -> None:
    busy = Busy(retryable=False)
    poller = sending(busy, tmp_path / "state.json")

    poller._send()
    poller._send()
    poller.close()

    assert busy.taken == ["0"]
    assert poller._refused == ["No. (name)", "No. (name)"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "counters": 3}'], ids=repr
)
def test_a_file_of_something_else_is_refused(content: str, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    state = tmp_path / "state.json"
    state.write_text(content)

    with pytest.raises(ConfigError, match="delete it"):
        Poller(Busy(retryable=False), "", state=state)  # type: ignore[arg-type]
