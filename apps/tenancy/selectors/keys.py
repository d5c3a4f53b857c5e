"""Reads of API keys."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from apps.core.errors import NotFound
from apps.tenancy.models import (
    ApiKey,
)


def list_api_keys(*, workspace_id: uuid.UUID) -> QuerySet[ApiKey]:
    """Return the workspace's keys, revoked ones included, and what each may do today."""
    keys = ApiKey.objects.for_workspace(workspace_id).with_maker_role()
    return keys.select_related("created_by")


def get_api_key(*, workspace_id: uuid.UUID, key_id: uuid.UUID) -> ApiKey:
    """Raises: NotFound."""
    try:
        return list_api_keys(workspace_id=workspace_id).get(pk=key_id)
    except ApiKey.DoesNotExist:
        raise NotFound("There is no such API key.") from None
