"""Room for task runs of the weeks to come."""

from datetime import timedelta

import pytest
from django.db import connection

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.runs import services
from apps.runs.enums import RunState
from apps.runs.models import TaskRun
from apps.runs.services import TaskReport
from tests.factories.dispatch import local_run

pytestmark = pytest.mark.django_db


def partition_of(task_run_id):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM runs_taskrun WHERE id = %s", [task_run_id]
        )
        return cursor.fetchone()[0]


def test_a_new_partition_takes_over_what_was_kept_with_the_rest(in_workspace, as_worker):
    now = utc_now()
    with as_worker():
        services.make_room(now=now)
    run, ahead = local_run(in_workspace), uuid7(now + timedelta(days=25))
    [outcome] = services.report_task_runs(
        workspace_id=run.workspace_id,
        reports=[
            TaskReport(
                task_run_id=ahead,
                run_id=run.id,
                epoch=run.epoch,
                sequence=1,
                state=RunState.RUNNING,
                occurred_at=now,
                task_name="load",
                name="load-1",
            )
        ],
    )
    before = partition_of(ahead)

    with as_worker():
        made = services.make_room(now=now + timedelta(days=14))

    assert outcome.result == "APPLIED"
    assert before == "runs_taskrun_rest"
    assert partition_of(ahead) in made
    assert TaskRun.objects.get(id=ahead).state == RunState.RUNNING
