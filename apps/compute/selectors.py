"""Reads of managed tasks for the HTTP layer, and what dispatch shows of managed pools."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db.models import Count

from apps.compute.enums import ACTIVE, Milestone, TaskState
from apps.compute.models import ManagedTask, ManagedTaskQuerySet
from apps.tenancy import selectors as tenancy
from billing.metering import selectors as metering
from billing.metering.meters import Meter
from billing.metering.months import Month

_MILESTONES = (
    (Milestone.REQUESTED, "requested_at"),
    (Milestone.LAUNCHED, "launched_at"),
    (Milestone.STARTED, "started_at"),
    (Milestone.FETCHED, "fetched_at"),
    (Milestone.PREPARED, "prepared_at"),
    (Milestone.STOPPED, "stopped_at"),
)


def list_tasks_of_run(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> ManagedTaskQuerySet:
    """Return the run's tasks, newest epoch first."""
    return ManagedTask.objects.of_run(workspace_id, run_id).order_by("-epoch")


def list_tasks(
    *, workspace_id: uuid.UUID, states: frozenset[TaskState] = frozenset()
) -> ManagedTaskQuerySet:
    """Return the workspace's tasks, with their runs and deployments."""
    tasks = ManagedTask.objects.for_workspace(workspace_id)
    if states:
        tasks = tasks.in_states(states)
    return tasks.select_related("run", "run__deployment")


def milestones_of(task: ManagedTask) -> list[tuple[Milestone, datetime]]:
    """Return what has a time already, in the order of time."""
    known = [(name, getattr(task, column)) for name, column in _MILESTONES]
    return sorted(((name, at) for name, at in known if at is not None), key=lambda each: each[1])


def count_tasks(*, workspace_id: uuid.UUID) -> dict[TaskState, int]:
    """Return how many of the workspace's tasks are in each state before the end."""
    counted = dict(
        ManagedTask.objects.for_workspace(workspace_id)
        .active()
        .order_by()
        .values_list("state")
        .annotate(count=Count("id"))
    )
    return {state: counted.get(state.value, 0) for state in TaskState if state in ACTIVE}


def report_on_pools(*, workspace_id: uuid.UUID, now: datetime) -> dict[str, object]:
    """
    Return what the workspace's managed pools show beside what all pools do.

    Called by dispatch, a layer below, by the name that the setting MANAGED_POOL_REPORTS holds.
    """
    month = Month.of(now)
    used = metering.totals_of_workspace(workspace_id=workspace_id, month=month)
    minutes = tenancy.get_limits(workspace_id=workspace_id).managed_minutes_per_month
    backend = settings.COMPUTE_BACKEND
    return {
        "backend": backend.upper(),
        "slots": {
            "local": settings.COMPUTE_LOCAL_SLOTS,
            "fargate": settings.COMPUTE_FARGATE_MAX_TASKS,
        }.get(backend),
        "tasks": {
            state.value.lower(): count
            for state, count in count_tasks(workspace_id=workspace_id).items()
        },
        "month": {
            "managed_seconds": used.get(Meter.MANAGED_SECONDS, 0),
            "limit": None if minutes is None else minutes * 60,
        },
    }
