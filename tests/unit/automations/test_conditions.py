from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from apps.automations.conditions import (
    MAX_KEY_BYTES,
    Conditions,
    Index,
    find_field_fault,
    key_of,
    make_key,
    read_key,
    reader_of,
)


@dataclass
class Seen:
    name: str = "query.failed"
    resource_kind: str | None = "table"
    resource_namespace: str | None = None
    resource_name: str | None = "orders"
    related: list[dict[str, Any]] = field(default_factory=list)
    payload: dict[str, Any] = field(default_factory=dict)
    run_id: UUID | None = None
    task_run_id: UUID | None = None
    source: str = ""
    id: UUID = field(default_factory=uuid4)
    occurred_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)


def holds(matcher, **facts):
    return Conditions(matcher).hold(Seen(**facts))


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        (["query.failed"], "query.failed", True),
        (["query.failed"], "query.failed.twice", False),
        (["query.*"], "query.failed", True),
        (["query.*"], "query", False),
        (["*"], "anything", True),
        (["a", "query.failed"], "query.failed", True),
        (["query.*", "!query.test*"], "query.test1", False),
        (["query.*", "!query.test*"], "query.failed", True),
        (["!query.*"], "job.failed", True),
        (["!query.*"], "query.failed", False),
        (["!*"], "query.failed", False),
        (["!a", "!b"], "c", True),
        (["Query.*"], "query.failed", False),
    ],
)
def test_any_of_prefixes_and_exclusions(patterns, name, expected):
    assert holds({"name": patterns}, name=name) is expected


@pytest.mark.parametrize(
    ("payload", "path", "patterns", "expected"),
    [
        ({"n": 1}, "n", ["1"], True),
        ({"n": 1.0}, "n", ["1"], False),
        ({"n": 1.0}, "n", ["1.0"], True),
        ({"n": True}, "n", ["true"], True),
        ({"n": "true"}, "n", ["true"], True),
        ({"n": None}, "n", ["null"], True),
        ({"n": None}, "n", ["!null"], False),
        ({}, "n", ["!null"], True),
        ({}, "n", ["*"], False),
        ({"a": {"b": [{"c": "x"}]}}, "a.b.0.c", ["x"], True),
        ({"a": {"b": [{"c": "x"}]}}, "a.b.1.c", ["x"], False),
        ({"n": [1, 2]}, "n", ["2"], True),
        ({"n": [1, 2]}, "n", ["!2"], False),
        ({"n": {"x": 1}}, "n", ["*"], False),
    ],
)
def test_payloads_compare_by_their_text(payload, path, patterns, expected):
    assert holds({f"payload.{path}": patterns}, payload=payload) is expected


def test_related_resources_are_asked_by_role():
    related = [
        {"role": "source", "kind": "table", "name": "raw"},
        {"role": "sink", "kind": "table", "name": "clean", "namespace": "db"},
    ]

    assert holds({"related.source.name": ["raw"]}, related=related)
    assert not holds({"related.sink.name": ["raw"]}, related=related)
    assert holds({"related.sink.namespace": ["d*"]}, related=related)
    assert not holds({"related.sink.name": ["!clean"]}, related=related)


@pytest.mark.parametrize(
    "field",
    ["", "nome", "resource", "resource.colour", "related", "related.x", "payload", "payload.",
     "payload..x", "related.x.colour", "run"],
)  # fmt: skip
def test_fields_that_no_event_has(field):
    assert find_field_fault(field)


def test_an_event_without_a_field_of_the_key_counts_nowhere():
    readers = [reader_of("resource.name"), reader_of("payload.n")]

    assert key_of(Seen(payload={"n": 1}), readers) == '["orders","1"]'
    assert key_of(Seen(), readers) is None
    assert key_of(Seen(), []) == ""


def test_keys_are_bounded_and_still_told_apart():
    long, other = make_key(["ü" * 1_000]), make_key(["ü" * 999])

    assert len(long.encode()) <= MAX_KEY_BYTES
    assert long != other
    assert read_key(long) is None
    assert read_key(make_key(["a", 'b"'])) == ["a", 'b"']
    assert make_key(["a", "b"]) != make_key(["a,b"])


def test_the_index_finds_what_asking_each_rule_finds():
    rules = [
        ("exact", Conditions({"name": ["query.failed"]})),
        ("prefix", Conditions({"name": ["query.*"]})),
        ("other", Conditions({"name": ["job.*"]})),
        ("both", Conditions({"name": ["query.*"]}, {"resource.name": ["orders", "customers"]})),
        ("payload", Conditions({"payload.n": ["1"]})),
        ("not", Conditions({"name": ["!query.*"]})),
        ("kind", Conditions({"resource.kind": ["table"]})),
        ("twice", Conditions({"name": ["query.*"]}, {"name": ["!query.failed"]})),
    ]
    index = Index(rules)

    for event in (
        Seen(),
        Seen(name="job.done", payload={"n": 1}),
        Seen(name="query.ok", resource_name=None, resource_kind=None),
        Seen(payload={"n": [1, 1]}),
    ):
        expected = [name for name, conditions in rules if conditions.hold(event)]
        assert index.concerned(event) == expected
        assert index.concerned(event) == expected  # the remembered names too
