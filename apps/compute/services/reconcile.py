"""Keep rows, runs and the backend's tasks in step: what lives, what ended, what shall end."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError

from apps.compute.backends.port import (
    BackendUnavailable,
    ComputeBackend,
    LiveState,
    TaskReport,
)
from apps.compute.enums import TaskState
from apps.compute.models import ManagedTask
from apps.compute.services.ends import end_launched, end_unlaunched, meter_so_far
from apps.compute.services.launch import START_LIMIT
from apps.dispatch import services as dispatch
from apps.dispatch.services import HeldLease
from apps.runs import selectors as runs
from apps.runs.enums import CauseKind, RunState
from apps.runs.selectors import RunPosition
from apps.runs.services import CauseInfo

logger = structlog.get_logger(__name__)
BATCH = 500
LINGER = timedelta(seconds=30)  # for a task whose run has ended, to flush and go
CANCEL_GRACE = timedelta(seconds=20)  # the task itself gives its process 10 s
VISIBLE_AFTER = timedelta(seconds=60)  # until then ECS may not know a task that it just took
NOTED_EVERY = timedelta(seconds=30)  # a task that lives costs no more writes than this
ASK_AGAIN_AFTER = timedelta(seconds=60)
# Else a task that never ends would cost nothing, and all of a long one count in its last month.
METERED_EVERY = timedelta(minutes=15)
METERED_BEHIND = timedelta(minutes=1)  # so that no word of its end is older than what is counted

_STATES = {
    LiveState.STARTING: TaskState.STARTING,
    LiveState.RUNNING: TaskState.RUNNING,
    LiveState.STOPPING: TaskState.STOPPING,
}


def reconcile_tasks(*, backend: ComputeBackend, now: datetime) -> int:
    """
    Look at every task that has not ended, and do what follows; return how many there were.

    Ended ones end their runs if those have no end yet; superseded, cancelled and lingering ones
    are stopped; those that never begin are given up. Any number of callers: each step is
    conditional. For loops.
    """
    looked_at = 0
    for tasks in _batches(backend):
        looked_at += len(tasks)
        positions = runs.positions_of_runs(run_ids={task.run_id for task in tasks})
        try:
            reports = _describe(backend, tasks)
        except BackendUnavailable as error:
            logger.warning("tasks.not_described", error=str(error)[:500])
            return looked_at
        for task in tasks:
            position, report = positions.get(task.run_id), reports.get(task.id)
            try:
                if report is None:
                    _settle_requested(task, position, now)
                else:
                    _settle(backend, task, report, position, now)
            except (OperationalError, InterfaceError):
                raise
            except Exception:
                # A bug with this one; nobody else's run may wait for it.
                logger.exception("task.not_settled", token=task.token)
    return looked_at


def beat_for_tasks(*, backend: ComputeBackend, now: datetime) -> int:
    """
    Renew the leases of tasks that do not renew them yet; return how many. For loops.

    A task says its first word after its image is pulled and its code is there, which may take
    longer than a lease lasts. From `START_LIMIT` on nobody waits for it.
    """
    quiet = ManagedTask.objects.on(backend.kind).active()
    quiet = quiet.filter(fetched_at=None, requested_at__gt=now - START_LIMIT)
    by_workspace: dict[uuid.UUID, list[HeldLease]] = defaultdict(list)
    for task in quiet.only("workspace_id", "run_id", "epoch"):
        by_workspace[task.workspace_id].append(HeldLease(run_id=task.run_id, epoch=task.epoch))
    for workspace_id, leases in by_workspace.items():
        dispatch.heartbeat(workspace_id=workspace_id, leases=leases, now=now, holder="launcher")
    return sum(map(len, by_workspace.values()))


def sweep_orphans(*, backend: ComputeBackend, now: datetime) -> int:
    """
    Stop what the backend runs and no row asks for; return how many. For loops.

    Such is a task whose launch went through unnoticed after its row had been given up. A row is
    there before any launch, so a task without one is nobody's.
    """
    try:
        # Before the rows: one that is launched in between is known to them.
        live = backend.list_live()
        tokens = {
            task.token
            for task in ManagedTask.objects.on(backend.kind).active().only("run_id", "epoch")
        }
        orphans = [task for task in live if task.token not in tokens]
        for orphan in orphans:
            logger.warning("task.orphaned", token=orphan.token, external_id=orphan.external_id)
            backend.stop(orphan.external_id, "Nobody waits for it any more.")
    except BackendUnavailable as error:
        logger.warning("tasks.not_swept", error=str(error)[:500])
        return 0
    backend.tidy(now)
    return len(orphans)


def _batches(backend: ComputeBackend) -> Iterator[list[ManagedTask]]:
    active = ManagedTask.objects.on(backend.kind).active().order_by("id")
    page = list(active[:BATCH])
    while page:
        yield page
        page = list(active.filter(id__gt=page[-1].id)[:BATCH]) if len(page) == BATCH else []


def _describe(backend: ComputeBackend, tasks: Sequence[ManagedTask]) -> dict[uuid.UUID, TaskReport]:
    launched = [task for task in tasks if task.external_id]
    if not launched:
        return {}
    reports = backend.describe([task.external_id for task in launched])
    return {task.id: report for task, report in zip(launched, reports, strict=True)}


def _settle_requested(task: ManagedTask, position: RunPosition | None, now: datetime) -> None:
    """End what is not worth a launch any more; the launcher looks at the rest."""
    if position is None or not position.is_executing(task.epoch):
        end_unlaunched(task, cause=None, now=now, reason="The run went on without it.")
    elif position.state is RunState.CANCELLING:
        end_unlaunched(task, cause=None, now=now, reason="Cancelled before it was launched.")
    elif now > task.requested_at + START_LIMIT:
        end_unlaunched(task, cause=_too_late(task), now=now)


def _settle(
    backend: ComputeBackend,
    task: ManagedTask,
    report: TaskReport,
    position: RunPosition | None,
    now: datetime,
) -> None:
    if report.state is LiveState.STOPPED:
        end_launched(task, report=report, now=now)
        return
    if report.state is LiveState.MISSING:
        if task.launched_at is None or now > task.launched_at + VISIBLE_AFTER:
            lost = replace(report, reason="The backend does not know the task any more.")
            end_launched(task, report=lost, now=now)
        return
    _note_alive(task, report, now)
    since = task.metered_at or report.started_at
    if since is not None and now > since + METERED_EVERY + METERED_BEHIND:
        meter_so_far(task, until=now - METERED_BEHIND, now=now)
    why = _why_stop(task, position, now)
    if why:
        _stop(backend, task, why, now)


def _why_stop(task: ManagedTask, position: RunPosition | None, now: datetime) -> str:
    if position is None:
        return "The run is gone."
    if position.epoch != task.epoch:
        return "The run was given to another task."
    if not position.is_executing(task.epoch):
        return "The run has ended." if now > position.changed_at + LINGER else ""
    # A task that runs hears of it by its next heartbeat, and lets its process end in peace.
    is_deaf = not task.has_begun or now > position.changed_at + CANCEL_GRACE
    if position.state is RunState.CANCELLING and is_deaf:
        return "Cancelled."
    if not task.has_begun and now > task.requested_at + START_LIMIT:
        # The run ends once the task has: it must not be given to another before.
        return "It did not begin in time."
    return ""


def _stop(backend: ComputeBackend, task: ManagedTask, reason: str, now: datetime) -> None:
    if task.stop_asked_at is not None and now < task.stop_asked_at + ASK_AGAIN_AFTER:
        return
    try:
        backend.stop(task.external_id, reason)
    except BackendUnavailable as error:
        logger.warning("task.not_stopped", run_id=str(task.run_id), error=str(error)[:500])
        return
    ManagedTask.objects.filter(id=task.id).exclude(state=TaskState.STOPPED.value).update(
        state=TaskState.STOPPING.value, stop_asked_at=now, stop_reason=reason
    )


def _note_alive(task: ManagedTask, report: TaskReport, now: datetime) -> None:
    state = _STATES[report.state]
    if task.stop_asked_at is not None:
        state = TaskState.STOPPING
    is_news = task.state != state or task.started_at != report.started_at
    if is_news or task.seen_at is None or now > task.seen_at + NOTED_EVERY:
        ManagedTask.objects.filter(id=task.id).exclude(state=TaskState.STOPPED.value).update(
            state=state.value, started_at=report.started_at, seen_at=now
        )


def _too_late(task: ManagedTask) -> CauseInfo:
    minutes = int(START_LIMIT.total_seconds() // 60)
    return CauseInfo(
        kind=CauseKind.START_FAILED.value,
        detail=f"It could not be started within {minutes} minutes. {task.launch_note}".strip(),
    )
