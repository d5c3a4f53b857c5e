"""Use cases of accounts."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from apps.tenancy.actors import WorkspaceRef
from apps.tenancy.enums import AccountRole, MemberSource
from apps.tenancy.models import (
    Account,
    Member,
)
from apps.tenancy.services.workspaces import create_workspace
from apps.tenancy.slugs import slugify

MAX_DISPLAY_NAME = 100  # names hold 120 characters, and a workspace's says more than its owner's


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
