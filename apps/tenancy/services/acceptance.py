"""
What becomes of an invitation's link: shown, accepted, refused.

Whatever is wrong with a token has one answer, so that nobody learns from it what there is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NoReturn

import structlog
from django.db import transaction

from apps.core.clock import utc_now
from apps.identity import selectors as identity_selectors
from apps.tenancy import audit
from apps.tenancy.actors import AccountRef, Actor
from apps.tenancy.enums import BuiltInRole, MemberSource
from apps.tenancy.errors import (
    AddressNotConfirmed,
    AlreadyMember,
    InvitationForAnotherAddress,
    InvitationNotValid,
    PlanLimit,
)
from apps.tenancy.isolation import account_scope, key_scope, workspace_scope
from apps.tenancy.keys import hash_secret
from apps.tenancy.mails import masked
from apps.tenancy.models import (
    AuditEntry,
    Invitation,
    Member,
    RoleAssignment,
    Team,
    TeamMember,
    Workspace,
)
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES, AccountScope, Scope
from apps.tenancy.selectors.accounts import account_ref
from apps.tenancy.selectors.holdings import (
    opened_by_teams,
    opened_to_owners,
    scopes_by_workspace,
    scopes_of_teams,
)
from apps.tenancy.services.invitations import (
    Grant,
    custom_roles,
    record,
    scopes_of_grant,
)
from apps.tenancy.services.limits import refuse_seat

logger = structlog.get_logger(__name__)
NOTED_AN_HOUR: Final = 10  # tries of one link that no longer works
NOBODYS: Final = uuid.UUID(int=0)
NOT_VALID: Final = "This invitation is not valid. Ask for a new one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Where somebody who accepted has come to; `workspace` is the slug of one that is open."""

    account: AccountRef
    workspace: str | None


def find_open_invitation(*, token: str, now: datetime) -> Invitation:
    """
    Return the invitation of this token.

    Raises: InvitationNotValid, the same for tokens that are forged, used, revoked, replaced or too
    old; tried tokens that once were real are noted in their account's log.
    """
    token_hash = hash_secret(token)
    with key_scope(token_hash):
        invitation = (
            Invitation.objects.filter(token_hash=token_hash)
            .select_related("account", "invited_by")
            .first()
        )
    if invitation is None or not _is_open(invitation, now):
        _refuse(invitation)
    return invitation


def show_offer(*, token: str, user_id: uuid.UUID | None, now: datetime) -> dict[str, object]:
    """
    Return what the holder of the link may see, and whether it is for the person who asks.

    Raises: InvitationNotValid.
    """
    invitation = find_open_invitation(token=token, now=now)
    inviter = invitation.invited_by
    offered = [grant["workspace_id"] for grant in invitation.grants]
    workspaces = Workspace.objects.filter(account_id=invitation.account_id, pk__in=offered)
    yours = None
    if user_id is not None:
        confirmed = identity_selectors.list_confirmed_addresses(user_ids=[user_id])
        yours = invitation.email in confirmed
    return {
        "account": account_ref(invitation.account),
        "invited_by": inviter.display_name if inviter else None,
        "email": masked(invitation.email),
        "expires_at": invitation.expires_at,
        "account_role": invitation.account_role,
        "workspaces": list(workspaces.order_by("name", "id").values_list("name", flat=True)),
        "yours": yours,
    }


def accept_invitation(*, token: str, person: Actor, now: datetime) -> Accepted:
    """
    Make the person a member of the account with what was offered.

    What the inviter no longer holds themselves, and what is no more, is left out. Not one
    transaction: a refusal is noted in the account's log, and that must stay.
    Raises: InvitationNotValid, InvitationForAnotherAddress, AddressNotConfirmed, PlanLimit,
    AlreadyMember when they are in the account but deactivated.
    """
    invitation = find_open_invitation(token=token, now=now)
    try:
        return _accept(invitation, person, now)
    except InvitationNotValid:  # somebody was faster
        _refuse(invitation)
    except (InvitationForAnotherAddress, AddressNotConfirmed) as refusal:
        record(invitation, "invitation.refused", after={"why": refusal.code}, actor=person)
        raise


@transaction.atomic
def accept_for_new_person(*, token: str, person: Actor, now: datetime) -> Accepted | None:
    """
    Let somebody in who signs up with the very address that was invited; None when it does not fit,
    or no seat is left.

    Who has the token reads the address's mail, which is all that confirming it would show: the
    caller takes the address for confirmed.
    """
    try:
        invitation = find_open_invitation(token=token, now=now)
        if invitation.email != (person.email or "").strip().lower():
            return None
        return _accept(invitation, person, now, proven=True)
    except (InvitationNotValid, PlanLimit):
        return None


@transaction.atomic
def _accept(found: Invitation, person: Actor, now: datetime, *, proven: bool = False) -> Accepted:
    account, user_id = found.account, person.id
    with account_scope(account.id):
        if not Member.objects.for_account(account.id).filter(user_id=user_id).exists():
            # The account first, as everybody does who lets somebody in.
            refuse_seat(account.id, now, besides=found.id)
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .select_related("account")
            .get(pk=found.pk)
        )
        if invitation.token_hash != found.token_hash or not _is_open(invitation, now):
            raise InvitationNotValid(NOT_VALID)
        if not proven:
            _refuse_other_addresses(invitation.email, user_id)
        if not _may_still_offer(invitation):
            raise InvitationNotValid(NOT_VALID)
        return _let_in(invitation, person, now)


def _let_in(invitation: Invitation, person: Actor, now: datetime) -> Accepted:
    account = invitation.account
    member, is_new = Member.objects.get_or_create(
        account_id=account.id,
        user_id=person.id,
        defaults={
            "role": invitation.account_role,
            "source": MemberSource.INVITATION,
            "created_at": now,
        },
    )
    if not is_new and member.deactivated_at is not None:
        raise AlreadyMember("You are in this account, deactivated. Ask one of its admins.")
    may = _limits_of_inviter(invitation)
    slug = _grant(invitation, member, may)
    _join_teams(invitation, member, may, now)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=now, accepted_by_id=person.id)
    record(invitation, "invitation.accepted", actor=person)
    if is_new:
        audit.record(
            action="member.joined",
            target=audit.Object(kind="member", id=member.id, name=person.name, person_id=person.id),
            after={"role": member.role, "source": MemberSource.INVITATION.value},
            account_id=account.id,
            actor=person,
        )
    logger.info("invitation.accepted", account_id=str(account.id))
    return Accepted(account=account_ref(account), workspace=slug)


def _may_still_offer(invitation: Invitation) -> bool:
    """Say whether the inviter may (still) invite to this role in the account."""
    if invitation.invited_by_id is None:
        return False
    inviter = (
        Member.objects.active()
        .filter(account_id=invitation.account_id, user_id=invitation.invited_by_id)
        .first()
    )
    held = ACCOUNT_ROLE_SCOPES[inviter.role] if inviter else frozenset()
    wanted = ACCOUNT_ROLE_SCOPES[invitation.account_role] | {AccountScope.MEMBERS_MANAGE}
    return wanted <= held


def _limits_of_inviter(
    invitation: Invitation,
) -> Callable[[uuid.UUID, frozenset[Scope]], bool]:
    """Return the test whether the inviter may (still) give so much in a workspace."""
    held = (
        scopes_by_workspace(account_id=invitation.account_id, user_id=invitation.invited_by_id)
        if invitation.invited_by_id
        else {}
    )

    def may_give(workspace_id: uuid.UUID, wanted: frozenset[Scope]) -> bool:
        theirs = held.get(workspace_id, frozenset())
        return Scope.MEMBERS_MANAGE in theirs and wanted <= theirs

    return may_give


def _grant(
    invitation: Invitation,
    member: Member,
    may_give: Callable[[uuid.UUID, frozenset[Scope]], bool],
) -> str | None:
    """Give the offered roles where the person has none; return the slug of the first workspace."""
    slug = None
    grants = [Grant.from_json(each) for each in invitation.grants]
    custom = custom_roles(invitation.account_id, grants)
    standing = {
        workspace.id: workspace
        for workspace in Workspace.objects.filter(
            account_id=invitation.account_id, pk__in=[grant.workspace_id for grant in grants]
        )
    }
    for grant in grants:
        workspace = standing.get(grant.workspace_id)
        wanted = scopes_of_grant(grant, custom)
        if workspace is None or wanted is None or not may_give(workspace.id, wanted):
            continue
        if grant.role == BuiltInRole.OWNER and _closed_to_inviter(invitation, workspace.id):
            continue
        with workspace_scope(workspace.id):
            RoleAssignment.objects.get_or_create(
                workspace_id=workspace.id,
                member=member,
                defaults={
                    "user_id": member.user_id,
                    "role": grant.role,
                    "custom_role_id": grant.custom_role_id,
                },
            )
        if slug is None and workspace.archived_at is None:
            slug = workspace.slug
    return slug


def _closed_to_inviter(invitation: Invitation, workspace_id: uuid.UUID) -> bool:
    inviter_id = invitation.invited_by_id
    assert inviter_id is not None, "nobody's offer gives nothing"
    return bool(opened_to_owners(workspace_id=workspace_id, user_id=inviter_id))


def _join_teams(
    invitation: Invitation,
    member: Member,
    may_give: Callable[[uuid.UUID, frozenset[Scope]], bool],
    now: datetime,
) -> None:
    inviter_id = invitation.invited_by_id
    assert inviter_id is not None, "nobody's offer gives nothing"
    teams = Team.objects.filter(account_id=invitation.account_id, pk__in=invitation.team_ids)
    # Teams that a directory took over meanwhile are left to it.
    for team in teams.filter(scim_group=None):
        theirs = scopes_of_teams(account_id=invitation.account_id, team_ids=[team.id])
        opened = opened_by_teams(
            account_id=invitation.account_id, team_ids=[team.id], user_id=inviter_id
        )
        if not opened and all(may_give(place, wanted) for place, wanted in theirs.items()):
            TeamMember.objects.get_or_create(
                team=team,
                member=member,
                defaults={
                    "account_id": invitation.account_id,
                    "user_id": member.user_id,
                    "created_at": now,
                },
            )


def _refuse_other_addresses(email: str, user_id: uuid.UUID) -> None:
    if email in identity_selectors.list_confirmed_addresses(user_ids=[user_id]):
        return
    if email in identity_selectors.list_addresses(user_id=user_id):
        raise AddressNotConfirmed("Confirm the address first: we sent a mail there.")
    raise InvitationForAnotherAddress("This invitation is for another address than yours.")


def _is_open(invitation: Invitation, now: datetime) -> bool:
    return (
        invitation.accepted_at is None
        and invitation.revoked_at is None
        and invitation.expires_at > now
        and invitation.account.archived_at is None
    )


def _refuse(invitation: Invitation | None) -> NoReturn:
    """
    Refuse, and note it where the account is known.

    SECURITY: an unknown token costs the same statements, taken back again, so that the time of the
    answer does not tell which it was. Who tries one old link all day does not fill the log.
    """
    account_id = invitation.account_id if invitation else NOBODYS
    tried = str(invitation.id if invitation else NOBODYS)
    with transaction.atomic():
        with account_scope(account_id):
            noted = AuditEntry.objects.filter(
                account_id=account_id,
                object_kind="invitation",
                object_id=tried,
                action="invitation.refused",
                occurred_at__gt=utc_now() - timedelta(hours=1),
            ).count()
            if noted < NOTED_AN_HOUR:
                audit.record(
                    action="invitation.refused",
                    target=audit.Object(
                        kind="invitation",
                        id=tried,
                        name=masked(invitation.email) if invitation else "",
                    ),
                    account_id=account_id,
                )
        if invitation is None:
            transaction.set_rollback(True)
    raise InvitationNotValid(NOT_VALID)
