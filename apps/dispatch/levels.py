"""Reads of what deployments promise, and of when they did not keep it."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import QuerySet

from apps.dispatch.errors import ServiceLevelNotFound
from apps.dispatch.models import ServiceLevel, ServiceLevelBreach


def list_levels(
    *, workspace_id: uuid.UUID, deployment_id: uuid.UUID | None = None
) -> QuerySet[ServiceLevel]:
    """Return what the workspace's deployments promise, or one of them."""
    found = ServiceLevel.objects.for_workspace(workspace_id).filter(deployment__deleted_at=None)
    found = found.select_related("deployment__flow")
    return found if deployment_id is None else found.filter(deployment_id=deployment_id)


def get_level(*, workspace_id: uuid.UUID, level_id: uuid.UUID) -> ServiceLevel:
    """Raises: ServiceLevelNotFound."""
    found = list_levels(workspace_id=workspace_id).filter(pk=level_id).first()
    if found is None:
        raise ServiceLevelNotFound("There is no such service level.", level_id=str(level_id))
    return found


def list_breaches(*, level: ServiceLevel) -> QuerySet[ServiceLevelBreach]:
    """Return when the promise was not kept."""
    return ServiceLevelBreach.objects.filter(workspace_id=level.workspace_id, level=level)


def last_breaches(
    *, workspace_id: uuid.UUID, level_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, ServiceLevelBreach]:
    """Return the newest breach of each of these promises that has one."""
    found = (
        ServiceLevelBreach.objects.filter(workspace_id=workspace_id, level_id__in=level_ids)
        .order_by("level_id", "-due_at", "-id")
        .distinct("level_id")
    )
    return {breach.level_id: breach for breach in found}
