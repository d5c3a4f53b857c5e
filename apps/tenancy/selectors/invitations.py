"""Lists of invitations; callers are inside `account_scope`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from apps.tenancy.enums import BuiltInRole
from apps.tenancy.models import CustomRole, Invitation, Team, Workspace

OPEN, EXPIRED, ACCEPTED, REVOKED = "OPEN", "EXPIRED", "ACCEPTED", "REVOKED"
INVITATION_STATES = (OPEN, EXPIRED, ACCEPTED, REVOKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationRow:
    """An invitation with the names of what it offers; what is no more is left out."""

    invitation: Invitation
    state: str
    grants: list[dict[str, Any]]
    teams: list[dict[str, Any]]


def list_invitations(
    *, account_id: uuid.UUID, state: str | None, q: str, now: datetime
) -> QuerySet[Invitation]:
    """Return the account's invitations, of one state only if given."""
    found = Invitation.objects.filter(account_id=account_id).select_related("invited_by")
    undecided = Q(accepted_at=None, revoked_at=None)
    if state == OPEN:
        found = found.filter(undecided, expires_at__gt=now)
    elif state == EXPIRED:
        found = found.filter(undecided, expires_at__lte=now)
    elif state == ACCEPTED:
        found = found.filter(accepted_at__isnull=False)
    elif state == REVOKED:
        found = found.filter(accepted_at=None, revoked_at__isnull=False)
    return found.filter(email__icontains=q) if q else found


def state_of(invitation: Invitation, now: datetime) -> str:
    if invitation.accepted_at is not None:
        return ACCEPTED
    if invitation.revoked_at is not None:
        return REVOKED
    return OPEN if invitation.expires_at > now else EXPIRED


def invitation_rows(
    invitations: Sequence[Invitation], *, account_id: uuid.UUID, now: datetime
) -> list[InvitationRow]:
    """Return the invitations with the names of what they offer: three queries for all."""
    grants = [grant for each in invitations for grant in each.grants]
    workspaces = dict(
        Workspace.objects.filter(
            account_id=account_id, pk__in={grant["workspace_id"] for grant in grants}
        ).values_list("id", "name")
    )
    customs = dict(
        CustomRole.objects.filter(
            account_id=account_id,
            pk__in={grant["custom_role_id"] for grant in grants if grant.get("custom_role_id")},
        ).values_list("id", "name")
    )
    teams = dict(
        Team.objects.filter(
            account_id=account_id, pk__in={team for each in invitations for team in each.team_ids}
        ).values_list("id", "name")
    )
    return [
        InvitationRow(
            invitation=each,
            state=state_of(each, now),
            grants=[
                row
                for grant in each.grants
                if (row := _grant_row(grant, workspaces, customs)) is not None
            ],
            teams=[{"id": team, "name": teams[team]} for team in each.team_ids if team in teams],
        )
        for each in invitations
    ]


def _grant_row(
    grant: dict[str, str], workspaces: dict[uuid.UUID, str], customs: dict[uuid.UUID, str]
) -> dict[str, Any] | None:
    workspace_id = uuid.UUID(grant["workspace_id"])
    custom_id = uuid.UUID(grant["custom_role_id"]) if grant.get("custom_role_id") else None
    if workspace_id not in workspaces or (custom_id is not None and custom_id not in customs):
        return None
    role = grant.get("role")
    return {
        "workspace_id": workspace_id,
        "workspace_name": workspaces[workspace_id],
        "role": role,
        "custom_role_id": custom_id,
        "role_name": customs[custom_id] if custom_id else BuiltInRole(str(role)).label,
    }
