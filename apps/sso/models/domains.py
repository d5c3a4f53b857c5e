"""Mail domains that accounts have shown to be theirs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.core.models import Record


class VerifiedDomain(Record):
    """
    A mail domain that the account claims; its own from `verified_at` on.

    One verified domain belongs to one account, over all of Headway: the database sees to it.
    """

    account = models.ForeignKey(
        "tenancy.Account", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    domain = models.CharField(max_length=253)  # lower case, international names as punycode
    token = models.CharField(max_length=64)  # what the TXT record must say
    # Which provider signs in the people of this domain; null: the one that was activated first.
    connection = models.ForeignKey(
        "sso.SsoConnection", on_delete=models.SET_NULL, null=True, related_name="domains"
    )
    verified_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)  # when the name servers last gave any answer
    missing_since = models.DateTimeField(null=True)  # since when a verified record is gone
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "sso_verified_domain"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "domain"], name="sso_domain_once"),
            models.UniqueConstraint(
                fields=["domain"],
                name="sso_domain_one_account",
                condition=models.Q(verified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="sso_domain_missing_is_verified",
                condition=models.Q(missing_since=None) | models.Q(verified_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["checked_at"],
                name="sso_domain_due",
                condition=models.Q(verified_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.domain
