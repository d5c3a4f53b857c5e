"""What people look at together."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.clock import utc_now
from apps.core.models import Record
from apps.dashboards.enums import ViewPage


class DashboardQuerySet(models.QuerySet["Dashboard"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> DashboardQuerySet:
        return self.filter(workspace_id=workspace_id)

    def standing(self) -> DashboardQuerySet:
        return self.filter(deleted_at=None)


class Dashboard(Record):
    """
    Panels on a grid, with the variables that they share.

    The first one is made by us. When it is deleted its row stays behind, empty, so that it is not
    made again.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=120)
    range = models.CharField(max_length=8)  # which time it opens with
    variables = models.JSONField(default=list)  # `documents.Variables`
    panels = models.JSONField(default=list)  # `documents.Panels`
    version = models.PositiveIntegerField(default=1)  # one more with each change
    is_first = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=utc_now)
    updated_by = models.JSONField(null=True)  # {"kind", "id", "name"} of the actor, as of then
    deleted_at = models.DateTimeField(null=True)  # of the first one only; others are gone

    objects = DashboardQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(is_first=True), name="dashboards_first_once"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at=None) | Q(is_first=True, panels=[]),
                name="dashboards_only_the_first_stays_behind",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "name", "id"], name="dashboards_list")
        ]

    def __str__(self) -> str:
        return self.name


class SharingQuerySet(models.QuerySet["Sharing"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> SharingQuerySet:
        return self.filter(workspace_id=workspace_id)


class Sharing(Record):
    """That a workspace lets its dashboards be seen by link; without a row it does not."""

    workspace = models.OneToOneField(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    allowed_by = models.JSONField(null=True)  # {"kind", "id", "name"} of the actor, as of then

    objects = SharingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"sharing of {self.workspace_id}"


class DashboardLinkQuerySet(models.QuerySet["DashboardLink"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> DashboardLinkQuerySet:
        return self.filter(workspace_id=workspace_id)


class DashboardLink(Record):
    """
    An address at which everybody who knows it sees a dashboard as it was when it was shared.

    SECURITY: it holds the panels themselves. What somebody changes on the dashboard afterwards is
    not seen by link until somebody who may see it all shows that, too.
    """

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)  # of what its address ends with
    token_start = models.CharField(max_length=16)  # its first characters, to tell addresses apart
    expires_at = models.DateTimeField(null=True)  # null: until it is taken back
    version = models.PositiveIntegerField()  # of the dashboard, as it was shared
    name = models.CharField(max_length=120)
    range = models.CharField(max_length=8)  # up to now; who looks cannot choose another
    chosen = models.JSONField(default=dict)  # by variable; nor other values
    panels = models.JSONField(default=list)  # as shared, variables not put in
    created_by = models.JSONField(null=True)  # as `Dashboard.updated_by`
    updated_at = models.DateTimeField(default=utc_now)

    objects = DashboardLinkQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["workspace", "dashboard", "-created_at", "-id"], name="dashboards_links"
            )
        ]

    def __str__(self) -> str:
        return f"{self.token_start}… of {self.dashboard_id}"

    def is_over(self, now: datetime) -> bool:
        """Say whether its time is up."""
        return self.expires_at is not None and self.expires_at <= now


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> SavedViewQuerySet:
        return self.filter(workspace_id=workspace_id)

    def shared(self) -> SavedViewQuerySet:
        return self.filter(is_shared=True)

    def private(self) -> SavedViewQuerySet:
        return self.filter(is_shared=False)

    def seen_by(self, person_id: uuid.UUID | None) -> SavedViewQuerySet:
        """Return the shared ones, and a person's own; None: a key, which has none."""
        mine = Q(is_shared=True) if person_id is None else Q(is_shared=True) | Q(owner=person_id)
        return self.filter(mine)


class SavedView(Record):
    """What a page was asked, under a name: for its owner alone, or for the whole workspace."""

    workspace = models.ForeignKey(
        "tenancy.Workspace", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    page = models.CharField(max_length=8, choices=ViewPage.choices)
    name = models.CharField(max_length=120)
    query = models.CharField(max_length=4_000)  # the page's query string, without the question mark
    is_shared = models.BooleanField(default=False)
    # None: a key made it, which has no private ones.
    owner = models.ForeignKey(
        "identity.User", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField(default=utc_now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "page", "name"],
                condition=Q(is_shared=True),
                name="dashboards_view_shared_name",
            ),
            models.UniqueConstraint(
                fields=["workspace", "owner", "page", "name"],
                condition=Q(is_shared=False),
                name="dashboards_view_own_name",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "page", "name", "id"], name="dashboards_view_list")
        ]

    def __str__(self) -> str:
        return self.name
