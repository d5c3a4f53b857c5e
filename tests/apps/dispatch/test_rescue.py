from datetime import datetime, timedelta

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


@pytest.fixture
def cut_off(api, agent_key, workspace, front_door, rescue):
    """A local run that has been silent for a minute and was taken for crashed."""
    client = api(agent_key, workspace)
    run_id, began_at = str(uuid7()), utc_now() - timedelta(minutes=2)
    own = {"run_id": run_id, "epoch": 1, "flow_name": "nightly", "source": "LOCAL"}
    begin = own | {"state": "RUNNING", "occurred_at": began_at.isoformat(), "holder": "laptop:7"}
    task_run = {"task_run_id": str(uuid7()), "run_id": run_id, "epoch": 1, "sequence": 1}
    task_run |= {"task_name": "load", "name": "load-0", "attempt": 1}
    task_begin = task_run | {"state": "RUNNING", "occurred_at": began_at.isoformat()}
    answer = client.post("ingest", {"runs": [begin], "task_runs": [task_begin]}).json()
    assert answer["rejected"] == []
    with workspace_scope(workspace.id):
        LeaseBeat.objects.update(beat_at=front_door.seen_at - 60 * SECOND)
    assert rescue() == 1
    return client, own, task_run | {"sequence": 2}


def states_of(client, run_id):
    items = client.get(f"runs/{run_id}/transitions").json()["items"]
    return [(each["state"], each["superseded"]) for each in items]


def test_a_local_run_that_ended_while_it_was_cut_off_has_ended_as_it_says(cut_off, workspace):
    """A network cut longer than a lease: the process went on, and tells it all once it can."""
    client, own, task_run = cut_off
    ended_at = utc_now() - timedelta(minutes=1)  # before anybody took it for crashed
    at = ended_at.isoformat()
    report = {
        "task_runs": [task_run | {"state": "COMPLETED", "occurred_at": at}],
        "logs": [{"occurred_at": at, "run_id": own["run_id"], "level": "INFO", "message": "late"}],
        "runs": [own | {"state": "COMPLETED", "occurred_at": at}],
        "heartbeats": [{"run_id": own["run_id"], "epoch": 1}],
    }
    answer = client.post("ingest", report).json()

    assert (answer["rejected"], answer["commands"]) == ([], [])
    after = client.get(f"runs/{own['run_id']}").json()
    assert (after["state"], after["cause"], after["task_counts"]) == (
        *("COMPLETED", None),
        {"COMPLETED": 1},
    )
    assert datetime.fromisoformat(after["ended_at"]) == ended_at
    assert states_of(client, own["run_id"]) == [
        ("RUNNING", False),
        ("CRASHED", False),
        ("COMPLETED", False),
    ]
    with workspace_scope(workspace.id):
        assert Lease.objects.get().ended_by == "LAPSED"
        assert not LeaseBeat.objects.exists()
    # The same batch again: nothing new.
    again = client.post("ingest", report).json()
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (1, 3, [])


@pytest.mark.parametrize("said", ["a heartbeat", "RUNNING", "AWAITING_RETRY"])
def test_a_local_run_that_is_heard_of_again_runs_on_and_may_crash_again(
    cut_off, workspace, front_door, rescue, said
):
    client, own, _ = cut_off
    now = utc_now().isoformat()
    beat = [{"run_id": own["run_id"], "epoch": 1}]
    body = (
        {"heartbeats": beat}
        if said == "a heartbeat"
        else {"runs": [own | {"state": said, "occurred_at": now}]}
    )

    answer = client.post("ingest", body).json()

    assert (answer["rejected"], answer["lost"]) == ([], [])
    after = client.get(f"runs/{own['run_id']}").json()
    expected = "AWAITING_RETRY" if said == "AWAITING_RETRY" else "RUNNING"
    assert (after["state"], after["cause"], after["ended_at"]) == (expected, None, None)
    if expected == "AWAITING_RETRY":
        return
    assert client.post("ingest", {"heartbeats": beat}).json()["lost"] == []
    with workspace_scope(workspace.id):
        assert LeaseBeat.objects.count() == 1
        LeaseBeat.objects.update(beat_at=front_door.seen_at - 60 * SECOND)
    assert rescue() == 1
    assert [state for state, _ in states_of(client, own["run_id"])] == [
        "RUNNING",
        "CRASHED",
        "RUNNING",
        "CRASHED",
    ]


def test_a_local_run_that_was_cancelled_while_silent_stays_so(
    api, agent_key, workspace, front_door, rescue
):
    client = api(agent_key, workspace)
    with workspace_scope(workspace.id):
        run = local_run(workspace, now=front_door.seen_at - 60 * SECOND)
        runs.cancel_run(workspace_id=workspace.id, run_id=run.id, now=utc_now())
    assert rescue() == 1

    now = utc_now().isoformat()
    own = {"run_id": str(run.id), "epoch": run.epoch}
    answer = client.post(
        "ingest",
        {"runs": [own | {"state": "COMPLETED", "occurred_at": now}], "heartbeats": [own]},
    ).json()

    assert answer["lost"] == [own]
    assert client.get(f"runs/{run.id}").json()["state"] == "CANCELLED"
