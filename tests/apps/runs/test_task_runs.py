import random
from datetime import UTC, date, datetime, timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import services
from apps.runs.enums import RunState
from apps.runs.models import PendingUsage, Run, TaskRun
from apps.runs.services import ReportResult, TaskReport
from apps.telemetry import selectors as telemetry
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import local_run, make_deployment, report, running

pytestmark = pytest.mark.django_db

S = RunState
R = ReportResult


def said(run, task_run_id, sequence, state, **changes):
    """One report of a task run."""
    return TaskReport(
        **{
            "task_run_id": task_run_id,
            "run_id": run.id,
            "epoch": run.epoch,
            "sequence": sequence,
            "state": state,
            "occurred_at": utc_now(),
            "task_name": "load",
            "name": "load-1",
        }
        | changes
    )


def tell(run, *reports):
    outcomes = services.report_task_runs(workspace_id=run.workspace_id, reports=list(reports))
    return [outcome.result for outcome in outcomes]


def row(run, task_run_id):
    return TaskRun.objects.get(run_id=run.id, id=task_run_id)


def counts(run):
    return Run.objects.get(id=run.id).task_counts


def test_a_task_run_goes_its_way_through_several_batches(in_workspace):
    run, task = local_run(in_workspace), uuid7()
    at = utc_now()

    tell(run, said(run, task, 1, S.RUNNING, occurred_at=at))
    tell(run, said(run, task, 2, S.COMPLETED, occurred_at=at + timedelta(seconds=3)))

    done = row(run, task)
    assert (done.state, done.duration_ms) == ("COMPLETED", 3000)
    assert counts(run) == {"COMPLETED": 1}


def test_start_and_end_may_come_in_one_batch_or_alone(in_workspace):
    run, both, alone = local_run(in_workspace), uuid7(), uuid7()
    at = utc_now()
    end = at + timedelta(seconds=2)

    results = tell(
        run,
        said(run, both, 1, S.RUNNING, occurred_at=at),
        said(run, both, 2, S.COMPLETED, occurred_at=end),
        said(run, alone, 3, S.COMPLETED, started_at=at, occurred_at=end),
    )

    assert results == [R.APPLIED] * 3
    assert row(run, both).duration_ms == row(run, alone).duration_ms == 2000
    transitions = telemetry.list_transitions(
        workspace_id=run.workspace_id, run_id=run.id, task_run_id=both
    )
    assert sorted(each.state for each in transitions) == ["COMPLETED", "RUNNING"]


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_arrival_does_not_matter(in_workspace, seed):
    run = local_run(in_workspace)
    tasks = [uuid7() for _ in range(5)]
    steps = [S.PENDING, S.RUNNING, S.AWAITING_RETRY, S.RETRYING, S.COMPLETED]
    at = utc_now()
    reports = [
        said(run, task, sequence, state, occurred_at=at + timedelta(milliseconds=sequence))
        for task in tasks
        for sequence, state in enumerate(steps, start=1)
    ]
    chance = random.Random(seed)
    shuffled = chance.sample(reports * 2, len(reports) * 2)

    while shuffled:
        size = chance.randint(1, 7)
        tell(run, *shuffled[:size])
        shuffled = shuffled[size:]

    assert {row(run, task).state for task in tasks} == {"COMPLETED"}
    assert counts(run) == {"COMPLETED": 5}
    recorded = telemetry.list_transitions(
        workspace_id=run.workspace_id, run_id=run.id, task_run_id=tasks[0]
    )
    assert sorted(each.state for each in recorded) == sorted(step.value for step in steps)


def test_a_repeated_batch_changes_nothing(in_workspace):
    run, task = local_run(in_workspace), uuid7()
    batch = [said(run, task, 1, S.RUNNING), said(run, task, 2, S.FAILED)]
    tell(run, *batch)
    before = TaskRun.objects.values().get(id=task)

    again = tell(run, *batch)

    assert R.APPLIED not in again
    assert TaskRun.objects.values().get(id=task) == before
    assert counts(run) == {"FAILED": 1}


def test_success_is_final(in_workspace):
    run, task = local_run(in_workspace), uuid7()
    tell(run, said(run, task, 1, S.COMPLETED))

    results = tell(run, said(run, task, 2, S.RUNNING))

    assert results == [R.ILLEGAL]
    assert row(run, task).state == "COMPLETED"


def test_an_unknown_run_and_a_rivals_run_are_the_same(workspace, rival_workspace):
    with workspace_scope(rival_workspace.id):
        theirs = local_run(rival_workspace)
    with workspace_scope(workspace.id):
        ours = local_run(workspace)
        unknown = Run(id=uuid7(), workspace_id=workspace.id, epoch=1)
        reports = [said(theirs, uuid7(), 1, S.RUNNING), said(unknown, uuid7(), 1, S.RUNNING)]

        results = tell(ours, *reports, said(ours, uuid7(), 1, S.RUNNING))

        assert results == [R.UNKNOWN_RUN, R.UNKNOWN_RUN, R.APPLIED]
    with workspace_scope(rival_workspace.id):
        assert not TaskRun.objects.exists()


def test_the_id_of_a_rivals_task_run_does_not_collide(workspace, rival_workspace):
    task = uuid7()
    with workspace_scope(rival_workspace.id):
        tell(theirs := local_run(rival_workspace), said(theirs, task, 1, S.RUNNING))
    with workspace_scope(workspace.id):
        ours = local_run(workspace)

        assert tell(ours, said(ours, task, 1, S.COMPLETED)) == [R.APPLIED]
    with workspace_scope(rival_workspace.id):
        assert TaskRun.objects.get().state == "RUNNING"


def test_a_stale_executors_reports_are_evidence(in_workspace):
    run, task = running(make_deployment(in_workspace), in_workspace), uuid7()
    tell(run, said(run, task, 1, S.RUNNING))
    now = utc_now()
    services.transition_run(
        workspace_id=run.workspace_id,
        run_id=run.id,
        target=S.CRASHED,
        occurred_at=now,
        now=now,
        bump_epoch=True,
    )

    results = tell(run, said(run, task, 2, S.COMPLETED), said(run, uuid7(), 3, S.RUNNING))

    assert results == [R.SUPERSEDED, R.SUPERSEDED]
    assert row(run, task).state == "CRASHED"
    recorded = telemetry.list_transitions(
        workspace_id=run.workspace_id, run_id=run.id, task_run_id=task
    ).order_by("id")
    assert [(each.state, each.superseded) for each in recorded if each.superseded] == [
        ("COMPLETED", True)
    ]


def test_a_crash_ends_what_was_unfinished_and_only_that(in_workspace):
    run = running(make_deployment(in_workspace), in_workspace)
    done, failed, busy, waiting = (uuid7() for _ in range(4))
    tell(
        run,
        said(run, done, 1, S.COMPLETED),
        said(run, failed, 2, S.FAILED),
        said(run, busy, 3, S.RUNNING),
        said(run, waiting, 4, S.PENDING),
    )

    report(run, S.CRASHED, in_workspace, cause={"kind": "oom"})

    assert [row(run, each).state for each in (done, failed, busy, waiting)] == [
        "COMPLETED",
        "FAILED",
        "CRASHED",
        "CRASHED",
    ]
    assert counts(run) == {"COMPLETED": 1, "FAILED": 1, "CRASHED": 2}


def test_task_runs_of_a_second_or_more_are_usage_once(in_workspace):
    run = local_run(in_workspace)
    at = datetime(2026, 3, 31, 12, tzinfo=UTC)
    long = [
        said(run, uuid7(), n, S.COMPLETED, started_at=at, occurred_at=at + timedelta(seconds=1))
        for n in range(3)
    ]
    after_midnight = said(
        run, uuid7(), 8, S.COMPLETED, started_at=at, occurred_at=at + timedelta(hours=12)
    )
    short = said(
        run, uuid7(), 9, S.COMPLETED, started_at=at, occurred_at=at + timedelta(milliseconds=999)
    )
    failed = said(run, uuid7(), 10, S.FAILED, started_at=at, occurred_at=at + timedelta(seconds=60))

    tell(run, *long, short, failed, after_midnight)
    tell(run, *long, short, failed, after_midnight)

    left = PendingUsage.objects.values_list("run_id", "day", "task_runs").order_by("day")
    assert list(left) == [(run.id, date(2026, 3, 31), 3), (run.id, date(2026, 4, 1), 1)]


def test_usage_is_taken_once_and_says_which_deployment(in_workspace, as_worker):
    run, at = running(make_deployment(in_workspace), in_workspace), utc_now()
    tell(
        run,
        said(run, uuid7(), 1, S.COMPLETED, started_at=at, occurred_at=at + timedelta(seconds=2)),
    )

    with as_worker():
        (taken,) = services.take_pending_usage(limit=10)

        assert (taken.run_id, taken.deployment_id, taken.task_runs) == (
            run.id,
            run.deployment_id,
            1,
        )
        assert services.take_pending_usage(limit=10) == []


def test_a_batch_takes_few_statements_however_large(in_workspace, django_assert_max_num_queries):
    run = local_run(in_workspace)
    reports = [said(run, uuid7(), n, S.RUNNING) for n in range(500)]

    with django_assert_max_num_queries(6):
        tell(run, *reports)

    assert counts(run) == {"RUNNING": 500}


def test_old_and_odd_ids_have_a_place(in_workspace):
    run = local_run(in_workspace)
    ancient = uuid7(utc_now() - timedelta(days=500))

    tell(run, said(run, ancient, 1, S.RUNNING))

    assert row(run, ancient).state == "RUNNING"
