from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.dispatch import services
from apps.dispatch.models import Agent, FrontDoorPulse, Lease, LeaseBeat
from apps.dispatch.services import HeldLease
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run, TaskRun
from apps.tenancy.isolation import workspace_scope
from tests.apps.runs.test_task_runs import said, tell
from tests.factories.dispatch import lease, local_run, make_deployment, report, running, start

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def front_door():
    """Up for an hour, seen now."""
    now = utc_now()
    pulse, _ = FrontDoorPulse.objects.update_or_create(
        id=1, defaults={"up_since": now - timedelta(hours=1), "seen_at": now}
    )
    return pulse


@pytest.fixture
def silent(workspace, front_door):
    """A running run whose lease has not been renewed for the given time."""

    def make(seconds, **deployment):
        with workspace_scope(workspace.id):
            run = running(make_deployment(workspace, **deployment), workspace)
            LeaseBeat.objects.update(beat_at=front_door.seen_at - seconds * SECOND)
            Agent.objects.update(last_seen_at=front_door.seen_at - seconds * SECOND)
        return run

    return make


@pytest.fixture
def rescue(as_worker):
    def run():
        with as_worker():
            return services.rescue_lost_runs(now=utc_now())

    return run


def now_is(workspace, run):
    with workspace_scope(workspace.id):
        return Run.objects.get(id=run.id)


@pytest.mark.parametrize(("seconds", "rescued"), [(29, 0), (30, 1), (300, 1)])
def test_a_lease_lapses_after_thirty_seconds(workspace, silent, rescue, seconds, rescued):
    run = silent(seconds)

    assert rescue() == rescued

    after = now_is(workspace, run)
    assert after.state == ("CRASHED" if rescued else "RUNNING")
    if rescued:
        assert after.cause["kind"] == "agent_lost"
        assert after.epoch == run.epoch + 1
        with workspace_scope(workspace.id):
            assert Lease.objects.get().ended_by == "LAPSED"
            assert report(run, RunState.COMPLETED, workspace).is_stale
        assert rescue() == 0


def test_an_agent_that_is_there_lost_only_the_lease(workspace, silent, rescue):
    run = silent(60)
    with workspace_scope(workspace.id):
        Agent.objects.update(last_seen_at=utc_now())

    rescue()

    assert now_is(workspace, run).cause["kind"] == "lease_expired"


def test_our_own_outage_does_not_count(workspace, silent, rescue, front_door):
    run = silent(300)
    FrontDoorPulse.objects.update(up_since=front_door.seen_at - 20 * SECOND)

    assert rescue() == 0
    FrontDoorPulse.objects.update(up_since=front_door.seen_at - 30 * SECOND)
    assert rescue() == 1
    assert now_is(workspace, run).state == "CRASHED"


def test_while_the_front_door_is_down_nothing_lapses(workspace, silent, rescue, front_door):
    run = silent(5)
    with workspace_scope(workspace.id):
        LeaseBeat.objects.update(beat_at=utc_now() - timedelta(minutes=10))
    FrontDoorPulse.objects.update(seen_at=utc_now() - timedelta(minutes=9, seconds=45))

    assert rescue() == 0
    assert now_is(workspace, run).state == "RUNNING"


def test_a_pulse_after_a_gap_starts_the_clock_anew(workspace):
    now = utc_now()
    for offset in (0, 0.3, 1, 2, 5, 30, 31):
        services.pulse_front_door(now=now + offset * SECOND)

    pulse = FrontDoorPulse.objects.get()

    assert pulse.up_since == now + 30 * SECOND
    assert pulse.seen_at == now + 31 * SECOND


def test_retries_apply_to_a_rescued_run(workspace, silent, rescue):
    run = silent(31, retries=1, retry_delay_seconds=5)

    rescue()

    after = now_is(workspace, run)
    assert (after.state, after.attempt) == ("AWAITING_RETRY", 2)


def test_its_unfinished_task_runs_end_with_it(workspace, silent, rescue):
    run = silent(31)
    with workspace_scope(workspace.id):
        tell(run, said(run, uuid7(), 1, RunState.RUNNING))

    rescue()

    with workspace_scope(workspace.id):
        assert TaskRun.objects.get().state == "CRASHED"


def test_a_run_that_was_stopping_is_cancelled(workspace, silent, rescue):
    run = silent(31, retries=3)
    with workspace_scope(workspace.id):
        runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=utc_now())

    rescue()

    assert now_is(workspace, run).state == "CANCELLED"


def test_a_run_that_nobody_took_up_is_queued_again(workspace, front_door, rescue):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = start(deployment, now=front_door.seen_at - 60 * SECOND)
        (lost,) = lease(deployment, now=front_door.seen_at - 31 * SECOND)

    assert rescue() == 1

    assert now_is(workspace, run).state == "SCHEDULED"
    with workspace_scope(workspace.id):
        (again,) = lease(deployment)
        assert again.run_id == run.id
        assert report(lost, RunState.RUNNING, workspace).is_stale


def test_a_run_that_was_taken_up_but_never_started_crashes(workspace, front_door, rescue):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace)
        run = start(deployment, now=front_door.seen_at - 60 * SECOND)
        (held,) = lease(deployment, now=front_door.seen_at - 50 * SECOND)
        services.heartbeat(
            workspace_id=workspace.id,
            leases=[HeldLease(run_id=held.run_id, epoch=held.epoch)],
            now=front_door.seen_at - 40 * SECOND,
        )

    rescue()

    assert now_is(workspace, run).state == "CRASHED"


def test_a_local_run_whose_process_is_gone_crashes(workspace, front_door, rescue):
    with workspace_scope(workspace.id):
        run = local_run(workspace, now=front_door.seen_at - 31 * SECOND)

    rescue()

    after = now_is(workspace, run)
    assert (after.state, after.cause["kind"]) == ("CRASHED", "lease_expired")


def test_what_a_local_run_says_after_it_was_taken_for_crashed_is_kept_and_refused_nothing(
    api, agent_key, workspace, front_door, rescue
):
    """A network cut longer than a lease: the process went on, and tells it all once it can."""
    client = api(agent_key, workspace)
    run_id, began_at = str(uuid7()), utc_now() - timedelta(minutes=2)
    own = {"run_id": run_id, "epoch": 1, "flow_name": "nightly", "source": "LOCAL"}
    begin = own | {"state": "RUNNING", "occurred_at": began_at.isoformat(), "holder": "laptop:7"}
    assert client.post("ingest", {"runs": [begin]}).json()["rejected"] == []
    with workspace_scope(workspace.id):
        LeaseBeat.objects.update(beat_at=front_door.seen_at - 60 * SECOND)
    assert rescue() == 1

    now = utc_now().isoformat()
    task_run = {"task_run_id": str(uuid7()), "run_id": run_id, "epoch": 1, "sequence": 1}
    task_run |= {"task_name": "load", "name": "load-0", "attempt": 1}
    answer = client.post(
        "ingest",
        {
            "task_runs": [task_run | {"state": "COMPLETED", "occurred_at": now}],
            "logs": [{"occurred_at": now, "run_id": run_id, "level": "INFO", "message": "late"}],
            "runs": [own | {"state": "COMPLETED", "occurred_at": now}],
            "heartbeats": [{"run_id": run_id, "epoch": 1}],
        },
    ).json()

    assert (answer["rejected"], answer["commands"]) == ([], [])
    assert answer["lost"] == [{"run_id": run_id, "epoch": 1}]
    after = client.get(f"runs/{run_id}").json()
    assert (after["state"], after["cause"]["kind"]) == ("CRASHED", "lease_expired")
    transitions = client.get(f"runs/{run_id}/transitions").json()["items"]
    assert [(each["state"], each["superseded"]) for each in transitions] == [
        ("RUNNING", False),
        ("CRASHED", False),
        ("COMPLETED", True),
    ]
    lines = client.get(f"runs/{run_id}/logs").json()["items"]
    assert [line["message"] for line in lines] == ["late"]
