"""Storing batches: what is kept, what is a duplicate, what is refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from msgspec import Raw

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import limits, services, store
from apps.telemetry.enums import Consumer
from apps.telemetry.items import (
    NewEvent,
    NewLogLine,
    NewPoint,
    Relation,
    Resource,
    TelemetryBatch,
    Transition,
)
from apps.telemetry.models import (
    Event,
    LogLine,
    MetricPoint,
    MetricSeries,
    PendingBatch,
    RunTransition,
    UnscopedReadError,
)

NOW = utc_now()


def event(**changes):
    return NewEvent(**{"name": "query.finished", "occurred_at": NOW, "id": uuid7()} | changes)


def line(**changes):
    return NewLogLine(
        **{"occurred_at": NOW, "level": "INFO", "message": "hello", "id": uuid7()} | changes
    )


def point(**changes):
    return NewPoint(**{"name": "rows", "occurred_at": NOW, "value": 1.0, "id": uuid7()} | changes)


def put(workspace, **lists):
    return services.store_batch(workspace_id=workspace.id, batch=TelemetryBatch(**lists), now=NOW)


def test_the_store_is_the_one_named(each_store, db):
    assert store.current().name == each_store


def test_store_batch_keeps_every_field_of_an_event(in_workspace):
    run_id, task_run_id, follows = uuid7(), uuid7(), uuid7()
    sent = event(
        resource=Resource(kind="table", name="flights", namespace="warehouse"),
        related=[Relation(role="reader", kind="user", name="ana")],
        payload=Raw(b'{"rows": 3, "nested": {"a": [1, 2.5, null]}}'),
        run_id=run_id,
        task_run_id=task_run_id,
        follows=follows,
        source="sdk",
    )

    outcome = put(in_workspace, events=[sent])

    assert (outcome.accepted, outcome.duplicates, outcome.rejected) == (1, 0, [])
    kept = Event.objects.for_workspace(in_workspace.id).get()
    assert kept.id == sent.id
    assert kept.occurred_at == NOW
    assert (kept.resource_kind, kept.resource_name) == ("table", "flights")
    assert kept.resource_namespace == "warehouse"
    assert kept.related == [{"role": "reader", "kind": "user", "name": "ana"}]
    assert kept.payload == {"rows": 3, "nested": {"a": [1, 2.5, None]}}
    assert (kept.run_id, kept.task_run_id, kept.follows) == (run_id, task_run_id, follows)
    assert kept.source == "sdk"


@pytest.mark.parametrize("size", [1, 200])
def test_a_repeated_batch_changes_nothing(in_workspace, size):
    lists = {
        "events": [event() for _ in range(size)],
        "logs": [line() for _ in range(size)],
        "points": [point() for _ in range(size)],
    }
    put(in_workspace, **lists)

    outcome = put(in_workspace, **lists)

    assert (outcome.accepted, outcome.duplicates) == (0, 3 * size)
    for model in (Event, LogLine, MetricPoint):
        assert model.objects.for_workspace(in_workspace.id).count() == size
    for consumer in (Consumer.ROLLUP, Consumer.LINEAGE):
        assert PendingBatch.objects.for_consumer(consumer).count() == 1


@pytest.mark.parametrize("size", [1, 200])
def test_a_batch_that_is_partly_there_adds_the_rest(in_workspace, size):
    known = [event() for _ in range(size)]
    put(in_workspace, events=known)

    outcome = put(in_workspace, events=[*known, event(name="new.one")])

    assert (outcome.accepted, outcome.duplicates) == (1, size)
    assert Event.objects.for_workspace(in_workspace.id).filter(name="new.one").count() == 1


CHANGES = [
    ("events", event, {"name": "other"}, "name"),
    ("events", event, {"payload": Raw(b'{"a": 2}')}, "payload"),
    ("events", event, {"resource": Resource(kind="table", name="t")}, "resource"),
    ("events", event, {"related": [Relation(role="reads", kind="table", name="t")]}, "related"),
    ("events", event, {"run_id": uuid7()}, "run_id"),
    ("logs", line, {"message": "goodbye"}, "message"),
    ("logs", line, {"level": "ERROR"}, "level"),
    ("points", point, {"value": 2.0}, "value"),
]


@pytest.mark.parametrize("others", [0, 100], ids=["few", "staged"])
@pytest.mark.parametrize(
    ("kind", "make", "changes", "field"),
    CHANGES,
    ids=[f"{kind} {field}" for kind, _, _, field in CHANGES],
)
def test_a_duplicate_that_says_something_else_is_told(
    in_workspace, kind, make, changes, field, others
):
    first = [make() for _ in range(3 + others)]
    put(in_workspace, **{kind: first})
    again = list(first)
    again[1] = make(**{"id": first[1].id} | changes)

    outcome = put(in_workspace, **{kind: [make(), *again]})

    assert (outcome.accepted, outcome.duplicates, outcome.rejected) == (1, 3 + others, [])
    (told,) = outcome.differing
    assert (told.kind, told.index, told.code, told.field) == (kind, 2, "duplicate_differs", field)
    assert told.retryable is False


@pytest.mark.parametrize("others", [0, 100], ids=["few", "staged"])
def test_of_two_items_of_one_id_the_first_stays_and_the_second_is_told(in_workspace, others):
    refused = event(occurred_at=NOW - timedelta(days=99))
    twins = [event(id=refused.id, name="first"), event(id=refused.id, name="second")]

    outcome = put(
        in_workspace, events=[refused, *twins, *[event() for _ in range(others)], twins[0]]
    )
    outcome = put(in_workspace, events=[refused, *twins, *[event() for _ in range(others)]])

    assert [(told.index, told.field) for told in outcome.differing] == [(2, "name")]
    kept = Event.objects.for_workspace(in_workspace.id).filter(id=refused.id)
    assert [each.name for each in kept] == ["first"]


@pytest.mark.parametrize("size", [1, 200])
def test_what_comes_again_the_same_but_later_differs_in_nothing(in_workspace, size):
    lists = {
        "events": [event(payload=Raw(b'{"a": 1.50, "b": "\\u00e9"}')) for _ in range(size)],
        "logs": [line() for _ in range(size)],
        "points": [point(value=0.1) for _ in range(size)],
    }
    put(in_workspace, **lists)

    outcome = services.store_batch(
        workspace_id=in_workspace.id,
        batch=TelemetryBatch(**lists),
        now=NOW + timedelta(minutes=5),
    )

    assert (outcome.duplicates, outcome.differing) == (3 * size, [])


@pytest.mark.parametrize("size", [1, 200])
def test_a_batch_of_new_rows_is_compared_with_nothing(
    in_workspace, size, django_assert_max_num_queries
):
    put(in_workspace, events=[event()])

    with django_assert_max_num_queries(10) as asked:
        put(in_workspace, events=[event() for _ in range(size)])

    assert not any("IS DISTINCT FROM" in query["sql"] for query in asked)


@pytest.mark.parametrize("size", [1, 200])
def test_one_id_twice_in_a_batch_is_one_row(in_workspace, size):
    twin = event()

    outcome = put(in_workspace, events=[twin, *[event() for _ in range(size)], twin])

    assert (outcome.accepted, outcome.duplicates) == (size + 1, 1)


def test_items_without_id_may_be_sent_again(in_workspace):
    lists = {
        "events": [event(id=None), event(id=None, name="other")],
        "logs": [line(id=None), line(id=None)],  # the same words at the same time, twice
        "points": [point(id=None)],
    }
    first = put(in_workspace, **lists)

    again = put(in_workspace, **lists)

    assert (first.accepted, again.accepted, again.duplicates) == (5, 0, 5)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"occurred_at": NOW - timedelta(days=31)}, "too_old", "occurred_at"),
        ({"occurred_at": NOW + timedelta(minutes=11)}, "in_future", "occurred_at"),
        ({"payload": Raw(b'{"a":"' + b"x" * 65_536 + b'"}')}, "too_large", "payload"),
        ({"payload": Raw(b"[1]")}, "invalid_item", "payload"),
        ({"payload": Raw(b'{"a":' * 200 + b"1" + b"}" * 200)}, "invalid_item", "payload"),
        ({"payload": Raw(b'{"a":1e999999}')}, "invalid_item", "payload"),
        ({"name": "a\x00b"}, "invalid_item", "name"),
    ],
)
def test_a_bad_event_is_refused_by_index_and_the_rest_is_kept(in_workspace, changes, code, field):
    outcome = put(in_workspace, events=[event(), event(**changes), event()])

    assert outcome.accepted == 2
    [refusal] = outcome.rejected
    assert (refusal.kind, refusal.index, refusal.code, refusal.field) == ("events", 1, code, field)
    assert Event.objects.for_workspace(in_workspace.id).count() == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_point_that_is_no_number_is_refused(in_workspace, value):
    outcome = put(in_workspace, points=[point(value=value), point()])

    assert outcome.accepted == 1
    assert [(r.kind, r.index, r.code) for r in outcome.rejected] == [("points", 0, "invalid_item")]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'{"a": "x\u0000y"}', {"a": "x\ufffdy"}),
        (rb'{"a\u0000": [1e300, -1e-300]}', {"a\ufffd": ["1e+300", "-1e-300"]}),
        (rb'{"a": "\\u0000"}', {"a": r"\u0000"}),
        (b"{}", {}),
    ],
)
def test_payloads_that_jsonb_would_refuse_are_cleaned(in_workspace, sent, kept):
    put(in_workspace, events=[event(payload=Raw(sent))])

    assert Event.objects.for_workspace(in_workspace.id).get().payload == kept


def test_log_messages_are_cut_and_cleaned(in_workspace):
    put(in_workspace, logs=[line(message="a\x00" + "x" * 70_000)])

    message = LogLine.objects.for_workspace(in_workspace.id).get().message
    assert message.startswith("a\ufffdxx")
    assert message.endswith("… [cut: 4466 more characters]")


def test_items_days_ago_find_room(in_workspace):
    old = NOW - timedelta(days=25)

    outcome = put(
        in_workspace,
        events=[event(occurred_at=old), event()],
        logs=[line(occurred_at=old)],
        points=[point(occurred_at=old)],
    )

    assert outcome.accepted == 4


def test_points_of_one_name_and_labels_are_one_series(in_workspace):
    put(
        in_workspace,
        points=[
            point(labels={"a": "1", "b": "2"}, unit="rows"),
            point(labels={"b": "2", "a": "1"}),
            point(labels={"a": "1"}),
            point(),
        ],
    )

    assert sorted(MetricSeries.objects.values_list("labels", flat=True), key=len) == [
        {},
        {"a": "1"},
        {"a": "1", "b": "2"},
    ]
    assert set(MetricSeries.objects.values_list("unit", flat=True)) == {"rows", ""}


def test_a_workspace_has_a_limited_number_of_series(in_workspace, monkeypatch):
    monkeypatch.setattr(limits, "SERIES_PER_WORKSPACE", 3)
    put(in_workspace, points=[point(labels={"n": "0"})])

    outcome = put(in_workspace, points=[point(labels={"n": str(n)}) for n in range(5)])

    assert outcome.accepted == 3
    assert {refusal.code for refusal in outcome.rejected} == {"too_many_series"}
    assert len(outcome.rejected) == 2
    assert MetricSeries.objects.count() == 3
    assert MetricPoint.objects.for_workspace(in_workspace.id).count() == 4


def test_series_that_are_silent_make_room_for_new_ones(in_workspace, monkeypatch):
    """Pods that are gone, say."""
    monkeypatch.setattr(limits, "SERIES_PER_WORKSPACE", 3)
    put(in_workspace, points=[point(labels={"pod": str(n)}) for n in range(3)])
    long_ago = NOW - timedelta(days=2)
    MetricSeries.objects.exclude(labels={"pod": "0"}).update(created_at=long_ago, last_at=long_ago)
    MetricSeries.objects.filter(labels={"pod": "0"}).update(created_at=long_ago, last_at=NOW)

    outcome = put(in_workspace, points=[point(labels={"pod": str(n)}) for n in range(3, 6)])

    assert (outcome.accepted, len(outcome.rejected)) == (2, 1)
    assert MetricSeries.objects.count() == 5


def test_the_same_ids_in_two_workspaces_are_two_rows(in_workspace, rival_workspace):
    sent = event()
    put(in_workspace, events=[sent])
    from apps.tenancy.isolation import workspace_scope

    with workspace_scope(rival_workspace.id):
        outcome = put(rival_workspace, events=[sent])

    assert outcome.accepted == 1
    assert Event.objects.for_workspace(in_workspace.id).count() == 1
    assert Event.objects.for_workspace(rival_workspace.id).count() == 1


def test_time_series_cannot_be_read_without_a_workspace(db):
    for model in (Event, LogLine, MetricPoint, RunTransition):
        with pytest.raises(UnscopedReadError):
            model.objects.all()
        with pytest.raises(UnscopedReadError):
            model.objects.filter(id=uuid7())


@pytest.mark.parametrize("table", ["event", "log_line", "metric_point", "run_transition"])
def test_requests_may_only_append(in_workspace, table):
    for statement in (f"DELETE FROM telemetry_{table}", f"UPDATE telemetry_{table} SET id = id"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_requests_may_not_drop_parts(in_workspace):
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT telemetry_drop_before('telemetry_event', now())")


def test_transitions_are_kept_once_and_in_order(in_workspace):
    run_id, task_run_id = uuid7(), uuid7()
    reported = [
        Transition(
            run_id=run_id,
            state=state,
            occurred_at=NOW + timedelta(milliseconds=step),
            epoch=1,
            message=state.title(),
        )
        for step, state in enumerate(["PENDING", "RUNNING", "COMPLETED"])
    ]
    reported.append(
        Transition(
            run_id=run_id, task_run_id=task_run_id, state="RUNNING", occurred_at=NOW, epoch=1
        )
    )

    first = services.record_transitions(workspace_id=in_workspace.id, transitions=reported)
    again = services.record_transitions(workspace_id=in_workspace.id, transitions=reported)

    assert (first, again) == (4, 0)
    own = RunTransition.objects.for_workspace(in_workspace.id).filter(
        run_id=run_id, task_run_id=UUID(int=0)
    )
    assert [row.state for row in own.order_by("id")] == ["PENDING", "RUNNING", "COMPLETED"]


def test_a_transition_by_a_mad_clock_is_kept(in_workspace):
    at = NOW + timedelta(days=400_000)
    sent = Transition(run_id=uuid7(), state="RUNNING", occurred_at=at, epoch=1)

    assert services.record_transitions(workspace_id=in_workspace.id, transitions=[sent]) == 1

    assert RunTransition.objects.for_workspace(in_workspace.id).get().occurred_at == at


def test_emit_stores_events_of_our_own(in_workspace):
    stored = services.emit(
        workspace_id=in_workspace.id, events=[event(name="headway.run.completed")], now=NOW
    )

    assert stored == 1
    kept = Event.objects.for_workspace(in_workspace.id).get()
    assert kept.name == "headway.run.completed"
