"""Who pays, who belongs, who may: accounts, workspaces, members, roles, keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Length

from apps.core.clock import utc_now
from apps.core.models import Record
from apps.tenancy.enums import AccountRole, BuiltInRole
from apps.tenancy.scopes import held_by_key, sorted_scopes

models.CharField.register_lookup(Length)


class Account(Record):
    """The organisation that pays."""

    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class Member(Record):
    """A person in an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=AccountRole)

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


class Workspace(Record):
    """The tenant. Slugs are unique over all accounts, because addresses carry them."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="workspaces")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.slug


class WorkspaceLimits(models.Model):
    """What the plan allows, as plain columns: written by billing, read by the product."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="limits"
    )
    max_concurrent_runs = models.PositiveIntegerField(null=True)  # null: no limit
    events_per_minute = models.PositiveIntegerField(null=True)  # null: no limit
    task_runs_per_month = models.PositiveBigIntegerField(null=True)  # of the account; null: none
    managed_minutes_per_month = models.PositiveBigIntegerField(null=True)  # as above
    retention_days = models.PositiveIntegerField(default=30)
    hold = models.JSONField(null=True)  # actors.Hold; no new runs while there is one
    managed_hold = models.JSONField(null=True)  # the same for runs of managed pools only
    suspended_reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"limits of {self.workspace_id}"


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> RoleAssignmentQuerySet:
        return self.filter(workspace_id=workspace_id)

    def present(self) -> RoleAssignmentQuerySet:
        """Those of people whose accounts are open."""
        return self.filter(user__is_active=True)

    def owners(self) -> RoleAssignmentQuerySet:
        return self.filter(role=BuiltInRole.OWNER)


class RoleAssignment(Record):
    """The role of a member in one workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="assignments")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="assignments")
    # By value beside the member, so that the row policy of a person's own rows needs no join.
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=16, choices=BuiltInRole)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "member"], name="tenancy_role_once")
        ]
        indexes: ClassVar = [models.Index(fields=["user"], name="tenancy_role_user")]

    def __str__(self) -> str:
        return f"{self.role} of {self.user_id} in {self.workspace_id}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ApiKeyQuerySet:
        return self.filter(workspace_id=workspace_id)

    def with_maker_role(self) -> ApiKeyQuerySet:
        """Add the role that its maker has in the workspace today; inside the workspace's scope."""
        return self.annotate(
            maker_role=Subquery(
                RoleAssignment.objects.present()
                .filter(workspace=OuterRef("workspace"), user=OuterRef("created_by"))
                .values("role")[:1]
            )
        )

    def usable(self, now: datetime) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None).filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        )


class ApiKey(Record):
    """A secret bound to one workspace and a set of scopes; only its hash is kept."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)  # the first characters, to tell keys apart
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    role = models.CharField(max_length=16, choices=BuiltInRole, null=True)  # noqa: DJ001 - no role is not an empty one
    # Of an agents' key: the name of the one pool that it serves; empty: any. By name, because pools
    # belong to a layer above, which never renames them.
    pool = models.CharField(max_length=100, blank=True, db_default="")
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)  # at most a minute behind
    revoked_at = models.DateTimeField(null=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="tenancy_key_list")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def effective_scopes(self) -> list[str]:
        """What the key may do today; for rows read `with_maker_role`."""
        maker_role: str | None = self.maker_role  # type: ignore[attr-defined] # annotated
        return sorted_scopes(held_by_key(self.scopes, maker_role))

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > utc_now())


class RunKeyQuerySet(models.QuerySet["RunKey"]):
    def of_run(self, workspace_id: uuid.UUID, run_id: uuid.UUID) -> RunKeyQuerySet:
        return self.filter(workspace_id=workspace_id, run_id=run_id)

    def usable(self, now: datetime) -> RunKeyQuerySet:
        return self.filter(revoked_at=None).filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        )


class RunKey(Record):
    """
    A secret with which one execution of one run reports itself; only its hash is kept.

    Not among people's keys: nobody made it, nobody lists it, and it ends by itself.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    run_id = models.UUIDField()  # by value: runs are a layer above
    epoch = models.PositiveIntegerField()
    secret_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(null=True)  # soon after its lease ended; null while it lives
    revoked_at = models.DateTimeField(null=True)

    objects = RunKeyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["run_id", "epoch"], name="tenancy_run_key_run"),
            models.Index(fields=["created_at"], name="tenancy_run_key_age"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.epoch}"
