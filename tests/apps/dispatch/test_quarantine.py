"""Runs that crash before they begin are not tried for ever."""

from datetime import timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.models import FrontDoorPulse, Lease, LeaseBeat
from apps.runs import services as runs
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import lease, make_deployment, report, start

pytestmark = pytest.mark.django_db

FAILED_START = {"kind": "start_failed", "exit_code": 1, "detail": "No module named 'pandas'"}


def crash(deployment, workspace, *, after_start=False, cause=FAILED_START):
    """Let an agent take the deployment's run up, and its process crash."""
    (granted,) = lease(deployment)
    if after_start:
        report(granted, RunState.RUNNING, workspace)
    return report(granted, RunState.CRASHED, workspace, cause=cause).run


def test_a_run_that_crashes_three_starts_in_a_row_is_quarantined(in_workspace):
    deployment = make_deployment(in_workspace, retries=10)
    run = start(deployment)

    assert crash(deployment, in_workspace).state == "AWAITING_RETRY"
    assert crash(deployment, in_workspace).state == "AWAITING_RETRY"
    last = crash(deployment, in_workspace)

    assert (last.id, last.state, last.attempt) == (run.id, "CRASHED", 3)
    assert last.cause == {
        "kind": "quarantined",
        "exit_code": 1,
        "detail": "Crashed 3 times in a row before its code began. Last: start_failed: "
        "No module named 'pandas'",
    }
    assert lease(deployment) == []


def test_crashes_of_running_code_use_up_the_retries_and_no_more(in_workspace):
    deployment = make_deployment(in_workspace, retries=4)
    start(deployment)
    killed = {"kind": "signal", "signal": "SIGKILL", "detail": ""}

    ends = [crash(deployment, in_workspace, after_start=True, cause=killed).state for _ in range(5)]

    assert ends == ["AWAITING_RETRY"] * 4 + ["CRASHED"]
    run = Run.objects.get()
    assert (run.cause, run.crashed_starts) == (killed, 0)


def test_a_start_in_between_begins_the_count_anew(in_workspace):
    deployment = make_deployment(in_workspace, retries=10)
    start(deployment)
    crash(deployment, in_workspace)
    crash(deployment, in_workspace)
    crash(deployment, in_workspace, after_start=True)
    crash(deployment, in_workspace)

    assert crash(deployment, in_workspace).state == "AWAITING_RETRY"
    assert Run.objects.get().crashed_starts == 2


def test_a_person_who_tries_again_gets_three_starts_more(in_workspace):
    deployment = make_deployment(in_workspace, retries=10)
    run = start(deployment)
    for _ in range(3):
        crash(deployment, in_workspace)

    runs.retry_run(workspace_id=in_workspace.id, run_id=run.id, now=utc_now())

    assert [crash(deployment, in_workspace).state for _ in range(3)] == [
        "AWAITING_RETRY",
        "AWAITING_RETRY",
        "CRASHED",
    ]


def test_a_run_that_takes_its_agents_down_before_it_starts_is_quarantined(workspace, as_worker):
    now = utc_now()
    FrontDoorPulse.objects.update_or_create(
        id=1, defaults={"up_since": now - timedelta(hours=1), "seen_at": now}
    )
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, retries=10)
        run = start(deployment)
    states = []

    for _ in range(3):
        with workspace_scope(workspace.id):
            lease(deployment)  # and never heard of again
            LeaseBeat.objects.update(beat_at=now - timedelta(minutes=1))
            long_ago = now - timedelta(minutes=1)
            Lease.objects.filter(ended_at=None).update(created_at=long_ago)
        with as_worker():
            services.rescue_lost_runs(now=utc_now())
        with workspace_scope(workspace.id):
            states.append(Run.objects.get(id=run.id).state)

    assert states == ["SCHEDULED", "SCHEDULED", "CRASHED"]
    with workspace_scope(workspace.id):
        after = Run.objects.get(id=run.id)
        assert after.cause["kind"] == "quarantined"
        assert "3 times in a row" in after.cause["detail"]
        assert lease(deployment) == []


def test_a_run_that_was_handed_back_did_not_crash(in_workspace):
    deployment = make_deployment(in_workspace)
    start(deployment)
    for _ in range(4):
        (granted,) = lease(deployment)
        report(granted, RunState.SCHEDULED, in_workspace)

    assert Run.objects.get().crashed_starts == 0
    assert len(lease(deployment)) == 1
