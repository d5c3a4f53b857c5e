"""People. E-mail addresses and sessions are allauth's and Django's; this is what they hang on."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from apps.core.clock import utc_now
from apps.core.ids import uuid7
from apps.core.models import Record


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person; signs in by e-mail address."""

    id: models.UUIDField[uuid.UUID, uuid.UUID] = models.UUIDField(
        primary_key=True, default=uuid7, editable=False
    )
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False)  # may see the admin; says nothing of workspaces
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=utc_now)

    objects: ClassVar[UserManager] = UserManager()

    # The address of who was deleted: it can be nobody's, and no mail ever leaves for it.
    ERASED_SUFFIX: ClassVar[str] = "@deleted.invalid"
    ERASED_NAME: ClassVar[str] = "Deleted user"

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email

    @property
    def display_name(self) -> str:
        if self.email.endswith(self.ERASED_SUFFIX):
            return self.ERASED_NAME
        return self.name or self.email.partition("@")[0]


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self, now: datetime) -> MailQuerySet:
        return self.filter(sent_at=None, next_attempt_at__lte=now)


class Mail(Record):
    """A mail on its way; the row is what a retry reads. Its texts go once it is delivered."""

    recipient = models.EmailField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)  # null: sent, or given up
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)  # the kind of weather, no addresses

    objects = MailQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                name="identity_mail_due",
                condition=models.Q(sent_at=None, next_attempt_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.id})"
