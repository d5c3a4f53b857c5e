"""Rollups equal a recomputation from the raw rows, whatever happened on the way."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from random import Random

import pytest
from django.db import OperationalError, connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.telemetry import selectors, services
from apps.telemetry.acceptance import total_id_of
from apps.telemetry.deltas import EPOCH, Deltas, RunSeries, Summary, encode, microseconds
from apps.telemetry.enums import Consumer
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, TelemetryBatch
from apps.telemetry.models import (
    Event,
    LogLine,
    MetricPoint,
    MetricSeries,
    PendingBatch,
    RunMetric,
)
from apps.telemetry.sketch import decode, sketch_of
from apps.telemetry.store import tables
from apps.tenancy.isolation import workspace_scope
from tests.isolation import as_worker
from tests.killed import killed_loops

NOW = utc_now()
RUNS = [uuid7(), uuid7()]


def random_batch(random):
    def at():
        # Mostly just now, sometimes days late.
        late = random.choice([0, 0, 0, 90, 4_000, 200_000])
        return NOW - timedelta(seconds=late + random.random() * 120)

    return TelemetryBatch(
        events=[
            NewEvent(name=random.choice(["a", "b", "c.d"]), occurred_at=at(), id=uuid7())
            for _ in range(random.randrange(30))
        ],
        logs=[
            NewLogLine(
                level=random.choice(["INFO", "ERROR"]),
                message="ä" * random.randrange(9),
                occurred_at=at(),
                id=uuid7(),
            )
            for _ in range(random.randrange(30))
        ],
        points=[
            NewPoint(
                name="rows",
                labels={"table": random.choice("xyz")},
                occurred_at=at(),
                value=random.choice([random.gauss(0, 100), 0.0, random.random() * 1e9]),
                run_id=random.choice([None, *RUNS]),
                id=uuid7(),
            )
            for _ in range(random.randrange(30))
        ],
    )


def put(workspace, batch):
    with workspace_scope(workspace.id):
        return services.store_batch(workspace_id=workspace.id, batch=batch, now=NOW)


def bucket(at, seconds):
    whole = int((at - EPOCH).total_seconds()) // seconds * seconds
    return EPOCH + timedelta(seconds=whole)


def rows_of(table, workspace):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(table.column_names[1:])} FROM {table.name} WHERE workspace_id = %s",
            [workspace.id],
        )
        return {row[:2]: row[2:] for row in cursor.fetchall()}


def assert_rollups_equal_a_recount(workspace):
    events = list(Event.objects.for_workspace(workspace.id))
    lines = list(LogLine.objects.for_workspace(workspace.id))
    points = list(MetricPoint.objects.for_workspace(workspace.id))
    for width, seconds, _, _ in tables.WIDTHS:
        counted = defaultdict(int)
        for event in events:
            counted[event.name, bucket(event.occurred_at, seconds)] += 1
        found = rows_of(tables.EVENT_ROLLUPS[width], workspace)
        assert {key: count for key, (count,) in found.items()} == counted

        volumes = defaultdict(lambda: [0, 0])
        for line in lines:
            volume = volumes[line.level, bucket(line.occurred_at, seconds)]
            volume[0] += 1
            volume[1] += len(line.message.encode())
        found = rows_of(tables.LOG_ROLLUPS[width], workspace)
        assert {key: list(values) for key, values in found.items()} == volumes

        values = defaultdict(list)
        total_id = total_id_of(workspace.id, "rows")
        for point in points:
            for series_id in (point.series_id, total_id):
                values[series_id, bucket(point.occurred_at, seconds)].append(point.value)
        found = rows_of(tables.METRIC_ROLLUPS[width], workspace)
        assert found.keys() == values.keys()
        for key, (count, total, low, high, sketch) in found.items():
            assert (count, low, high) == (len(values[key]), min(values[key]), max(values[key]))
            assert total == pytest.approx(sum(values[key]))
            assert decode(sketch) == sketch_of(values[key])
    of_runs = defaultdict(list)
    for point in points:
        if point.run_id is not None:
            of_runs[point.run_id, point.series_id].append(point)
    measured = {
        (row.run_id, row.series_id): row
        for row in RunMetric.objects.filter(workspace_id=workspace.id)
    }
    assert measured.keys() == of_runs.keys()
    for key, row in measured.items():
        last = max(of_runs[key], key=lambda point: (point.occurred_at, point.value))
        assert (row.count, row.last, row.last_at) == (
            len(of_runs[key]),
            last.value,
            last.occurred_at,
        )
    latest = defaultdict(lambda: EPOCH)
    for point in points:
        latest[point.series_id] = max(latest[point.series_id], point.occurred_at)
    assert dict(MetricSeries.objects.values_list("id", "last_at")) == latest


@pytest.mark.parametrize("seed", range(4))
def test_rollups_equal_a_recount_after_random_batches(in_workspace, seed):
    random = Random(seed)
    sent = []
    for _ in range(12):
        batch = random.choice(sent) if sent and random.random() < 0.3 else random_batch(random)
        sent.append(batch)
        put(in_workspace, batch)
        if random.random() < 0.3:
            with as_worker():
                services.merge_pending_batches(limit=random.choice([1, 2, 500]))
    with as_worker():
        while services.merge_pending_batches():
            pass

        assert_rollups_equal_a_recount(in_workspace)
        assert not PendingBatch.objects.exists()


def test_a_merge_that_fails_leaves_everything_to_the_next(in_workspace, monkeypatch):
    put(in_workspace, random_batch(Random(7)))
    from apps.telemetry.services import rollup

    def die(_runs):
        raise OperationalError("the server closed the connection")

    with as_worker():
        with monkeypatch.context() as patched:
            patched.setattr(rollup.rollups, "merge_run_metrics", die)
            with pytest.raises(OperationalError):
                services.merge_pending_batches()
        assert PendingBatch.objects.count() == 1

        assert services.merge_pending_batches() == 1

        assert_rollups_equal_a_recount(in_workspace)


SERIES = uuid7()
HUGE = Summary(2**63 - 1, 1.0, 1.0, 1.0, 1.0, microseconds(NOW), {})
TOO_MANY = encode(Deltas(runs=[RunSeries(RUNS[0], SERIES, HUGE)]))


@pytest.mark.parametrize(
    ("bad", "set_aside"),
    [(b"\xff", 2), (b"", 2), (TOO_MANY, 1)],
    ids=["no deltas", "nothing", "each by itself and not both"],
)
def test_what_cannot_be_merged_is_set_aside_and_holds_up_nobody(
    in_workspace, rival_workspace, bad, set_aside
):
    for seed in range(3):
        put(in_workspace, random_batch(Random(seed)))
    with workspace_scope(rival_workspace.id):
        PendingBatch.objects.bulk_create(
            PendingBatch(workspace_id=rival_workspace.id, consumer=Consumer.ROLLUP, content=bad)
            for _ in range(2)
        )
    put(in_workspace, random_batch(Random(3)))

    with as_worker():
        while services.merge_pending_batches():
            pass

        assert_rollups_equal_a_recount(in_workspace)
        left = list(PendingBatch.objects.values_list("workspace_id", "consumer"))
        assert left == [(rival_workspace.id, Consumer.SET_ASIDE)] * set_aside


def test_workspaces_do_not_mix(in_workspace, rival_workspace):
    point = NewPoint(name="rows", occurred_at=NOW, value=1.0, id=uuid7())
    put(in_workspace, TelemetryBatch(points=[point]))
    put(rival_workspace, TelemetryBatch(points=[point, NewPoint(**_changed(point))]))

    with as_worker():
        services.merge_pending_batches()

        mine = rows_of(tables.METRIC_ROLLUPS["1m"], in_workspace).values()
        theirs = rows_of(tables.METRIC_ROLLUPS["1m"], rival_workspace).values()
    # The series and the metric's total.
    assert ([row[0] for row in mine], [row[0] for row in theirs]) == ([1, 1], [2, 2])


def _changed(point):
    return {"name": point.name, "occurred_at": NOW, "value": 5.0, "id": uuid7()}


def test_count_pending_says_since_when(in_workspace):
    put(in_workspace, random_batch(Random(1)))

    with as_worker():
        assert services.count_pending() == (1, NOW)


@pytest.mark.django_db(transaction=True)
def test_workers_that_are_killed_count_nothing_twice_and_lose_nothing(alice):
    workspace = alice.workspace
    random = Random(11)

    with killed_loops(lambda: services.merge_pending_batches(limit=3), size=3) as crew:
        for step in range(40):
            put(workspace, random_batch(random))
            if step % 5 == 4:
                crew.kill_one(random)

    assert crew.killed > 0
    with as_worker():
        while services.merge_pending_batches():
            pass
        assert not PendingBatch.objects.exists()
        assert_rollups_equal_a_recount(workspace)
        measured = selectors.run_metrics(workspace_id=workspace.id, run_id=RUNS[0])
    assert measured
