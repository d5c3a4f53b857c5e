"""Which steps a range can still be told in: what is fine goes long before what is coarse."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from apps.telemetry import query as metric_query
from apps.telemetry.enums import StoredKind
from apps.telemetry.models import Retention
from apps.telemetry.query import Plan, Reach, Rollup
from apps.telemetry.store import left
from apps.telemetry.store.tables import METRIC_ROLLUPS
from apps.tenancy import selectors as tenancy

_LEAST: Final = timedelta(days=1)  # that anybody keeps
_HOURS_OF_ALL: Final = timedelta(days=METRIC_ROLLUPS[Rollup.HOUR].keep_days or 0)


def plan_metrics(
    *,
    workspace_id: uuid.UUID,
    names: Collection[str],
    since: datetime,
    until: datetime,
    now: datetime,
    back: timedelta = timedelta(),
    step_seconds: int | None = None,
    wanted_points: int = metric_query.WANTED_POINTS,
) -> Plan:
    """
    Choose the buckets of a chart of these metrics, in steps that are still there.

    `back`: how much earlier the chart looks as well, to compare. Where points and minutes are over
    their time, or were when less was kept, the steps are whole hours, and days where those are:
    longer ones than were asked for.
    Raises: QueryTooLarge.
    """

    def chosen(least_step: int) -> Plan:
        return metric_query.plan(
            since,
            until,
            step_seconds=step_seconds,
            wanted_points=wanted_points,
            least_step=least_step,
        )

    first, last = since - back, until - back
    if first >= now - _LEAST:
        return chosen(1)
    plan = chosen(_reach_of(workspace_id, now).least_step(first, last))

    def is_gone(fine: Rollup, wide: Rollup) -> bool:
        since_wide = metric_query.bucket_of(metric_query.needed_from(first, last), wide)
        return left.is_gone(
            workspace_id, names=list(names), fine=fine, wide=wide, since=since_wide, until=last
        )

    # What the time is now does not bring back what a shorter one dropped.
    if not names or plan.rollup is Rollup.DAY:
        return plan
    if first < now - _HOURS_OF_ALL and is_gone(Rollup.HOUR, Rollup.DAY):
        return chosen(metric_query.DAY)
    if plan.rollup is Rollup.HOUR:
        return plan
    if is_gone(Rollup.MINUTE, Rollup.HOUR):
        return chosen(metric_query.HOUR)
    if plan.rollup is Rollup.RAW and is_gone(Rollup.RAW, Rollup.HOUR):
        return chosen(metric_query.MINUTE)
    return plan


def _reach_of(workspace_id: uuid.UUID, now: datetime) -> Reach:
    plan_days = tenancy.get_limits(workspace_id=workspace_id).retention_days
    own = Retention.objects.filter(workspace_id=workspace_id, kind=StoredKind.METRICS)
    kept = min([plan_days, *own.values_list("days", flat=True)])
    hours = max(kept, METRIC_ROLLUPS[Rollup.HOUR].keep_days or 0)
    return Reach(now - timedelta(days=kept), now - timedelta(days=hours))
