"""What of the ledger of usage goes into an export."""

from __future__ import annotations

from typing import Final

from apps.core.exports import ExportKind, export_of
from billing.metering.models import UsageDay

WORKSPACE_EXPORTS: Final[tuple[ExportKind, ...]] = (
    export_of(
        "usage",
        lambda owner: UsageDay.objects.filter(workspace_id=owner),
        key=("day", "id"),
        fields=("day", "meter", "deployment_id", "quantity"),
    ),
)
