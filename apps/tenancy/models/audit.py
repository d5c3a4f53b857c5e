"""What was changed, by whom: written once, never changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.core.models import Record
from apps.tenancy.enums import ActorKind


class AuditEntry(Record):
    """
    One change to people, access or settings. Ids by value: entries outlive what they speak of.

    The database refuses to change or delete one, whoever serves asks.
    """

    account_id = models.UUIDField()
    workspace_id = models.UUIDField(null=True)  # null: a matter of the account
    occurred_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16, choices=ActorKind)
    actor_id = models.UUIDField(null=True)  # null: nobody known, e.g. before a sign-in
    actor_name = models.CharField(max_length=254, blank=True)
    on_behalf_of_id = models.UUIDField(null=True)  # the person who made the acting key
    on_behalf_of_name = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)  # noun.verb_past
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64, blank=True)
    object_name = models.CharField(max_length=254, blank=True)
    before = models.JSONField(null=True)  # what changed only; without secrets
    after = models.JSONField(null=True)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account_id", "-occurred_at", "-id"], name="tenancy_audit_list"),
            models.Index(
                fields=["workspace_id", "-occurred_at", "-id"],
                name="tenancy_audit_workspace",
                condition=models.Q(workspace_id__isnull=False),
            ),
            models.Index(
                fields=["account_id", "object_kind", "object_id", "-occurred_at"],
                name="tenancy_audit_object",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_kind} {self.object_id}"
