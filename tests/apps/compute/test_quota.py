"""Managed minutes that are used up hold managed runs, and nothing else."""

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services as dispatch
from apps.runs.enums import RunState
from apps.tenancy.isolation import account_scope, workspace_scope
from billing.metering import services as metering
from billing.metering.meters import Meter
from billing.metering.services import Usage
from billing.subscriptions import services as subscriptions
from billing.subscriptions.plans import EntitlementKey, PlanCode
from tests.apps.compute.test_launch import fresh
from tests.apps.compute.test_reconcile import said
from tests.factories.compute import make_managed_deployment
from tests.factories.dispatch import every, make_deployment, start
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def billing_on(settings, workspace):
    settings.BILLING = True
    with as_worker():
        subscriptions.apply_entitlements(account_id=workspace.account_id, now=utc_now())


def use(workspace, quantity, meter=Meter.MANAGED_SECONDS):
    now = utc_now()
    with as_worker():
        metering.add_usage(
            usage=[
                Usage(
                    workspace_id=workspace.id,
                    meter=meter,
                    quantity=quantity,
                    day=now.date(),
                    source_key=f"test-{quantity}",
                )
            ],
            now=now,
        )
        subscriptions.enforce_limits(now=now)


def upgrade(workspace):
    with as_worker(), account_scope(workspace.account_id):
        subscriptions.change_plan(
            account_id=workspace.account_id, plan=PlanCode.STANDARD, now=utc_now()
        )


def test_a_free_account_starts_no_managed_run_beyond_its_minutes(workspace, alice, api):
    deployment = make_managed_deployment(workspace)
    use(workspace, 500 * 60)

    answer = api(alice).post(f"deployments/{deployment.id}/runs", {})

    assert answer.status_code == 402
    error = answer.json()["error"]
    assert error["code"] == "quota_exceeded"
    assert error["details"]["meter"] == "managed_seconds"
    assert error["details"]["limit"] == 30_000
    assert "500 managed minutes" in error["message"]


def test_one_second_less_starts_one(workspace, alice, api):
    deployment = make_managed_deployment(workspace)
    use(workspace, 500 * 60 - 1)

    assert api(alice).post(f"deployments/{deployment.id}/runs", {}).status_code == 201


def test_runs_of_agents_are_not_held(workspace, alice, api):
    use(workspace, 500 * 60)
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)

    assert api(alice).post(f"deployments/{deployment.id}/runs", {}).status_code == 201


def test_a_retry_by_hand_is_refused_while_what_runs_goes_on(workspace, managed, alice, api):
    deployment = make_managed_deployment(workspace)
    with workspace_scope(workspace.id):
        failed, running = start(deployment), start(deployment)
    managed.begin(failed)
    managed.begin(running)
    managed.end(failed, 3)
    use(workspace, 500 * 60)

    answer = api(alice).post(f"runs/{failed.id}/retries", {})

    assert answer.status_code == 402
    managed.reconcile()
    assert len(managed.ecs.alive) == 1
    said(running, RunState.RUNNING, workspace, managed)
    assert fresh(running).state == "RUNNING"


def test_scheduled_managed_runs_are_held_and_released_by_a_larger_plan(workspace):
    use(workspace, 500 * 60)
    managed_one = make_managed_deployment(workspace, name="managed", schedules=[every(60)])
    with workspace_scope(workspace.id):
        of_agents = make_deployment(workspace, name="agents", schedules=[every(60)])

    with as_worker():
        dispatch.create_due_runs(now=utc_now() + timedelta(seconds=61))
    assert _states(managed_one) == {"HELD"}
    assert _states(of_agents) == {"SCHEDULED"}
    with as_worker():
        assert dispatch.release_held_runs(now=utc_now()) == 0
    upgrade(workspace)
    with as_worker():
        assert dispatch.release_held_runs(now=utc_now()) > 0

    assert _states(managed_one) == {"SCHEDULED"}


def test_managed_runs_held_for_task_runs_wait_for_their_minutes_too(workspace):
    """Two holds: the one that ends first does not set free what the other keeps."""
    deployment = make_managed_deployment(workspace, schedules=[every(60)])
    use(workspace, 20_000, Meter.TASK_RUNS)
    use(workspace, 500 * 60)
    with as_worker():
        dispatch.create_due_runs(now=utc_now() + timedelta(seconds=61))
        subscriptions.agree(
            account_id=workspace.account_id,
            key=EntitlementKey.TASK_RUNS_PER_MONTH,
            value=None,
            now=utc_now(),
        )
        assert dispatch.release_held_runs(now=utc_now()) == 0
    assert _states(deployment) == {"HELD"}


def test_beyond_the_minutes_of_a_metered_plan_runs_go_on(workspace, alice, api):
    upgrade(workspace)
    deployment = make_managed_deployment(workspace)

    use(workspace, 500 * 60 + 1)

    assert api(alice).post(f"deployments/{deployment.id}/runs", {}).status_code == 201


def test_usage_and_plan_say_that_managed_runs_are_held(workspace, alice, api):
    use(workspace, 500 * 60)
    client = api(alice)
    plan_url = f"/api/v1/account/{workspace.account_id}/plan"

    for shown in (client.get("usage").json(), client.get(plan_url).json()):
        assert shown["hold"] is None
        held = shown["managed_hold"]
        assert (held["meter"], held["used"], held["limit"]) == ("managed_seconds", 30_000, 30_000)
        assert "500 managed minutes" in held["reason"]
    upgrade(workspace)

    assert client.get("usage").json()["managed_hold"] is None
    assert client.get(plan_url).json()["managed_hold"] is None


def test_the_pool_shows_the_limit(workspace, alice, api, settings):
    settings.COMPUTE_BACKEND = "local"
    use(workspace, 90)

    pools = {pool["name"]: pool for pool in api(alice).get("pools").json()["items"]}

    assert pools["managed"]["managed"]["month"] == {"managed_seconds": 90, "limit": 30_000}


def _states(deployment):
    from apps.runs.models import Run

    with workspace_scope(deployment.workspace_id):
        return set(Run.objects.filter(deployment=deployment).values_list("state", flat=True))
