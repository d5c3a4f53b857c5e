"""Real threads on real connections: what one conditional UPDATE and SKIP LOCKED are for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services
from apps.dispatch.enums import LimitKind, ServiceLevelKind
from apps.dispatch.models import ConcurrencySlot, Lease, Pool, Queue, ServiceLevelBreach
from apps.flows.enums import Overlap
from apps.flows.models import Deployment, DeploymentVersion, Flow, Schedule
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.errors import RunNotCancellable
from apps.runs.models import Run
from apps.runs.services import MoveResult
from apps.telemetry import selectors as telemetry
from apps.telemetry.search.terms import text_is
from apps.tenancy.isolation import workspace_scope
from tests.apps.runs.test_task_runs import said
from tests.factories.dispatch import (
    ALICE,
    agent,
    every,
    lease,
    local_run,
    make_deployment,
    report,
    running,
    start,
)
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls):
    """Run the calls at once, each in a thread with a connection of its own."""
    ready = threading.Barrier(len(calls))

    def run(call):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            ready.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def inside(workspace, call):
    def run():
        with workspace_scope(workspace.id):
            return call()

    return run


def test_two_claimers_never_get_the_same_run(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        made = {start(deployment).id for _ in range(40)}
    workers = [agent(f"worker-{number}") for number in range(4)]

    def drain(worker):
        taken = []
        while True:
            with workspace_scope(workspace.id):
                granted = lease(deployment, by=worker, limit=3)
            if not granted:
                return taken
            taken += [one.run_id for one in granted]

    shares = together(*[lambda worker=worker: drain(worker) for worker in workers])

    taken = [run_id for share in shares for run_id in share]
    assert len(taken) == len(set(taken)) == 40
    assert set(taken) == made
    with workspace_scope(workspace.id):
        assert Lease.objects.filter(ended_at=None).count() == 40


def test_two_claimers_keep_the_limit_between_them(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        for _ in range(20):
            start(deployment)

    shares = together(
        *[
            inside(
                workspace,
                lambda: lease(deployment, by=agent(), limit=10, max_concurrent_runs=7),
            )
            for _ in range(4)
        ]
    )

    assert sum(len(share) for share in shares) == 7


@pytest.mark.parametrize("attempt", range(5))
def test_a_cancellation_against_a_completion(workspace, attempt):
    with workspace_scope(workspace.id):
        run = running(make_deployment(workspace), workspace)

    def cancel():
        try:
            with workspace_scope(workspace.id):
                return runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=utc_now())
        except RunNotCancellable:
            return None

    cancelled, completed = together(
        cancel, inside(workspace, lambda: report(run, RunState.COMPLETED, workspace))
    )

    with workspace_scope(workspace.id):
        # Either the cancellation came too late, or the run completed while it was being asked.
        assert completed.result is MoveResult.APPLIED
        assert Run.objects.get(id=run.id).state == "COMPLETED"
        states = telemetry.list_transitions(workspace_id=workspace.id, run_id=run.id)
        assert sorted(row.state for row in states).count("CANCELLING") == (cancelled is not None)
        assert not Lease.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize("attempt", range(5))
def test_a_cancellation_against_a_claim(workspace, attempt):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = start(deployment)

    cancelled, granted = together(
        inside(
            workspace,
            lambda: runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=utc_now()),
        ),
        inside(workspace, lambda: lease(deployment)),
    )

    assert cancelled.state == ("CANCELLING" if granted else "CANCELLED")


@pytest.mark.parametrize("attempt", range(5))
def test_a_last_minute_report_against_the_rescue(workspace, attempt):
    from apps.dispatch.models import FrontDoorPulse, LeaseBeat

    now = utc_now()
    with workspace_scope(workspace.id):
        run = running(make_deployment(workspace, retries=1), workspace)
        LeaseBeat.objects.update(beat_at=now - timedelta(seconds=40))
    FrontDoorPulse.objects.create(up_since=now - timedelta(hours=1), seen_at=now)

    def rescue():
        with as_worker():
            return services.rescue_lost_runs(now=utc_now())

    rescued, reported = together(
        rescue, inside(workspace, lambda: report(run, RunState.COMPLETED, workspace))
    )

    with workspace_scope(workspace.id):
        state = Run.objects.get(id=run.id).state
        assert (rescued, state) in {(0, "COMPLETED"), (1, "AWAITING_RETRY")}
        assert reported.is_stale == bool(rescued)
        assert not Lease.objects.filter(ended_at=None).exists()


def test_four_schedulers_make_each_due_run_exactly_once(workspace):
    now = utc_now()
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        schedules = Schedule.objects.bulk_create(
            Schedule(
                workspace_id=workspace.id,
                deployment=deployment,
                kind="INTERVAL",
                interval_seconds=60,
                anchor_at=now,
                next_at=now,
            )
            for _ in range(1000)
        )

    def replica():
        taken = 0
        with as_worker():
            while made := services.create_due_runs(now=now, limit=50):
                taken += made
        return taken

    shares = together(replica, replica, replica, replica)

    assert sum(shares) == 1000
    with workspace_scope(workspace.id):
        due = list(Run.objects.values_list("schedule_id", "due_at"))
        assert len(due) == len(set(due)) == 1000
        assert {schedule_id for schedule_id, _ in due} == {each.id for each in schedules}
        assert set(Schedule.objects.values_list("next_at", flat=True)) == {
            now + timedelta(seconds=60)
        }


def test_of_runs_that_are_made_at_once_one_is_not_skipped(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, overlap=Overlap.SKIP)

    made = together(*[inside(workspace, lambda: start(deployment)) for _ in range(6)])

    assert sorted(run.state for run in made) == ["SCHEDULED"] + ["SKIPPED"] * 5


def test_deploys_at_once_number_their_versions_one_after_the_other(workspace):
    together(*[inside(workspace, lambda: make_deployment(workspace)) for _ in range(5)])

    with workspace_scope(workspace.id):
        numbers = DeploymentVersion.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == [1, 2, 3, 4, 5]
        assert Deployment.objects.get().version_number == 5


def test_concurrent_batches_keep_the_counts_right(workspace):
    with workspace_scope(workspace.id):
        run = local_run(workspace)
    tasks = [uuid7() for _ in range(30)]

    def tell(chunk):
        with workspace_scope(workspace.id):
            for sequence, state in ((1, RunState.RUNNING), (2, RunState.COMPLETED)):
                runs.report_task_runs(
                    workspace_id=workspace.id,
                    reports=[said(run, task, sequence, state) for task in chunk],
                )

    together(*[lambda chunk=tasks[n::3]: tell(chunk) for n in range(3)], lambda: tell(tasks))

    with workspace_scope(workspace.id):
        assert Run.objects.get(id=run.id).task_counts == {"COMPLETED": 30}


def test_two_first_reports_adopt_one_run(workspace):
    run_id, at = uuid7(), utc_now()
    with workspace_scope(workspace.id):
        local_run(workspace)  # so that the flow is there

    adopted = together(
        *[inside(workspace, lambda: local_run(workspace, run_id=run_id, now=at)) for _ in range(4)]
    )

    assert {run.id for run in adopted} == {run_id}
    with workspace_scope(workspace.id):
        assert Lease.objects.filter(run_id=run_id).count() == 1


def test_two_first_deploys_make_one_deployment_and_one_pool(workspace):
    together(
        *[
            inside(workspace, lambda: make_deployment(workspace, schedules=[every(60)]))
            for _ in range(4)
        ]
    )

    with workspace_scope(workspace.id):
        assert Flow.objects.count() == Deployment.objects.count() == 1
        assert Pool.objects.count() == Queue.objects.count() == 1
        assert Schedule.objects.count() == 1


def test_limits_hold_however_many_claim_and_report_at_once(workspace):
    with workspace_scope(workspace.id):
        by_tag = make_deployment(workspace, name="by-tag", tags=["warehouse"])
        both = make_deployment(workspace, name="both", tags=["warehouse"])
        free = make_deployment(workspace, name="free")
        for kind, key, much in (("TAG", "warehouse", 3), ("DEPLOYMENT", both.id, 2)):
            services.set_limit(
                workspace_id=workspace.id,
                kind=LimitKind(kind),
                key=str(key),
                much=much,
                now=utc_now(),
            )
        made = {start(each).id for each in (by_tag, both, free) for _ in range(15)}
    over: list[str] = []

    def work(worker):
        done, idle = [], 0
        while idle < 200 and len(finished) < len(made):
            with workspace_scope(workspace.id):
                granted = lease(free, by=worker, limit=4)
            with workspace_scope(workspace.id):
                going = list(Lease.objects.filter(ended_at=None).values_list("run_id", flat=True))
                of = list(Run.objects.filter(id__in=going).values_list("tags", "deployment_id"))
            if sum("warehouse" in tags for tags, _ in of) > 3:
                over.append("tag")
            if sum(deployment_id == both.id for _, deployment_id in of) > 2:
                over.append("deployment")
            idle = 0 if granted else idle + 1
            for one in granted:
                with workspace_scope(workspace.id):
                    report(one, RunState.RUNNING, workspace)
                with workspace_scope(workspace.id):
                    report(one, RunState.COMPLETED, workspace)
                done.append(one.run_id)
                finished.add(one.run_id)
        return done

    finished: set = set()
    workers = [agent(f"worker-{number}") for number in range(6)]
    shares = together(*[lambda worker=worker: work(worker) for worker in workers])

    taken = [run_id for share in shares for run_id in share]
    assert sorted(taken) == sorted(made)
    assert over == []
    with workspace_scope(workspace.id):
        assert not ConcurrencySlot.objects.exists()
        assert not Run.objects.filter(waits_on__isnull=False).exists()


def test_loops_beside_each_other_make_each_part_once(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        backfills = [
            services.create_backfill(
                workspace_id=workspace.id,
                spec=services.BackfillSpec(
                    deployment_id=deployment.id,
                    parameter="part",
                    partitions=[str(number) for number in range(90)],
                    concurrency=5,
                ),
                created_by=ALICE,
                now=utc_now(),
            )
            for _ in range(3)
        ]

    def go_on():
        with as_worker():
            return [
                services.continue_backfill(backfill_id=each, now=utc_now())
                for each in services.list_backfills_to_continue()
            ]

    for _ in range(8):
        with workspace_scope(workspace.id):
            for each in backfills:
                runs.cancel_waiting_of_backfill(
                    workspace_id=workspace.id, backfill_id=each.id, now=utc_now(), message=""
                )
        together(*[go_on] * 4)

    with workspace_scope(workspace.id):
        for each in backfills:
            each.refresh_from_db()
            assert each.state == "COMPLETED"
            made = Run.objects.filter(backfill_id=each.id)
            parts = list(each.parts.order_by("position").values_list("key", "run_id"))
            assert made.count() == len(parts) == 90
            assert {run.id: run.parameters["part"] for run in made} == {
                run_id: key for key, run_id in parts
            }


def test_loops_beside_each_other_tell_each_breach_once(workspace):
    now = utc_now()
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        for seconds in range(60, 72):
            services.create_level(
                workspace_id=workspace.id,
                spec=services.LevelSpec(
                    deployment_id=deployment.id,
                    kind=ServiceLevelKind.SUCCEEDS_WITHIN,
                    seconds=seconds,
                ),
                now=now - timedelta(minutes=5),
            )

    def look():
        with as_worker():
            due = services.list_levels_to_check(now=now)
            return sum(services.check_service_level(level_id=each, now=now) for each in due)

    together(*[look] * 4)
    together(*[look] * 4)

    with workspace_scope(workspace.id):
        assert ServiceLevelBreach.objects.count() == 12
        told = telemetry.search_events(
            workspace_id=workspace.id,
            only=telemetry.EventSearch(query=(text_is("name", "headway.service_level.breached"),)),
            limit=100,
        )
        assert len(told.rows) == 12
