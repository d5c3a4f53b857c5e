"""Signing up makes the person, their account and their first workspace, or nothing at all."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from apps.core.clock import utc_now
from apps.identity.allauth_adapter import QueuedMailAdapter
from apps.tenancy import services


class AccountAdapter(QueuedMailAdapter):
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        if not commit:
            return super().save_user(request, user, form, commit=False)
        with transaction.atomic():
            user = super().save_user(request, user, form, commit=True)
            services.create_account_for_new_user(
                user_id=user.id, display_name=user.display_name, now=utc_now()
            )
        return user
