"""What events say of use, in sums: once, whenever it comes, and of whoever's run it is."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.costs import services
from apps.costs.models import NOBODY, RunUsage
from apps.runs.enums import RunState
from apps.telemetry.enums import Consumer
from apps.telemetry.models import PendingBatch
from tests.factories.costs import (
    count,
    day_usage,
    llm_call,
    make_price,
    run_usage,
    store,
    used,
)
from tests.factories.dispatch import lease, local_run, make_deployment, report, running, start
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

LARGE = "acme-large", "input_tokens"


def pending(workspace):
    return PendingBatch.objects.for_consumer(Consumer.COSTS).filter(workspace_id=workspace.id)


def points(workspace, name):
    """Return (labels, value) of what was stored of a metric."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.labels::text, p.value FROM telemetry_metric_point p"
            " JOIN telemetry_metricseries s ON s.id = p.series_id"
            " WHERE s.workspace_id = %s AND s.name = %s",
            [workspace.id, name],
        )
        return [(json.loads(labels), value) for labels, value in cursor.fetchall()]


def test_calls_of_a_run_are_in_its_use_and_in_its_deployments_day(in_workspace):
    deployment = make_deployment(in_workspace)
    run = running(deployment, in_workspace)
    store(in_workspace, [llm_call(run.id), llm_call(run.id, sent=500, received=0)])

    count(in_workspace)

    assert run_usage(run.id) == {LARGE: 1_500, ("acme-large", "output_tokens"): 100}
    assert day_usage(in_workspace)[deployment.id, *LARGE] == 1_500
    assert not pending(in_workspace).exists()


def test_an_event_that_comes_again_adds_nothing(in_workspace):
    run = local_run(in_workspace)
    call = llm_call(run.id)
    store(in_workspace, [call])
    count(in_workspace)

    store(in_workspace, [call])
    store(in_workspace, [call, llm_call(run.id, sent=1, received=0)])
    count(in_workspace)

    assert run_usage(run.id)[LARGE] == 1_001
    assert day_usage(in_workspace)[NOBODY, *LARGE] == 1_001


def test_a_count_that_is_killed_before_its_commit_is_done_again_once(in_workspace):
    run = local_run(in_workspace)
    store(in_workspace, [llm_call(run.id)])
    with as_worker(), transaction.atomic():
        services.count_costs(workspace_id=in_workspace.id, now=utc_now())
        transaction.set_rollback(True)

    count(in_workspace)

    assert run_usage(run.id)[LARGE] == 1_000


def test_what_comes_days_late_counts_on_the_day_on_which_it_was_used(in_workspace):
    run = local_run(in_workspace)
    then = utc_now() - timedelta(days=3)
    store(in_workspace, [llm_call(run.id, at=then), llm_call(run.id)])

    count(in_workspace)

    days = dict(
        RunUsage.objects.filter(run_id=run.id, unit="input_tokens").values_list("day", "quantity")
    )
    assert days == {then.date(): 1_000, utc_now().date(): 1_000}


def test_what_a_run_used_before_anybody_told_of_it_waits_for_that(in_workspace):
    run_id = uuid7()
    store(in_workspace, [llm_call(run_id)])
    count(in_workspace)
    assert run_usage(run_id)[LARGE] == 1_000
    assert day_usage(in_workspace) == {}

    local_run(in_workspace, run_id=run_id)
    store(in_workspace, [llm_call(run_id, sent=1, received=0)])
    count(in_workspace)

    assert day_usage(in_workspace)[NOBODY, *LARGE] == 1_001


def test_only_what_may_say_use_leaves_a_batch(in_workspace):
    run_id = uuid7()
    store(
        in_workspace,
        [
            used("query.executed", {"text": "select 1"}, run_id=run_id),
            used("table.loaded", {"bytes_billed": 3}, run_id=run_id),
            llm_call(None),
        ],
    )

    assert not pending(in_workspace).exists()


def test_a_run_in_ones_own_pool_counts_its_seconds_over_all_attempts(in_workspace):
    deployment = make_deployment(in_workspace, retries=1)
    began = utc_now() - timedelta(minutes=5)
    run = start(deployment, now=began)
    for target, first, last in ((RunState.FAILED, 0, 2), (RunState.COMPLETED, 10, 11)):
        (granted,) = lease(deployment, now=began + timedelta(seconds=first))
        for state, second in ((RunState.RUNNING, first), (target, last)):
            at = began + timedelta(seconds=second)
            report(granted, state, in_workspace, occurred_at=at, now=at)
        count(in_workspace)

    assert run_usage(run.id) == {("own pools", "wall_seconds"): Decimal(3)}
    assert day_usage(in_workspace) == {(deployment.id, "own pools", "wall_seconds"): Decimal(3)}


def test_points_tell_what_was_spent_and_by_whom(in_workspace):
    make_price(in_workspace)
    deployment = make_deployment(in_workspace)
    run = running(deployment, in_workspace)
    store(in_workspace, [llm_call(run.id, sent=2_000), llm_call(run.id, "acme-unknown")])

    count(in_workspace)

    assert points(in_workspace, "headway.cost") == [
        (
            {
                "kind": "model",
                "deployment": "load/main",
                "model": "acme-large",
                "currency": "USD",
            },
            pytest.approx(0.02),
        )
    ]
    tokens = {
        (row["kind"], row["model"]): n for row, n in points(in_workspace, "headway.cost.tokens")
    }
    assert tokens == {
        ("input", "acme-large"): 2_000,
        ("output", "acme-large"): 100,
        ("input", "acme-unknown"): 1_000,
        ("output", "acme-unknown"): 100,
    }


def test_the_number_of_statements_does_not_hang_on_the_number_of_runs(in_workspace):
    def statements(runs):
        store(in_workspace, [llm_call(run.id) for run in runs])
        with CaptureQueriesContext(connection) as seen, as_worker():
            services.count_costs(workspace_id=in_workspace.id, now=utc_now())
        return len(seen)

    runs = [local_run(in_workspace) for _ in range(10)]
    count(in_workspace)
    statements(runs[:1])

    assert statements(runs[:1]) == statements(runs)


def test_a_managed_run_counts_what_its_task_used(in_workspace):
    run_id = uuid.UUID(str(local_run(in_workspace).id))
    payload = {"managed_seconds": 10, "vcpu_seconds": 3, "gb_seconds": 5}
    store(in_workspace, [used("headway.compute.stopped", payload, run_id=run_id)])

    count(in_workspace)

    assert run_usage(run_id) == {("managed", "vcpu_seconds"): 3, ("managed", "gb_seconds"): 5}


def test_an_event_that_cannot_be_counted_is_left_out_and_holds_up_nothing(in_workspace):
    run, full = (running(make_deployment(in_workspace), in_workspace) for _ in range(2))
    store(in_workspace, [llm_call(full.id)])
    count(in_workspace)
    # One more does not fit: what the database says of it, it says of the whole statement.
    brim = Decimal(10) ** 21 - 1
    RunUsage.objects.filter(run_id=full.id, unit="input_tokens").update(quantity=brim)
    store(in_workspace, [llm_call(run.id), llm_call(full.id), llm_call(run.id), llm_call(run.id)])
    store(in_workspace, [llm_call(run.id)])

    count(in_workspace)

    assert run_usage(run.id)[LARGE] == 4_000
    assert run_usage(full.id)[LARGE] == brim
    assert not pending(in_workspace).exists()
