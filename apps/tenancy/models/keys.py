"""Secrets that act in one workspace; only their hashes are kept."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce

from apps.core.clock import utc_now
from apps.core.models import Record
from apps.tenancy.enums import BuiltInRole
from apps.tenancy.models.accounts import ServiceAccount
from apps.tenancy.models.workspaces import Workspace
from apps.tenancy.scopes import Scope, known_scopes, sorted_scopes

STALE_AFTER = timedelta(days=90)  # without use


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def for_workspace(self, workspace_id: uuid.UUID) -> ApiKeyQuerySet:
        return self.filter(workspace_id=workspace_id)

    def usable(self, now: datetime) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None).filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        )

    def ended(self, now: datetime) -> ApiKeyQuerySet:
        return self.filter(models.Q(revoked_at__isnull=False) | models.Q(expires_at__lte=now))

    def stale(self, now: datetime) -> ApiKeyQuerySet:
        """Those that would work and that nobody has used for long."""
        unused_since = Coalesce("last_used_at", "created_at")
        return (
            self.usable(now)
            .alias(unused_since=unused_since)
            .filter(unused_since__lt=now - STALE_AFTER)
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
    # Whose key it is, if not its maker's own: it may then do what the service account may.
    service_account = models.ForeignKey(
        ServiceAccount, on_delete=models.CASCADE, null=True, related_name="api_keys"
    )
    # The key that takes its place; this one goes on until `expires_at`, the end of the overlap.
    rotated_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)  # at most a minute behind
    last_used_from = models.GenericIPAddressField(null=True)  # the caller's address then
    revoked_at = models.DateTimeField(null=True)

    # What its holder may do in the workspace today; set by the selectors that read keys.
    held: frozenset[Scope] = frozenset()

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="tenancy_key_list")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def effective_scopes(self) -> list[str]:
        """What the key may do today; for rows that `selectors` has read."""
        return sorted_scopes(known_scopes(self.scopes) & self.held)

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > utc_now())

    @property
    def is_stale(self) -> bool:
        """Say whether it would work, and nobody has used it for long."""
        unused_since = self.last_used_at or self.created_at
        return self.is_usable and unused_since < utc_now() - STALE_AFTER

    @property
    def ends_by_rotation_at(self) -> datetime | None:
        """Return the end of the overlap with the key that takes its place."""
        return self.expires_at if self.rotated_to_id else None


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
