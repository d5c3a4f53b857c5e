from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.enums import PoolKind
from apps.dispatch.errors import AgentIdTaken
from apps.dispatch.models import Agent, Lease, LeaseBeat, Queue
from apps.dispatch.services import HeldLease
from apps.flows import services as flows
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import (
    agent,
    lease,
    local_run,
    make_deployment,
    report,
    running,
    start,
)

pytestmark = pytest.mark.django_db


def test_a_grant_carries_all_that_the_agent_needs(in_workspace):
    deployment = make_deployment(
        in_workspace, parameters={"rows": 1, "day": "x"}, timeout_seconds=60, version="v1"
    )
    run = start(deployment, parameters={"rows": 2}, name="by hand")

    (granted,) = lease(deployment, by=(worker := agent()))

    assert granted.parameters == {"rows": 2, "day": "x"}
    assert (granted.run_name, granted.flow_name, granted.attempt) == ("by hand", "load", 1)
    assert (granted.timeout_seconds, granted.lease_seconds) == (60, 30)
    assert granted.deployment.entrypoint == "flow.py:load"
    held = Lease.objects.get()
    assert (held.run_id, held.epoch, held.agent_id) == (run.id, granted.epoch, worker.id)
    assert Run.objects.get(id=run.id).agent_name == worker.name


def test_runs_are_served_by_priority_then_by_time(in_workspace):
    deployment = make_deployment(in_workspace)
    now = utc_now()
    late = start(deployment, now=now)
    early = start(deployment, now=now - timedelta(minutes=1))
    urgent = start(deployment, now=now, priority=5)

    order = [lease(deployment, limit=1)[0].run_id for _ in range(3)]

    assert order == [urgent.id, early.id, late.id]


def test_queues_are_served_by_their_priority(in_workspace):
    deployment = make_deployment(in_workspace)
    slow = start(deployment)
    fast = Queue.objects.create(
        workspace_id=in_workspace.id, pool_id=deployment.pool_id, name="fast", priority=0
    )
    quick = start(deployment)

    granted = lease(deployment, limit=1)

    assert quick.queue_id == fast.id  # what names no queue goes to the first
    assert [one.run_id for one in granted] == [quick.id]
    assert [one.run_id for one in lease(deployment)] == [slow.id]


def test_a_run_for_later_waits(in_workspace):
    deployment = make_deployment(in_workspace)
    now = utc_now()
    run = start(deployment, now=now, scheduled_for=now + timedelta(hours=1))

    assert lease(deployment, now=now + timedelta(minutes=59)) == []
    assert [one.run_id for one in lease(deployment, now=now + timedelta(hours=1))] == [run.id]


@pytest.mark.parametrize("what", ["pool", "queue", "deployment"])
def test_nothing_is_leased_from_what_is_paused(in_workspace, what):
    deployment = make_deployment(in_workspace)
    run = start(deployment)
    now = utc_now()
    if what == "pool":
        services.pause_pool(
            workspace_id=in_workspace.id, pool_id=deployment.pool_id, paused=True, now=now
        )
    elif what == "queue":
        Queue.objects.filter(pool_id=deployment.pool_id).update(paused_at=now)
    else:
        flows.edit_deployment(
            workspace_id=in_workspace.id,
            deployment_id=deployment.id,
            changes={"paused": True},
            now=now,
        )

    assert lease(deployment) == []
    assert Run.objects.get(id=run.id).state == "SCHEDULED"


def test_a_paused_deployment_holds_up_nobody_else(in_workspace):
    paused, other = (make_deployment(in_workspace, name=name) for name in ("paused", "other"))
    start(paused)
    run = start(other)
    flows.edit_deployment(
        workspace_id=in_workspace.id,
        deployment_id=paused.id,
        changes={"paused": True},
        now=utc_now(),
    )

    assert [one.run_id for one in lease(other)] == [run.id]


def test_the_limit_of_concurrent_runs_counts_leases(in_workspace):
    deployment = make_deployment(in_workspace)
    local_run(in_workspace)
    for _ in range(4):
        start(deployment)

    first = lease(deployment, max_concurrent_runs=3)
    none = lease(deployment, max_concurrent_runs=3)
    report(first[0], RunState.RUNNING, in_workspace)
    report(first[0], RunState.COMPLETED, in_workspace)
    after = lease(deployment, max_concurrent_runs=3)

    assert (len(first), len(none), len(after)) == (2, 0, 1)


def test_a_heartbeat_prolongs_commands_and_tells_what_is_lost(in_workspace):
    deployment, before = make_deployment(in_workspace), utc_now() - timedelta(seconds=10)
    for _ in range(3):
        start(deployment, now=before)
    kept, stopping, gone = lease(deployment, now=before)
    for each in (kept, stopping):
        report(each, RunState.RUNNING, in_workspace)
    runs.cancel_run(workspace_id=in_workspace.id, run_id=stopping.run_id, now=utc_now())
    report(gone, RunState.CRASHED, in_workspace)
    now = utc_now()

    answer = services.heartbeat(
        workspace_id=in_workspace.id,
        leases=[
            HeldLease(run_id=kept.run_id, epoch=kept.epoch),
            HeldLease(run_id=stopping.run_id, epoch=stopping.epoch),
            HeldLease(run_id=kept.run_id, epoch=kept.epoch + 7),
            HeldLease(run_id=gone.run_id, epoch=gone.epoch),
        ],
        now=now,
    )

    assert [(each.run_id, each.command) for each in answer.commands] == [
        (stopping.run_id, "cancel")
    ]
    # What its own report ended is not lost: the process may be flushing its last lines.
    assert answer.lost == [HeldLease(run_id=kept.run_id, epoch=kept.epoch + 7)]
    assert set(LeaseBeat.objects.values_list("beat_at", flat=True)) == {now}


def test_a_heartbeat_is_one_statement_for_all_leases(in_workspace, django_assert_num_queries):
    deployment = make_deployment(in_workspace)
    for _ in range(20):
        start(deployment)
    held = [HeldLease(run_id=one.run_id, epoch=one.epoch) for one in lease(deployment, limit=20)]

    with django_assert_num_queries(1):
        services.heartbeat(workspace_id=in_workspace.id, leases=held, now=utc_now())


def test_a_rival_cannot_prolong_a_lease(workspace, rival_workspace):
    with workspace_scope(workspace.id):
        run = running(make_deployment(workspace), workspace)
        before = LeaseBeat.objects.get().beat_at
    held = [HeldLease(run_id=run.id, epoch=run.epoch)]

    with workspace_scope(rival_workspace.id):
        answer = services.heartbeat(
            workspace_id=rival_workspace.id, leases=held, now=utc_now() + timedelta(seconds=5)
        )

    assert answer.lost == held
    with workspace_scope(workspace.id):
        assert LeaseBeat.objects.get().beat_at == before


def test_the_answer_to_a_poll_carries_the_agents_commands(in_workspace):
    deployment = make_deployment(in_workspace)
    start(deployment)
    (granted,) = lease(deployment, by=(worker := agent()))
    runs.cancel_run(workspace_id=in_workspace.id, run_id=granted.run_id, now=utc_now())

    def commands(of):
        return services.lease_next_runs(
            workspace_id=in_workspace.id,
            pool_id=deployment.pool_id,
            agent=of,
            limit=1,
            max_concurrent_runs=None,
            now=utc_now(),
        ).commands

    assert [each.run_id for each in commands(worker)] == [granted.run_id]
    assert commands(agent()) == []


def test_an_agent_is_known_by_its_id_in_one_pool_only(in_workspace):
    first = make_deployment(in_workspace)
    services.create_pool(
        workspace_id=in_workspace.id, name="gpu", kind=PoolKind.PROCESS, now=utc_now()
    )
    second = make_deployment(in_workspace, pool="gpu", name="other")
    lease(first, by=(worker := agent()))

    with pytest.raises(AgentIdTaken):
        lease(second, by=worker)

    assert Agent.objects.get().pool_id == first.pool_id


def test_deleting_a_deployment_cancels_what_waits(in_workspace):
    deployment = make_deployment(in_workspace)
    executing = running(deployment, in_workspace)
    waiting = start(deployment)

    services.remove_deployment(
        workspace_id=in_workspace.id, deployment_id=deployment.id, now=utc_now()
    )

    assert Run.objects.get(id=executing.id).state == "RUNNING"
    assert Run.objects.get(id=waiting.id).state == "CANCELLED"
    assert report(executing, RunState.COMPLETED, in_workspace).run.deployment_id == deployment.id
