"""Runs that are made while those before them still go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.dispatch import services
from apps.flows.enums import MissedPolicy, Overlap
from apps.runs.enums import RunState
from apps.runs.models import Run
from apps.telemetry import selectors as telemetry
from apps.tenancy.isolation import workspace_scope
from tests.factories.dispatch import every, lease, make_deployment, report, running, start

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def said_of(run):
    (row,) = [
        each
        for each in telemetry.list_transitions(workspace_id=run.workspace_id, run_id=run.id)
        if each.state == run.state
    ]
    return row.message


def test_a_run_that_finds_no_room_is_skipped_and_says_for_whom(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, overlap=Overlap.SKIP, concurrency_limit=2)
        first, second = start(deployment), start(deployment)

        third = start(deployment)

        assert [first.state, second.state, third.state] == ["SCHEDULED", "SCHEDULED", "SKIPPED"]
        assert third.ended_at is not None
        assert said_of(third) == f"Skipped: {first.name} has not ended."
        assert {one.run_id for one in lease(deployment)} == {first.id, second.id}


def test_once_the_one_before_has_ended_the_next_runs(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, overlap=Overlap.SKIP)
        report(running(deployment, workspace), RunState.FAILED, workspace)

        assert start(deployment).state == "SCHEDULED"


def test_of_times_that_come_due_together_one_runs(workspace, as_worker):
    spec = every(60, anchor_at=NOW, missed_policy=MissedPolicy.ALL, missed_cap=5)
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, overlap=Overlap.SKIP, schedules=[spec])

    with as_worker():
        services.create_due_runs(now=NOW + 5 * MINUTE)

    with workspace_scope(workspace.id):
        states = list(Run.objects.order_by("due_at").values_list("state", flat=True))
        assert states == ["SCHEDULED"] + ["SKIPPED"] * 4


def test_a_run_cancels_those_before_it_and_waits_until_they_are_gone(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, overlap=Overlap.CANCEL_RUNNING)
        going = running(deployment, workspace)
        waiting = start(deployment)  # asks the one that runs to stop

        newest = start(deployment)

        going.refresh_from_db()
        waiting.refresh_from_db()
        assert (going.state, waiting.state, newest.state) == (
            "CANCELLING",
            "CANCELLED",
            "SCHEDULED",
        )
        assert newest.name in said_of(waiting)
        assert lease(deployment) == []
        report(going, RunState.CANCELLED, workspace)
        assert [one.run_id for one in lease(deployment)] == [newest.id]


def test_of_missed_times_that_cancel_each_other_the_last_is_left(workspace, as_worker):
    spec = every(60, anchor_at=NOW, missed_policy=MissedPolicy.ALL, missed_cap=3)
    with workspace_scope(workspace.id):
        make_deployment(workspace, now=NOW, overlap=Overlap.CANCEL_RUNNING, schedules=[spec])

    with as_worker():
        services.create_due_runs(now=NOW + 9 * MINUTE)

    with workspace_scope(workspace.id):
        states = list(Run.objects.order_by("due_at").values_list("state", flat=True))
        assert states == ["CANCELLED", "CANCELLED", "SCHEDULED"]


def test_runs_that_queue_go_one_after_the_other(workspace):
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, overlap=Overlap.QUEUE)
        made = [start(deployment) for _ in range(3)]
        order = []
        for _ in made:
            (granted,) = lease(deployment)
            order.append(granted.run_id)
            report(granted, RunState.RUNNING, workspace)
            report(granted, RunState.COMPLETED, workspace)

        assert order == [run.id for run in made]


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.CANCEL_RUNNING])
def test_a_run_asked_for_later_is_nobody_in_the_way_and_stops_nobody(workspace, overlap):
    later = datetime(2099, 1, 1, tzinfo=UTC)
    with workspace_scope(workspace.id):
        deployment = make_deployment(workspace, overlap=overlap)
        put_off = start(deployment, scheduled_for=later)

        going = start(deployment)
        another = start(deployment, scheduled_for=later)

        going.refresh_from_db()
        put_off.refresh_from_db()
        assert [put_off.state, going.state, another.state] == ["SCHEDULED"] * 3
