"""Keys of managed runs: what they are, and when they end."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services as dispatch
from apps.dispatch.models import FrontDoorPulse, LeaseBeat
from apps.runs.enums import RunState
from apps.tenancy import key_cache, services
from apps.tenancy.actors import RunRef
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import RunKey
from tests.factories.compute import make_managed_deployment, managed_run
from tests.factories.dispatch import lease, make_deployment, report, running, start
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(api, workspace):
    """Whether a key is one; as a request would find out that comes a while later."""

    def ask(secret):
        key_cache.forget_all()
        return api(secret, workspace).get("/api/v1/me").status_code == 200

    return ask


def make_key(workspace, run_id, epoch=1, **changes):
    with workspace_scope(workspace.id):
        return services.create_run_key(
            workspace_id=workspace.id, run_id=run_id, epoch=epoch, **changes
        )


def test_a_run_is_an_actor_of_its_own(api, workspace):
    run_id = uuid7()

    body = api(make_key(workspace, run_id)).get("/api/v1/me").json()

    assert body["actor"]["kind"] == "run"
    assert body["actor"]["id"] == str(run_id)
    (own,) = body["workspaces"]
    assert (own["id"], own["scopes"], own["role"]) == (str(workspace.id), ["runs:report"], None)


def test_nobody_sees_it_among_the_keys_of_people(api, alice, workspace):
    make_key(workspace, uuid7())

    assert api(alice).get("api-keys").json()["items"] == []


def test_only_the_hash_is_kept(workspace):
    secret = make_key(workspace, uuid7())

    with workspace_scope(workspace.id):
        row = RunKey.objects.values().get()
    assert secret not in str(row)


def test_a_next_execution_ends_the_keys_of_those_before(workspace, known):
    run_id = uuid7()
    first, other = make_key(workspace, run_id, 1), make_key(workspace, uuid7(), 1)

    second = make_key(workspace, run_id, 2)

    assert [known(first), known(second), known(other)] == [False, True, True]


def test_a_repeated_launch_leaves_the_key_of_the_first(workspace, known):
    run_id = uuid7()
    first, again = make_key(workspace, run_id), make_key(workspace, run_id)

    assert first != again
    assert [known(first), known(again)] == [True, True]


def test_keys_can_be_revoked_for_a_run(workspace, known):
    run_id = uuid7()
    key, other = make_key(workspace, run_id), make_key(workspace, uuid7())

    with workspace_scope(workspace.id):
        count = services.revoke_run_keys(workspace_id=workspace.id, run_id=run_id)

    assert count == 1
    assert [known(key), known(other)] == [False, True]


def test_a_key_may_have_an_end_of_its_own(workspace, known):
    gone = make_key(workspace, uuid7(), expires_at=utc_now() - timedelta(seconds=1))
    still = make_key(workspace, uuid7(), expires_at=utc_now() + timedelta(minutes=1))

    assert [known(gone), known(still)] == [False, True]


def test_an_ended_execution_leaves_five_minutes_to_flush(workspace, known):
    now = utc_now()
    run_id, other = uuid7(), uuid7()
    key, of_other = make_key(workspace, run_id), make_key(workspace, other)

    def end(at):
        with workspace_scope(workspace.id):
            services.end_run_keys(runs=[RunRef(run_id=run_id, epoch=1)], now=at)

    end(now - timedelta(minutes=4, seconds=50))
    assert known(key)
    end(now - timedelta(minutes=5, seconds=10))
    assert not known(key)
    end(now)  # a later end does not bring it back
    assert not known(key)
    assert known(of_other)


@pytest.mark.parametrize("target", [RunState.COMPLETED, RunState.FAILED, RunState.CRASHED])
def test_the_reported_end_of_a_run_ends_its_keys(workspace, target):
    run = managed_run(workspace)
    other = managed_run(workspace)
    now = utc_now()

    with workspace_scope(workspace.id):
        granted = RunRef(run_id=run.run_id, epoch=run.epoch)
        report(granted, RunState.RUNNING, workspace)
        report(granted, target, workspace, now=now)

        ends = dict(RunKey.objects.values_list("run_id", "expires_at"))
    assert ends == {run.run_id: now + timedelta(minutes=5), other.run_id: None}


def test_a_lapsed_lease_ends_its_keys(workspace):
    run, now = managed_run(workspace), utc_now()

    with as_worker():
        up = {"up_since": now - timedelta(hours=1), "seen_at": now}
        FrontDoorPulse.objects.update_or_create(id=1, defaults=up)
        LeaseBeat.objects.update(beat_at=now - timedelta(seconds=40))
        rescued = dispatch.rescue_lost_runs(now=now)

        ends_at = RunKey.objects.values_list("expires_at", flat=True).get(run_id=run.run_id)
    assert rescued == 1
    assert ends_at == now + timedelta(minutes=5)


def test_the_end_of_an_ordinary_run_costs_nothing_for_keys(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        report(running(deployment, workspace), RunState.COMPLETED, workspace)
        run = running(deployment, workspace)

        with CaptureQueriesContext(connection) as queries:
            report(run, RunState.COMPLETED, workspace)

    assert not [query for query in queries if "runkey" in query["sql"]]
    assert not [query for query in queries if "dispatch_pool" in query["sql"]]


def test_ended_keys_are_dropped_a_day_later(workspace):
    now = utc_now()
    run_id = uuid7()
    make_key(workspace, run_id, expires_at=now)
    make_key(workspace, uuid7())
    with as_worker():
        RunKey.objects.update(created_at=now - timedelta(days=1))

        early = services.drop_ended_run_keys(now=now + timedelta(hours=23))
        due = services.drop_ended_run_keys(now=now + timedelta(hours=25))

        assert (early, due) == (0, 1)
        assert not RunKey.objects.filter(run_id=run_id).exists()
        assert RunKey.objects.count() == 1


def test_a_rival_cannot_read_them(workspace, rival_workspace):
    make_key(workspace, uuid7())

    with workspace_scope(rival_workspace.id):
        assert not RunKey.objects.exists()


def test_a_new_lease_has_a_new_epoch(workspace):
    """What makes keys of earlier executions harmless before they are revoked."""
    deployment = make_managed_deployment(workspace)
    with workspace_scope(workspace.id):
        run = start(deployment)
        (first,) = lease(deployment)
        report(first, RunState.SCHEDULED, workspace)
        (second,) = lease(deployment)

    assert first.run_id == second.run_id == run.id
    assert second.epoch > first.epoch
