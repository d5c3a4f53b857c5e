"""The end of a task: its row, its run if that has no end yet, its usage and its key, at once."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from django.db import transaction

from apps.compute.backends.port import TaskReport
from apps.compute.endings import cause_of_end, silent_end
from apps.compute.enums import TaskState
from apps.compute.models import ManagedTask
from apps.compute.services.tell import tell_stopped
from apps.dispatch import services as dispatch
from apps.runs import selectors as runs
from apps.runs.enums import RunState
from apps.runs.services import AskedMove, CauseInfo
from apps.tenancy import services as tenancy
from billing.metering import services as metering
from billing.metering.meters import Meter
from billing.metering.services import Usage

logger = structlog.get_logger(__name__)
_ENDED_FIELDS = [
    "state",
    "started_at",
    "stopped_at",
    "exit_code",
    "cause",
    "stop_reason",
    "metered_at",
    "run_key",
]


@transaction.atomic
def end_unlaunched(
    task: ManagedTask, *, cause: CauseInfo | None, now: datetime, reason: str = ""
) -> bool:
    """
    End a task that is still REQUESTED; False when it is not any more.

    Should a launch of it have gone through unnoticed, it is an orphan, and swept as such.
    """
    locked = _lock(task)
    if locked.state != TaskState.REQUESTED:
        return False
    locked.cause = cause
    detail = (cause.get("detail") or "") if cause is not None else ""
    locked.stop_reason = (reason or detail)[:500]
    locked.stopped_at = now
    _close(locked, run_cause=cause, now=now)
    return True


@transaction.atomic
def end_launched(task: ManagedTask, *, report: TaskReport, now: datetime) -> bool:
    """
    End a task of which the backend says that it stopped; False when that is written already.

    Its run, if this execution still counts and has no end, is CRASHED with the cause, or CANCELLED
    when that was asked for.
    """
    locked = _lock(task)
    if locked.state == TaskState.STOPPED:
        return False
    cause = cause_of_end(report, has_begun=locked.has_begun)
    locked.started_at = report.started_at or locked.started_at
    stopped_at = report.stopped_at or locked.seen_at or now
    locked.stopped_at = max(stopped_at, locked.started_at or stopped_at)
    locked.exit_code = report.exit_code
    # What ended because we asked it to has no cause but our reason.
    was_asked = locked.stop_asked_at is not None and not report.oom and not report.evicted
    locked.cause = None if was_asked else cause
    locked.stop_reason = (locked.stop_reason or report.reason)[:500]
    _close(locked, run_cause=cause or silent_end(), now=now)
    return True


def _lock(task: ManagedTask) -> ManagedTask:
    return ManagedTask.objects.select_for_update().get(id=task.id)


def _close(task: ManagedTask, *, run_cause: CauseInfo | None, now: datetime) -> None:
    task.state = TaskState.STOPPED.value
    task.run_key = ""
    if _meter(task, now):
        task.metered_at = now
    task.save(update_fields=_ENDED_FIELDS)
    _end_run(task, run_cause, now)
    tenancy.revoke_run_keys(
        workspace_id=task.workspace_id, run_id=task.run_id, below_epoch=task.epoch + 1, now=now
    )
    tell_stopped(task, now=now)
    logger.info(
        "task.stopped",
        run_id=str(task.run_id),
        workspace_id=str(task.workspace_id),
        epoch=task.epoch,
        exit_code=task.exit_code,
        cause=(task.cause or {}).get("kind"),
        reason=task.stop_reason,
    )


def _end_run(task: ManagedTask, cause: CauseInfo | None, now: datetime) -> None:
    position = runs.positions_of_runs(run_ids={task.run_id}).get(task.run_id)
    if position is None or not position.is_executing(task.epoch):
        return
    is_cancelled = position.state is RunState.CANCELLING
    dispatch.report_run(
        workspace_id=task.workspace_id,
        report=AskedMove(
            run_id=task.run_id,
            epoch=task.epoch,
            target=RunState.CANCELLED if is_cancelled else RunState.CRASHED,
            occurred_at=min(task.stopped_at or now, now),
            message=task.stop_reason if is_cancelled else "",
            cause=None if is_cancelled else (cause or silent_end()),
        ),
        now=now,
    )


@transaction.atomic
def meter_so_far(task: ManagedTask, *, until: datetime, now: datetime) -> bool:
    """Count what a living task used up to a moment; False when that is counted, or it has ended."""
    locked = _lock(task)
    since = locked.metered_at or locked.started_at
    if locked.state == TaskState.STOPPED or since is None or until <= since:
        return False
    _count(locked, until=until, source_key=f"{locked.token}@{until:%Y%m%dT%H%M%S.%f}", now=now)
    locked.metered_at = until
    locked.save(update_fields=["metered_at"])
    return True


def _meter(task: ManagedTask, now: datetime) -> bool:
    """Count what is not counted of an ended task; once, whoever asks how often."""
    if task.started_at is None or task.stopped_at is None:
        return False
    _count(task, until=task.stopped_at, source_key=task.token, now=now)
    return True


def _count(task: ManagedTask, *, until: datetime, source_key: str, now: datetime) -> None:
    used = task.usage_until(until)
    counted = task.usage_until(task.metered_at) if task.metered_at else None
    assert used is not None, "callers know when it started"
    if counted is not None:
        used = used.beyond(counted)
    counts = {
        Meter.MANAGED_SECONDS: used.managed_seconds,
        Meter.VCPU_SECONDS: used.vcpu_seconds,
        Meter.GB_SECONDS: used.gb_seconds,
    }
    metering.add_usage(
        usage=[
            Usage(
                workspace_id=task.workspace_id,
                meter=meter,
                quantity=quantity,
                day=until.astimezone(UTC).date(),
                source_key=source_key,
                deployment_id=task.deployment_id,
                run_id=task.run_id,
            )
            for meter, quantity in counts.items()
            if quantity > 0
        ],
        now=now,
    )
