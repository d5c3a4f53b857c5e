"""Signs of life of many agents: one statement hears them, each gets an answer of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.errors import AgentIdTaken
from apps.dispatch.models import Agent, LeaseBeat
from apps.dispatch.services import Beat, HeldLease
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import agent, lease, make_deployment, report, start


def beat_of(workspace, deployment, worker, leases=(), *, now=None):
    return Beat(
        workspace_id=workspace.id,
        pool_id=deployment.pool_id,
        agent=worker,
        leases=[HeldLease(run_id=one.run_id, epoch=one.epoch) for one in leases],
        heeded=[],
        now=now or utc_now(),
    )


@pytest.mark.django_db
class TestOne:
    def test_one_statement_hears_an_agent_and_all_its_leases(
        self, workspace, django_assert_num_queries
    ):
        with workspace_scope(workspace.id):
            deployment = make_deployment(workspace)
            for _ in range(20):
                start(deployment)
            granted = lease(deployment, by=(worker := agent()), limit=20)
        now = utc_now() + timedelta(seconds=3)

        with django_assert_num_queries(1):
            answer = services.hear_agent(beat_of(workspace, deployment, worker, granted, now=now))

        assert (answer.commands, answer.lost, answer.draining) == ([], [], False)
        with workspace_scope(workspace.id):
            assert set(LeaseBeat.objects.values_list("beat_at", flat=True)) == {now}
            assert Agent.objects.get().last_seen_at == now

    def test_it_leaves_the_workspace_as_it_found_it(self, workspace):
        with workspace_scope(workspace.id):
            deployment = make_deployment(workspace)
            lease(deployment, by=(worker := agent()))

        services.hear_agent(beat_of(workspace, deployment, worker))

        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.workspace', true)")
            assert cursor.fetchone() == ("",)
        assert Agent.objects.count() == 0  # nobody's rows are seen outside of a workspace

    def test_it_prolongs_nothing_of_a_rival(self, workspace, rival_workspace):
        with workspace_scope(workspace.id):
            start(deployment := make_deployment(workspace))
            granted = lease(deployment)
            before = LeaseBeat.objects.get().beat_at
        with workspace_scope(rival_workspace.id):
            theirs = make_deployment(rival_workspace)
        later = utc_now() + timedelta(seconds=5)

        answer = services.hear_agent(beat_of(rival_workspace, theirs, agent(), granted, now=later))

        assert [each.run_id for each in answer.lost] == [granted[0].run_id]
        with workspace_scope(workspace.id):
            assert LeaseBeat.objects.get().beat_at == before

    def test_an_id_of_another_pool_is_refused(self, workspace, rival_workspace):
        with workspace_scope(rival_workspace.id):
            lease(make_deployment(rival_workspace), by=(worker := agent()))
        with workspace_scope(workspace.id):
            deployment = make_deployment(workspace)

        with pytest.raises(AgentIdTaken):
            services.hear_agent(beat_of(workspace, deployment, worker))

        with workspace_scope(rival_workspace.id):
            assert Agent.objects.get().pool_id != deployment.pool_id


@pytest.mark.django_db(transaction=True)
def test_those_heard_together_each_get_their_own_answer(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        for _ in range(4):
            start(deployment)
        calm, stopping, loser, drained = (agent(name) for name in "abcd")
        held = {
            worker.id: lease(deployment, by=worker, limit=1) for worker in (calm, stopping, loser)
        }
        lease(deployment, by=drained, limit=0)
        (cancelled,), (lost,) = held[stopping.id], held[loser.id]
        report(cancelled, RunState.RUNNING, workspace)
        runs.cancel_run(workspace_id=workspace.id, run_id=cancelled.run_id, now=utc_now())
        services.drain_agent(
            workspace_id=workspace.id,
            pool_id=deployment.pool_id,
            agent_id=drained.id,
            draining=True,
            now=utc_now(),
        )
        new = agent("new")
    workers = [calm, stopping, loser, drained, new]
    beats = {
        worker.id: beat_of(workspace, deployment, worker, held.get(worker.id, ()))
        for worker in workers
    }
    beats[loser.id].leases[0] = HeldLease(run_id=lost.run_id, epoch=lost.epoch + 1)

    def hear(worker):
        try:
            return services.hear_agent(beats[worker.id])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(workers)) as threads:
        answers = dict(zip((w.name for w in workers), threads.map(hear, workers), strict=True))

    assert [each.command for each in answers["b"].commands] == ["cancel"]
    assert [each.epoch for each in answers["c"].lost] == [lost.epoch + 1]
    assert {name for name, answer in answers.items() if answer.draining} == {"d"}
    assert not any(answers[name].commands or answers[name].lost for name in ("a", "d", "new"))
    with workspace_scope(workspace.id):
        assert Agent.objects.count() == 5
