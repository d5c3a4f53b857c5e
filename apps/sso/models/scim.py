"""What an identity provider writes to us by SCIM, beside the members and teams that it is about."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from apps.core.clock import utc_now
from apps.core.models import Record

if TYPE_CHECKING:
    from apps.tenancy.models import Member, Team

MAX_USER_NAME = 254
MAX_EXTERNAL_ID = 254


class ScimToken(Record):
    """
    A secret with which an account's provider writes; only its hash is kept.

    Rows of this and the other tables go with the account, and stay without their maker: by the
    database, because who deletes an account or a person may not see them.
    """

    account = models.ForeignKey("tenancy.Account", on_delete=models.DO_NOTHING, related_name="+")
    prefix = models.CharField(max_length=16)  # the first characters, to tell tokens apart
    secret_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        "identity.User", on_delete=models.DO_NOTHING, null=True, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True)  # at most a minute behind
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sso_scim_token"

    def __str__(self) -> str:
        return f"{self.prefix}…"


class ScimUser(models.Model):
    """A member whom the provider manages, by the member's id; goes with the member."""

    member: models.OneToOneField[Member, Member] = models.OneToOneField(
        "tenancy.Member",
        on_delete=models.DO_NOTHING,
        primary_key=True,
        related_name="scim_user",
    )
    account = models.ForeignKey(
        "tenancy.Account", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    # As it is compared: in lower case, ordered by code points as filters order it.
    user_name = models.CharField(max_length=MAX_USER_NAME, db_collation="C")
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID, blank=True, db_collation="C")
    emails = ArrayField(models.CharField(max_length=4_000), default=list)  # in lower case
    document = models.JSONField()  # what the provider wrote, `active` aside: the member has it
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=utc_now, editable=False)
    updated_at = models.DateTimeField(default=utc_now)

    member_id: uuid.UUID

    class Meta:
        db_table = "sso_scim_user"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "user_name"], name="sso_scim_user_name")
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "created_at", "member"], name="sso_scim_user_list"),
            models.Index(fields=["account", "external_id"], name="sso_scim_user_external"),
            GinIndex(fields=["emails"], name="sso_scim_user_emails"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.account_id}"

    @property
    def is_active(self) -> bool:
        """For rows read with their member and its user."""
        return self.member.deactivated_at is None and self.member.user.is_active

    @property
    def etag(self) -> str:
        """For rows read with their member and its user."""
        return user_etag(self.version, is_active=self.is_active)


class ScimGroup(models.Model):
    """A team whose members the provider decides, by the team's id; goes with the team."""

    team: models.OneToOneField[Team, Team] = models.OneToOneField(
        "tenancy.Team", on_delete=models.DO_NOTHING, primary_key=True, related_name="scim_group"
    )
    account = models.ForeignKey(
        "tenancy.Account", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID, blank=True, db_collation="C")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=utc_now, editable=False)
    updated_at = models.DateTimeField(default=utc_now)

    team_id: uuid.UUID

    class Meta:
        db_table = "sso_scim_group"
        indexes: ClassVar = [
            models.Index(fields=["account", "created_at", "team"], name="sso_scim_group_list"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id} in {self.account_id}"


def user_etag(version: int, *, is_active: bool) -> str:
    """Return the version as an ETag; whether the person is let in, others change too."""
    return f'W/"{version}{"" if is_active else "-off"}"'


def touched(now: datetime) -> dict[str, object]:
    """Return what changes with every change of a user or group."""
    return {"version": models.F("version") + 1, "updated_at": now}
