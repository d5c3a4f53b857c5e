"""Sign-ins on their way, and what must not come twice."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.core.cipher import EncryptedField
from apps.core.models import Record
from apps.sso.models.connections import SsoConnection


class SsoAttempt(Record):
    """
    One way to the provider and back, of one browser. Answered once, dropped after a day.

    A test asks the provider the same and signs nobody in; its `result` is what the admin is shown.
    """

    account = models.ForeignKey(
        "tenancy.Account", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    connection = models.ForeignKey(SsoConnection, on_delete=models.CASCADE, related_name="+")
    # Of OIDC's `state` and of the id of SAML's request; both come back with the answer.
    state_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)  # of the cookie; empty: begun by the provider
    nonce = models.CharField(max_length=64, blank=True)  # OIDC
    verifier = EncryptedField(null=True)  # type: ignore[misc] # nullable; OIDC: of PKCE
    next_path = models.CharField(max_length=500, blank=True)
    is_test = models.BooleanField(default=False)
    started_by = models.ForeignKey(
        "identity.User", on_delete=models.DO_NOTHING, null=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # SAML: what was asserted, as JSON, between its arrival from another site and the same
    # browser's next request to us, which is the first one that carries its cookies.
    asserted = EncryptedField(null=True)  # type: ignore[misc] # nullable
    result = models.JSONField(null=True)

    class Meta:
        db_table = "sso_attempt"
        indexes: ClassVar = [
            models.Index(fields=["created_at"], name="sso_attempt_age"),
            models.Index(
                fields=["connection", "-created_at"],
                name="sso_attempt_tests",
                condition=models.Q(is_test=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{'test' if self.is_test else 'sign-in'} {self.id}"


class SpentAssertion(Record):
    """An assertion or response that was used; kept until it could no longer be believed anyway."""

    account = models.ForeignKey(
        "tenancy.Account", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    connection = models.ForeignKey(
        SsoConnection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    value_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "sso_spent_assertion"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "value_hash"], name="sso_spent_once")
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="sso_spent_age")]

    def __str__(self) -> str:
        return f"spent at {self.connection_id}"
