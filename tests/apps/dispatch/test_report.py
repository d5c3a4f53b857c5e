from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services
from apps.dispatch.models import Lease, LeaseBeat
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.runs.services import LocalRun, MoveResult
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import lease, local_run, make_deployment, report, running, start

pytestmark = pytest.mark.django_db


def test_a_run_goes_the_whole_way(in_workspace):
    deployment = make_deployment(in_workspace)
    run = start(deployment)
    (granted,) = lease(deployment)

    started = report(granted, RunState.RUNNING, in_workspace)
    ended = report(granted, RunState.COMPLETED, in_workspace)

    assert (granted.run_id, granted.epoch) == (run.id, 1)
    assert started.run.state == "RUNNING"
    assert ended.result is MoveResult.APPLIED
    assert ended.run.ended_at >= ended.run.started_at
    assert Lease.objects.get().ended_by == "REPORTED"
    assert not LeaseBeat.objects.exists()


@pytest.mark.parametrize("state", ["FAILED", "TIMED_OUT", "CRASHED"])
def test_a_failed_attempt_is_followed_by_the_next_after_its_delay(in_workspace, state):
    deployment = make_deployment(in_workspace, retries=1, retry_delay_seconds=60)
    now = utc_now()
    run = running(deployment, in_workspace)

    following = report(run, RunState(state), in_workspace, now=now).run

    assert (following.state, following.attempt) == ("AWAITING_RETRY", 2)
    assert following.scheduled_for == now + timedelta(seconds=60)
    assert not Lease.objects.filter(ended_at=None).exists()
    assert lease(deployment, now=now + timedelta(seconds=59)) == []
    (second,) = lease(deployment, now=now + timedelta(seconds=60))
    report(second, RunState.RUNNING, in_workspace)
    assert report(second, RunState.FAILED, in_workspace).run.state == "FAILED"


def test_a_cancelled_run_is_not_tried_again(in_workspace):
    run = running(make_deployment(in_workspace, retries=3), in_workspace)

    assert report(run, RunState.CANCELLED, in_workspace).run.state == "CANCELLED"


def test_the_same_report_again_does_not_retry_twice(in_workspace):
    run = running(make_deployment(in_workspace, retries=5), in_workspace)
    at = utc_now()
    report(run, RunState.FAILED, in_workspace, now=at)

    again = report(run, RunState.FAILED, in_workspace, now=at)

    assert again.is_stale
    assert Run.objects.get(id=run.id).attempt == 2


def test_a_local_run_is_adopted_with_its_lease_once(in_workspace):
    run = local_run(in_workspace)
    local = LocalRun(run_id=run.id, flow_id=run.flow_id, epoch=1, occurred_at=run.started_at)

    start = services.LocalStart(run=local, holder="host-1:99")
    again = services.adopt_local_runs(
        workspace_id=in_workspace.id, started=[start, start], now=utc_now()
    )

    assert again == {run.id: False}
    assert (run.state, run.source, run.epoch) == ("RUNNING", "LOCAL", 1)
    assert Lease.objects.get().holder == "host-1:99"


def test_the_id_of_a_rivals_run_is_not_adopted(workspace, rival_workspace):
    with workspace_scope(rival_workspace.id):
        theirs = local_run(rival_workspace)
        before = Run.objects.values().get(id=theirs.id)

    with workspace_scope(workspace.id):
        local = LocalRun(run_id=theirs.id, flow_id=uuid7(), epoch=1, occurred_at=utc_now())
        start = services.LocalStart(run=local, holder="host-1:99")
        adopted = services.adopt_local_runs(
            workspace_id=workspace.id, started=[start], now=utc_now()
        )
        assert adopted == {}

    with workspace_scope(rival_workspace.id):
        assert Run.objects.values().get(id=theirs.id) == before


def tell(api, run, **body):
    return api.post(
        f"runs/{run.id}/transitions",
        {"epoch": run.epoch, "state": "COMPLETED", "occurred_at": utc_now().isoformat()} | body,
    )


@pytest.fixture
def executed(workspace):
    with workspace_scope(workspace.id):
        return running(make_deployment(workspace), workspace)


def test_an_agent_reports_over_http(api, agent_key, workspace, executed):
    response = tell(
        api(agent_key, workspace),
        executed,
        state="CRASHED",
        cause={"kind": "signal", "signal": "SIGKILL"},
        message="killed",
    )

    assert response.status_code == 200, response.content
    body = response.json()
    assert (body["state"], body["cause"]["signal"]) == ("CRASHED", "SIGKILL")
    items = api(agent_key, workspace).get(f"runs/{executed.id}/transitions").json()["items"]
    assert [item["state"] for item in items] == ["SCHEDULED", "PENDING", "RUNNING", "CRASHED"]
    assert items[-1]["message"] == "killed"


def test_a_stale_epoch_is_refused_and_kept_as_evidence(api, agent_key, workspace, executed):
    client = api(agent_key, workspace)

    response = tell(client, executed, epoch=executed.epoch - 1)

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "stale_epoch"
    items = client.get(f"runs/{executed.id}/transitions").json()["items"]
    assert [item["superseded"] for item in items] == [False, False, False, True]
    assert client.get(f"runs/{executed.id}").json()["state"] == "RUNNING"


def test_a_run_that_is_handed_back_is_given_to_the_next_who_asks(api, agent_key, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        start(deployment)
        [granted] = lease(deployment)
        run = Run.objects.get(id=granted.run_id)

    response = tell(api(agent_key, workspace), run, state="SCHEDULED")

    assert (response.status_code, response.json()["state"]) == (200, "SCHEDULED")
    with workspace_scope(workspace.id):
        [again] = lease(deployment)
        assert (again.run_id, again.epoch) == (run.id, granted.epoch + 1)


def test_an_illegal_move_is_a_409(api, agent_key, workspace, executed):
    response = tell(api(agent_key, workspace), executed, state="SCHEDULED")

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "illegal_transition"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"state": "DONE"}, "state"),
        ({"epoch": "one"}, "epoch"),
        ({"epoch": 2**40}, "epoch"),
        ({"occurred_at": "now"}, "occurred_at"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"cause": {"kind": "magic"}}, "cause.kind"),
        ({"message": "a\x00"}, "message"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_bad_report_is_refused_by_field(api, agent_key, workspace, executed, change, field):
    response = tell(api(agent_key, workspace), executed, **change)

    assert response.status_code == 400
    assert list(response.json()["error"]["fields"]) == [field]


def test_a_viewer_may_not_report(api, bob, workspace, executed):
    assert tell(api(bob, workspace), executed).status_code == 403


def test_a_deployment_is_run_by_hand_once_per_key(api, alice, workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(
            workspace,
            parameter_schema={"properties": {"n": {"type": "integer"}}, "required": ["n"]},
        )
    path = f"deployments/{deployment.id}/runs"

    bad = api(alice).post(path, {"parameters": {"n": "x"}})
    first = api(alice).post(path, {"parameters": {"n": 1}}, Idempotency_Key="k")
    second = api(alice).post(path, {"parameters": {"n": 1}}, Idempotency_Key="k")

    assert list(bad.json()["error"]["fields"]) == ["parameters.n"]
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["created_by"]["name"] == "Alice"
    assert len(api(alice).get("runs").json()["items"]) == 1


def test_runs_of_unknown_deployments_are_404(api, alice):
    assert api(alice).post(f"deployments/{uuid7()}/runs", {}).status_code == 404
