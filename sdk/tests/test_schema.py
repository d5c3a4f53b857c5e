"""Signatures as JSON Schema and back: models, aliases, recursion, docstrings, defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, NotRequired, TypedDict
from uuid import UUID

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from headway._approvals import form_schema, read_values
from headway._errors import ParameterError
from headway._json import encode, snapshot_parameters
from headway._schema import parameter_schema, schema_of
from headway._values import read_parameters, read_value

if TYPE_CHECKING:
    from nowhere import Frame  # type: ignore[import-not-found]

Table = NewType("Table", str)


class Mode(Enum):
    FULL = "full"
    NEW = "new"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Node:
    name: str
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Window:
    """
    When.

    Attributes:
        start: The first day.
        days: How many of them.
    """

    start: date
    days: int = 7

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ValueError("at least one day")


class Options(TypedDict):
    window: Window
    mode: NotRequired[Mode]


class Column(pydantic.BaseModel):
    name: str
    width: int = pydantic.Field(default=1, ge=1, description="in characters")


class Report(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    day: date
    columns: list[Column] = []
    cost: Decimal = Decimal("1.5")
    within: timedelta = timedelta(seconds=5)
    mode: Mode = Mode.NEW
    only: Column | None = None


class Branch(pydantic.BaseModel):
    leaves: list[Branch] = []


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


class Owner(pydantic.BaseModel):
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (Table, {"type": "string"}),
        (Level, {"enum": [1, 2]}),
        (Literal[Mode.FULL], {"enum": ["full"]}),
        (Sequence[int], {"type": "array", "items": {"type": "integer"}}),
        (Set[int], {"type": "array", "uniqueItems": True, "items": {"type": "integer"}}),
        (Mapping[str, Any], {"type": "object", "additionalProperties": {}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            Annotated[int, pydantic.Field(ge=1, lt=9, description="how many")],
            {"type": "integer", "minimum": 1, "exclusiveMaximum": 9, "description": "how many"},
        ),
        (
            Annotated[list[str], pydantic.Field(min_length=1, max_length=3)],
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
        ),
        (
            Annotated[str, pydantic.Field(pattern="^[a-z]+$", max_length=3)],
            {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
        ),
        (
            Options,
            {
                "type": "object",
                "properties": {
                    "window": {
                        "type": "object",
                        "properties": {
                            "start": {
                                "type": "string",
                                "format": "date",
                                "description": "The first day.",
                            },
                            "days": {
                                "type": "integer",
                                "default": 7,
                                "description": "How many of them.",
                            },
                        },
                        "additionalProperties": False,
                        "required": ["start"],
                    },
                    "mode": {"enum": ["full", "new"]},
                },
                "additionalProperties": False,
                "required": ["window"],
            },
        ),
        (
            Node,
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                },
                "additionalProperties": False,
                "required": ["name"],
                "$defs": {
                    "Node": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                        },
                        "additionalProperties": False,
                        "required": ["name"],
                    }
                },
            },
        ),
    ],
)
def test_annotations_become_json_schema(annotation: Any, schema: dict[str, Any]) -> None:
    assert schema_of(annotation) == schema
    Draft202012Validator.check_schema(schema)


def test_models_become_json_schema_with_what_they_name_in_its_place() -> None:
    schema = schema_of(list[Report])["items"]

    assert schema["properties"]["columns"]["items"]["properties"]["width"] == {
        "default": 1,
        "description": "in characters",
        "minimum": 1,
        "title": "Width",
        "type": "integer",
    }
    assert schema["properties"]["only"]["anyOf"][0]["required"] == ["name"]
    assert schema["properties"]["mode"]["enum"] == ["full", "new"]
    assert schema["additionalProperties"] is False
    assert "$ref" not in encode(schema)
    assert "discriminator" not in encode(schema_of(Owner))


def test_models_that_hold_themselves_are_named() -> None:
    def plant(branch: Branch, other: Branch | None = None) -> None: ...

    schema = parameter_schema(plant)

    Draft202012Validator.check_schema(schema)
    checked = Draft202012Validator(schema)
    assert checked.is_valid({"branch": {"leaves": [{"leaves": [{}]}]}, "other": None})
    assert not checked.is_valid({"branch": {"leaves": [{"leaves": 1}]}})
    assert read_parameters(plant, {"branch": {"leaves": [{}]}})["branch"] == Branch(
        leaves=[Branch()]
    )


@pytest.mark.parametrize(
    ("annotation", "value", "read"),
    [
        (Table, "orders", "orders"),
        (Level, 2, Level.HIGH),
        (Literal[Mode.FULL], "full", Mode.FULL),
        (Set[int], [1, 2], {1, 2}),
        (Sequence[date], ["2026-03-01"], [date(2026, 3, 1)]),
        (date | Literal["today"], "today", "today"),
        (Options, {"window": {"start": "2026-03-01"}}, {"window": Window(date(2026, 3, 1))}),
        (Node, {"name": "a", "children": [{"name": "b"}]}, Node("a", [Node("b")])),
        (
            Report,
            {"day": "2026-03-01", "columns": [{"name": "x"}], "cost": "2.5", "mode": "full"},
            Report(
                day=date(2026, 3, 1),
                columns=[Column(name="x")],
                cost=Decimal("2.5"),
                mode=Mode.FULL,
            ),
        ),
        (
            dict[str, Column | None],
            {"a": {"name": "x"}, "b": None},
            {"a": Column(name="x"), "b": None},
        ),
        (Owner, {"pet": {"kind": "dog"}}, Owner(pet=Dog(kind="dog"))),
    ],
)
def test_json_is_read_as_the_annotation_asks(annotation: Any, value: Any, read: Any) -> None:
    assert read_value(annotation, value, where="x") == read
    assert Draft202012Validator(schema_of(annotation)).is_valid(value)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (Level, True, "x: expected one of [1, 2], not True"),
        (Options, {}, "x.window is missing."),
        (Options, {"window": {"start": "soon"}}, "x.window.start: expected a date"),
        (Options, {"window": {"start": "2026-03-01"}, "y": 1}, "x: unknown field 'y'."),
        (Window, {"start": "2026-03-01", "days": 0}, "x: at least one day."),
        (Window, {"days": 1}, "x.start is missing."),
        (
            Report,
            {"columns": [{"name": "x", "width": 0}]},
            "x.day: Field required; x.columns.0.width: Input should be greater than or equal to 1.",
        ),
        (Annotated[int, pydantic.Field(ge=1)], 0, "x: expected at least 1, not 0."),
        (Annotated[str, pydantic.Field(max_length=2)], "abc", "x: expected at most 2 of them."),
        (Annotated[str, pydantic.Field(pattern="^a")], "b", "x: 'b' does not match '^a'."),
    ],
)
def test_json_that_does_not_fit_is_refused_by_place(
    annotation: Any, value: Any, message: str
) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        read_value(annotation, value, where="x")


def test_docstrings_describe_parameters() -> None:
    def google(table: str, days: int = 7, *rest: int) -> None:
        """
        Load a table.

        Args:
            table (str): Which one: by
                its name.
            days: How many.
            *rest: More.

        Returns:
            days: nothing
        """

    def numpy(table: str, days: int = 7) -> None:
        """
        Load a table.

        Parameters
        ----------
        table : str
            Which one: by
            its name.
        days : int, optional
            How many.

        Returns
        -------
        None
        """

    def sphinx(table: str, days: int = 7) -> None:
        """
        Load a table.

        :param str table: Which one: by
            its name.
        :param days: How many.
        :returns: nothing
        """

    for fn in (google, numpy, sphinx):
        properties = parameter_schema(fn)["properties"]
        assert properties == {
            "table": {"type": "string", "description": "Which one: by its name."},
            "days": {"type": "integer", "description": "How many.", "default": 7},
        }


def test_what_only_a_type_checker_knows_leaves_the_others_their_types() -> None:
    def load(frame: Frame, days: int) -> None: ...

    assert parameter_schema(load)["properties"] == {"frame": {}, "days": {"type": "integer"}}
    assert read_parameters(load, {"frame": [1], "days": 2.0}) == {"frame": [1], "days": 2}


def test_a_default_of_none_lets_none_in() -> None:
    def load(days: int = None, table: Table = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013

    schema = parameter_schema(load)["properties"]["days"]

    assert schema == {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    assert read_parameters(load, {"days": None, "table": None}) == {"days": None, "table": None}


class Unsayable:
    pass


@pytest.mark.parametrize(
    ("default", "said"),
    [
        (Mode.NEW, "new"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 9, tzinfo=UTC), "2026-03-01T09:00:00.000000Z"),
        (datetime(2026, 3, 1, 9), "2026-03-01T09:00:00"),  # noqa: DTZ001  as people write them
        (time(9, 30), "09:30:00"),
        (timedelta(minutes=1), 60.0),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("a/b"), "a/b"),
        (("a", Mode.FULL), ["a", "full"]),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        ({"at": date(2026, 3, 1)}, {"at": "2026-03-01"}),
        (Window(date(2026, 3, 1)), {"start": "2026-03-01", "days": 7}),
        (Column(name="x"), {"name": "x", "width": 1}),
        ([Column(name="x")], [{"name": "x", "width": 1}]),
    ],
)
def test_defaults_are_told_as_json_that_is_read_as_the_same(default: Any, said: Any) -> None:
    def load(given: Any = default) -> None: ...

    assert parameter_schema(load)["properties"]["given"] == {"default": said}
    if not isinstance(default, list | tuple | dict | set):
        assert read_value(type(default), said, where="x") == default


@pytest.mark.parametrize("default", [Unsayable(), [Unsayable()], {1: 2}, float("nan"), print])
def test_a_default_that_json_cannot_say_stays_out(default: Any) -> None:
    def load(given: Any = default) -> None: ...

    assert parameter_schema(load) == {
        "type": "object",
        "properties": {"given": {}},
        "additionalProperties": False,
    }


annotations = st.recursive(
    st.sampled_from([int, float, bool, str, date, Mode, Window, Column, None, Literal["a", 1]]),
    lambda inner: st.one_of(
        inner.map(lambda each: list[each]),  # type: ignore[valid-type]
        inner.map(lambda each: dict[str, each]),  # type: ignore[valid-type]
        inner.map(lambda each: each | None if each is not None else int | None),
        st.tuples(inner, inner).map(lambda each: tuple[each]),  # type: ignore[valid-type]
    ),
    max_leaves=5,
)


@given(annotations)
def test_whatever_is_annotated_makes_a_schema(annotation: Any) -> None:
    Draft202012Validator.check_schema(schema_of(annotation))


@pytest.mark.parametrize("form", [Report, Window, Options])
def test_forms_of_approvals_may_be_of_any_such_type(form: Callable[..., Any]) -> None:
    filled: dict[Any, dict[str, Any]] = {
        Report: {"day": "2026-03-01", "columns": [{"name": "x"}]},
        Window: {"start": "2026-03-01"},
        Options: {"window": {"start": "2026-03-01"}, "mode": "new"},
    }

    schema = form_schema(form)
    values = read_values(form, filled[form])

    assert schema["type"] == "object"
    assert Draft202012Validator(schema).is_valid(filled[form])
    assert (
        values
        == {
            Report: Report(day=date(2026, 3, 1), columns=[Column(name="x")]),
            Window: Window(date(2026, 3, 1)),
            Options: {"window": Window(date(2026, 3, 1)), "mode": Mode.NEW},
        }[form]
    )


def test_what_is_no_object_is_no_form() -> None:
    class Names(pydantic.RootModel[list[str]]):
        pass

    for form in (Names, list[str], 3):
        with pytest.raises(TypeError, match="A form is"):
            form_schema(form)


def test_models_are_recorded_as_what_they_hold() -> None:
    assert snapshot_parameters({"column": Column(name="x", width=2)}) == {
        "column": {"name": "x", "width": 2}
    }
