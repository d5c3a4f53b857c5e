"""What is too old goes; what is not stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import services as runs
from apps.telemetry import limits, services, store
from apps.telemetry.enums import StoredKind
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, TelemetryBatch, Transition
from apps.telemetry.models import (
    Event,
    LogLine,
    MetricPoint,
    MetricSeries,
    RunMetric,
    RunTransition,
)
from apps.telemetry.services import retention
from apps.telemetry.store import tables
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import WorkspaceLimits
from tests.isolation import as_worker

NOW = utc_now()
RAW = (Event, LogLine, MetricPoint, RunTransition)


def put(workspace, *ages_in_days):
    """One row of each kind for each age."""
    with workspace_scope(workspace.id):
        for days in ages_in_days:
            at = NOW - timedelta(days=days)
            run_id = uuid7(at)
            outcome = services.store_batch(
                workspace_id=workspace.id,
                batch=TelemetryBatch(
                    events=[NewEvent(name="e", occurred_at=at, id=uuid7())],
                    logs=[
                        NewLogLine(
                            level="INFO", message="l", occurred_at=at, run_id=run_id, id=uuid7()
                        )
                    ],
                    points=[NewPoint(name="p", value=1, occurred_at=at, run_id=run_id, id=uuid7())],
                ),
                now=NOW,
                retention_days=10_000,
            )
            assert outcome.accepted == 3
            services.record_transitions(
                workspace_id=workspace.id,
                transitions=[Transition(run_id=run_id, state="RUNNING", occurred_at=at, epoch=1)],
                now=NOW,
            )


def ages(model, workspace):
    with workspace_scope(workspace.id):
        times = model.objects.for_workspace(workspace.id).values_list("occurred_at", flat=True)
        return sorted((NOW - at).days for at in times)


def keep(workspace, days):
    with workspace_scope(workspace.id):
        WorkspaceLimits.objects.filter(workspace_id=workspace.id).update(retention_days=days)


def test_old_rows_go_and_young_ones_stay(workspace):
    keep(workspace, 30)
    put(workspace, 0, 20, 45, 400)

    with as_worker():
        services.drop_expired(now=NOW)

    for model in (Event, LogLine, MetricPoint):
        assert ages(model, workspace) == [0, 20]
    assert ages(RunTransition, workspace) in ([0, 20], [0, 20, 31])


def test_each_workspace_keeps_its_own_time(workspace, rival_workspace):
    keep(workspace, 7)
    keep(rival_workspace, 60)
    put(workspace, 0, 10, 45)
    put(rival_workspace, 0, 10, 45, 90)

    with as_worker():
        services.drop_expired(now=NOW)

    for model in RAW:
        assert ages(model, workspace) == [0]
        assert ages(model, rival_workspace) == [0, 10, 45]


def test_deletes_are_bounded_and_go_on_with_the_next_call(workspace, rival_workspace, monkeypatch):
    monkeypatch.setattr(retention, "ROWS", 2)
    monkeypatch.setattr(retention, "STATEMENTS", 2)
    keep(workspace, 7)
    keep(rival_workspace, 60)
    put(workspace, *[10] * 6, 0)

    with as_worker():
        services.drop_expired(now=NOW)
        left = len(ages(Event, workspace))
        services.drop_expired(now=NOW)

    assert left == 3
    assert ages(Event, workspace) == [0]


def test_what_runs_measured_goes_with_their_time(workspace):
    keep(workspace, 30)
    put(workspace, 0, 45)
    with as_worker():
        services.merge_pending_batches()
        assert RunMetric.objects.count() == 2

        services.drop_expired(now=NOW)

        assert RunMetric.objects.count() == 1


def test_coarse_rollups_outlive_the_raw_rows(workspace):
    keep(workspace, 30)
    put(workspace, 45, 500)
    with as_worker():
        services.merge_pending_batches()

        services.drop_expired(now=NOW)

        with connection.cursor() as cursor:
            kept = {}
            for width, table in tables.METRIC_ROLLUPS.items():
                cursor.execute(
                    f"SELECT DISTINCT bucket_at FROM {table.name} WHERE workspace_id = %s",
                    [workspace.id],
                )
                kept[width] = sorted((NOW - at).days for (at,) in cursor.fetchall())
    assert kept["1h"][0] == 45
    assert kept["1d"] in ([44, 499], [44, 500], [45, 500])
    assert 500 not in kept["1m"]


def test_the_series_that_are_silent_the_longest_are_forgotten(
    workspace, rival_workspace, monkeypatch
):
    monkeypatch.setattr(limits, "SERIES_REMEMBERED", 2)
    for place in (workspace, rival_workspace):
        with workspace_scope(place.id):
            points = [
                NewPoint(name="p", value=1, occurred_at=NOW, labels={"pod": str(days)})
                for days in (0, 3, 4, 5)
            ]
            services.store_batch(
                workspace_id=place.id, batch=TelemetryBatch(points=points), now=NOW
            )
            for days in (0, 3, 4, 5):
                at = NOW - timedelta(days=days)
                MetricSeries.objects.filter(labels={"pod": str(days)}).update(
                    created_at=at, last_at=None if days == 4 else at
                )
    with workspace_scope(rival_workspace.id):
        MetricSeries.objects.filter(workspace_id=rival_workspace.id).update(last_at=NOW)

    with as_worker():
        services.drop_expired(now=NOW)

    assert pods(workspace) == ["0", "3"]
    assert pods(rival_workspace) == ["0", "3", "4", "5"]  # not silent, however many
    services.forget_series()
    with workspace_scope(workspace.id):
        services.store_batch(
            workspace_id=workspace.id,
            batch=TelemetryBatch(
                points=[NewPoint(name="p", value=2, occurred_at=NOW, labels={"pod": "5"})]
            ),
            now=NOW,
        )
    assert pods(workspace) == ["0", "3", "5"]


def pods(workspace):
    with workspace_scope(workspace.id):
        rows = MetricSeries.objects.filter(workspace_id=workspace.id)
        return sorted(labels["pod"] for labels in rows.values_list("labels", flat=True))


def test_room_is_made_ahead(db, each_store):
    with as_worker():
        services.prepare_room(now=NOW)

    for table in tables.ALL:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass", [table.name]
            )
            [parts] = cursor.fetchone()
        assert parts >= 1 or each_store == "timescale"


@pytest.mark.parametrize("at", [NOW + timedelta(days=400), datetime(1999, 1, 1, tzinfo=NOW.tzinfo)])
def test_no_room_is_made_for_absurd_times(db, each_store, at):
    if each_store == "timescale":
        pytest.skip("Hypertables make their chunks with the rows.")
    with pytest.raises(Exception, match="no partition"):
        store.current().make_room(tables.EVENT, [at])


def test_old_parts_are_compressed_and_still_read_and_written(workspace, each_store):
    keep(workspace, 60)
    put(workspace, 0, 12, 20)

    with as_worker():
        compressed = services.compress_old(now=NOW)
    put(workspace, 20)

    assert bool(compressed) == (each_store == "timescale")
    if compressed:
        assert {"telemetry_event", "telemetry_log_line"} <= compressed.keys()
    assert ages(Event, workspace) == [0, 12, 20, 20]
    assert ages(LogLine, workspace) == [0, 12, 20, 20]


@pytest.mark.parametrize("size", [1, 50])
def test_duplicates_of_compressed_rows_are_still_seen(workspace, each_store, size):
    at = NOW - timedelta(days=15)
    batch = TelemetryBatch(
        events=[NewEvent(name="e", occurred_at=at, id=uuid7()) for _ in range(size)]
    )
    with workspace_scope(workspace.id):
        services.store_batch(workspace_id=workspace.id, batch=batch, now=NOW)
    with as_worker():
        services.compress_old(now=NOW)

    with workspace_scope(workspace.id):
        outcome = services.store_batch(workspace_id=workspace.id, batch=batch, now=NOW)

    assert (outcome.accepted, outcome.duplicates) == (0, size)


def test_only_names_of_partitions_are_read_as_dates(workspace):
    keep(workspace, 30)
    put(workspace, 0)
    with as_worker(), connection.cursor() as cursor:
        # The plan that asks every name in the catalogue first, `foreign_data_wrappers` too.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        services.drop_expired(now=NOW)
        runs.drop_expired(now=NOW)

    assert ages(Event, workspace) == [0]


def test_a_kind_may_be_kept_shorter_than_the_rest(workspace, rival_workspace):
    keep(workspace, 30)
    keep(rival_workspace, 30)
    with workspace_scope(workspace.id):
        services.set_retention(
            workspace_id=workspace.id, kind=StoredKind.LOGS, days=7, plan_days=30
        )
    for each in (workspace, rival_workspace):
        put(each, 0, 10, 20)

    with as_worker():
        services.drop_expired(now=NOW)

    assert ages(LogLine, workspace) == [0]
    for model in (Event, MetricPoint, RunTransition):
        assert ages(model, workspace) == [0, 10, 20]
    assert ages(LogLine, rival_workspace) == [0, 10, 20]


def test_a_plan_that_keeps_less_wins_over_what_was_said_under_another(workspace):
    keep(workspace, 30)
    with workspace_scope(workspace.id):
        services.set_retention(
            workspace_id=workspace.id, kind=StoredKind.EVENTS, days=20, plan_days=30
        )
    put(workspace, 0, 10)
    keep(workspace, 5)

    with as_worker():
        services.drop_expired(now=NOW)

    assert ages(Event, workspace) == [0]
