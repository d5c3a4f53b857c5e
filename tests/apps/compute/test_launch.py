"""From the free slot to the task: leases, rows, repeated launches, and who waits for whom."""

from datetime import timedelta

import pytest
from django.db import connection

from apps.compute import services as compute
from apps.compute.models import ManagedTask
from apps.dispatch.models import Lease
from apps.flows.sizes import Size
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import RunKey, WorkspaceLimits
from tests.factories.compute import make_managed_deployment
from tests.factories.dispatch import make_deployment, start
from tests.factories.tenancy import sign_up
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db


def started(workspace, **deployment):
    made = make_managed_deployment(workspace, **deployment)
    with workspace_scope(workspace.id):
        return start(made)


def fresh(run):
    with workspace_scope(run.workspace_id):
        return Run.objects.get(id=run.id)


def run_task_requests(managed):
    return [request for name, request in managed.ecs.requests if name == "RunTask"]


def test_a_due_run_is_leased_and_launched_with_its_size_and_key(workspace, managed, alice, api):
    run = started(workspace, size=Size(cpu_units=1_024, memory_mb=4_096))

    assert managed.launch() == 1

    task = managed.task_of(run)
    assert (task.state, task.epoch, task.cpu_units, task.memory_mb) == ("STARTING", 1, 1024, 4096)
    assert task.external_id in managed.ecs.tasks
    assert task.run_key == ""
    assert fresh(run).state == "PENDING"
    (request,) = run_task_requests(managed)
    environment = {
        each["name"]: each["value"]
        for each in request["overrides"]["containerOverrides"][0]["environment"]
    }
    assert environment.pop("HEADWAY_API_KEY").startswith("hw_")
    assert environment == {
        "HEADWAY_API_URL": "https://headway.example",
        "HEADWAY_WORKSPACE": str(workspace.id),
        "HEADWAY_RUN_ID": str(run.id),
        "HEADWAY_EPOCH": "1",
    }
    with workspace_scope(workspace.id):
        lease = Lease.objects.get(run_id=run.id)
        assert (lease.agent_id, lease.holder) == (None, "managed:fargate")
    told = api(alice).get(f"events?run_id={run.id}").json()["items"]
    assert "headway.compute.launched" in [event["name"] for event in told]


def test_runs_of_other_pools_and_later_ones_are_left_alone(workspace, managed):
    deployment = make_managed_deployment(workspace)
    with workspace_scope(workspace.id):
        start(make_deployment(workspace, name="agents"))
        start(deployment, scheduled_for=managed.now + timedelta(hours=1))

    assert managed.launch() == 0

    assert managed.ecs.tasks == {}


def test_more_runs_than_slots_wait(workspace, managed):
    managed.backend.slots = 2
    deployment = make_managed_deployment(workspace)
    with workspace_scope(workspace.id):
        made = [start(deployment) for _ in range(3)]

    managed.launch()
    managed.launch()

    assert [fresh(run).state for run in made] == ["PENDING", "PENDING", "SCHEDULED"]
    managed.end(made[0], 1)
    managed.launch()
    assert fresh(made[2]).state == "PENDING"


def test_slots_are_shared_over_workspaces(workspace, managed):
    managed.backend.slots = 3
    rival = sign_up("mallory@rival.example").workspace
    mine = [started(workspace, name=f"d{n}") for n in range(5)]
    theirs = started(rival)

    managed.launch()

    assert fresh(theirs).state == "PENDING"
    assert [fresh(run).state for run in mine].count("PENDING") == 2


def test_what_a_workspace_may_not_use_goes_to_others(workspace, managed):
    managed.backend.slots = 3
    rival = sign_up("mallory@rival.example").workspace
    for n in range(3):
        started(workspace, name=f"d{n}")
    theirs = [started(rival, name=f"d{n}") for n in range(3)]
    with workspace_scope(workspace.id):
        WorkspaceLimits.objects.filter(workspace_id=workspace.id).update(max_concurrent_runs=0)

    managed.launch()

    assert [fresh(run).state for run in theirs] == ["PENDING"] * 3


def test_paused_deployments_keep_nobody_from_a_slot(workspace, managed):
    managed.backend.slots = 1
    paused = make_managed_deployment(workspace, name="paused")
    with workspace_scope(workspace.id):
        start(paused)
        type(paused).objects.filter(id=paused.id).update(paused_at=managed.now)
    rival = sign_up("mallory@rival.example").workspace
    theirs = started(rival)

    managed.launch()

    assert fresh(theirs).state == "PENDING"


def test_a_launch_of_unknown_outcome_is_repeated_word_for_word(workspace, managed):
    run = started(workspace)
    managed.ecs.next_answers = ["answer lost"]
    managed.launch()
    assert managed.task_of(run).state == "REQUESTED"

    managed.later = timedelta(seconds=5)
    managed.launch()

    first, second = run_task_requests(managed)
    assert first == second
    assert len(managed.ecs.tasks) == 1
    assert managed.task_of(run).state == "STARTING"


def test_a_launcher_killed_before_the_launch_leaves_the_row_to_another(workspace, managed):
    run = started(workspace)
    with as_worker():
        compute.claim_tasks(backend=managed.backend, now=managed.now, limit=5)
    assert managed.task_of(run).state == "REQUESTED"

    assert managed.launch() == 1

    assert managed.task_of(run).state == "STARTING"


def test_a_taken_row_is_left_to_its_launcher_for_a_while(workspace, managed, monkeypatch):
    run = started(workspace)
    monkeypatch.setattr(managed.backend, "launch", _killed)
    with pytest.raises(KeyboardInterrupt):
        managed.launch()
    monkeypatch.undo()

    assert managed.launch() == 0
    managed.later = timedelta(seconds=31)
    assert managed.launch() == 1
    assert managed.task_of(run).state == "STARTING"


def _killed(_task):
    raise KeyboardInterrupt


def test_a_want_of_capacity_keeps_the_lease_and_tries_again(workspace, managed):
    run = started(workspace)
    managed.ecs.next_answers = ["capacity", "capacity"]

    managed.launch()
    task = managed.task_of(run)
    assert (task.state, task.launches) == ("REQUESTED", 1)
    assert "Capacity is unavailable" in task.launch_note
    assert managed.launch() == 0  # not at once
    assert managed.beat() == 1

    for seconds in (20, 60):
        managed.later = timedelta(seconds=seconds)
        managed.launch()

    assert managed.task_of(run).state == "STARTING"
    assert fresh(run).state == "PENDING"


def test_a_task_that_cannot_be_placed_is_given_up_after_five_minutes(workspace, managed):
    run = started(workspace)
    managed.ecs.next_answers = ["capacity"]
    managed.launch()

    managed.later = compute.START_LIMIT + timedelta(seconds=1)
    managed.reconcile()

    after = fresh(run)
    assert after.state == "CRASHED"
    assert after.cause["kind"] == "start_failed"
    assert "within 5 minutes" in after.cause["detail"]
    assert "Capacity is unavailable" in after.cause["detail"]
    assert managed.task_of(run).state == "STOPPED"
    assert managed.beat() == 0


def test_a_refused_launch_crashes_the_run_with_the_reason(workspace, managed):
    run = started(workspace)
    managed.ecs.next_answers = ["forbidden"]

    managed.launch()

    after = fresh(run)
    assert (after.state, after.cause["kind"]) == ("CRASHED", "start_failed")
    assert "not authorized" in after.cause["detail"]
    with workspace_scope(workspace.id):
        assert not RunKey.objects.filter(run_id=run.id, revoked_at=None).exists()


def test_a_pending_run_cancelled_before_its_launch_starts_nothing(workspace, managed):
    run = started(workspace)
    with as_worker():
        compute.claim_tasks(backend=managed.backend, now=managed.now, limit=5)
    with workspace_scope(workspace.id):
        runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=managed.now)

    managed.launch()

    assert fresh(run).state == "CANCELLED"
    assert managed.ecs.requests == []
    task = managed.task_of(run)
    assert (task.state, task.stop_reason) == ("STOPPED", "Cancelled before it was launched.")


def test_a_run_that_was_given_to_another_is_not_launched(workspace, managed):
    run = started(workspace)
    with as_worker():
        compute.claim_tasks(backend=managed.backend, now=managed.now, limit=5)
        runs.transition_run(
            workspace_id=workspace.id,
            run_id=run.id,
            target=RunState.SCHEDULED,
            occurred_at=managed.now,
            now=managed.now,
            bump_epoch=True,
        )
        Lease.objects.filter(run_id=run.id).update(ended_at=managed.now, ended_by="LAPSED")

    managed.launch()

    with workspace_scope(workspace.id):
        tasks = list(ManagedTask.objects.filter(run_id=run.id).order_by("epoch"))
    assert [(task.epoch, task.state, task.external_id != "") for task in tasks] == [
        (1, "STOPPED", False),
        (3, "STARTING", True),
    ]


def test_a_deployment_that_left_for_agents_is_a_failed_start(workspace, managed):
    run = started(workspace)
    with workspace_scope(workspace.id):
        make_deployment(workspace, name="main")  # the same one, now of agents

    managed.launch()

    after = fresh(run)
    assert (after.state, after.cause["kind"]) == ("CRASHED", "start_failed")
    assert managed.ecs.tasks == {}


def test_only_one_claims_at_a_time(workspace, managed):
    started(workspace)
    with connection.cursor() as cursor:
        # The same session may take it again: that it is asked for is what shows here.
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        before = cursor.fetchone()[0]
    with as_worker():
        compute.claim_tasks(backend=managed.backend, now=managed.now, limit=5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone()[0] > before


def test_a_launch_that_breaks_keeps_no_other_from_its_own(workspace, managed, monkeypatch):
    broken, fine = started(workspace, name="broken"), started(workspace, name="fine")
    launch = managed.backend.launch

    def fails_for_one(task):
        if task.run_id == broken.id:
            raise KeyError("what nobody thought of")
        return launch(task)

    monkeypatch.setattr(managed.backend, "launch", fails_for_one)
    managed.launch()

    assert managed.task_of(fine).state == "STARTING"
    task = managed.task_of(broken)
    assert task.state == "REQUESTED"
    assert "what nobody thought of" in task.launch_note
