import time

import pytest

from apps.flows.parameters import (
    find_parameter_faults,
    find_storage_fault,
    list_schema_faults,
    merge_parameters,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "rows": {"type": "integer", "minimum": 1},
        "target": {
            "type": "object",
            "properties": {"table": {"type": "string", "pattern": "^[a-z_]+$"}},
            "required": ["table"],
        },
    },
    "required": ["day"],
    "additionalProperties": False,
}


def test_a_usual_schema_is_accepted_and_its_parameters_fit():
    assert list_schema_faults(SCHEMA) == []
    assert find_parameter_faults(SCHEMA, {"day": "2026-01-31", "target": {"table": "x"}}) == {}


def test_without_a_schema_everything_fits():
    assert list_schema_faults({}) == []
    assert find_parameter_faults({}, {"anything": [1, None]}) == {}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "parameters.day"),
        ({"day": "tomorrow"}, "parameters.day"),
        ({"day": "2026-01-31", "rows": 0}, "parameters.rows"),
        ({"day": "2026-01-31", "rows": "1"}, "parameters.rows"),
        ({"day": "2026-01-31", "rwos": 1}, "parameters.rwos"),
        ({"day": "2026-01-31", "target": {}}, "parameters.target.table"),
        ({"day": "2026-01-31", "target": {"table": "A"}}, "parameters.target.table"),
    ],
)
def test_a_fault_names_its_parameter(parameters, field):
    assert list(find_parameter_faults(SCHEMA, parameters)) == [field]


@pytest.mark.parametrize(
    ("schema", "good", "bad", "said"),
    [
        ({"format": "date"}, "2026-03-01", "1 March", "'1 March' is no date; e.g. 2026-03-01."),
        ({"format": "date-time"}, "2026-03-01T09:30", "soon", "'soon' is no date-time; e.g. "),
        ({"format": "date-time"}, "2026-03-01T09:30:00Z", "9:30", "'9:30' is no date-time; "),
        ({"format": "time"}, "09:30", "25:00", "'25:00' is no time; e.g. 09:30."),
        ({"format": "duration"}, "P1DT2H", "P", "'P' is no duration; e.g. PT90S."),
        ({"format": "duration"}, "PT0.5S", "5 min", "'5 min' is no duration; e.g. PT90S."),
        ({"format": "uuid"}, "01900000-0000-7000-8000-000000000001", "7", "'7' is no uuid; e.g. "),
    ],
)
def test_formats_are_held_to(schema, good, bad, said):
    schema = {"properties": {"x": schema | {"type": "string"}}}

    assert list_schema_faults(schema) == []
    assert find_parameter_faults(schema, {"x": good}) == {}
    (message,) = find_parameter_faults(schema, {"x": bad})["parameters.x"]
    assert message.startswith(said)


@pytest.mark.parametrize(
    ("choices", "value", "faults"),
    [
        (
            [{"type": "integer", "minimum": 1}, {"type": "null"}],
            0,
            {"parameters.x": ["0 is less than the minimum of 1"]},
        ),
        (
            [{"type": "null"}, {"type": "object", "required": ["a"]}],
            {},
            {"parameters.x.a": ["This parameter is required."]},
        ),
        (
            [{"type": "object", "properties": {"a": {"type": "integer"}}}, {"type": "string"}],
            {"a": "x"},
            {"parameters.x.a": ["'x' is not of type 'integer'"]},
        ),
        (
            [{"type": "integer"}, {"type": "string"}, {"type": "null"}],
            [],
            {"parameters.x": ["Fits none of: integer, string, null."]},
        ),
    ],
)
@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_of_several_choices_the_fault_of_the_one_that_was_meant_is_told(
    keyword, choices, value, faults
):
    schema = {"properties": {"x": {keyword: choices}}}

    assert find_parameter_faults(schema, {"x": value}) == faults


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"properties": {"a": {"type": "integr"}}},
        {"properties": {"a": {"minimum": "1"}}},
        {"properties": {"a": {"pattern": "["}}},
        {"$ref": "#"},
        {"$ref": "#/$defs/nowhere"},
        {"properties": {"a": {"$ref": "http://127.0.0.1:1/schema.json"}}},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema):
    assert list_schema_faults(schema)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "((a+))+$", "(.*a){20}", r"(a)\1", "a" * 999]
)
def test_a_pattern_that_could_run_for_ever_is_refused(pattern):
    assert list_schema_faults({"properties": {"a": {"type": "string", "pattern": pattern}}})


def test_the_worst_pattern_that_passes_ends_soon():
    schema = {"properties": {"a": {"pattern": "^a*a*a*b$"}}}
    assert list_schema_faults(schema) == []
    started = time.process_time()

    assert find_parameter_faults(schema, {"a": "a" * 256})
    assert find_parameter_faults(schema, {"a": "a" * 100_000})
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    "pattern", ["^[a-z_]+$", r"^\d{4}-\d{2}$", "^(dev|prod)$", "^v?[0-9]+(rc[0-9]+)?$"]
)
def test_usual_patterns_pass(pattern):
    assert list_schema_faults({"properties": {"a": {"type": "string", "pattern": pattern}}}) == []


def test_later_layers_win_name_by_name():
    merged = merge_parameters({"a": 1, "b": {"x": 1}}, {"b": {"y": 2}}, {"c": 3})

    assert merged == {"a": 1, "b": {"y": 2}, "c": 3}


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", ["a\x00b", {"a\x00": 1}, {"a": ["\x00"]}, nested(100)])
def test_what_the_database_cannot_hold_is_named(value):
    assert find_storage_fault(value)


def test_what_the_database_can_hold_passes():
    assert find_storage_fault({"a": [1, None, {"b": "text"}], "c": nested(10)}) is None
