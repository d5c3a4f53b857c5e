"""Whoever deletes themselves leaves nothing in either store, compressed or not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.exports import services
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, NewLogLine, NewPoint, TelemetryBatch, Transition
from apps.telemetry.store import tables
from apps.tenancy import services as tenancy
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import Workspace
from tests.isolation import as_worker as worker
from tests.stores import each_store, forget_series, other_stores

__all__ = ["each_store", "forget_series", "other_stores"]

pytestmark = pytest.mark.django_db
DAYS = (0, 12, 20, 40)  # from the second on old enough to be compressed
ROWS = 30  # of each kind and day


def put(workspace, now):
    with workspace_scope(workspace.id):
        for days in DAYS:
            at = now - timedelta(days=days)
            run_id = uuid7(at)
            moments = [at - timedelta(seconds=number) for number in range(ROWS)]
            outcome = telemetry.store_batch(
                workspace_id=workspace.id,
                batch=TelemetryBatch(
                    events=[NewEvent(name="e", occurred_at=each, id=uuid7()) for each in moments],
                    logs=[
                        NewLogLine(
                            level="INFO", message="l", occurred_at=each, run_id=run_id, id=uuid7()
                        )
                        for each in moments
                    ],
                    points=[
                        NewPoint(name="p", value=1, occurred_at=each, run_id=run_id, id=uuid7())
                        for each in moments
                    ],
                ),
                now=now,
                retention_days=10_000,
            )
            assert outcome.accepted == 3 * ROWS
            telemetry.record_transitions(
                workspace_id=workspace.id,
                transitions=[
                    Transition(run_id=run_id, state="RUNNING", occurred_at=each, epoch=1)
                    for each in moments
                ],
                now=now,
            )


def rows_of(workspace_id):
    found = {}
    with worker(), connection.cursor() as cursor:
        for table in tables.ALL:
            cursor.execute(
                f"SELECT count(*) FROM {table.name} WHERE workspace_id = %s", [workspace_id]
            )
            found[table.name] = cursor.fetchone()[0]
    return found


def test_a_person_who_deletes_themselves_leaves_nothing_behind(
    alice, mallory, workspace, rival_workspace, each_store, settings, bundle_folder
):
    now = utc_now()
    for each in (workspace, rival_workspace):
        put(each, now)
    with worker():
        compressed = telemetry.compress_old(now=now)
        if each_store == "timescale":
            # As if there were far more in each part than may be unpacked unasked.
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 1"
                )
    assert bool(compressed) == (each_store == "timescale")
    if compressed:
        assert {table.name for table in tables.RAW} <= compressed.keys()
    had, rivals = rows_of(workspace.id), rows_of(rival_workspace.id)
    assert {had[table.name] for table in tables.RAW} == {ROWS * len(DAYS)}

    tenancy.delete_user(user_id=alice.user.id, now=now)
    with worker():
        for _ in range(1_000):
            if not services.erase_due(now=utc_now(), rows=25, seconds=0.0):
                break

    assert not Workspace.objects.filter(pk=workspace.id).exists()
    assert set(rows_of(workspace.id).values()) == {0}
    assert rows_of(rival_workspace.id) == rivals
