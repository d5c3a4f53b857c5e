"""What the SDK makes of signatures, and what we make of that: the same is taken and refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, TypedDict
from uuid import UUID

import pydantic
import pytest

from apps.flows.parameters import find_parameter_faults, list_schema_faults
from headway._errors import ParameterError
from headway._schema import parameter_schema
from headway._values import read_parameters


class Mode(Enum):
    FULL = "full"
    NEW = "new"


@dataclass
class Window:
    start: date
    days: int = 7


class Options(TypedDict):
    mode: Mode
    limit: NotRequired[int]


class Column(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1)
    inner: list[Column] = []


class Report(pydantic.BaseModel):
    at: datetime
    cost: Decimal = Decimal("1.5")
    within: timedelta = timedelta(seconds=5)
    columns: list[Column] = []


def load(
    table: str,
    day: date | None = None,
    at: datetime | None = None,
    clock: time = time(6),
    every: timedelta = timedelta(minutes=5),
    mode: Mode = Mode.NEW,
    kind: Literal["a", 1] = "a",
    key: UUID | None = None,
    cost: Decimal = Decimal("0.1"),
    tables: list[str] | None = None,
    pair: tuple[int, str] = (1, "a"),
    window: Window | None = None,
    options: Options | None = None,
    report: Report | None = None,
    size: Annotated[int, pydantic.Field(ge=1, le=9)] = 1,
) -> None: ...


SCHEMA = parameter_schema(load)


def test_what_signatures_become_is_a_schema_that_is_taken():
    assert list_schema_faults(SCHEMA) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"day": "2026-03-01", "at": "2026-03-01T09:30:00Z", "clock": "09:30", "every": 90},
        {"at": "2026-03-01T09:30", "day": None},
        {"mode": "full", "kind": 1, "key": "01900000-0000-7000-8000-000000000001", "cost": "2.5"},
        {"cost": "-3"},
        {"cost": "1E+3"},
        {"tables": ["a"], "pair": [2, "b"], "size": 9},
        {"window": {"start": "2026-03-01"}, "options": {"mode": "new", "limit": 3}},
        {"report": {"at": "2026-03-01T09:30:00Z", "within": "PT90S", "cost": "1.25"}},
        {"report": {"at": "2026-03-01T09:30:00Z", "columns": [{"name": "x", "inner": []}]}},
    ],
)
def test_what_we_take_the_flow_can_read(given):
    parameters: dict[str, Any] = {"table": "orders"} | given

    assert find_parameter_faults(SCHEMA, parameters) == {}
    assert set(read_parameters(load, parameters)) == set(parameters)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"table": None}, "table"),
        ({"day": "tomorrow"}, "day"),
        ({"at": "noon"}, "at"),
        ({"clock": "25:00"}, "clock"),
        ({"every": "5m"}, "every"),
        ({"mode": "old"}, "mode"),
        ({"kind": "b"}, "kind"),
        ({"key": "7"}, "key"),
        ({"cost": "much"}, "cost"),
        ({"pair": [1]}, "pair"),
        ({"size": 10}, "size"),
        ({"window": {"days": 1}}, "window.start"),
        ({"window": {"start": "2026-03-01", "weeks": 1}}, "window.weeks"),
        ({"options": {"mode": "new", "limit": "x"}}, "options.limit"),
        ({"report": {"at": "2026-03-01T09:30:00Z", "within": "soon"}}, "report.within"),
        (
            {"report": {"at": "2026-03-01T09:30:00Z", "columns": [{"name": ""}]}},
            "report.columns.0.name",
        ),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_we_refuse_the_flow_could_not_read(given, field):
    parameters = {"table": "orders"} | given

    assert list(find_parameter_faults(SCHEMA, parameters)) == [f"parameters.{field}"]
    with pytest.raises(ParameterError):
        read_parameters(load, parameters)
