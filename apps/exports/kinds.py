"""Everything that an export holds: the kinds of all apps, in one place."""

from __future__ import annotations

from typing import Final

from apps.automations import exports as automations
from apps.compute import exports as compute
from apps.core.exports import ExportKind
from apps.costs import exports as costs
from apps.dashboards import exports as dashboards
from apps.dispatch import exports as dispatch
from apps.flows import exports as flows
from apps.ingest import exports as ingest
from apps.lineage import exports as lineage
from apps.notifications import exports as notifications
from apps.runs import exports as runs
from apps.telemetry import exports as telemetry
from apps.tenancy import exports as tenancy
from billing.metering import exports as metering


def _by_name(*kinds: ExportKind) -> dict[str, ExportKind]:
    found = {kind.name: kind for kind in kinds}
    assert len(found) == len(kinds), "two kinds have one name"
    return found


ACCOUNT_KINDS: Final = _by_name(*tenancy.ACCOUNT_EXPORTS)
WORKSPACE_KINDS: Final = _by_name(
    *tenancy.WORKSPACE_EXPORTS,
    *flows.WORKSPACE_EXPORTS,
    *dispatch.WORKSPACE_EXPORTS,
    *runs.WORKSPACE_EXPORTS,
    *telemetry.WORKSPACE_EXPORTS,
    *lineage.WORKSPACE_EXPORTS,
    *dashboards.WORKSPACE_EXPORTS,
    *costs.WORKSPACE_EXPORTS,
    *notifications.WORKSPACE_EXPORTS,
    *ingest.WORKSPACE_EXPORTS,
    *automations.WORKSPACE_EXPORTS,
    *compute.WORKSPACE_EXPORTS,
    *metering.WORKSPACE_EXPORTS,
)
