"""From a free slot to a process: lease, remember, launch, and launch again when in doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from apps.compute.backends.port import (
    BackendKind,
    CapacityUnavailable,
    ComputeBackend,
    LaunchError,
    LaunchRefused,
    LaunchUncertain,
    TaskSpec,
)
from apps.compute.enums import TaskState
from apps.compute.models import ManagedTask
from apps.compute.services.ends import end_unlaunched
from apps.compute.services.tell import tell_launched
from apps.core.ids import uuid7
from apps.dispatch import services as dispatch
from apps.flows.sizes import Size
from apps.runs import selectors as runs
from apps.runs.enums import CauseKind, RunState
from apps.runs.services import CauseInfo
from apps.tenancy import services as tenancy

logger = structlog.get_logger(__name__)
CLAIMED_AT_ONCE = 20
LAUNCHED_AT_ONCE = 8
TAKEN_FOR = timedelta(seconds=30)  # a launcher that is killed leaves its rows to others after that
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=30)
START_LIMIT = timedelta(minutes=5)  # from the lease to the task's own first word


def launch_tasks(
    *,
    backend: ComputeBackend,
    api_url: str,
    clock: Callable[[], datetime],
    limit: int = CLAIMED_AT_ONCE,
) -> int:
    """
    Lease due runs of managed pools while there are slots, and launch what is requested.

    Returns how many tasks were taken up; 0 means the caller may sleep. Any number of callers. A
    task is a row before anything is launched, in the transaction of its lease; whoever finds the
    row launches it, with the same token and content each time. For loops.
    """
    claim_tasks(backend=backend, now=clock(), limit=limit)
    taken = _take_requested(backend.kind, now=clock())
    if not taken:
        return 0
    ready = _still_wanted(taken, now=clock())
    if ready:
        with ThreadPoolExecutor(min(len(ready), LAUNCHED_AT_ONCE)) as threads:
            outcomes = list(
                threads.map(lambda task: _launch(backend, _spec(task, api_url=api_url)), ready)
            )
        for task, outcome in zip(ready, outcomes, strict=True):
            _note_outcome(task, outcome, now=clock())
    return len(taken)


@transaction.atomic
def claim_tasks(*, backend: ComputeBackend, now: datetime, limit: int) -> int:
    """
    Lease up to `limit` runs for which the backend has slots, a row each; return how many.

    Lease, row and key are one transaction. Claimants take turns; one that finds another at it
    leaves the work to it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('compute:claim', 0))")
        if not cursor.fetchone()[0]:
            return 0
    if backend.slots is not None:
        active = ManagedTask.objects.on(backend.kind).active().count()
        limit = min(limit, backend.slots - active)
        if limit <= 0:
            return 0
    executor = f"managed:{backend.kind.value.lower()}"
    grants = dispatch.lease_managed_runs(limit=limit, executor=executor, now=now)
    tasks = []
    for grant in grants:
        size = grant.size or Size()
        key = tenancy.create_run_key(
            workspace_id=grant.workspace_id, run_id=grant.run_id, epoch=grant.epoch
        )
        tasks.append(
            ManagedTask(
                id=uuid7(),
                created_at=now,
                workspace_id=grant.workspace_id,
                run_id=grant.run_id,
                epoch=grant.epoch,
                deployment_id=grant.deployment_id,
                backend=backend.kind.value,
                cpu_units=size.cpu_units,
                memory_mb=size.memory_mb,
                run_key=key,
                requested_at=now,
                launch_at=now,
            )
        )
    ManagedTask.objects.bulk_create(tasks)
    for task, grant in zip(tasks, grants, strict=True):
        if grant.size is None:
            end_unlaunched(task, cause=_GONE, now=now)
    if grants:
        logger.info("tasks.requested", count=len(grants), backend=backend.kind.value)
    return len(grants)


_GONE = CauseInfo(
    kind=CauseKind.START_FAILED.value,
    detail="Its deployment has moved to a pool of agents; start it anew.",
)

_TAKE = """
    WITH due AS MATERIALIZED (
        SELECT id FROM compute_managedtask
        WHERE state = 'REQUESTED' AND backend = %(backend)s AND launch_at <= %(now)s
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE compute_managedtask AS task SET launch_at = %(until)s, launches = launches + 1
    FROM due WHERE task.id = due.id
    RETURNING task.*
"""


def _take_requested(kind: BackendKind, *, now: datetime) -> list[ManagedTask]:
    with transaction.atomic():
        return list(
            ManagedTask.objects.raw(
                _TAKE,
                {
                    "backend": kind.value,
                    "now": now,
                    "until": now + TAKEN_FOR,
                    "limit": CLAIMED_AT_ONCE,
                },
            )
        )


def _still_wanted(tasks: Sequence[ManagedTask], *, now: datetime) -> list[ManagedTask]:
    """Return those whose runs shall still be executed; end the others without a launch."""
    positions = runs.positions_of_runs(run_ids={task.run_id for task in tasks})
    wanted = []
    for task in tasks:
        position = positions.get(task.run_id)
        if position is None or not position.is_executing(task.epoch):
            end_unlaunched(task, cause=None, now=now, reason="The run went on without it.")
        elif position.state is RunState.CANCELLING:
            end_unlaunched(task, cause=None, now=now, reason="Cancelled before it was launched.")
        else:
            wanted.append(task)
    return wanted


def _spec(task: ManagedTask, *, api_url: str) -> TaskSpec:
    assert task.run_key, "kept until the launch is answered"
    return TaskSpec(
        token=task.token,
        workspace_id=task.workspace_id,
        run_id=task.run_id,
        epoch=task.epoch,
        cpu_units=task.cpu_units,
        memory_mb=task.memory_mb,
        environment={
            "HEADWAY_API_URL": api_url,
            "HEADWAY_API_KEY": task.run_key,
            "HEADWAY_WORKSPACE": str(task.workspace_id),
            "HEADWAY_RUN_ID": str(task.run_id),
            "HEADWAY_EPOCH": str(task.epoch),
        },
    )


def _launch(backend: ComputeBackend, spec: TaskSpec) -> str | LaunchError:
    # In a thread of its own, which has no business with the database.
    try:
        return backend.launch(spec)
    except LaunchError as error:
        return error
    except Exception as error:
        # A bug, or what the backend's library never said before. The others of the batch must not
        # wait for it; it is tried again, and given up in time.
        logger.exception("task.launch_broke", token=spec.token)
        return LaunchUncertain(f"{type(error).__name__}: {error}")


def _note_outcome(task: ManagedTask, outcome: str | LaunchError, *, now: datetime) -> None:
    if isinstance(outcome, str):
        note_launched(task, external_id=outcome, now=now)
        return
    logger.warning(
        "task.not_launched",
        run_id=str(task.run_id),
        workspace_id=str(task.workspace_id),
        epoch=task.epoch,
        outcome=type(outcome).__name__,
        error=str(outcome)[:500],
    )
    if isinstance(outcome, LaunchRefused):
        cause = CauseInfo(kind=CauseKind.START_FAILED.value, detail=str(outcome)[:1_000])
        end_unlaunched(task, cause=cause, now=now)
        return
    wait = min(FIRST_WAIT * 2 ** min(task.launches - 1, 10), LONGEST_WAIT)
    if isinstance(outcome, CapacityUnavailable):
        wait = max(wait, outcome.retry_after)
    ManagedTask.objects.filter(id=task.id, state=TaskState.REQUESTED.value).update(
        launch_at=now + wait, launch_note=str(outcome)[:500]
    )


@transaction.atomic
def note_launched(task: ManagedTask, *, external_id: str, now: datetime) -> bool:
    """Write down that the backend has the task; False when it is known, or ended meanwhile."""
    noted = ManagedTask.objects.filter(id=task.id, state=TaskState.REQUESTED.value).update(
        state=TaskState.STARTING.value,
        external_id=external_id,
        launched_at=now,
        seen_at=now,
        run_key="",
        launch_note="",
    )
    if noted:
        tell_launched(task, external_id=external_id, now=now)
    return bool(noted)
