"""A person deletes themselves: what was theirs alone goes with them, the rest goes on."""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from django.db import transaction

from apps.identity import services as identity
from apps.tenancy import audit
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind
from apps.tenancy.errors import DeletionBlocked
from apps.tenancy.isolation import account_scope, workspace_scope
from apps.tenancy.models import (
    Account,
    ApiKey,
    Member,
    ObjectRule,
    RoleAssignment,
    TeamMember,
    Workspace,
)
from apps.tenancy.selectors.leaving import Fate, preview_leaving
from apps.tenancy.services.account_members import revoke_invitations_by
from apps.tenancy.services.accounts import close_account

logger = structlog.get_logger(__name__)
NAME = "Deleted user"


@transaction.atomic
def delete_user(*, user_id: uuid.UUID, now: datetime) -> None:
    """
    Delete the person: memberships, roles and keys, accounts of which they are the only member.

    What they did stays in the logs of their accounts, under no name.
    Raises: DeletionBlocked while an account with other members has no other owner, or is paid for.
    """
    # Nobody joins or leaves the accounts in the meantime; one order for all who lock several.
    mine = Account.objects.filter(members__user_id=user_id).values("pk")
    list(Account.objects.filter(pk__in=mine).order_by("pk").select_for_update())
    leaving = preview_leaving(user_id=user_id)
    if leaving.obstacles:
        first = leaving.obstacles[0]
        raise DeletionBlocked(
            f"{first.name}: {first.message}",
            accounts=[
                {"id": str(each.id), "name": each.name, "code": each.code}
                for each in leaving.obstacles
            ],
        )
    nameless = Actor(kind=ActorKind.USER, id=user_id, name=NAME, email=None, user_id=user_id)
    for account in leaving.accounts:
        audit.record(
            action="user.deleted",
            target=audit.Object(kind="user", id=user_id, name=NAME),
            account_id=account.id,
            actor=nameless,
            now=now,
        )
        if account.fate is Fate.DELETED:
            close_account(account_id=account.id, now=now)
        _leave(account.id, user_id=user_id, now=now)
    identity.erase_person(user_id=user_id, now=now)
    logger.info("user.deleted", user_id=str(user_id), accounts=len(leaving.accounts))


def _leave(account_id: uuid.UUID, *, user_id: uuid.UUID, now: datetime) -> None:
    member = Member.objects.get(account_id=account_id, user_id=user_id)
    revoke_invitations_by(member, now)
    named_by_rules = False
    workspaces = Workspace.objects.filter(account_id=account_id).order_by("id")
    for workspace_id in list(workspaces.values_list("id", flat=True)):
        with workspace_scope(workspace_id):
            keys = ApiKey.objects.filter(workspace_id=workspace_id, created_by_id=user_id)
            keys.filter(service_account=None, revoked_at=None).update(revoked_at=now)
            RoleAssignment.objects.filter(workspace_id=workspace_id, member=member).delete()
            named_by_rules |= ObjectRule.objects.filter(member=member).exists()
    with account_scope(account_id):
        TeamMember.objects.filter(member=member).delete()
    if named_by_rules:
        # SECURITY: without its rules, what was open to this person alone would be open to all.
        Member.objects.filter(pk=member.pk).update(deactivated_at=now)
    else:
        Member.objects.filter(pk=member.pk).delete()
