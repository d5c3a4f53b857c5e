"""Single runs and lists of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Greatest

from apps.runs.enums import ApprovalState, RunSource, RunState, StateType
from apps.runs.errors import ApprovalNotFound, RunNotFound
from apps.runs.models import (
    Approval,
    ApprovalQuerySet,
    Run,
    RunQuerySet,
    TaskRun,
    TaskRunQuerySet,
)
from apps.runs.state_machine import EXECUTING, STATES_OF_TYPE

_ESTIMATE_FROM = 20  # runs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilters:
    """What a list of runs may be narrowed by; given things must all hold."""

    states: frozenset[RunState] = frozenset()
    state_types: frozenset[StateType] = frozenset()
    flow_id: uuid.UUID | None = None
    deployment_id: uuid.UUID | None = None
    pool_id: uuid.UUID | None = None
    parent_run_id: uuid.UUID | None = None
    tag: str = ""
    source: RunSource | None = None
    q: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None


def get_run(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> Run:
    """Raises: RunNotFound."""
    runs = Run.objects.for_workspace(workspace_id)
    try:
        return runs.select_related("flow", "deployment", "pool").get(pk=run_id)
    except Run.DoesNotExist:
        raise RunNotFound("There is no such run.", run_id=str(run_id)) from None


def find_run(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> Run | None:
    """Return the run, or None when there is no such run."""
    runs = Run.objects.for_workspace(workspace_id).select_related("flow", "deployment", "pool")
    return runs.filter(pk=run_id).first()


def count_subruns(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> int:
    """Return how many runs this one started itself."""
    return Run.objects.for_workspace(workspace_id).filter(parent_run_id=run_id).count()


def find_kin(*, run: Run) -> dict[uuid.UUID, str]:
    """Return the names of the runs that it names (its parent, what it repeats), by their ids."""
    ids = [each for each in (run.parent_run_id, run.copied_from_id) if each is not None]
    if not ids:
        return {}
    runs = Run.objects.for_workspace(run.workspace_id).filter(id__in=ids)
    return dict(runs.values_list("id", "name"))


def list_approvals(
    *,
    workspace_id: uuid.UUID,
    state: ApprovalState | None = None,
    run_id: uuid.UUID | None = None,
) -> ApprovalQuerySet:
    """Return the questions that runs asked here, with their runs."""
    found = Approval.objects.for_workspace(workspace_id).select_related(
        "run__flow", "run__deployment"
    )
    if state is not None:
        found = found.filter(state=state.value)
    return found if run_id is None else found.filter(run_id=run_id)


def get_approval(*, workspace_id: uuid.UUID, approval_id: uuid.UUID) -> Approval:
    """Raises: ApprovalNotFound."""
    found = list_approvals(workspace_id=workspace_id).filter(id=approval_id).first()
    if found is None:
        raise ApprovalNotFound("There is no such approval.", approval_id=str(approval_id))
    return found


def get_approval_of_run(*, workspace_id: uuid.UUID, run_id: uuid.UUID, key: str) -> Approval:
    """Raises: ApprovalNotFound."""
    found = list_approvals(workspace_id=workspace_id, run_id=run_id).filter(key=key).first()
    if found is None:
        raise ApprovalNotFound("The run has asked no such thing.", key=key)
    return found


_SUBRUNS = """
    WITH RECURSIVE line AS (
        SELECT id AS origin, parent_run_id AS parent, 1 AS depth FROM runs_run
        WHERE workspace_id = %(workspace_id)s AND id = ANY(%(among)s)
        UNION ALL
        SELECT line.origin, run.parent_run_id, line.depth + 1
        FROM line JOIN runs_run AS run
          ON run.id = line.parent AND run.workspace_id = %(workspace_id)s
        WHERE line.parent <> %(run_id)s AND line.depth < 64)
    SELECT origin, coalesce(bool_or(parent = %(run_id)s), false) FROM line GROUP BY origin
"""


def find_subruns(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, among: Collection[uuid.UUID]
) -> dict[uuid.UUID, bool]:
    """Say of those runs that exist whether their parents lead to `run_id`."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SUBRUNS, {"workspace_id": workspace_id, "run_id": run_id, "among": list(among)}
        )
        return dict(cursor.fetchall())


def workspaces_with_held_runs() -> list[uuid.UUID]:
    """Return the workspaces in which runs are held; for loops."""
    held = Run.objects.filter(state=RunState.HELD.value).order_by()
    return list(held.values_list("workspace_id", flat=True).distinct())


def deployments_with_unfinished_runs(*, deployment_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these deployments that have runs without an end; for loops."""
    unfinished = Run.objects.filter(deployment_id__in=deployment_ids, ended_at=None)
    return set(unfinished.order_by().values_list("deployment_id", flat=True).distinct())


def list_going_runs(*, deployment_ids: Collection[uuid.UUID], now: datetime) -> RunQuerySet:
    """
    Return the runs of these deployments that have not ended, oldest first.

    Not those that somebody asked for at a later time.
    """
    going = Run.objects.filter(deployment_id__in=deployment_ids, ended_at=None)
    return (
        # Later than it was made: one that was made while the caller waited for its turn is due.
        going.exclude(
            ~Q(source=RunSource.SCHEDULE.value),
            state=RunState.SCHEDULED.value,
            scheduled_for__gt=Greatest(F("created_at"), now),
        )
        .only("id", "name", "workspace_id", "deployment_id")
        .order_by("created_at", "id")
    )


def find_run_state(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> RunState | None:
    """Return the run's state, or None when there is no such run."""
    state, _ = find_run_start(workspace_id=workspace_id, run_id=run_id)
    return state


def find_run_start(*, workspace_id: uuid.UUID, run_id: uuid.UUID) -> tuple[RunState | None, int]:
    """Return the run's state, None when it is gone, and how many starts in a row crashed."""
    runs = Run.objects.for_workspace(workspace_id).filter(pk=run_id)
    found = runs.values_list("state", "crashed_starts").first()
    return (None, 0) if found is None else (RunState(found[0]), found[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPosition:
    """Where a run stands, for whoever looks after its execution."""

    state: RunState
    epoch: int
    changed_at: datetime  # when it took this state, by our clock

    def is_executing(self, epoch: int) -> bool:
        """Say whether this execution is the one that counts and has not ended."""
        return self.epoch == epoch and self.state in EXECUTING


def positions_of_runs(*, run_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, RunPosition]:
    """Return where each of these runs stands; what is gone is left out. For loops."""
    found = Run.objects.filter(id__in=run_ids).values_list("id", "state", "epoch", "changed_at")
    return {
        run_id: RunPosition(state=RunState(state), epoch=epoch, changed_at=changed_at)
        for run_id, state, epoch, changed_at in found
    }


def list_runs(*, workspace_id: uuid.UUID, filters: RunFilters) -> RunQuerySet:
    """Return the workspace's runs that pass the filters, as rows."""
    return filter_runs(workspace_id=workspace_id, filters=filters).for_rows()


def filter_runs(*, workspace_id: uuid.UUID, filters: RunFilters) -> RunQuerySet:
    """Return the workspace's runs that pass the filters, bare, for counting."""
    runs = Run.objects.for_workspace(workspace_id)
    states = set(filters.states)
    for kind in filters.state_types:
        states |= STATES_OF_TYPE[kind]
    if states:
        runs = runs.filter(state__in=sorted(states))
    equal = {
        "flow_id": filters.flow_id,
        "deployment_id": filters.deployment_id,
        "pool_id": filters.pool_id,
        "parent_run_id": filters.parent_run_id,
        "source": filters.source,
    }
    runs = runs.filter(**{name: value for name, value in equal.items() if value is not None})
    if filters.tag:
        runs = runs.filter(tags__contains=[filters.tag])
    if filters.created_after is not None:
        runs = runs.filter(created_at__gte=filters.created_after)
    if filters.created_before is not None:
        runs = runs.filter(created_at__lt=filters.created_before)
    if filters.q:
        named = Q(name__icontains=filters.q) | Q(flow__name__icontains=filters.q)
        with suppress(ValueError):  # not an id, then: a part of a name
            named |= Q(id=uuid.UUID(filters.q))
        runs = runs.filter(named)
    return runs


def list_changes(
    *, workspace_id: uuid.UUID, since: datetime, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (changed_at, id) of the first `limit` runs that changed from `since` on, in order."""
    runs = Run.objects.for_workspace(workspace_id).filter(changed_at__gte=since)
    return list(runs.order_by("changed_at", "id").values_list("changed_at", "id")[:limit])


def list_newest_changes(
    *, workspace_id: uuid.UUID, since: datetime, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (changed_at, id) of the last `limit` runs that changed from `since` on, reversed."""
    runs = Run.objects.for_workspace(workspace_id).filter(changed_at__gte=since)
    return list(runs.order_by("-changed_at", "-id").values_list("changed_at", "id")[:limit])


def list_rows(*, workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID]) -> list[Run]:
    """Return these runs as rows, oldest change first."""
    if not run_ids:
        return []
    runs = Run.objects.for_workspace(workspace_id).filter(id__in=run_ids).for_rows()
    return list(runs.order_by("changed_at", "id"))


def list_task_runs(*, run: Run, state_types: Collection[StateType] = ()) -> TaskRunQuerySet:
    """Return the run's task runs, of all its attempts."""
    task_runs = TaskRun.objects.of_run(run)
    if state_types:
        states = {state for kind in state_types for state in STATES_OF_TYPE[kind]}
        task_runs = task_runs.filter(state__in=sorted(states))
    return task_runs


def recent_runs_by_deployment(
    *, workspace_id: uuid.UUID, deployment_ids: Collection[uuid.UUID], limit: int = 30
) -> dict[uuid.UUID, list[Run]]:
    """Return the newest runs of each deployment, newest first; one index range each."""
    return _newest_by("deployment_id", workspace_id, deployment_ids, limit)


def last_run_by_flow(
    *, workspace_id: uuid.UUID, flow_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Run]:
    """Return the newest run of each flow, as a row."""
    newest = _newest_by("flow_id", workspace_id, flow_ids, 1)
    ids = [runs[0].id for runs in newest.values()]
    rows = Run.objects.for_workspace(workspace_id).filter(id__in=ids).for_rows()
    return {run.flow_id: run for run in rows.order_by("id")}


def _newest_by(
    column: str, workspace_id: uuid.UUID, keys: Collection[uuid.UUID], limit: int
) -> dict[uuid.UUID, list[Run]]:
    """Run one LATERAL join: a window function would read every run of every key."""
    if not keys:
        return {}
    sql = (
        "SELECT newest.* FROM unnest(%s::uuid[]) AS wanted(key) CROSS JOIN LATERAL ("  # noqa: S608 - a constant of ours
        " SELECT id, workspace_id, flow_id, deployment_id, state, created_at, started_at, ended_at"
        f" FROM runs_run WHERE {column} = wanted.key AND workspace_id = %s"
        " ORDER BY created_at DESC, id DESC LIMIT %s) AS newest"
        " ORDER BY newest.created_at DESC, newest.id DESC"
    )
    found: dict[uuid.UUID, list[Run]] = {}
    for run in Run.objects.raw(sql, [list(keys), workspace_id, limit]):
        found.setdefault(getattr(run, column), []).append(run)
    return found


def estimate_duration_ms(*, run: Run) -> int | None:
    """Return the median duration of the newest successful runs like this one; None without any."""
    like = Run.objects.for_workspace(run.workspace_id).filter(state=RunState.COMPLETED.value)
    like = like.filter(flow_id=run.flow_id, deployment=run.deployment_id).exclude(id=run.id)
    newest = like.order_by("-created_at", "-id").only("started_at", "ended_at", "created_at")
    durations = [each.duration_ms for each in newest[:_ESTIMATE_FROM]]
    known = [duration for duration in durations if duration is not None]
    return round(median(known)) if known else None


def list_runs_by_id(*, workspace_id: uuid.UUID, run_ids: Collection[uuid.UUID]) -> RunQuerySet:
    """Return those of these runs that exist in the workspace, as rows."""
    return Run.objects.for_workspace(workspace_id).filter(id__in=run_ids).for_rows()


_PARKED = """
    SELECT given.id, parked.count FROM unnest(%(ids)s::uuid[]) AS given(id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM runs_run
            WHERE waits_on = given.id AND state IN ('AWAITING_RETRY', 'LATE', 'SCHEDULED')
            LIMIT %(most)s) AS first) AS parked
"""


def count_parked(*, limit_ids: Collection[uuid.UUID], most: int) -> dict[uuid.UUID, int]:
    """Return how many runs wait for each of these limits, up to `most`."""
    with connection.cursor() as cursor:
        cursor.execute(_PARKED, {"ids": list(limit_ids), "most": most})
        return dict(cursor.fetchall())


def count_in_state(*, workspace_id: uuid.UUID, state: RunState) -> int:
    """Return how many runs are in this state now; meant for states that few are in."""
    return Run.objects.for_workspace(workspace_id).filter(state=state.value).count()


_NAMES = """
    SELECT flow.name, deployment.name, deployment.deleted_at, pool.name, pool.kind
    FROM flows_flow AS flow
    LEFT JOIN flows_deployment AS deployment ON deployment.id = %s
    LEFT JOIN dispatch_pool AS pool ON pool.id = %s
    WHERE flow.id = %s
"""


def with_names(*, run: Run) -> Run:
    """
    Load what a row shows of its flow, deployment and pool into a run that came without.

    PERF: every report of an agent answers the run; the same by the ORM is a quarter of its time.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [run.deployment_id, run.pool_id, run.flow_id])
        flow_name, deployment_name, deleted_at, pool_name, pool_kind = cursor.fetchone()
    parts: dict[str, dict[str, Any]] = {
        "flow": {"id": run.flow_id, "name": flow_name},
        "deployment": {"id": run.deployment_id, "name": deployment_name, "deleted_at": deleted_at},
        "pool": {"id": run.pool_id, "name": pool_name, "kind": pool_kind},
    }
    for name, columns in parts.items():
        if columns["id"] is not None:
            field: Any = Run._meta.get_field(name)
            field.set_cached_value(run, field.related_model(**columns))
    return run


def has_run(*, workspace_id: uuid.UUID) -> bool:
    """Say whether anything ever ran here."""
    return Run.objects.for_workspace(workspace_id).exists()


def known_run_ids(*, workspace_id: uuid.UUID, run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return which of these runs the workspace has, with their epochs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, epoch FROM runs_run WHERE workspace_id = %s AND id = ANY(%s)",
            [workspace_id, list(run_ids)],
        )
        return dict(cursor.fetchall())


def partition_since(run: Run) -> datetime:
    """Return from when on the run's task runs can have been made."""
    return min(run.created_at, run.started_at or run.created_at) - timedelta(days=1)
