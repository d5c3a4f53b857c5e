"""Use cases of workspaces."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.module_loading import import_string

from apps.core.errors import InvalidRequest, PermissionDenied
from apps.tenancy import audit, selectors
from apps.tenancy.actors import Actor, WorkspaceRef
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.errors import AccountArchived, AlreadyArchived, NotArchived
from apps.tenancy.isolation import workspace_scope
from apps.tenancy.models import (
    Account,
    Member,
    RoleAssignment,
    Workspace,
    WorkspaceLimits,
)
from apps.tenancy.services.limits import columns_of, lock_limits, refuse_beyond
from apps.tenancy.slugs import slugify

logger = structlog.get_logger(__name__)
GRACE: Final = timedelta(days=14)  # from archiving to deleting; until then it can be undone


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

    Raises: PlanLimit, AccountArchived.
    """
    member = Member.objects.get(account_id=account_id, user_id=user_id)
    limits = lock_limits(account_id)
    if Account.objects.filter(pk=account_id, archived_at__isnull=False).exists():
        raise AccountArchived("The account is archived: nothing can be made in it.")
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
        _record(workspace, "workspace.created", after={"name": name, "slug": workspace.slug})
        logger.info("workspace.created", workspace_id=str(workspace.id))
        return selectors.get_workspace(workspace_id=workspace.id)


def account_for_workspace(*, actor: Actor, account_id: uuid.UUID | None) -> uuid.UUID:
    """
    Return in which account the person makes a workspace: the given one, or their oldest.

    Raises: PermissionDenied when there is none in which they may.
    """
    owned = None
    if actor.user_id is not None and actor.workspace is None:
        owned = selectors.find_owned_account_id(user_id=actor.user_id, account_id=account_id)
    if owned is None:
        raise PermissionDenied("Only an owner or admin of the account may create workspaces.")
    return owned


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
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    before = workspace.name
    if before != name:
        workspace.name = name
        workspace.save(update_fields=["name"])
        _record(workspace, "workspace.renamed", before={"name": before}, after={"name": name})
    return selectors.get_workspace(workspace_id=workspace_id)


@transaction.atomic
def archive_workspace(*, workspace_id: uuid.UUID, now: datetime) -> WorkspaceRef:
    """
    Make the workspace read-only: nothing runs, nothing is taken in; delete it after the grace.

    Raises: AlreadyArchived.
    """
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    if workspace.archived_at is not None:
        raise AlreadyArchived("The workspace is archived already.")
    workspace.archived_at, workspace.delete_after = now, now + GRACE
    workspace.save(update_fields=["archived_at", "delete_after"])
    _record(workspace, "workspace.archived", after={"delete_after": workspace.delete_after})
    return selectors.get_workspace(workspace_id=workspace_id)


@transaction.atomic
def restore_workspace(*, workspace_id: uuid.UUID, now: datetime) -> WorkspaceRef:
    """
    Undo the archiving; schedules go on with their next due time.

    Raises: NotArchived once the grace is over, AccountArchived while the whole account is.
    """
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    # Locked, because archiving an account closes those of its workspaces that are open.
    account = Account.objects.select_for_update().get(pk=workspace.account_id)
    if account.archived_at is not None:
        raise AccountArchived("The whole account is archived: bring that back first.")
    if workspace.archived_at is None or (
        workspace.delete_after is not None and workspace.delete_after <= now
    ):
        raise NotArchived("There is no archiving that could be undone.")
    workspace.archived_at = workspace.delete_after = None
    workspace.save(update_fields=["archived_at", "delete_after"])
    _record(workspace, "workspace.restored")
    return selectors.get_workspace(workspace_id=workspace_id)


def guard_deletion(
    *, account_id: uuid.UUID, workspace_id: uuid.UUID | None, without_export: bool, now: datetime
) -> None:
    """Ask the layer above that knows of exports and of what is paid; named in the settings."""
    import_string(settings.DELETION_GUARD)(
        account_id=account_id, workspace_id=workspace_id, without_export=without_export, now=now
    )


def refuse_other_name(name: str, typed: str) -> None:
    """Raises: InvalidRequest."""
    if typed.strip() != name:
        raise InvalidRequest("Type its name to delete it.", fields={"name": ["Not its name."]})


@transaction.atomic
def delete_workspace(
    *, workspace_id: uuid.UUID, name: str, without_export: bool, now: datetime
) -> None:
    """
    Close the workspace for good: a loop deletes all that is in it, beginning at once.

    `name` is what somebody typed to show that they mean this one.
    Raises: InvalidRequest, and what the guard of the layers above refuses.
    """
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    refuse_other_name(workspace.name, name)
    guard_deletion(
        account_id=workspace.account_id,
        workspace_id=workspace_id,
        without_export=without_export,
        now=now,
    )
    workspace.archived_at = workspace.archived_at or now
    workspace.delete_after = now
    workspace.save(update_fields=["archived_at", "delete_after"])
    _record(workspace, "workspace.deleted")
    logger.info("workspace.deletion_asked", workspace_id=str(workspace_id))


def _record(
    workspace: Workspace,
    action: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="workspace", id=workspace.id, name=workspace.name),
        before=before,
        after=after,
        workspace_id=workspace.id,
        account_id=workspace.account_id,
    )
