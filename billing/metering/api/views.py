"""Thin: translate, call one selector, answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.tenancy.enums import AccountRole
from apps.tenancy.http import AccountRequest, AccountView, WorkspaceRequest, WorkspaceView
from apps.tenancy.scopes import Scope
from billing.metering import selectors
from billing.metering.api import serializers as shapes
from billing.metering.meters import UNITS, Meter
from billing.metering.months import Month
from billing.metering.selectors import DeploymentUsage, MeterUsage

MAY_SEE_USAGE = frozenset({AccountRole.OWNER, AccountRole.ADMIN, AccountRole.BILLING})


class WorkspaceUsage(WorkspaceView):
    """What the workspace used in a month."""

    scopes: ClassVar = {"GET": Scope.USAGE_READ}

    @extend_schema(
        operation_id="get_workspace_usage",
        parameters=[shapes.UsageQuery],
        responses=shapes.UsageOutput,
    )
    def get(self, request: WorkspaceRequest) -> Response:
        now = utc_now()
        month = shapes.UsageQuery.read(request).get("month") or Month.of(now)
        workspace = request.workspace
        usage = selectors.usage_of_workspace(workspace_id=workspace.id, month=month, now=now)
        return Response(usage_body(month, usage, workspace.account_id))


class AccountUsage(AccountView):
    """What all workspaces of the account used in a month."""

    account_roles: ClassVar = {"GET": MAY_SEE_USAGE}

    @extend_schema(
        operation_id="get_account_usage",
        parameters=[shapes.UsageQuery],
        responses=shapes.UsageOutput,
    )
    def get(self, request: AccountRequest) -> Response:
        now = utc_now()
        month = shapes.UsageQuery.read(request).get("month") or Month.of(now)
        account_id = request.account.id
        usage = selectors.usage_of_account(account_id=account_id, month=month, now=now)
        return Response(usage_body(month, usage, account_id))


def usage_body(
    month: Month, usage: Mapping[Meter, MeterUsage], account_id: uuid.UUID
) -> dict[str, object]:
    """Return the answer; names are of the account's workspaces only."""
    seen = {workspace_id for each in usage.values() for workspace_id in each.by_workspace}
    names = selectors.workspace_names(account_id=account_id, workspace_ids=seen)
    return {
        "period": {"month": str(month), "starts_at": month.starts_at, "ends_at": month.ends_at},
        "meters": [
            {
                "meter": each.meter.value,
                "unit": UNITS[each.meter],
                "used": each.used,
                "forecast": each.forecast,
                "by_day": [
                    {"day": day, "quantity": quantity} for day, quantity in each.by_day.items()
                ],
                "by_workspace": [
                    {"workspace": _workspace(workspace_id, names), "quantity": quantity}
                    for workspace_id, quantity in each.by_workspace.items()
                ],
                "by_deployment": [_deployment(line) for line in each.by_deployment],
            }
            for each in usage.values()
        ],
    }


def _workspace(
    workspace_id: uuid.UUID, names: Mapping[uuid.UUID, tuple[str, str]]
) -> dict[str, object]:
    slug, name = names.get(workspace_id, (None, None))
    return {"id": workspace_id, "slug": slug, "name": name}


def _deployment(line: DeploymentUsage) -> dict[str, object]:
    if line.workspace_id is None:
        kind = "rest"
    else:
        kind = "local" if line.deployment_id is None else "deployment"
    return {
        "kind": kind,
        "workspace_id": line.workspace_id,
        "deployment_id": line.deployment_id,
        "name": line.name,
        "quantity": line.quantity,
    }
