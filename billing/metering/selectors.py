"""Reads of usage for the HTTP layer and for what is above."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet, Sum

from apps.flows import selectors as flows
from apps.tenancy import selectors as tenancy
from apps.tenancy.isolation import workspace_scope
from billing.metering.meters import Meter
from billing.metering.models import UsageDay
from billing.metering.months import Month, forecast

TOP = 20  # deployments of a meter that are named; the rest is one line


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentUsage:
    """
    What one deployment used; `workspace_id` None for the sum of those beyond the first `TOP`.

    `deployment_id` is None for runs that were started outside of any.
    """

    workspace_id: uuid.UUID | None
    deployment_id: uuid.UUID | None
    name: str | None  # flow/deployment
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUsage:
    """One meter in one month."""

    meter: Meter
    used: int
    forecast: int | None
    by_day: dict[date, int]
    by_workspace: dict[uuid.UUID, int]
    by_deployment: list[DeploymentUsage]


def usage_of_workspace(
    *, workspace_id: uuid.UUID, month: Month, now: datetime
) -> dict[Meter, MeterUsage]:
    """Return what the workspace used in the month, by meter; inside its scope."""
    return _report(UsageDay.objects.filter(workspace_id=workspace_id), month, now)


def usage_of_account(
    *, account_id: uuid.UUID, month: Month, now: datetime
) -> dict[Meter, MeterUsage]:
    """Return what all workspaces of the account used in the month; inside the account's scope."""
    return _report(UsageDay.objects.filter(account_id=account_id), month, now)


def totals_of_account(*, account_id: uuid.UUID, month: Month) -> dict[Meter, int]:
    """Return what the account used of each meter in the month; inside its scope."""
    rows = _in(month, UsageDay.objects.filter(account_id=account_id)).order_by()
    totals = rows.values_list("meter").annotate(total=Sum("quantity"))
    return {Meter(meter): int(total) for meter, total in totals}


def totals_of_workspace(*, workspace_id: uuid.UUID, month: Month) -> dict[Meter, int]:
    """Return what the workspace used of each meter in the month; inside its scope."""
    rows = _in(month, UsageDay.objects.filter(workspace_id=workspace_id)).order_by()
    totals = rows.values_list("meter").annotate(total=Sum("quantity"))
    return {Meter(meter): int(total) for meter, total in totals}


def _in(month: Month, rows: QuerySet[UsageDay]) -> QuerySet[UsageDay]:
    return rows.filter(day__gte=month.since, day__lt=month.until)


def _report(rows: QuerySet[UsageDay], month: Month, now: datetime) -> dict[Meter, MeterUsage]:
    by_meter: dict[Meter, list[UsageDay]] = defaultdict(list)
    for row in _in(month, rows):
        by_meter[Meter(row.meter)].append(row)
    return {
        meter: _meter_usage(meter, by_meter[meter], month, now)
        for meter in Meter
        if meter in by_meter or meter is Meter.TASK_RUNS
    }


def _meter_usage(meter: Meter, rows: Iterable[UsageDay], month: Month, now: datetime) -> MeterUsage:
    by_day: Counter[date] = Counter()
    by_workspace: Counter[uuid.UUID] = Counter()
    by_deployment: Counter[tuple[uuid.UUID, uuid.UUID | None]] = Counter()
    for row in rows:
        by_day[row.day] += row.quantity
        by_workspace[row.workspace_id] += row.quantity
        by_deployment[row.workspace_id, row.deployment_id] += row.quantity
    return MeterUsage(
        meter=meter,
        used=by_day.total(),
        forecast=forecast(by_day, month=month, now=now),
        by_day={day: by_day[day] for day in month.days},
        by_workspace=dict(by_workspace.most_common()),
        by_deployment=_named(by_deployment),
    )


def _named(
    used: Counter[tuple[uuid.UUID, uuid.UUID | None]],
) -> list[DeploymentUsage]:
    top = used.most_common(TOP)
    names = _names(key for key, _ in top)
    lines = [
        DeploymentUsage(
            workspace_id=workspace_id,
            deployment_id=deployment_id,
            name=names.get(deployment_id) if deployment_id else None,
            quantity=quantity,
        )
        for (workspace_id, deployment_id), quantity in top
    ]
    rest = used.total() - sum(line.quantity for line in lines)
    if rest:
        lines.append(
            DeploymentUsage(workspace_id=None, deployment_id=None, name=None, quantity=rest)
        )
    return lines


def _names(keys: Iterable[tuple[uuid.UUID, uuid.UUID | None]]) -> dict[uuid.UUID, str]:
    wanted: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for workspace_id, deployment_id in keys:
        if deployment_id is not None:
            wanted[workspace_id].add(deployment_id)
    names: dict[uuid.UUID, str] = {}
    for workspace_id, deployment_ids in wanted.items():
        # Of an account's several workspaces: each has its own scope.
        with workspace_scope(workspace_id):
            deployments = flows.list_deployments_by_id(
                workspace_id=workspace_id, deployment_ids=deployment_ids
            ).select_related("flow")
            names |= {each.id: f"{each.flow.name}/{each.name}" for each in deployments}
    return names


def workspace_names(
    *, account_id: uuid.UUID, workspace_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[str, str]]:
    """Return slug and name of those workspaces of the account that still exist."""
    return {
        workspace.id: (workspace.slug, workspace.name)
        for workspace in tenancy.list_account_workspaces(account_id=account_id)
        if workspace.id in workspace_ids
    }
