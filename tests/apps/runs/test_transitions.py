from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import services
from apps.runs.enums import RunState
from apps.runs.errors import ReportInFuture, RunNotCancellable, RunNotFound, RunNotRetryable
from apps.runs.models import Run
from apps.runs.services import MoveResult
from apps.runs.state_machine import LEGAL
from apps.telemetry import selectors as telemetry
from apps.telemetry.models import Event
from tests.factories.dispatch import lease, local_run, make_deployment, report, running, start

pytestmark = pytest.mark.django_db


def move(run, target, **changes):
    now = changes.pop("now", None) or utc_now()
    return services.transition_run(
        **{
            "workspace_id": run.workspace_id,
            "run_id": run.id,
            "target": target,
            "occurred_at": now,
            "now": now,
        }
        | changes
    )


def states_of(run):
    rows = telemetry.list_transitions(workspace_id=run.workspace_id, run_id=run.id)
    return [(row.state, row.epoch, row.superseded) for row in rows.order_by("id")]


def test_each_move_leaves_a_transition_and_an_event(in_workspace):
    run = running(make_deployment(in_workspace), in_workspace)

    move(run, RunState.COMPLETED)

    assert states_of(run) == [
        ("SCHEDULED", 0, False),
        ("PENDING", 1, False),
        ("RUNNING", 1, False),
        ("COMPLETED", 1, False),
    ]
    names = Event.objects.for_workspace(run.workspace_id).values_list("name", flat=True)
    assert sorted(names) == [
        "headway.run.completed",
        "headway.run.pending",
        "headway.run.running",
        "headway.run.scheduled",
    ]


def test_an_illegal_move_changes_and_leaves_nothing(in_workspace):
    run = start(make_deployment(in_workspace))
    before = Run.objects.values().get(id=run.id)

    moved = move(run, RunState.COMPLETED)

    assert moved.result is MoveResult.ILLEGAL
    assert Run.objects.values().get(id=run.id) == before
    assert len(states_of(run)) == 1


def test_the_database_follows_the_table(in_workspace):
    """Every pair of states, through the real UPDATE."""
    template = local_run(in_workspace)
    at = utc_now()
    wrong = []
    for source in RunState:
        for target in RunState:
            Run.objects.filter(id=template.id).delete()
            ended = at if source in {*map(RunState, ("COMPLETED", "CACHED", "SKIPPED"))} else None
            if LEGAL[source] <= {RunState.AWAITING_RETRY} or ended:
                ended = at
            unstarted = source in {
                RunState.SCHEDULED,
                RunState.LATE,
                RunState.AWAITING_RETRY,
                RunState.HELD,
                RunState.PENDING,
            }
            template.state, template.ended_at = source.value, ended
            template.started_at = None if unstarted else at
            template.save(force_insert=True)
            moved = move(template, target, now=at + timedelta(seconds=1))
            expected = (
                MoveResult.APPLIED
                if target in LEGAL[source]
                else MoveResult.DUPLICATE
                if source is target
                else MoveResult.ILLEGAL
            )
            if moved.result is not expected:
                wrong.append((source, target, moved.result))

    assert wrong == []


def test_a_repeated_report_is_a_duplicate(in_workspace):
    run = running(make_deployment(in_workspace), in_workspace)
    at = utc_now()
    first = report(run, RunState.COMPLETED, in_workspace, now=at)

    second = report(run, RunState.COMPLETED, in_workspace, now=at)

    assert (first.result, second.result) == (MoveResult.APPLIED, MoveResult.DUPLICATE)
    assert len(states_of(run)) == 4


def test_a_report_that_was_overtaken_is_kept_as_evidence(in_workspace):
    deployment = make_deployment(in_workspace)
    start(deployment)
    (granted,) = lease(deployment)
    at = utc_now()
    report(granted, RunState.RUNNING, in_workspace, now=at)
    ended = report(granted, RunState.COMPLETED, in_workspace, now=at + timedelta(seconds=2))

    late = report(
        granted, RunState.PAUSED, in_workspace, occurred_at=at + timedelta(seconds=1), now=utc_now()
    )

    assert late.result is MoveResult.SUPERSEDED
    assert late.run.state == ended.run.state == "COMPLETED"
    assert ("PAUSED", 1, True) in states_of(ended.run)


def test_nothing_completes_after_it_crashed(in_workspace):
    run = running(make_deployment(in_workspace), in_workspace)
    move(run, RunState.CRASHED, bump_epoch=True)

    late = report(run, RunState.COMPLETED, in_workspace)

    assert late.is_stale
    assert late.run.state == "CRASHED"
    assert states_of(run)[-1] == ("COMPLETED", 1, True)
    events = Event.objects.for_workspace(run.workspace_id)
    assert not events.filter(name="headway.run.completed").exists()


def test_an_end_before_the_start_is_moved_to_the_start(in_workspace):
    run = running(make_deployment(in_workspace), in_workspace)

    moved = report(
        run, RunState.COMPLETED, in_workspace, occurred_at=utc_now() - timedelta(minutes=5)
    )

    assert moved.run.ended_at == moved.run.started_at
    assert moved.run.duration_ms == 0


def test_a_report_from_the_future_is_refused(in_workspace):
    run = running(make_deployment(in_workspace), in_workspace)

    with pytest.raises(ReportInFuture):
        report(run, RunState.COMPLETED, in_workspace, occurred_at=utc_now() + timedelta(hours=1))

    assert Run.objects.get(id=run.id).state == "RUNNING"


def test_a_run_that_nobody_has_is_not_found(in_workspace):
    run = Run(id=uuid7(), workspace_id=in_workspace.id)

    with pytest.raises(RunNotFound):
        move(run, RunState.RUNNING)


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "COMPLETED"},
        {"ended_at": utc_now()},
        {"state": "PENDING"},
        {"started_at": None},
        {"state": "FAILED", "ended_at": utc_now() - timedelta(days=1)},
    ],
)
def test_the_database_refuses_a_state_that_disagrees_with_its_times(in_workspace, columns):
    run = running(make_deployment(in_workspace), in_workspace)

    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(id=run.id).update(**columns)


def test_a_waiting_run_is_cancelled_at_once(in_workspace):
    run = start(make_deployment(in_workspace))

    cancelled = services.cancel_run(workspace_id=run.workspace_id, run_id=run.id, now=utc_now())

    assert cancelled.state == "CANCELLED"
    assert cancelled.ended_at is not None
    assert lease(run.deployment) == []


def test_an_executing_run_is_asked_to_stop(in_workspace):
    run = running(make_deployment(in_workspace), in_workspace)

    stopping = services.cancel_run(workspace_id=run.workspace_id, run_id=run.id, now=utc_now())
    ended = report(run, RunState.CANCELLED, in_workspace)

    assert stopping.state == "CANCELLING"
    assert ended.run.state == "CANCELLED"


def test_starting_while_a_cancellation_is_under_way_is_evidence_only(in_workspace):
    deployment = make_deployment(in_workspace)
    run = start(deployment)
    (granted,) = lease(deployment)
    services.cancel_run(workspace_id=run.workspace_id, run_id=run.id, now=utc_now())

    started = report(granted, RunState.RUNNING, in_workspace)

    assert started.result is MoveResult.SUPERSEDED
    assert started.run.state == "CANCELLING"


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED"])
def test_cancel_refuses_a_finished_run(in_workspace, state):
    run = running(make_deployment(in_workspace), in_workspace)
    ended = report(run, RunState(state), in_workspace).run
    before = states_of(run)

    with pytest.raises(RunNotCancellable):
        services.cancel_run(workspace_id=run.workspace_id, run_id=run.id, now=utc_now())

    assert Run.objects.get(id=run.id).state == ended.state
    assert states_of(run) == before


def test_a_retry_is_the_next_attempt_under_a_new_epoch(in_workspace):
    deployment = make_deployment(in_workspace)
    run = running(deployment, in_workspace)
    report(run, RunState.FAILED, in_workspace, error={"type": "ValueError", "message": "no"})

    retried = services.retry_run(workspace_id=run.workspace_id, run_id=run.id, now=utc_now())
    (granted,) = lease(deployment)

    assert (retried.state, retried.attempt, retried.started_at) == ("AWAITING_RETRY", 2, None)
    assert (granted.run_id, granted.attempt) == (run.id, 2)
    assert granted.epoch > run.epoch
    assert report(run, RunState.COMPLETED, in_workspace).is_stale


@pytest.mark.parametrize("state", ["RUNNING", "COMPLETED"])
def test_retry_refuses_what_has_not_failed(in_workspace, state):
    run = running(make_deployment(in_workspace), in_workspace)
    if state == "COMPLETED":
        report(run, RunState.COMPLETED, in_workspace)

    with pytest.raises(RunNotRetryable):
        services.retry_run(workspace_id=run.workspace_id, run_id=run.id, now=utc_now())


def test_retry_refuses_a_run_that_no_pool_can_execute(in_workspace):
    run = local_run(in_workspace)
    report(run, RunState.FAILED, in_workspace)

    with pytest.raises(RunNotRetryable):
        services.retry_run(workspace_id=run.workspace_id, run_id=run.id, now=utc_now())


def test_a_run_that_nobody_takes_is_late(in_workspace, as_worker):
    now = utc_now()
    run = start(make_deployment(in_workspace), now=now)
    with as_worker():
        early = services.mark_late_runs(now=now + timedelta(seconds=14))
        late = services.mark_late_runs(now=now + timedelta(seconds=16))

    assert (early, late) == (0, 1)
    assert Run.objects.get(id=run.id).state == "LATE"
    assert [one.run_id for one in lease(run.deployment)] == [run.id]
