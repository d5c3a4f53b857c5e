"""
Offers to join an account: made, sent again, revoked.

The token is in the mail and nowhere else; its hash finds the row.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from apps.core.errors import InvalidRequest, NotFound, RateLimited
from apps.identity import services as identity
from apps.tenancy import access, audit
from apps.tenancy.actors import AccountRef, Actor
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.errors import (
    AlreadyMember,
    ScopeNotHeld,
)
from apps.tenancy.keys import hash_secret, new_secret
from apps.tenancy.mails import invitation_mail, masked
from apps.tenancy.models import (
    AuditEntry,
    CustomRole,
    Invitation,
    Member,
    Workspace,
)
from apps.tenancy.scopes import (
    AccountScope,
    Scope,
    known_scopes,
    scopes_of,
    sorted_scopes,
)
from apps.tenancy.selectors.holdings import (
    opened_by_teams,
    opened_to_owners,
    scopes_by_workspace,
    scopes_of_teams,
)
from apps.tenancy.selectors.teams import list_teams
from apps.tenancy.services.account_members import refuse_roles_beyond
from apps.tenancy.services.limits import refuse_seat
from apps.tenancy.services.teams import refuse_provided

logger = structlog.get_logger(__name__)
PREFIX: Final = "hwi_"
LIFETIME: Final = timedelta(days=7)
SENT_AN_HOUR: Final = 100  # by one account
SENT_TO_ONE_AN_HOUR: Final = 5  # to one address, by one account
_SENDING: Final = ("invitation.created", "invitation.sent_again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role in one workspace, built-in or the account's own."""

    workspace_id: uuid.UUID
    role: str | None = None
    custom_role_id: uuid.UUID | None = None

    def to_json(self) -> dict[str, str]:
        plain = {"workspace_id": str(self.workspace_id)}
        if self.role is not None:
            plain["role"] = self.role
        if self.custom_role_id is not None:
            plain["custom_role_id"] = str(self.custom_role_id)
        return plain

    @classmethod
    def from_json(cls, stored: dict[str, str]) -> Grant:
        custom = stored.get("custom_role_id")
        return cls(
            workspace_id=uuid.UUID(stored["workspace_id"]),
            role=stored.get("role"),
            custom_role_id=uuid.UUID(custom) if custom else None,
        )


@transaction.atomic
def invite(
    *,
    account: AccountRef,
    inviter: Actor,
    held: Collection[AccountScope],
    email: str,
    account_role: str,
    grants: Sequence[Grant],
    team_ids: Sequence[uuid.UUID],
    now: datetime,
) -> Invitation:
    """
    Offer an address a place in the account, and mail it the link.

    An open offer to the same address is replaced: its link ends. `held` is what the inviter may do
    in the account.
    Raises: ScopeNotHeld when the offer is more than the inviter holds, ObjectRestricted when it
    leads past rules that they do not pass, AlreadyMember, PlanLimit, RateLimited, InvalidRequest
    for workspaces, roles or teams that are not there, TeamIsProvided.
    """
    email = email.strip().lower()
    assert inviter.user_id is not None, "only people come through an account's door"
    _refuse_beyond_inviter(account.id, inviter.user_id, held, account_role, grants, team_ids)
    # By the address that lists of members show, and no other of the person's: those are private.
    if Member.objects.for_account(account.id).filter(user__email__iexact=email).exists():
        raise AlreadyMember("This person is in the account already.")
    standing = Invitation.objects.filter(
        account_id=account.id, email=email, accepted_at=None, revoked_at=None
    ).first()
    refuse_seat(account.id, now, besides=standing.id if standing else None)
    _refuse_too_many(account.id, email, now)
    if standing is not None:
        Invitation.objects.filter(pk=standing.pk).update(revoked_at=now)
    secret = new_secret(PREFIX)
    invitation = Invitation.objects.create(
        account_id=account.id,
        email=email,
        account_role=account_role,
        grants=[grant.to_json() for grant in grants],
        team_ids=list(team_ids),
        token_hash=hash_secret(secret),
        invited_by_id=inviter.user_id,
        sent_at=now,
        expires_at=now + LIFETIME,
        created_at=now,
    )
    record(
        invitation,
        "invitation.created",
        after={
            "account_role": account_role,
            "grants": invitation.grants,
            "team_ids": invitation.team_ids,
        },
    )
    _send(invitation, account=account, inviter=inviter.name, secret=secret, now=now)
    return invitation


@transaction.atomic
def send_invitation_again(
    *,
    account: AccountRef,
    sender: Actor,
    held: Collection[AccountScope],
    invitation_id: uuid.UUID,
    now: datetime,
) -> Invitation:
    """
    Mail a new link, good for another week; the one that was mailed before ends.

    Raises: NotFound, ScopeNotHeld when it offers more than the sender holds, PlanLimit,
    RateLimited.
    """
    invitation = _standing(account.id, invitation_id)
    assert sender.user_id is not None, "only people come through an account's door"
    _refuse_beyond_inviter(
        account.id,
        sender.user_id,
        held,
        invitation.account_role,
        [Grant.from_json(each) for each in invitation.grants],
        invitation.team_ids,
    )
    refuse_seat(account.id, now, besides=invitation.id)
    _refuse_too_many(account.id, invitation.email, now)
    secret = new_secret(PREFIX)
    invitation.token_hash = hash_secret(secret)
    invitation.sent_at, invitation.expires_at = now, now + LIFETIME
    # From now on the offer stands on what its sender holds.
    invitation.invited_by_id = sender.user_id
    invitation.save(update_fields=["token_hash", "sent_at", "expires_at", "invited_by"])
    record(invitation, "invitation.sent_again")
    _send(invitation, account=account, inviter=sender.name, secret=secret, now=now)
    return invitation


@transaction.atomic
def revoke_invitation(*, account_id: uuid.UUID, invitation_id: uuid.UUID, now: datetime) -> None:
    """Raises: NotFound, also when it was accepted or revoked already."""
    invitation = _standing(account_id, invitation_id)
    Invitation.objects.filter(pk=invitation.pk).update(revoked_at=now)
    record(invitation, "invitation.revoked")


def _refuse_beyond_inviter(
    account_id: uuid.UUID,
    inviter_id: uuid.UUID,
    held: Collection[AccountScope],
    account_role: str,
    grants: Sequence[Grant],
    team_ids: Sequence[uuid.UUID],
) -> None:
    refuse_roles_beyond(held, account_role)
    theirs = scopes_by_workspace(account_id=account_id, user_id=inviter_id)
    custom = custom_roles(account_id, grants)
    present = set(
        Workspace.objects.filter(
            account_id=account_id, pk__in=[grant.workspace_id for grant in grants]
        ).values_list("id", flat=True)
    )
    for grant in grants:
        wanted = scopes_of_grant(grant, custom)
        if grant.workspace_id not in present or wanted is None:
            raise InvalidRequest(
                "There is no such workspace or role.", fields={"grants": ["Unknown."]}
            )
        if grant.role == BuiltInRole.AGENT:
            raise InvalidRequest(
                "A person cannot be an agent.", fields={"grants": ["AGENT is for API keys only."]}
            )
        _refuse_more(theirs.get(grant.workspace_id, frozenset()), wanted)
        if grant.role == BuiltInRole.OWNER:
            access.refuse_opening(
                opened_to_owners(workspace_id=grant.workspace_id, user_id=inviter_id)
            )
    if not team_ids:
        return
    chosen = list(list_teams(account_id=account_id).filter(pk__in=team_ids))
    if len(chosen) != len(set(team_ids)):
        raise InvalidRequest("There is no such team.", fields={"team_ids": ["Unknown."]})
    for team in chosen:
        refuse_provided(team)
    if AccountScope.TEAMS_MANAGE not in held:
        raise ScopeNotHeld(
            "Who puts people into teams manages teams.", missing=[AccountScope.TEAMS_MANAGE.value]
        )
    teams = scopes_of_teams(account_id=account_id, team_ids=team_ids)
    for workspace_id, wanted in teams.items():
        _refuse_more(theirs.get(workspace_id, frozenset()), wanted)
    access.refuse_opening(
        opened_by_teams(account_id=account_id, team_ids=team_ids, user_id=inviter_id)
    )


def _refuse_more(held: frozenset[Scope], wanted: frozenset[Scope]) -> None:
    missing = (wanted | {Scope.MEMBERS_MANAGE}) - held
    if missing:
        raise ScopeNotHeld("Nobody invites to more than they hold.", missing=sorted_scopes(missing))


def custom_roles(
    account_id: uuid.UUID, grants: Sequence[Grant]
) -> dict[uuid.UUID, frozenset[Scope]]:
    wanted = [grant.custom_role_id for grant in grants if grant.custom_role_id]
    if not wanted:
        return {}
    found = CustomRole.objects.filter(account_id=account_id, pk__in=wanted)
    return {role.id: known_scopes(role.scopes) for role in found}


def scopes_of_grant(
    grant: Grant, custom: dict[uuid.UUID, frozenset[Scope]]
) -> frozenset[Scope] | None:
    """Return what the grant allows; None when its role is no more."""
    if grant.custom_role_id is not None:
        return custom.get(grant.custom_role_id)
    return scopes_of(str(grant.role))


def _refuse_too_many(account_id: uuid.UUID, email: str, now: datetime) -> None:
    """Raises: RateLimited beyond what an account may send in an hour, by what its log says."""
    sent = AuditEntry.objects.filter(
        account_id=account_id, occurred_at__gt=now - timedelta(hours=1), action__in=_SENDING
    )
    offers = Invitation.objects.filter(account_id=account_id, email=email)
    to_this = [str(each) for each in offers.values_list("id", flat=True)]
    if (
        sent.count() >= SENT_AN_HOUR
        or sent.filter(object_id__in=to_this).count() >= SENT_TO_ONE_AN_HOUR
    ):
        raise RateLimited(
            "Too many invitations within an hour. Try again later.", retry_after_seconds=3600
        )


def _standing(account_id: uuid.UUID, invitation_id: uuid.UUID) -> Invitation:
    invitation = (
        Invitation.objects.select_for_update()
        .filter(account_id=account_id, pk=invitation_id)
        .filter(Q(accepted_at=None) & Q(revoked_at=None))
        .first()
    )
    if invitation is None:
        raise NotFound("There is no such invitation, or it was accepted or revoked.")
    return invitation


def _send(
    invitation: Invitation, *, account: AccountRef, inviter: str, secret: str, now: datetime
) -> None:
    subject, text = invitation_mail(
        account_name=account.name,
        inviter=inviter,
        url=f"{settings.PUBLIC_URL}/invitations/{secret}",
        expires_at=invitation.expires_at,
        address=invitation.email,
    )
    identity.queue_mail(recipient=invitation.email, subject=subject, text=text, now=now)
    logger.info("invitation.sent", account_id=str(account.id), invitation_id=str(invitation.id))


def record(
    invitation: Invitation,
    action: str,
    *,
    after: dict[str, object] | None = None,
    actor: Actor | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="invitation", id=invitation.id, name=masked(invitation.email)),
        after=after,
        account_id=invitation.account_id,
        actor=actor,
    )
