"""The organisation that pays, its people and who else may act for it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from apps.core.models import Record
from apps.tenancy.enums import AccountRole, BuiltInRole, MemberSource
from apps.tenancy.scopes import Scope, known_scopes


class Account(Record):
    """The organisation that pays."""

    name = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True)  # from then on nothing of it may be changed
    delete_after = models.DateTimeField(null=True)  # end of the grace in which that can be undone
    require_mfa = models.BooleanField(default=False, db_default=False)
    sso_required = models.BooleanField(default=False, db_default=False)  # written by sso
    # [{"cidr", "note"}] from which people and keys may come; empty: from everywhere.
    allowed_networks = models.JSONField(default=list, db_default=[])

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(models.QuerySet["Member"]):
    def for_account(self, account_id: uuid.UUID) -> MemberQuerySet:
        return self.filter(account_id=account_id)

    def active(self) -> MemberQuerySet:
        """Those who may do something: not deactivated here, and with an open user."""
        return self.filter(deactivated_at=None, user__is_active=True)


class Member(Record):
    """A person in an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=AccountRole)
    source = models.CharField(
        max_length=16,
        choices=MemberSource,
        default=MemberSource.INVITATION,
        db_default=MemberSource.SIGNUP,
    )
    deactivated_at = models.DateTimeField(null=True)  # since then they may do nothing here
    last_seen_at = models.DateTimeField(null=True)  # in person; at most five minutes behind

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "user"], name="tenancy_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.account_id}"


class AccountLimits(models.Model):
    """
    What the plan allows the account, as plain columns: written by billing, read by the product.

    New workspaces start from it. Without a row nothing is limited.
    """

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="limits"
    )
    max_users = models.PositiveIntegerField(null=True)  # null: no limit, here and below
    max_workspaces = models.PositiveIntegerField(null=True)
    events_per_minute = models.PositiveIntegerField(null=True)
    task_runs_per_month = models.PositiveBigIntegerField(null=True)
    managed_minutes_per_month = models.PositiveBigIntegerField(null=True)
    retention_days = models.PositiveIntegerField(null=True)  # null: the plan says nothing of it
    hold = models.JSONField(null=True)  # actors.Hold; no new runs while there is one
    managed_hold = models.JSONField(null=True)  # the same for runs of managed pools only

    def __str__(self) -> str:
        return f"limits of account {self.account_id}"


class Team(Record):
    """A group of an account's members."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    external_id = models.CharField(max_length=200, blank=True)  # what an IdP calls it; its to fill

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", Lower("name"), name="tenancy_team_name")
        ]

    def __str__(self) -> str:
        return self.name


class TeamMember(Record):
    """Somebody in a team; account and user by value, so that row policies need no join."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="team_memberships")
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "member"], name="tenancy_team_member_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class CustomRole(Record):
    """A role of an account's own making: a named set of scopes."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="custom_roles")
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=500, blank=True)
    based_on = models.CharField(max_length=16, choices=BuiltInRole)  # what its diff is against
    scopes = ArrayField(models.CharField(max_length=40))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", Lower("name"), name="tenancy_custom_role_name")
        ]

    def as_scopes(self) -> frozenset[Scope]:
        """Return its scopes; those that are no more are left out."""
        return known_scopes(self.scopes)

    def __str__(self) -> str:
        return self.name


class ServiceAccount(Record):
    """A member that is no person: programs act by its keys, whoever made them may leave."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="service_accounts")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    disabled_at = models.DateTimeField(null=True)  # since then its keys do nothing

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("account", Lower("name"), name="tenancy_service_account_name")
        ]

    def __str__(self) -> str:
        return self.name


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> InvitationQuerySet:
        """Those that somebody could still accept."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)

    def taking_seats(self, now: datetime) -> InvitationQuerySet:
        """
        Those open ones whose address is no member's: somebody may have come another way.

        SECURITY: by the address that lists of members show, and no other of theirs: who counts
        seats before and after inviting would learn whose the others are.
        """
        members = Member.objects.filter(
            account_id=OuterRef("account_id"), user__email=OuterRef("email")
        )
        return self.open(now).exclude(Exists(members))


class Invitation(Record):
    """An offer to one address to join the account; the token is in the mail, its hash is here."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()  # lower case
    account_role = models.CharField(max_length=16, choices=AccountRole)
    # What is granted on acceptance: [{"workspace_id", "role" | "custom_role_id"}].
    grants = models.JSONField(default=list)
    team_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # One open offer per address: a second one replaces what is offered, or is a resend.
            models.UniqueConstraint(
                fields=["account", "email"],
                name="tenancy_invitation_open",
                condition=models.Q(accepted_at=None, revoked_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"invitation {self.id}"
