"""What becomes of tasks: how their runs end, what is stopped, what is metered, what is swept."""

from collections import Counter
from datetime import timedelta

import pytest

from apps.compute import services as compute
from apps.compute.services import reconcile
from apps.dispatch.models import Lease, LeaseBeat
from apps.flows.sizes import Size
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import RunKey
from billing.metering.models import UsageRecord
from tests.apps.compute.test_launch import fresh, started
from tests.factories.dispatch import report
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db


def said(run, target, workspace, managed, **more):
    """The task itself reports the state of its run."""
    with workspace_scope(workspace.id):
        return report(fresh(run), target, workspace, now=managed.now, **more)


def ledger(run):
    with as_worker():
        rows = UsageRecord.objects.filter(run_id=run.id).order_by("meter")
        return {row.meter: row.quantity for row in rows}


def total(run):
    sums = Counter()
    with as_worker():
        for row in UsageRecord.objects.filter(run_id=run.id):
            sums[row.meter] += row.quantity
    return sums


def test_a_task_that_runs_is_shown_as_such(workspace, managed):
    run = started(workspace)
    managed.launch()

    managed.ecs.begin(managed.task_of(run).external_id)
    managed.reconcile()

    task = managed.task_of(run)
    assert task.state == "RUNNING"
    assert task.started_at is not None


@pytest.mark.parametrize(
    ("end", "kind", "more"),
    [
        (lambda ecs, arn: ecs.end(arn, 3), "exit_code", {"exit_code": 3}),
        (lambda ecs, arn: ecs.end(arn, 139), "signal", {"signal": "SIGSEGV"}),
        (lambda ecs, arn: ecs.run_out_of_memory(arn), "oom", {"signal": "SIGKILL"}),
        (lambda ecs, arn: ecs.evict(arn), "evicted", {}),
    ],
)
def test_a_task_that_stops_without_a_word_crashes_its_run(workspace, managed, end, kind, more):
    run = started(workspace)
    task = managed.begin(run)
    said(run, RunState.RUNNING, workspace, managed)

    end(managed.ecs, task.external_id)
    managed.reconcile()

    after, task = fresh(run), managed.task_of(run)
    assert after.state == "CRASHED"
    assert after.cause["kind"] == kind
    assert more.items() <= after.cause.items()
    assert task.state == "STOPPED"
    assert task.cause == after.cause
    with workspace_scope(workspace.id):
        assert not Lease.objects.filter(run_id=run.id, ended_at=None).exists()
        assert not RunKey.objects.filter(run_id=run.id, revoked_at=None).exists()


def test_an_image_that_cannot_be_pulled_is_a_failed_start_and_costs_nothing(workspace, managed):
    run = started(workspace)
    managed.launch()

    managed.ecs.cannot_pull(managed.task_of(run).external_id)
    managed.reconcile()

    after = fresh(run)
    assert (after.state, after.cause["kind"]) == ("CRASHED", "start_failed")
    assert "CannotPullContainerError" in after.cause["detail"]
    assert ledger(run) == {}


def test_a_task_whose_run_ended_leaves_the_run_alone(workspace, managed):
    run = started(workspace)
    managed.begin(run)
    said(run, RunState.RUNNING, workspace, managed)
    said(run, RunState.COMPLETED, workspace, managed)

    task = managed.end(run, 0)

    assert fresh(run).state == "COMPLETED"
    assert (task.state, task.exit_code, task.cause) == ("STOPPED", 0, None)


def test_a_task_that_ends_well_without_an_end_of_its_run_is_told_of(workspace, managed):
    run = started(workspace)
    managed.begin(run)

    managed.end(run, 0)

    after = fresh(run)
    assert after.state == "CRASHED"
    assert after.cause["exit_code"] == 0


def test_retries_by_policy_are_new_tasks_of_a_new_epoch(workspace, managed):
    run = started(workspace, retries=1)
    first = managed.begin(run)

    managed.end(run, 3)
    assert fresh(run).state == "AWAITING_RETRY"
    second = managed.begin(run)

    assert second.epoch > first.epoch
    assert second.external_id != first.external_id
    assert fresh(run).state == "PENDING"


def test_usage_is_written_once_from_start_to_stop(workspace, managed):
    run = started(workspace, size=Size(cpu_units=512, memory_mb=2_048))
    task = managed.begin(run)
    managed.ecs.end(task.external_id, 3)
    ended = managed.ecs.tasks[task.external_id]
    ended["stoppedAt"] = ended["startedAt"] + timedelta(seconds=9.5)

    managed.reconcile()
    managed.reconcile()

    assert ledger(run) == {"managed_seconds": 10, "vcpu_seconds": 5, "gb_seconds": 19}
    with as_worker():
        keys = set(UsageRecord.objects.filter(run_id=run.id).values_list("source_key", flat=True))
    assert keys == {task.token}


def test_a_task_that_does_not_end_is_counted_as_it_runs(workspace, managed):
    run = started(workspace, size=Size(cpu_units=512, memory_mb=2_048))
    task = managed.begin(run)
    running_since = managed.ecs.tasks[task.external_id]["startedAt"]
    sums = []

    for minutes in (10, 20, 25, 40, 400):
        managed.later = timedelta(minutes=minutes)
        managed.reconcile()
        managed.reconcile()
        sums.append(total(run)["managed_seconds"] // 60)
    managed.ecs.end(task.external_id, 0)
    managed.ecs.tasks[task.external_id]["stoppedAt"] = running_since + timedelta(hours=7, seconds=9)
    managed.later = timedelta(hours=7, minutes=1)
    managed.reconcile()
    managed.reconcile()

    assert sums == [0, 19, 19, 39, 399]
    assert total(run) == {"managed_seconds": 25_209, "vcpu_seconds": 12_605, "gb_seconds": 50_418}


def test_an_end_before_what_is_counted_takes_nothing_back(workspace, managed):
    run = started(workspace)
    task = managed.begin(run)
    managed.later = timedelta(minutes=30)
    managed.reconcile()
    counted = total(run)
    managed.ecs.end(task.external_id, 0)
    ended = managed.ecs.tasks[task.external_id]
    ended["stoppedAt"] = ended["startedAt"] + timedelta(minutes=28)

    managed.reconcile()

    assert total(run) == counted


def test_a_cancelled_task_may_end_by_itself_and_is_stopped_after_the_grace(workspace, managed):
    run = started(workspace)
    task = managed.begin(run)
    said(run, RunState.RUNNING, workspace, managed)
    with workspace_scope(workspace.id):
        runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=managed.now)

    managed.reconcile()
    assert managed.ecs.tasks[task.external_id]["desiredStatus"] == "RUNNING"
    managed.later = timedelta(seconds=25)
    managed.reconcile()

    assert managed.task_of(run).state == "STOPPING"
    task = managed.end(run, 143)
    assert fresh(run).state == "CANCELLED"
    assert task.cause is None
    assert task.stop_reason == "Cancelled."
    assert ledger(run)["managed_seconds"] > 0


def test_a_task_cancelled_before_its_first_word_is_stopped_at_once(workspace, managed):
    run = started(workspace)
    managed.launch()
    with workspace_scope(workspace.id):
        runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=managed.now)

    managed.reconcile()

    assert managed.task_of(run).state == "STOPPING"
    managed.end(run, None)
    assert fresh(run).state == "CANCELLED"


def test_a_superseded_task_is_stopped_and_changes_nothing(workspace, managed):
    run = started(workspace)
    old = managed.begin(run)
    with as_worker():
        runs.transition_run(
            workspace_id=workspace.id,
            run_id=run.id,
            target=RunState.CRASHED,
            occurred_at=managed.now,
            now=managed.now,
            bump_epoch=True,
        )

    managed.reconcile()
    assert managed.ecs.tasks[old.external_id]["desiredStatus"] == "STOPPED"
    managed.end(run, 3)

    after = fresh(run)
    assert (after.state, after.cause) == ("CRASHED", None)


def test_a_task_whose_run_ended_gets_time_to_flush_and_is_stopped_then(workspace, managed):
    run = started(workspace)
    task = managed.begin(run)
    said(run, RunState.RUNNING, workspace, managed)
    said(run, RunState.COMPLETED, workspace, managed)

    managed.reconcile()
    assert managed.ecs.tasks[task.external_id]["desiredStatus"] == "RUNNING"
    managed.later = timedelta(seconds=31)
    managed.reconcile()

    assert managed.ecs.tasks[task.external_id]["desiredStatus"] == "STOPPED"


def test_a_task_that_says_no_word_in_five_minutes_is_stopped_and_failed_to_start(
    workspace, managed
):
    run = started(workspace)
    managed.launch()
    managed.ecs.begin(managed.task_of(run).external_id)

    managed.later = compute.START_LIMIT + timedelta(seconds=1)
    managed.reconcile()
    assert fresh(run).state == "PENDING"
    managed.end(run, 143)

    after = fresh(run)
    assert (after.state, after.cause["kind"]) == ("CRASHED", "start_failed")
    assert "did not begin in time" in after.cause["detail"]


def test_leases_of_quiet_tasks_are_renewed_until_they_speak(workspace, managed):
    run = started(workspace)
    managed.launch()
    managed.later = timedelta(seconds=20)

    assert managed.beat() == 1
    with workspace_scope(workspace.id):
        assert LeaseBeat.objects.get(lease__run_id=run.id).beat_at >= managed.now - timedelta(
            seconds=5
        )
    managed.begin(run)

    assert managed.beat() == 0


def test_the_first_word_of_a_phase_counts(workspace, managed):
    run = started(workspace)
    first = managed.begin(run).fetched_at
    with workspace_scope(workspace.id):
        compute.note_phase(
            workspace_id=workspace.id,
            run_id=run.id,
            epoch=1,
            phase=compute.TaskPhase.FETCHED,
            at=managed.now + timedelta(hours=1),
            now=managed.now + timedelta(hours=1),
        )

    assert managed.task_of(run).fetched_at == first


def test_a_task_that_ecs_does_not_know_yet_is_given_a_minute(workspace, managed):
    run = started(workspace)
    managed.launch()
    task = managed.task_of(run)
    kept = managed.ecs.tasks.pop(task.external_id)

    managed.reconcile()
    assert managed.task_of(run).state == "STARTING"
    managed.ecs.tasks[task.external_id] = kept
    managed.reconcile()

    assert fresh(run).state == "PENDING"


def test_a_task_whose_end_nobody_saw_is_counted_up_to_when_it_was_last_seen(workspace, managed):
    run = started(workspace)
    task = managed.begin(run)
    started_at = managed.ecs.tasks[task.external_id]["startedAt"]
    managed.later = timedelta(seconds=100)
    managed.reconcile()
    managed.ecs.forget(task.external_id)
    managed.later = timedelta(hours=2)

    managed.reconcile()

    after, task = fresh(run), managed.task_of(run)
    assert (after.state, after.cause["kind"]) == ("CRASHED", "agent_lost")
    assert 99 <= (task.stopped_at - started_at).total_seconds() <= 101
    assert 100 <= ledger(run)["managed_seconds"] <= 101


def test_a_backend_that_cannot_be_asked_changes_nothing(workspace, managed, monkeypatch):
    run = started(workspace)
    managed.begin(run)

    def refuse(**_):
        raise managed.ecs._error("ServerException", "Unavailable", "DescribeTasks", 500)

    monkeypatch.setattr(managed.ecs, "describe_tasks", refuse)
    managed.reconcile()

    assert managed.task_of(run).state == "RUNNING"
    assert fresh(run).state == "PENDING"


def test_a_launch_that_went_through_unnoticed_after_it_was_given_up_is_swept(workspace, managed):
    run = started(workspace)
    managed.ecs.next_answers = ["answer lost"]
    managed.launch()
    managed.later = compute.START_LIMIT + timedelta(seconds=1)
    managed.reconcile()
    assert len(managed.ecs.alive) == 1

    assert managed.sweep() == 1

    (orphan,) = managed.ecs.tasks.values()
    assert orphan["desiredStatus"] == "STOPPED"
    assert fresh(run).state == "CRASHED"


def test_the_sweep_leaves_what_somebody_waits_for(workspace, managed):
    running, uncertain = started(workspace, name="one"), started(workspace, name="two")
    managed.ecs.next_answers = ["", "answer lost"]
    managed.launch()

    assert managed.sweep() == 0

    assert len(managed.ecs.alive) == 2
    assert {managed.task_of(run).state for run in (running, uncertain)} == {
        "STARTING",
        "REQUESTED",
    }


def test_runs_that_go_take_their_tasks_along(workspace, managed):
    run = started(workspace)
    managed.begin(run)
    managed.end(run, 3)

    with workspace_scope(workspace.id):
        Run.objects.filter(id=run.id).delete()

    assert managed.task_of(run) is None


def test_a_task_that_cannot_be_settled_keeps_no_other_from_it(workspace, managed, monkeypatch):
    broken, fine = started(workspace, name="broken"), started(workspace, name="fine")
    tasks = [managed.begin(run) for run in (broken, fine)]
    for task in tasks:
        managed.ecs.end(task.external_id, 3)
    end = reconcile.end_launched

    def fails_for_one(task, **more):
        if task.run_id == broken.id:
            raise KeyError("what nobody thought of")
        return end(task, **more)

    monkeypatch.setattr(reconcile, "end_launched", fails_for_one)
    managed.reconcile()

    assert fresh(fine).state == "CRASHED"
    assert managed.task_of(broken).state == "RUNNING"
