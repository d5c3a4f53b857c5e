"""An account's own identity provider, and who in it is who of ours."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from apps.core.cipher import EncryptedField
from apps.core.models import Record
from apps.sso.enums import ConnectionKind
from apps.tenancy.enums import AccountRole


class SsoConnectionQuerySet(models.QuerySet["SsoConnection"]):
    def for_account(self, account_id: uuid.UUID) -> SsoConnectionQuerySet:
        return self.filter(account_id=account_id)

    def active(self) -> SsoConnectionQuerySet:
        return self.filter(activated_at__isnull=False)


class SsoConnection(Record):
    """
    How people of one account sign in by its identity provider.

    Any change of what the provider is asked or believed puts `tested_at` back to null.
    """

    # DO_NOTHING, here and below: the database cascades by itself, also over rows that the
    # transaction's account hides from us (migration 0001).
    account = models.ForeignKey(
        "tenancy.Account", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=8, choices=ConnectionKind)
    name = models.CharField(max_length=120)
    settings = models.JSONField()  # settings.OidcSettings or settings.SamlSettings, without secrets
    client_secret = EncryptedField(null=True)  # type: ignore[misc] # nullable; OIDC
    # SAML: our private key of this connection, PEM.
    signing_key = EncryptedField(null=True)  # type: ignore[misc] # nullable
    certificate = models.TextField(blank=True)  # SAML: what the provider checks our words with, PEM
    metadata = models.TextField(blank=True)  # SAML: XML as given, or as last fetched
    metadata_fetched_at = models.DateTimeField(null=True)
    # What somebody gets who comes for the first time.
    joins_new_people = models.BooleanField(default=True)
    default_role = models.CharField(
        max_length=16, choices=AccountRole, default=AccountRole.MEMBER.value
    )
    default_grants = models.JSONField(default=list)  # [{workspace_id, role | custom_role_id}]
    group_teams = models.JSONField(default=list)  # [{group, team}], applied at each sign-in
    tested_at = models.DateTimeField(null=True)  # when these very settings last let somebody in
    activated_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)  # for its admin; no addresses in it
    last_error_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    objects = SsoConnectionQuerySet.as_manager()

    class Meta:
        db_table = "sso_connection"
        constraints: ClassVar = [
            models.UniqueConstraint(
                "account", models.functions.Lower("name"), name="sso_connection_name"
            ),
            models.CheckConstraint(
                name="sso_connection_active_is_tested",
                condition=models.Q(activated_at=None) | models.Q(tested_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class SsoIdentity(Record):
    """
    One subject of one provider is one person of ours, for good.

    Who comes as another subject with the address of somebody known is refused: providers reuse
    addresses, not subjects.
    """

    account = models.ForeignKey(
        "tenancy.Account", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    connection = models.ForeignKey(
        SsoConnection, on_delete=models.CASCADE, related_name="identities", db_index=False
    )
    user = models.ForeignKey("identity.User", on_delete=models.DO_NOTHING, related_name="+")
    subject = models.CharField(max_length=512)
    email = models.EmailField()  # as last asserted
    last_signed_in_at = models.DateTimeField()

    class Meta:
        db_table = "sso_identity"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "subject"], name="sso_identity_subject"),
            models.UniqueConstraint(fields=["connection", "user"], name="sso_identity_user"),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "user"], name="sso_identity_account")]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.connection_id}"
