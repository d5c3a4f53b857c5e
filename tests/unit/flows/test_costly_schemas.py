"""Schemas and parameters that would hold the process: refused, or checked within a second."""

import json
import time

import pytest

from apps.flows.parameters import (
    MAX_SCHEMA_PARTS,
    find_parameter_faults,
    list_schema_faults,
    shared_steps,
)
from apps.flows.patterns import MAX_MATCHED_LENGTH, find_pattern_fault

IN_TIME = 5.0  # seconds of our own work on a slow machine; most took minutes, or for ever


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a?){24}a{24}$", "a" * 23 + "!"),
        ("^(a+()x?)+$", "a" * 200 + "!"),
        ("^(a{1,9}(x?)y?){1,99}$", "a" * 200 + "!"),
        ("^(a+(?:)b?)+$", "a" * 200 + "!"),
        ("^(a?(b?)c?){40}$", "a" * 200 + "!"),
        ("^" + "a?" * 60 + "a" * 60 + "$", "a" * 59 + "!"),
        ("^(([a-z])+.)+[A-Z]$", "a" * 200),
        ("(a|aa)+$", "a" * 200 + "!"),
        (r"(a+)\1*$", "a" * 200 + "!"),
        (r"^(?=(a+)+$)b", "a" * 200 + "!"),
        ("a{99999999999999}", "a"),
        ("(" * 101 + ")" * 99, "a"),
        ("a*a*a*b", "a" * 256),
    ],
)
def test_patterns_that_may_never_end_are_refused(pattern, text):
    assert find_pattern_fault(pattern)
    assert list_schema_faults({"properties": {"p": {"pattern": pattern}}})
    assert list_schema_faults({"patternProperties": {pattern: {}}})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}$", "a@b.c" * 50),
        (r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$", "2026-01-01T00:00:0"),
        (r"^s3://[^/]+/.+$", "s3:/" * 60),
        (r"^(dev|staging|prod)$", "x"),
        (r"^[a-z]([a-z0-9-]*[a-z0-9])?$", "a" * 250 + "!"),
        (r"[a-z_]+\.[a-z_]+", "a" * 256),
        (r"^(a|b)*$", "ab" * 120 + "!"),
        (r"^([0-9]{1,3}\.){3}[0-9]{1,3}$", "1.1.1."),
        (r"^" + "a?" * 20 + "a" * 20 + "$", "a" * 19 + "!"),
    ],
)
def test_usual_patterns_are_taken_and_tried_in_time(pattern, text):
    assert find_pattern_fault(pattern) is None
    begun = time.process_time()

    find_parameter_faults({"properties": {"p": {"pattern": pattern}}}, {"p": text})

    assert time.process_time() - begun < IN_TIME


def doubling(levels):
    steps = {"a0": {}}
    for level in range(1, levels + 1):
        again = {"$ref": f"#/$defs/a{level - 1}"}
        steps[f"a{level}"] = {"allOf": [again, again]}
    return {"$defs": steps, "$ref": f"#/$defs/a{levels}"}


def test_a_schema_that_doubles_itself_is_refused_in_time():
    begun = time.process_time()

    assert list_schema_faults(doubling(30))

    assert time.process_time() - begun < 3 * IN_TIME


@pytest.mark.parametrize(
    "round_and_round",
    [
        {"not": {"$ref": "#/properties/p"}},
        {"if": {"$ref": "#/properties/p"}, "then": {}},
        {"allOf": [{"$ref": "#/properties/p"}]},
        {"oneOf": [{}, {"$ref": "#/properties/p"}]},
        {"$ref": "#/properties/p"},
        {"unevaluatedProperties": False, "$ref": "#/properties/p"},
        {"unevaluatedItems": False, "$ref": "#/properties/p"},
        {"unevaluatedProperties": False, "allOf": [{"$ref": "#/properties/p"}]},
    ],
)
@pytest.mark.parametrize("value", [{"a": 1}, [1], "x"])
def test_what_leads_round_in_circles_is_told_and_not_a_bug(round_and_round, value):
    schema = {"properties": {"p": round_and_round}}

    assert find_parameter_faults(schema, {"p": value}) == {
        "parameters": ["Nested too deeply to be checked."]
    }
    whole = json.loads(json.dumps(round_and_round).replace("#/properties/p", "#"))
    assert list_schema_faults(whole) == ["The schema refers to itself without end."]


def test_a_long_chain_of_objects_is_checked_to_its_end():
    schema = {
        "$defs": {
            "Node": {
                "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/Node",
    }
    good, bad = None, {"nxt": None}
    for _ in range(38):
        good, bad = {"next": good}, {"next": bad}

    assert find_parameter_faults(schema, good) == {}
    assert len(find_parameter_faults(schema, bad)) == 1


def test_many_checks_share_the_steps_of_one():
    schema = {"properties": {"p": {"allOf": [{"minLength": 1}] * 100}}}

    with shared_steps(500):
        found = [find_parameter_faults(schema, {"p": "x"}) for _ in range(5)]

    assert found[0] == {}
    assert list(found[-1]) == ["parameters"]
    assert find_parameter_faults(schema, {"p": "x"}) == {}


@pytest.mark.parametrize(
    ("schema", "parameters"),
    [
        ({"properties": {"p": {"uniqueItems": True}}}, {"p": [{"a": i} for i in range(20_000)]}),
        (
            {"properties": {"p": {"items": {"enum": [str(i) for i in range(20_000)]}}}},
            {"p": ["x"] * 20_000},
        ),
        (
            {"patternProperties": {"^[a-z]+[a-z]+x$": {}}, "additionalProperties": False},
            {"a" * 100_000: 1},
        ),
    ],
)
def test_large_parameters_are_checked_in_time(schema, parameters):
    assert list_schema_faults(schema) == []
    begun = time.process_time()

    find_parameter_faults(schema, parameters)

    assert time.process_time() - begun < IN_TIME


def test_a_schema_of_too_many_parts_is_refused_in_time():
    def schema(parts):
        return {"properties": {str(number): {} for number in range(parts)}}

    began = time.monotonic()
    assert list_schema_faults(schema(200_000))
    assert list_schema_faults(schema(MAX_SCHEMA_PARTS - 2)) == []
    assert time.monotonic() - began < 2 * IN_TIME


def test_lists_of_odd_names_are_refused_in_time():
    begun = time.process_time()

    assert list_schema_faults({"required": [{"a": i} for i in range(20_000)]})

    assert time.process_time() - begun < IN_TIME


@pytest.mark.parametrize(
    ("members", "fits"),
    [
        ([1, 2], True),
        ([1, 1.0], False),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], False),
        ([True, 1], True),
        (["1", 1], True),
    ],
)
def test_members_are_unique_as_json_schema_means_it(members, fits):
    schema = {"properties": {"p": {"uniqueItems": True}}}

    assert (find_parameter_faults(schema, {"p": members}) == {}) is fits


def test_long_names_are_not_tried_on_patterns():
    schema = {"patternProperties": {"^x": {"type": "integer"}}}

    assert find_parameter_faults(schema, {"x" * MAX_MATCHED_LENGTH: 1}) == {}
    assert find_parameter_faults(schema, {"x" * (MAX_MATCHED_LENGTH + 1): 1})
