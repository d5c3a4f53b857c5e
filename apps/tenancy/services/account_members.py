"""People of an account: their role in it, deactivated and back, removed, gone by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from django.db import transaction

from apps.core.errors import NotFound, PermissionDenied
from apps.tenancy import audit, key_cache
from apps.tenancy.enums import AccountRole
from apps.tenancy.errors import LastAccountOwner, ScopeNotHeld
from apps.tenancy.isolation import account_scope, user_scope, workspace_scope
from apps.tenancy.models import ApiKey, Invitation, Member, ObjectRule
from apps.tenancy.scopes import ACCOUNT_ROLE_SCOPES, AccountScope
from apps.tenancy.services.limits import refuse_seat

logger = structlog.get_logger(__name__)
STAYS: Final = "An account keeps at least one owner. Make somebody else owner first."


@transaction.atomic
def change_account_role(
    *,
    account_id: uuid.UUID,
    held: Collection[AccountScope],
    member_id: uuid.UUID,
    role: str,
    now: datetime,
) -> Member:
    """
    Give the member another role in the account; `held` is what the caller may do there.

    Raises: NotFound, ScopeNotHeld when either role may do more than the caller, LastAccountOwner.
    """
    member = _locked(account_id, member_id)
    refuse_roles_beyond(held, member.role, role)
    if member.role == role:
        return member
    if role != AccountRole.OWNER:
        keep_an_account_owner(member)
    Member.objects.filter(pk=member.pk).update(role=role)
    _record(member, "member.role_changed", before={"role": member.role}, after={"role": role})
    member.role = role
    revoke_invitations_by(member, now, still=ACCOUNT_ROLE_SCOPES[role])
    return member


@transaction.atomic
def deactivate_account_member(
    *, account_id: uuid.UUID, held: Collection[AccountScope], member_id: uuid.UUID, now: datetime
) -> Member:
    """
    Let the member do nothing in the account any more, nor any key that they made.

    Roles, teams and keys stay, and mean nothing until they are reactivated.
    Raises: NotFound, ScopeNotHeld, LastAccountOwner.
    """
    member = _locked(account_id, member_id)
    refuse_roles_beyond(held, member.role)
    if member.deactivated_at is not None:
        return member
    keep_an_account_owner(member)
    Member.objects.filter(pk=member.pk).update(deactivated_at=now)
    member.deactivated_at = now
    revoke_invitations_by(member, now)
    _forget_keys_of(member)
    _record(member, "member.deactivated")
    return member


@transaction.atomic
def reactivate_account_member(
    *, account_id: uuid.UUID, held: Collection[AccountScope], member_id: uuid.UUID, now: datetime
) -> Member:
    """
    Give the member back what they had.

    Raises: NotFound, ScopeNotHeld, PlanLimit.
    """
    # The account before the member, as everybody does who lets somebody in.
    away = Member.objects.for_account(account_id).filter(deactivated_at__isnull=False)
    if away.filter(pk=member_id).exists():
        refuse_seat(account_id, now)
    member = _locked(account_id, member_id)
    refuse_roles_beyond(held, member.role)
    if member.deactivated_at is None:
        return member
    Member.objects.filter(pk=member.pk).update(deactivated_at=None)
    member.deactivated_at = None
    _record(member, "member.reactivated")
    return member


@transaction.atomic
def remove_account_member(
    *, account_id: uuid.UUID, held: Collection[AccountScope], member_id: uuid.UUID, now: datetime
) -> None:
    """
    Take the person out of the account: their roles, teams and personal keys in it end.

    Raises: NotFound, ScopeNotHeld, LastAccountOwner.
    """
    member = _locked(account_id, member_id)
    refuse_roles_beyond(held, member.role)
    keep_an_account_owner(member)
    _record(member, "member.removed", before={"role": member.role})
    drop_member(member=member, now=now)


@transaction.atomic
def leave_account(*, account_id: uuid.UUID, user_id: uuid.UUID, now: datetime) -> None:
    """
    Let a person go by themselves.

    Raises: NotFound, LastAccountOwner.
    """
    member = (
        Member.objects.for_account(account_id)
        .select_for_update(of=("self",))
        .select_related("user")
        .filter(user_id=user_id)
        .first()
    )
    if member is None:
        raise NotFound("There is no such account.")
    keep_an_account_owner(member)
    _record(member, "member.left", before={"role": member.role})
    drop_member(member=member, now=now)


def drop_member(*, member: Member, now: datetime) -> None:
    """
    Delete the membership with all that hangs on it; the caller has seen to the last owner.

    What of a single object was open to them alone stays closed: see `_keep_closed`.
    """
    revoke_invitations_by(member, now)
    with account_scope(member.account_id):
        keys = ApiKey.objects.filter(
            workspace__account_id=member.account_id,
            created_by_id=member.user_id,
            service_account=None,
            revoked_at=None,
        )
        hashes = list(keys.values_list("secret_hash", flat=True))
        keys.update(revoked_at=now)
        _keep_closed(member)
        Member.objects.filter(pk=member.pk).delete()
    for secret_hash in hashes:
        transaction.on_commit(partial(key_cache.forget, secret_hash))
    logger.info("member.dropped", account_id=str(member.account_id), keys_revoked=len(hashes))


def keep_an_account_owner(leaving: Member) -> None:
    """
    Raises: LastAccountOwner when nobody would own the account any more.

    Locks the owners' rows: two owners who remove each other at once would leave nobody.
    """
    if leaving.role != AccountRole.OWNER:
        return
    owners = Member.objects.for_account(leaving.account_id).filter(role=AccountRole.OWNER).active()
    present = owners.select_for_update(of=("self",)).order_by("id").values_list("pk", flat=True)
    if not [each for each in present if each != leaving.pk]:
        raise LastAccountOwner(STAYS)


def find_refusal_to_leave(*, member: Member) -> LastAccountOwner | None:
    """Return why the member has to stay as they are, without locking anything: for pages."""
    if member.role != AccountRole.OWNER:
        return None
    owners = Member.objects.for_account(member.account_id).filter(role=AccountRole.OWNER).active()
    return None if owners.exclude(pk=member.pk).exists() else LastAccountOwner(STAYS)


def find_refusal_to_manage(
    *, member: Member, held: Collection[AccountScope]
) -> PermissionDenied | ScopeNotHeld | None:
    """Return why who holds this may not change the member; None if they may."""
    if AccountScope.MEMBERS_MANAGE not in held:
        scope = AccountScope.MEMBERS_MANAGE.value
        return PermissionDenied(f"This needs the scope {scope} in the account.", scope=scope)
    try:
        refuse_roles_beyond(held, member.role)
    except ScopeNotHeld as refusal:
        return refusal
    return None


def refuse_roles_beyond(held: Collection[AccountScope], *roles: str) -> None:
    """Raises: ScopeNotHeld when one of the roles may do more in the account than the caller."""
    missing = frozenset[AccountScope]().union(*(ACCOUNT_ROLE_SCOPES[role] for role in roles))
    if missing := missing - frozenset(held):
        raise ScopeNotHeld(
            "Nobody gives a role, or manages people, beyond what they hold themselves.",
            missing=sorted(scope.value for scope in missing),
        )


def _locked(account_id: uuid.UUID, member_id: uuid.UUID) -> Member:
    member = Member.objects.for_account(account_id).select_related("user").filter(pk=member_id)
    # Owners are locked all at once and in one order by `keep_an_account_owner`: not here first.
    found = member.first()
    if found is None:
        raise NotFound("There is no such member.")
    if found.role != AccountRole.OWNER:
        found = member.select_for_update(of=("self",)).first()
        if found is None:
            raise NotFound("There is no such member.")
    return found


def _keep_closed(member: Member) -> None:
    """
    Put an owner in the member's place in rules that name nobody else.

    SECURITY: an object without a rule is open to everybody who holds the scope. Owners pass rules
    anyway, so naming one of them says just that: for owners only.
    """
    with user_scope(member.user_id):
        theirs = ObjectRule.objects.filter(
            member=member, workspace__account_id=member.account_id
        ).order_by("workspace_id")
        places = list(theirs.values_list("workspace_id", flat=True).distinct())
    if not places:
        return
    owner_id = (
        Member.objects.for_account(member.account_id)
        .filter(role=AccountRole.OWNER)
        .exclude(pk=member.pk)
        .order_by("id")
        .values_list("id", flat=True)
        .first()
    )
    for workspace_id in places:
        with workspace_scope(workspace_id):
            for rule in list(ObjectRule.objects.filter(workspace_id=workspace_id, member=member)):
                others = ObjectRule.objects.filter(
                    workspace_id=workspace_id,
                    object_kind=rule.object_kind,
                    object_id=rule.object_id,
                    scope=rule.scope,
                ).exclude(pk=rule.pk)
                if others.exists() or owner_id is None:
                    rule.delete()
                else:
                    ObjectRule.objects.filter(pk=rule.pk).update(member_id=owner_id)


def revoke_invitations_by(
    member: Member, now: datetime, *, still: Collection[AccountScope] = ()
) -> None:
    """End what somebody offered who could offer it no more, by what they may still do here."""
    with account_scope(member.account_id):
        offered = Invitation.objects.filter(
            account_id=member.account_id,
            invited_by_id=member.user_id,
            accepted_at=None,
            revoked_at=None,
        )
        if AccountScope.MEMBERS_MANAGE in still:
            given = [role for role, scopes in ACCOUNT_ROLE_SCOPES.items() if scopes <= set(still)]
            offered = offered.exclude(account_role__in=given)
        offered.update(revoked_at=now)


def _forget_keys_of(member: Member) -> None:
    # Other processes remember a key for a second; this one need not.
    with account_scope(member.account_id):
        hashes = list(
            ApiKey.objects.filter(
                workspace__account_id=member.account_id, created_by_id=member.user_id
            ).values_list("secret_hash", flat=True)
        )
    for secret_hash in hashes:
        transaction.on_commit(partial(key_cache.forget, secret_hash))


def _record(
    member: Member,
    action: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(
            kind="member",
            id=member.id,
            name=member.user.display_name,
            person_id=member.user_id,
        ),
        before=before,
        after=after,
        account_id=member.account_id,
    )
