"""What runs leave behind when their time is over: nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import services
from apps.runs.enums import RunState
from apps.runs.models import Run, TaskRun
from apps.runs.services import retention
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import WorkspaceLimits
from tests.databases import superuser
from tests.factories.dispatch import ended_run
from tests.isolation import as_worker

pytestmark = pytest.mark.django_db

NOW = utc_now()


def keep(workspace, days):
    with workspace_scope(workspace.id):
        WorkspaceLimits.objects.filter(workspace_id=workspace.id).update(retention_days=days)


def ran(workspace, days, *, tasks=2, state=RunState.COMPLETED):
    """A run of so many days ago, with task runs."""
    with workspace_scope(workspace.id):
        return ended_run(workspace, NOW - timedelta(days=days), tasks=tasks, state=state).id


def left(workspace):
    """Return the runs that are there, and those whose task runs are."""
    with workspace_scope(workspace.id):
        runs = set(Run.objects.for_workspace(workspace.id).values_list("id", flat=True))
        tasks = TaskRun.objects.filter(workspace_id=workspace.id)
        return runs, set(tasks.values_list("run_id", flat=True))


def test_task_runs_go_with_their_run_where_others_keep_theirs(workspace, rival_workspace):
    keep(workspace, 7)
    keep(rival_workspace, 60)
    young, _ = ran(workspace, 1), ran(workspace, 10)
    kept = ran(rival_workspace, 10)

    with as_worker():
        assert services.drop_expired(now=NOW)[1] == 1

    assert left(workspace) == ({young}, {young})
    assert left(rival_workspace) == ({kept}, {kept})


def test_a_run_that_goes_on_stays_with_its_task_runs(workspace, rival_workspace):
    keep(workspace, 7)
    keep(rival_workspace, 60)
    going = ran(workspace, 10, state=RunState.RUNNING)

    with as_worker():
        services.drop_expired(now=NOW)

    assert left(workspace) == ({going}, {going})


def test_a_run_stays_until_none_of_its_task_runs_is_left(workspace, rival_workspace, monkeypatch):
    monkeypatch.setattr(retention, "TASK_RUNS_AT_ONCE", 2)
    monkeypatch.setattr(retention, "STATEMENTS", 2)
    keep(workspace, 7)
    keep(rival_workspace, 60)
    large = ran(workspace, 10, tasks=5)

    with as_worker():
        first = services.drop_expired(now=NOW)[1]
    between = left(workspace)
    with as_worker():
        second = services.drop_expired(now=NOW)[1]

    assert (first, second) == (0, 1)
    assert between == ({large}, {large})
    assert left(workspace) == (set(), set())


@pytest.mark.django_db(transaction=True)
def test_a_run_that_somebody_is_at_stays_with_what_is_reported(workspace, rival_workspace):
    keep(workspace, 7)
    keep(rival_workspace, 60)
    reported, retried = ran(workspace, 10, tasks=0), ran(workspace, 10, tasks=0)
    with as_worker(), connection.cursor() as link, superuser(database()) as other:
        link.execute("SET lock_timeout = '1s'")  # so that a deletion that waits for them fails
        with other.transaction():
            other.execute(
                "SELECT FROM runs_run WHERE id = ANY(%s) FOR NO KEY UPDATE", [[reported, retried]]
            )
            other.execute(
                "INSERT INTO runs_taskrun (id, workspace_id, run_id, task_name, name, state,"
                " attempt, epoch, sequence)"
                " VALUES (%s, %s, %s, 'load', 'load', 'RUNNING', 1, 1, 1)",
                [uuid7(), workspace.id, reported],
            )
            other.execute(
                "UPDATE runs_run SET state = 'AWAITING_RETRY', started_at = NULL,"
                " ended_at = NULL WHERE id = %s",
                [retried],
            )
            meanwhile = services.drop_expired(now=NOW)[1]
        after = services.drop_expired(now=NOW)[1]

    assert (meanwhile, after) == (0, 1)
    assert left(workspace) == ({retried}, set())


def database():
    return str(connection.settings_dict["NAME"])
