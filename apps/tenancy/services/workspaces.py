"""Use cases of workspaces."""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core.errors import PermissionDenied
from apps.tenancy import selectors
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import (
    Member,
    RoleAssignment,
    Workspace,
    WorkspaceLimits,
)
from apps.tenancy.services.limits import columns_of, lock_limits, refuse_beyond
from apps.tenancy.slugs import slugify

logger = structlog.get_logger(__name__)


@transaction.atomic
def create_workspace(
    *,
    account_id: uuid.UUID,
    user_id: uuid.UUID,
    name: str,
    now: datetime,
    slug: str | None = None,
) -> WorkspaceRef:
    """
    Make a workspace in the account; its maker becomes its owner.

    Raises: PlanLimit.
    """
    member = Member.objects.get(account_id=account_id, user_id=user_id)
    limits = lock_limits(account_id)
    present = Workspace.objects.filter(account_id=account_id)
    refuse_beyond("workspaces", limits.max_workspaces if limits else None, present.count)
    workspace = Workspace.objects.create(
        account_id=account_id, name=name, slug=_free_slug(slug or slugify(name)), created_at=now
    )
    with workspace_scope(workspace.id):
        WorkspaceLimits.objects.create(workspace=workspace, **columns_of(limits))
        RoleAssignment.objects.create(
            workspace=workspace, member=member, user_id=user_id, role=BuiltInRole.OWNER
        )
        logger.info("workspace.created", workspace_id=str(workspace.id))
        return selectors.get_workspace(workspace_id=workspace.id)


@transaction.atomic
def create_workspace_for(
    *, actor: Actor, account_id: uuid.UUID | None, name: str, now: datetime
) -> WorkspaceRef:
    """
    Make a workspace in an account where the person is owner or admin.

    Raises: PermissionDenied when there is none, PlanLimit.
    """
    owned = None
    if actor.user_id is not None and actor.workspace is None:
        owned = selectors.find_owned_account_id(user_id=actor.user_id, account_id=account_id)
    if owned is None or actor.user_id is None:
        raise PermissionDenied("Only an owner or admin of the account may create workspaces.")
    return create_workspace(account_id=owned, user_id=actor.user_id, name=name, now=now)


def _free_slug(wanted: str) -> str:
    taken = set(
        Workspace.objects.filter(Q(slug=wanted) | Q(slug__startswith=f"{wanted}-")).values_list(
            "slug", flat=True
        )
    )
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


@transaction.atomic
def rename_workspace(*, workspace_id: uuid.UUID, name: str) -> WorkspaceRef:
    """Change the shown name; the slug stays, because addresses carry it."""
    Workspace.objects.filter(pk=workspace_id).update(name=name)
    return selectors.get_workspace(workspace_id=workspace_id)
