"""The tenant, its limits and who may do what in it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from apps.core.models import Record
from apps.tenancy.access import Grant, Kind, Rule, Target
from apps.tenancy.enums import BuiltInRole, ObjectKind
from apps.tenancy.models.accounts import Account, CustomRole, Member, ServiceAccount, Team
from apps.tenancy.scopes import Scope, known_scopes, scopes_of


def exactly_one(*names: str) -> models.Q:
    """Return the condition that one of these columns is set and the others are not."""
    condition = models.Q()
    for name in names:
        condition |= models.Q(**{f"{other}__isnull": other != name for other in names})
    return condition


class Workspace(Record):
    """The tenant. Slugs are unique over all accounts, because addresses carry them."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="workspaces")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=64, unique=True)
    archived_at = models.DateTimeField(null=True)  # from then on it is read-only and runs nothing
    delete_after = models.DateTimeField(null=True)  # end of the grace in which that can be undone

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

    def owners(self) -> RoleAssignmentQuerySet:
        return self.filter(role=BuiltInRole.OWNER)


class RoleAssignment(Record):
    """What a member, a team or a service account may do in one workspace: one role each."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="assignments")
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, null=True, related_name="assignments"
    )
    # By value beside the member, so that the row policy of a person's own rows needs no join.
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="assignments")
    service_account = models.ForeignKey(
        ServiceAccount, on_delete=models.CASCADE, null=True, related_name="assignments"
    )
    role = models.CharField(max_length=16, choices=BuiltInRole, null=True)  # noqa: DJ001 - as below
    custom_role = models.ForeignKey(
        CustomRole, on_delete=models.RESTRICT, null=True, related_name="assignments"
    )

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "member"], name="tenancy_role_once"),
            models.UniqueConstraint(fields=["workspace", "team"], name="tenancy_role_team_once"),
            models.UniqueConstraint(
                fields=["workspace", "service_account"], name="tenancy_role_service_once"
            ),
            models.CheckConstraint(
                name="tenancy_role_of_one",
                condition=exactly_one("member", "team", "service_account"),
            ),
            models.CheckConstraint(
                name="tenancy_role_named", condition=exactly_one("role", "custom_role")
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user"], name="tenancy_role_user"),
        ]

    @property
    def scopes(self) -> frozenset[Scope]:
        """What the role allows; of a custom one for rows read with it."""
        if self.custom_role is not None:
            return known_scopes(self.custom_role.scopes)
        return scopes_of(str(self.role))

    def as_grant(self) -> Grant:
        """Return it as decisions see it; of a custom role for rows read with it."""
        own = self.custom_role
        return Grant(
            role=self.role,
            name=own.name if own else "",
            custom_scopes=own.scopes if own else (),
            team_id=self.team_id,
        )

    def __str__(self) -> str:
        return f"{self.role or self.custom_role_id} in {self.workspace_id}"


class ObjectRule(Record):
    """
    Narrows who may do one thing to one object: those named by its rules, and the owners.

    An object without a rule for a scope is open to everybody who holds the scope. One that names
    nobody, perhaps because they are gone, leaves it to the owners.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="rules")
    object_kind = models.CharField(max_length=16, choices=ObjectKind)
    object_id = models.UUIDField()  # by value: objects are of layers above
    scope = models.CharField(max_length=40)
    # SECURITY: not deleted with whom it names: the last one's leaving would open the object to all.
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, related_name="+")
    service_account = models.ForeignKey(
        ServiceAccount, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="tenancy_rule_for_one",
                condition=models.Q(
                    member__isnull=True, team__isnull=True, service_account__isnull=True
                )
                | exactly_one("member", "team", "service_account"),
            ),
            models.UniqueConstraint(
                fields=[
                    "workspace",
                    "object_kind",
                    "object_id",
                    "scope",
                    "member",
                    "team",
                    "service_account",
                ],
                name="tenancy_rule_once",
                nulls_distinct=False,
                condition=models.Q(member__isnull=False)
                | models.Q(team__isnull=False)
                | models.Q(service_account__isnull=False),
            ),
        ]

    def as_rule(self) -> Rule:
        """Return it as decisions see it."""
        return Rule(
            target=Target(Kind(self.object_kind), self.object_id),
            scope=self.scope,
            member_id=self.member_id,
            team_id=self.team_id,
            service_account_id=self.service_account_id,
        )

    def __str__(self) -> str:
        return f"{self.scope} on {self.object_kind} {self.object_id}"
