"""The decisions: pure functions, by tables."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import headway
from headway import ParameterError, State
from headway._batch import Collector, encode_batches
from headway._ids import uuid7
from headway._json import encode, snapshot_parameters
from headway._records import LogLine, TaskRunReport
from headway._retry import RetryPolicy
from headway._schema import parameter_schema, schema_of
from headway._states import LEGAL, TYPES, StateType, is_final, may_move
from headway._values import read_parameters, read_value
from headway.testing import record


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("HELD", "SCHEDULED CANCELLED"),
        ("PENDING", "RUNNING CANCELLING CANCELLED CRASHED FAILED SCHEDULED"),
        ("SUSPENDED", "SCHEDULED CANCELLED TIMED_OUT"),
        ("CANCELLING", "CANCELLED COMPLETED FAILED CRASHED TIMED_OUT"),
        ("FAILED", "AWAITING_RETRY"),
        ("COMPLETED", ""),
    ],
)
def test_legal_moves_are_those_agreed_with_the_server(source: str, targets: str) -> None:
    assert set(LEGAL[State(source)]) == set(targets.split())


def test_every_state_has_a_type_and_moves() -> None:
    assert set(LEGAL) == set(TYPES) == set(State)
    assert LEGAL[State.RETRYING] == LEGAL[State.RUNNING]
    assert State.LATE in LEGAL[State.SCHEDULED]
    assert State.LATE not in LEGAL[State.LATE]
    assert all(is_final(s) or LEGAL[s] for s in State)
    assert not any(may_move(State.COMPLETED, target) for target in State)
    assert TYPES[State.TIMED_OUT] is StateType.FAILED


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [(1, 0.5, 10), (2, 0.5, 20), (3, 0.5, 40), (10, 0.5, 300), (5000, 0.5, 300), (1, 0.0, 8)],
)
def test_retry_delay_doubles_up_to_the_ceiling(attempt: int, chance: float, seconds: float) -> None:
    policy = RetryPolicy(retries=6000, delay_seconds=10, max_delay_seconds=300, jitter=0.2)

    assert policy.delay_after(attempt, ValueError(), chance=chance) == pytest.approx(seconds)


@given(chance=st.floats(0, 0.999), attempt=st.integers(1, 50))
def test_jitter_stays_within_its_share(chance: float, attempt: int) -> None:
    policy = RetryPolicy(retries=50, delay_seconds=2, backoff=1, jitter=0.25)

    delay = policy.delay_after(attempt, ValueError(), chance=chance)

    assert delay is not None
    assert 1.5 <= delay <= 2.5


def test_ids_grow_and_are_uuids() -> None:
    ids = [uuid7() for _ in range(2_000)]

    assert ids == sorted(set(ids))
    assert {UUID(text).version for text in ids} == {7}
    assert {UUID(text).variant for text in ids} == {"specified in RFC 4122"}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Window:
    start: date
    days: int = 7


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (int, {"type": "integer"}),
        (Any, {}),
        (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Colour, {"enum": ["red", "blue"]}),
        (datetime, {"type": "string", "format": "date-time"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
        (
            Window,
            {
                "type": "object",
                "properties": {
                    "start": {"type": "string", "format": "date"},
                    "days": {"type": "integer", "default": 7},
                },
                "additionalProperties": False,
                "required": ["start"],
            },
        ),
    ],
)
def test_annotations_become_json_schema(annotation: Any, schema: dict[str, Any]) -> None:
    assert schema_of(annotation) == schema


@pytest.mark.parametrize(
    ("annotation", "value", "read"),
    [
        (date, "2026-03-01", date(2026, 3, 1)),
        (float, 3, 3.0),
        (int, 3.0, 3),
        (Colour, "blue", Colour.BLUE),
        (list[date], ["2026-03-01"], [date(2026, 3, 1)]),
        (tuple[int, str], [1, "a"], (1, "a")),
        (set[int], [1, 1], {1}),
        (int | None, None, None),
        (dict[str, Colour], {"a": "red"}, {"a": Colour.RED}),
        (timedelta, 90, timedelta(seconds=90)),
        (Path, "a/b", Path("a/b")),
        (Window, {"start": "2026-03-01"}, Window(date(2026, 3, 1))),
    ],
)
def test_json_is_read_as_the_annotation_asks(annotation: Any, value: Any, read: Any) -> None:
    assert read_value(annotation, value, where="x") == read


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, "3", 'x: expected a whole number, not "3"'),
        (int, True, "x: expected a whole number, not true"),
        (int, 3.5, "x: expected a whole number, not 3.5"),
        (bool, 1, "x: expected true or false, not 1"),
        (date, "soon", 'x: expected a date (YYYY-MM-DD), not "soon"'),
        (list[int], [1, "b"], 'x[1]: expected a whole number, not "b"'),
        (Literal["a"], "b", "x: expected one of ['a'], not 'b'"),
        (Window, {"start": "2026-03-01", "weeks": 1}, "x: unknown field 'weeks'"),
    ],
)
def test_json_of_the_wrong_type_is_refused_by_place(
    annotation: Any, value: Any, message: str
) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        read_value(annotation, value, where="x")


def test_parameters_may_be_open() -> None:
    def load(table: str, *, note: Colour = Colour.RED, **rest: int) -> None: ...

    schema = parameter_schema(load)

    assert schema["properties"]["note"] == {"enum": ["red", "blue"], "default": "red"}
    assert schema["additionalProperties"] == {"type": "integer"}
    assert read_parameters(load, {"table": "a", "z": 1}) == {"table": "a", "z": 1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_whatever_users_hand_over_is_encoded_as_utf8(value: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = encode(value)

    assert text.encode("utf-8")
    json.loads(text, parse_constant=refuse)


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


def test_values_that_cannot_say_what_they_are_are_named_by_their_class() -> None:
    said = "<Mute, whose text failed: RuntimeError>"

    plain = snapshot_parameters({"one": Mute(), "many": [Mute()], "keyed": {Mute(): float("nan")}})

    assert plain == {"one": said, "many": [said], "keyed": {said: None}}


def test_values_that_hold_themselves_are_cut() -> None:
    twice: list[Any] = []
    twice += [twice, twice]

    assert json.loads(encode({"twice": twice})) == {"twice": ["… itself", "… itself"]}


def test_huge_parameters_are_previewed() -> None:
    plain = snapshot_parameters({"rows": list(range(100_000)), "day": date(2026, 3, 1)})

    assert plain["day"] == "2026-03-01"
    assert plain["rows"].endswith(" characters")
    assert len(plain["rows"]) < 600
    many = {f"p{n}": "x" * 15_000 for n in range(10)}
    assert len(encode(snapshot_parameters(many)).encode()) < 64 * 1024


def report(task_run_id: str, sequence: int, state: State) -> TaskRunReport:
    return TaskRunReport(
        task_run_id=task_run_id,
        run_id="r",
        epoch=1,
        sequence=sequence,
        state=state,
        occurred_ns=sequence,
        started_ns=1,
        task_name="t",
        name="t-0",
        attempt=1,
    )


def test_a_start_and_an_end_in_one_flush_are_one_report() -> None:
    collector = Collector()
    for sequence, state in enumerate([State.PENDING, State.RUNNING, State.COMPLETED]):
        collector.add_task_run(report("a", sequence, state))
    for sequence, state in enumerate(
        [State.RUNNING, State.AWAITING_RETRY, State.RETRYING, State.COMPLETED], start=3
    ):
        collector.add_task_run(report("b", sequence, state))

    assert len(collector) == 5
    told = [(r.task_run_id, r.state) for r in collector.take() if isinstance(r, TaskRunReport)]
    assert told == [
        ("a", State.COMPLETED),
        ("b", State.RUNNING),
        ("b", State.AWAITING_RETRY),
        ("b", State.RETRYING),
        ("b", State.COMPLETED),
    ]
    assert collector.take() == []


def test_a_task_with_very_many_inputs_can_still_be_told() -> None:
    wide = report("a", 1, State.COMPLETED)
    wide.depends_on = [str(n) for n in range(20_000)]
    wide.name = "n" * 300

    assert len(wide.wire()["depends_on"]) == 10_000
    assert len(wide.wire()["name"]) == 200


def test_batches_stay_within_what_the_server_takes() -> None:
    lines = [
        LogLine(id=str(n), occurred_ns=n, level="INFO", message="x" * 50_000) for n in range(300)
    ]

    batches = encode_batches(lines)

    assert sum(len(batch) for batch in batches) == 300
    assert all(len(batch.encode()) < 5_000_000 for batch in batches)


def modules() -> Iterator[ModuleType]:
    yield headway
    for found in pkgutil.walk_packages(headway.__path__, "headway."):
        if found.name not in ("headway.__main__", "headway.testing.fixtures"):
            yield importlib.import_module(found.name)


@pytest.mark.parametrize("module", list(modules()), ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_public_names_are_all_there_and_explained() -> None:
    public = set(headway.__all__)

    assert all(hasattr(headway, name) for name in public)
    assert len(headway.__all__) == len(public)
    undocumented = [
        name
        for name in public - {"__version__"}
        if not (getattr(headway, name).__doc__ or "").strip()
    ]
    assert undocumented == []


def test_recorded_flows_are_isolated_from_each_other() -> None:
    @headway.flow
    def one() -> None: ...

    with record() as first:
        one()
    with record() as second:
        pass

    assert first.run_states() == ["RUNNING", "COMPLETED"]
    assert second.runs == []
