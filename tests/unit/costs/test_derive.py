"""What events say of use: conventions old and new, and what nobody sends by mistake."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from apps.costs.derive import used_by


def told(name, payload, *, namespace=None, related=()):
    event = SimpleNamespace(
        name=name, payload=payload, resource_namespace=namespace, related=list(related)
    )
    return {(subject, unit.value): quantity for _, subject, unit, quantity in used_by(event)}


def call(**attributes):
    return told(
        "llm.called",
        {"attributes": {name.replace("__", "."): value for name, value in attributes.items()}},
    )


def test_cached_tokens_and_those_of_reasoning_are_parts_and_not_added_again():
    found = call(
        gen_ai__response__model="m-1",
        gen_ai__request__model="m",
        gen_ai__usage__input_tokens=1_000,
        gen_ai__usage__output_tokens=300,
        **{
            "gen_ai.usage.cache_read.input_tokens": 600,
            "gen_ai.usage.cache_creation.input_tokens": 100,
            "gen_ai.usage.reasoning.output_tokens": 250,
        },
    )

    assert found == {
        ("m-1", "input_tokens"): 300,
        ("m-1", "cache_read_tokens"): 600,
        ("m-1", "cache_creation_tokens"): 100,
        ("m-1", "output_tokens"): 50,
        ("m-1", "reasoning_tokens"): 250,
    }


@pytest.mark.parametrize(
    ("operation", "kind", "counts"),
    [
        pytest.param("chat", "internal", True, id="a call"),
        pytest.param("chat", "client", True, id="a call elsewhere"),
        pytest.param("invoke_agent", "internal", False, id="an agent here"),
        pytest.param("invoke_workflow", "internal", False, id="a workflow"),
        pytest.param("invoke_agent", "client", True, id="an agent elsewhere"),
        pytest.param(["invoke_agent"], "internal", True, id="a list"),
        pytest.param(None, "internal", True, id="older senders"),
    ],
)
def test_what_an_agent_sums_up_of_its_calls_is_not_counted_again(operation, kind, counts):
    attributes = {"gen_ai.response.model": "m", "gen_ai.usage.input_tokens": 10}
    if operation is not None:
        attributes["gen_ai.operation.name"] = operation

    found = told("llm.called", {"kind": kind, "attributes": attributes})

    assert found == ({("m", "input_tokens"): 10} if counts else {})


def test_older_names_and_the_model_that_was_asked_for():
    found = call(
        gen_ai__request__model="m",
        gen_ai__usage__prompt_tokens=10,
        gen_ai__usage__completion_tokens=5,
        gen_ai__usage__cache_read_input_tokens=4,
    )

    assert found == {
        ("m", "input_tokens"): 6,
        ("m", "cache_read_tokens"): 4,
        ("m", "output_tokens"): 5,
    }


def test_cached_tokens_beyond_all_were_not_counted_among_them():
    found = call(gen_ai__usage__input_tokens=10, **{"gen_ai.usage.cache_read.input_tokens": 600})

    assert found == {("unknown", "input_tokens"): 10, ("unknown", "cache_read_tokens"): 600}


def test_events_by_hand_say_it_without_attributes():
    payload = {"model": "m", "input_tokens": 3, "output_tokens": 2}

    assert told("llm.called", payload) == {("m", "input_tokens"): 3, ("m", "output_tokens"): 2}


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"bytes_processed": 100, "bytes_billed": 1_000}, {"bytes": 1_000}),
        ({"bytes_processed": 100, "bytes_billed": 0}, {}),
        ({"bytes_processed": 100}, {"bytes": 100}),
        ({"credits": 0.1}, {"credits": Decimal("0.1")}),
        ({"text": "select 1"}, {}),
    ],
    ids=["billed", "free", "processed", "credits", "says nothing"],
)
def test_statements(payload, found):
    told_of = told("query.executed", payload, namespace="bigquery")

    assert told_of == {("bigquery", unit): quantity for unit, quantity in found.items()}


def test_the_warehouse_by_name_else_what_the_statement_ran_on():
    on = [{"role": "on", "kind": "database", "namespace": "snowflake://acme", "name": "shop"}]

    assert told("query.executed", {"credits": 1, "warehouse": "XL"}, related=on) == {
        ("XL", "credits"): 1
    }
    assert told("query.executed", {"credits": 1}, related=on) == {
        ("snowflake://acme", "credits"): 1
    }


def test_a_managed_task_tells_its_seconds():
    payload = {"vcpu_seconds": 3, "gb_seconds": 5, "managed_seconds": 10}

    assert told("headway.compute.stopped", payload) == {
        ("managed", "vcpu_seconds"): 3,
        ("managed", "gb_seconds"): 5,
    }


@pytest.mark.parametrize(
    "value",
    [True, -1, 10**18, float("nan"), float("inf"), -0.5, "12", None, [1], {"a": 1}],
    ids=["true", "below", "huge", "nan", "inf", "negative", "text", "null", "list", "object"],
)
def test_what_is_no_count_is_not_counted(value):
    assert call(gen_ai__usage__input_tokens=value) == {}
    assert told("query.executed", {"bytes_billed": value, "credits": value}) == {}


@pytest.mark.parametrize(
    ("attributes", "model"),
    [
        ({"gen_ai.response.model": "a\0b"}, "ab"),
        ({"gen_ai.response.model": "a\ud800"}, "a?"),
        ({"gen_ai.response.model": "x" * 5_000}, "x" * 200),
        ({"gen_ai.response.model": 7, "gen_ai.request.model": "m"}, "m"),
        ({"gen_ai.response.model": "  "}, "unknown"),
    ],
    ids=["nul", "surrogate", "long", "number", "blank"],
)
def test_names_that_no_model_has(attributes, model):
    found = told("llm.called", {"attributes": attributes | {"gen_ai.usage.input_tokens": 1}})

    assert found == {(model, "input_tokens"): 1}


def test_attributes_that_are_no_object():
    assert told("llm.called", {"attributes": [1], "input_tokens": 1}) == {
        ("unknown", "input_tokens"): 1
    }
