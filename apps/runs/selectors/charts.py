"""Counts of runs over time, and what of them needs somebody."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, DateTimeField, F, Func, Value

from apps.runs.buckets import bucket_start, bucket_starts, choose_step
from apps.runs.enums import TYPE_OF, RunState
from apps.runs.models import Run
from apps.runs.selectors.lists import RunFilters, filter_runs

if TYPE_CHECKING:
    from apps.runs.enums import StateType

ATTENTION_LIMIT = 20
FLOWS_LIMIT = 100
TICKS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One step of the histogram; types without a run are absent."""

    at: datetime
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Runs by when they were created and what state they are in now; empty buckets are present."""

    step_seconds: int
    buckets: list[Bucket]

    @property
    def totals(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        for bucket in self.buckets:
            for kind, count in bucket.counts.items():
                totals[kind] = totals.get(kind, 0) + count
        return totals


def runs_histogram(
    *, workspace_id: uuid.UUID, filters: RunFilters, since: datetime, until: datetime
) -> Histogram:
    """Return the counts of runs created in `since … until` by state type, in ≤ 120 buckets."""
    step = choose_step(since, until)
    origin = bucket_start(since, step)
    binned = Func(
        Value(step),
        F("created_at"),
        Value(origin),
        function="date_bin",
        output_field=DateTimeField(),
    )
    counted = (
        filter_runs(workspace_id=workspace_id, filters=filters)
        .filter(created_at__gte=since, created_at__lt=until)
        .order_by()
        .annotate(bucket=binned)
        .values_list("bucket", "state")
        .annotate(count=Count("id"))
    )
    counts: dict[datetime, dict[str, int]] = {}
    for at, state, count in counted:
        of_bucket = counts.setdefault(at, {})
        kind = TYPE_OF[RunState(state)].value
        of_bucket[kind] = of_bucket.get(kind, 0) + count
    starts = bucket_starts(since, until, step)
    return Histogram(
        step_seconds=int(step.total_seconds()),
        buckets=[Bucket(at=at, counts=counts.get(at, {})) for at in starts],
    )


# A failure is off the list once a later run of the same flow and deployment went well.
_ATTENTION = """
    SELECT run.id FROM runs_run AS run
    WHERE run.workspace_id = %(workspace_id)s
      AND (run.state = 'LATE' OR (run.state IN ('CRASHED', 'FAILED', 'TIMED_OUT')
        AND run.created_at >= %(since)s AND run.created_at < %(until)s
        AND NOT EXISTS (
          SELECT FROM runs_run AS later
          WHERE later.flow_id = run.flow_id AND later.created_at > run.created_at
            AND later.state = 'COMPLETED'
            AND later.deployment_id IS NOT DISTINCT FROM run.deployment_id)))
    ORDER BY run.created_at DESC, run.id DESC LIMIT %(limit)s
"""


def list_runs_needing_attention(
    *, workspace_id: uuid.UUID, since: datetime, until: datetime
) -> list[Run]:
    """Return late runs, and failures of the range that nothing has made good since."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ATTENTION,
            {
                "workspace_id": workspace_id,
                "since": since,
                "until": until,
                "limit": ATTENTION_LIMIT,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    runs = Run.objects.for_workspace(workspace_id).filter(id__in=ids)
    rows = runs.select_related("flow", "deployment", "pool").defer("parameters")
    return list(rows.order_by("-created_at", "-id"))


def reason_for_attention(run: Run, *, now: datetime) -> str:
    """Say in one line why the run stands on the list."""
    if run.state == RunState.LATE:
        late = now - run.scheduled_for
        due = f"Due {_in_words(late)} ago"
        if run.waits_on is not None:
            return f"{due}; kept back by a limit on how much goes on at once."
        return f"{due}; no agent of its pool has taken it."
    if run.error:
        return f"{run.error.get('type', 'Error')}: {run.error.get('message', '')}"[:300]
    if run.cause:
        return _cause_in_words(run.cause)[:300]
    return f"Ended as {run.state.lower().replace('_', ' ')}."


def _cause_in_words(cause: Mapping[str, Any]) -> str:
    detail = str(cause.get("detail") or "")
    if cause.get("kind") == "exit_code":
        # The detail is the last line of its output, which seldom is the reason.
        said = f" Its last line: {detail}" if detail else ""
        return f"Ended with exit code {cause.get('exit_code', 'unknown')}.{said}"
    if cause.get("kind") == "oom":
        return f"Out of memory. {detail}".rstrip()
    return detail or str(cause.get("kind"))


def _in_words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One of the newest runs of a flow."""

    id: uuid.UUID
    state_type: StateType
    duration_ms: int | None
    deployment_id: uuid.UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowHealth:
    """How a flow has been doing: its newest runs whenever they were, its figures of the range."""

    flow_id: uuid.UUID
    flow_name: str
    ticks: list[Tick]  # newest last
    success_ratio: float | None
    p95_duration_ms: int | None

    @property
    def deployment_id(self) -> uuid.UUID | None:
        """The deployment of its newest run that had one."""
        known = [tick.deployment_id for tick in self.ticks if tick.deployment_id is not None]
        return known[-1] if known else None

    @property
    def needs_somebody(self) -> bool:
        ended = [tick for tick in self.ticks if tick.state_type in _ENDED_TYPES]
        return bool(ended) and ended[-1].state_type in _BAD_TYPES


_BAD_TYPES = frozenset({"FAILED", "CRASHED"})
_ENDED_TYPES = _BAD_TYPES | {"COMPLETED"}

_FLOWS = """
    SELECT flow.id, flow.name, newest.ids, newest.states, newest.deployments, newest.durations
    FROM flows_flow AS flow
    CROSS JOIN LATERAL (
        SELECT array_agg(run.id) AS ids, array_agg(run.state) AS states,
            array_agg(run.deployment_id) AS deployments,
            array_agg((extract(epoch FROM run.ended_at - run.started_at) * 1000)::bigint)
                AS durations,
            max(run.created_at) AS last_at
        FROM (SELECT * FROM runs_run WHERE flow_id = flow.id
              ORDER BY created_at DESC, id DESC LIMIT %(ticks)s) AS run) AS newest
    WHERE flow.workspace_id = %(workspace_id)s
    ORDER BY newest.last_at DESC NULLS LAST, flow.id LIMIT %(limit)s
"""

_FIGURES = """
    SELECT flow_id,
        count(*) FILTER (WHERE state IN ('COMPLETED', 'CACHED', 'SKIPPED'))::float
            / nullif(count(*) FILTER (WHERE ended_at IS NOT NULL AND state <> 'CANCELLED'), 0),
        percentile_disc(0.95) WITHIN GROUP (
            ORDER BY (extract(epoch FROM ended_at - started_at) * 1000)::bigint)
    FROM runs_run
    WHERE workspace_id = %s AND flow_id = ANY(%s) AND created_at >= %s AND created_at < %s
    GROUP BY flow_id
"""


def list_flow_health(
    *, workspace_id: uuid.UUID, since: datetime, until: datetime
) -> list[FlowHealth]:
    """Return the workspace's flows, last active first (at most 100), with their newest runs."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOWS, {"workspace_id": workspace_id, "ticks": TICKS, "limit": FLOWS_LIMIT})
        flows = cursor.fetchall()
        cursor.execute(_FIGURES, [workspace_id, [row[0] for row in flows], since, until])
        figures = {flow_id: (ratio, p95) for flow_id, ratio, p95 in cursor.fetchall()}
    return [
        FlowHealth(
            flow_id=flow_id,
            flow_name=name,
            ticks=[
                Tick(
                    id=run_id,
                    state_type=TYPE_OF[RunState(state)],
                    duration_ms=duration,
                    deployment_id=deployment,
                )
                for run_id, state, deployment, duration in zip(
                    reversed(ids or []),
                    reversed(states or []),
                    reversed(deployments or []),
                    reversed(durations or []),
                    strict=True,
                )
            ],
            success_ratio=figures.get(flow_id, (None, None))[0],
            p95_duration_ms=figures.get(flow_id, (None, None))[1],
        )
        for flow_id, name, ids, states, deployments, durations in flows
    ]
