"""Make room ahead for task runs, and let go of what nobody keeps any longer."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.runs.models import Run
from apps.runs.services.erase import erase_task_runs
from apps.runs.state_machine import FINISHED
from apps.telemetry import selectors as telemetry
from apps.telemetry.enums import StoredKind

AHEAD = timedelta(days=15)
DELETED_AT_ONCE = 1_000  # runs per statement
TASK_RUNS_AT_ONCE = 20_000
STATEMENTS = 10  # a call and workspace


def make_room(*, now: datetime) -> list[str]:
    """Make the partitions of the next two weeks; return their names. For loops."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT runs_make_partitions(%s)", [now + AHEAD])
        return [row[0] for row in cursor.fetchall()]


def drop_expired(*, now: datetime) -> tuple[int, int]:
    """
    Drop partitions of task runs that no workspace keeps, then delete runs by workspace.

    Returns how many partitions and runs went. Runs that have not ended stay. For loops.
    """
    kept_days = telemetry.list_kept_days(kind=StoredKind.RUNS)
    if not kept_days:
        return 0, 0
    longest = max(kept_days.values())
    before = now - timedelta(days=longest + 1)
    partitions = 0
    while _drop_one_partition(before):
        partitions += 1
    return partitions, sum(
        # Where runs are kept the longest, their task runs fall with the partitions.
        _delete_runs(workspace_id, now - timedelta(days=days), with_task_runs=days < longest)
        for workspace_id, days in kept_days.items()
    )


def _delete_runs(workspace_id: uuid.UUID, before: datetime, *, with_task_runs: bool) -> int:
    old = Run.objects.for_workspace(workspace_id).filter(
        created_at__lt=before, state__in=sorted(FINISHED)
    )
    runs = 0
    oldest = old.order_by("created_at", "id")
    for _ in range(STATEMENTS):
        with transaction.atomic():
            # Locked, so that none is tried again and no task run is reported between the look and
            # the deletion. Whatever is at one of them now keeps it until the next call.
            locked = oldest.select_for_update(skip_locked=True, of=("self",))
            ids = list(locked.values_list("id", flat=True)[:DELETED_AT_ONCE])
            if not ids:
                break
            if with_task_runs and erase_task_runs(
                workspace_id=workspace_id, run_ids=ids, limit=TASK_RUNS_AT_ONCE
            ):
                continue  # until none is left: without their run nothing would find them
            Run.objects.filter(id__in=ids).delete()
            runs += len(ids)
    return runs


def _drop_one_partition(before: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT runs_drop_partitions(%s)", [before])
        return cursor.fetchone() is not None
