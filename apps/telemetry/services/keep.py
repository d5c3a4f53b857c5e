"""Say how long a workspace keeps a kind of what it sends: shorter than its plan does."""

from __future__ import annotations

import uuid

from apps.core.errors import InvalidRequest
from apps.core.transactions import joined
from apps.telemetry.enums import StoredKind
from apps.telemetry.models import Retention
from apps.tenancy import audit


def check_retention(*, days: int | None, plan_days: int) -> None:
    """Raises: InvalidRequest beyond the plan's days."""
    if days is not None and days > plan_days:
        raise InvalidRequest(
            f"The plan keeps {plan_days} days.", fields={"days": [f"At most {plan_days}."]}
        )


@joined
def set_retention(
    *, workspace_id: uuid.UUID, kind: StoredKind, days: int | None, plan_days: int
) -> None:
    """
    Keep the kind for so many days; None: as long as the plan does. What is older goes in minutes.

    Raises: InvalidRequest beyond the plan's days.
    """
    check_retention(days=days, plan_days=plan_days)
    rows = Retention.objects.filter(workspace_id=workspace_id, kind=kind.value)
    before = rows.select_for_update().values_list("days", flat=True).first()
    if before == days:
        return
    if days is None:
        rows.delete()
    else:
        Retention.objects.bulk_create(
            [Retention(workspace_id=workspace_id, kind=kind.value, days=days)],
            update_conflicts=True,
            unique_fields=["workspace_id", "kind"],
            update_fields=["days"],
        )
    audit.record(
        action="retention.changed",
        target=audit.Object(kind="retention", id=workspace_id, name=kind.value),
        before={"days": before},
        after={"days": days},
        workspace_id=workspace_id,
    )
