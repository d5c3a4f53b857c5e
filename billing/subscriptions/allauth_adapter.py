"""Signing up makes the account's subscription too, in the same transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from apps.core.clock import utc_now
from apps.tenancy import selectors as tenancy
from apps.tenancy.allauth_adapter import AccountAdapter
from billing.subscriptions import services


class SubscribingAdapter(AccountAdapter):
    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        if not commit:
            return super().save_user(request, user, form, commit=False)
        with transaction.atomic():
            user = super().save_user(request, user, form, commit=True)
            account_id = tenancy.find_owned_account_id(user_id=user.id, account_id=None)
            assert account_id is not None, "the layer below has just made it"
            services.apply_entitlements(account_id=account_id, now=utc_now())
        return user
