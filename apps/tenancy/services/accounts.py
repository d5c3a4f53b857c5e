"""Use cases of accounts: made, renamed, archived, handed over."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from apps.core.errors import NotFound
from apps.tenancy import audit
from apps.tenancy.actors import AccountRef, WorkspaceRef
from apps.tenancy.enums import AccountRole, MemberSource
from apps.tenancy.errors import AlreadyArchived, MemberInactive, NotArchived, TooManyAccounts
from apps.tenancy.models import (
    Account,
    Member,
    Workspace,
)
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES
from apps.tenancy.selectors.accounts import account_ref
from apps.tenancy.services.account_members import revoke_invitations_by
from apps.tenancy.services.workspaces import (
    GRACE,
    create_workspace,
    guard_deletion,
    refuse_other_name,
)
from apps.tenancy.slugs import slugify

logger = structlog.get_logger(__name__)
MAX_DISPLAY_NAME = 100  # names hold 120 characters, and a workspace's says more than its owner's
MOST_OWNED: Final = 20  # accounts of one person: each starts with what the free plan gives


@transaction.atomic
def create_account_for_new_user(
    *, user_id: uuid.UUID, display_name: str, now: datetime
) -> WorkspaceRef:
    """Give somebody who signed up an account of their own with a first workspace."""
    display_name = display_name[:MAX_DISPLAY_NAME]
    account = Account.objects.create(name=display_name, created_at=now)
    Member.objects.create(
        account=account, user_id=user_id, role=AccountRole.OWNER, source=MemberSource.SIGNUP
    )
    return create_workspace(
        account_id=account.id,
        user_id=user_id,
        name=f"{display_name}’s workspace",
        slug=slugify(display_name),
        now=now,
    )


@transaction.atomic
def create_account(*, user_id: uuid.UUID, name: str, now: datetime) -> AccountRef:
    """
    Make another account, without a workspace yet; its maker becomes its owner.

    Its plan's limits hold from the beginning: the layer that knows plans writes them at once.
    Raises: TooManyAccounts.
    """
    # Locked, so that two requests at once do not both count the last free one.
    owned = list(
        Member.objects.select_for_update()
        .filter(user_id=user_id, role=AccountRole.OWNER)
        .values_list("account_id", flat=True)[: MOST_OWNED + 1]
    )
    if len(owned) >= MOST_OWNED:
        raise TooManyAccounts(f"Nobody owns more than {MOST_OWNED} accounts.", limit=MOST_OWNED)
    account = Account.objects.create(name=name, created_at=now)
    Member.objects.create(
        account=account, user_id=user_id, role=AccountRole.OWNER, source=MemberSource.SIGNUP
    )
    import_string(settings.PLAN_OF_NEW_ACCOUNTS)(account_id=account.id, now=now)
    _record(account, "account.created", after={"name": name})
    logger.info("account.created", account_id=str(account.id))
    return account_ref(account)


@transaction.atomic
def rename_account(*, account_id: uuid.UUID, name: str) -> AccountRef:
    """Change the shown name."""
    account = Account.objects.select_for_update().get(pk=account_id)
    before = account.name
    if before != name:
        account.name = name
        account.save(update_fields=["name"])
        _record(account, "account.renamed", before={"name": before}, after={"name": name})
    return account_ref(account)


@transaction.atomic
def archive_account(*, account_id: uuid.UUID, now: datetime) -> AccountRef:
    """
    Close the account and all its workspaces; it is deleted after the grace, unless that is undone.

    Raises: AlreadyArchived.
    """
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.archived_at is not None:
        raise AlreadyArchived("The account is archived already.")
    _close(account, now=now, delete_after=now + GRACE)
    _record(account, "account.archived", after={"delete_after": account.delete_after})
    return account_ref(account)


@transaction.atomic
def restore_account(*, account_id: uuid.UUID, now: datetime) -> AccountRef:
    """
    Undo the archiving; workspaces that had been archived by themselves stay so.

    Raises: NotArchived, also once the grace is over.
    """
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.archived_at is None or account.delete_after is None or account.delete_after <= now:
        raise NotArchived("There is no archiving that could be undone.")
    together = Workspace.objects.filter(
        account_id=account_id, archived_at=account.archived_at, delete_after=None
    )
    together.update(archived_at=None)
    account.archived_at = account.delete_after = None
    account.save(update_fields=["archived_at", "delete_after"])
    _record(account, "account.restored")
    return account_ref(account)


@transaction.atomic
def delete_account(
    *, account_id: uuid.UUID, name: str, without_export: bool, now: datetime
) -> None:
    """
    Close the account for good: a loop deletes all that is in it, beginning at once.

    `name` is what somebody typed to show that they mean this one.
    Raises: InvalidRequest, and what the guard of the layers above refuses.
    """
    account = Account.objects.select_for_update().get(pk=account_id)
    refuse_other_name(account.name, name)
    guard_deletion(account_id=account_id, workspace_id=None, without_export=without_export, now=now)
    close_account(account_id=account_id, now=now)


@transaction.atomic
def close_account(*, account_id: uuid.UUID, now: datetime) -> None:
    """Close the account for good, unasked: its caller has asked."""
    account = Account.objects.select_for_update().get(pk=account_id)
    _close(account, now=now, delete_after=now)
    _record(account, "account.deleted")
    logger.info("account.deletion_asked", account_id=str(account_id))


@transaction.atomic
def transfer_ownership(
    *, account_id: uuid.UUID, giver_id: uuid.UUID, member_id: uuid.UUID, now: datetime
) -> None:
    """
    Make the member the account's owner in the place of the giver, who becomes an admin.

    Other owners stay owners. `giver_id` is the person's, `member_id` the receiver's membership.
    Raises: NotFound, MemberInactive.
    """
    # One order for everybody who locks several members: by id.
    members = {
        member.id: member
        for member in Member.objects.for_account(account_id)
        .select_related("user")
        .select_for_update(of=("self",))
        .filter(pk__in=[member_id, *_membership_of(account_id, giver_id)])
        .order_by("id")
    }
    receiver = members.get(member_id)
    giver = next((each for each in members.values() if each.user_id == giver_id), None)
    if receiver is None or giver is None or giver.role != AccountRole.OWNER:
        raise NotFound("There is no such member.")
    if receiver.deactivated_at is not None or not receiver.user.is_active:
        raise MemberInactive("Ownership goes to an active member only.")
    if receiver.pk == giver.pk:
        return
    Member.objects.filter(pk=receiver.pk).update(role=AccountRole.OWNER)
    Member.objects.filter(pk=giver.pk).update(role=AccountRole.ADMIN)
    revoke_invitations_by(giver, now, still=ACCOUNT_ROLE_SCOPES[AccountRole.ADMIN])
    account = Account.objects.get(pk=account_id)
    _record(
        account,
        "account.ownership_transferred",
        before={"owner": audit.person(giver.user_id, giver.user.display_name)},
        after={"owner": audit.person(receiver.user_id, receiver.user.display_name)},
    )


def _membership_of(account_id: uuid.UUID, user_id: uuid.UUID) -> list[uuid.UUID]:
    found = Member.objects.for_account(account_id).filter(user_id=user_id)
    return list(found.values_list("id", flat=True))


def _close(account: Account, *, now: datetime, delete_after: datetime) -> None:
    # The workspaces carry the very moment of the account, so that undoing tells them apart from
    # those that had been archived before, and whoever looks needs to look at the workspace alone.
    account.archived_at = account.archived_at or now
    account.delete_after = delete_after
    account.save(update_fields=["archived_at", "delete_after"])
    Workspace.objects.filter(account_id=account.id, archived_at=None).update(
        archived_at=account.archived_at
    )


def _record(
    account: Account,
    action: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="account", id=account.id, name=account.name),
        before=before,
        after=after,
        account_id=account.id,
    )
