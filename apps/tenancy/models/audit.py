"""What was changed, by whom: written once, never changed; and where else it is sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.core.cipher import EncryptedField
from apps.core.clock import utc_now
from apps.core.models import Record
from apps.tenancy.enums import ActorKind, StreamState
from apps.tenancy.models.accounts import Account


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
    actor_name = models.CharField(max_length=254, blank=True)  # no e-mail address
    # Whose key acted: the person who made it, or the service account that holds it.
    on_behalf_of_id = models.UUIDField(null=True)
    on_behalf_of_name = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)  # noun.verb_past
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64, blank=True)
    object_name = models.CharField(max_length=254, blank=True)
    # The person whose name that is: lists take it out when they are gone. Null: nobody's.
    object_person_id = models.UUIDField(null=True)
    before = models.JSONField(null=True)  # what changed only; without secrets
    after = models.JSONField(null=True)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        # One for each way to narrow the list, in its order: a page costs the same in a log of ten
        # million entries. See selectors.audit.
        indexes: ClassVar = [
            models.Index(fields=["account_id", "-occurred_at", "-id"], name="tenancy_audit_list"),
            models.Index(
                fields=["workspace_id", "-occurred_at", "-id"],
                name="tenancy_audit_workspace",
                condition=Q(workspace_id__isnull=False),
            ),
            models.Index(
                fields=["account_id", "action", "-occurred_at", "-id"], name="tenancy_audit_action"
            ),
            models.Index(
                fields=["account_id", "actor_id", "-occurred_at", "-id"],
                name="tenancy_audit_actor",
            ),
            models.Index(
                fields=["account_id", "on_behalf_of_id", "-occurred_at", "-id"],
                name="tenancy_audit_behalf",
                condition=Q(on_behalf_of_id__isnull=False),
            ),
            models.Index(
                fields=["account_id", "object_kind", "-occurred_at", "-id"],
                name="tenancy_audit_kind",
            ),
            models.Index(
                fields=["account_id", "object_id", "-occurred_at", "-id"],
                name="tenancy_audit_object",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_kind} {self.object_id}"


class AuditStream(models.Model):
    """Where an account's entries are sent as well, as they are written; one place each."""

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    url = EncryptedField()  # often with something secret in it
    secret = EncryptedField()  # signs what is sent; never shown
    state = models.CharField(max_length=16, choices=StreamState, default=StreamState.ACTIVE)
    created_at = models.DateTimeField(default=utc_now)
    updated_at = models.DateTimeField(default=utc_now)  # by people
    next_attempt_at = models.DateTimeField(default=utc_now)  # while one is under way: its deadline
    failures = models.PositiveIntegerField(default=0)  # one after the other
    failing_since = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=400, blank=True)  # empty while it works

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                name="tenancy_audit_stream_due",
                condition=Q(state=StreamState.ACTIVE),
            )
        ]

    def __str__(self) -> str:
        return f"stream of {self.account_id}"


class PendingAuditEntry(Record):
    """An entry that the account's stream has not taken yet; goes when it has."""

    account_id = models.UUIDField()
    entry_id = models.UUIDField()

    class Meta:
        verbose_name_plural = "pending audit entries"
        indexes: ClassVar = [
            models.Index(fields=["account_id", "id"], name="tenancy_audit_pending"),
        ]

    def __str__(self) -> str:
        return str(self.entry_id)
