"""Signing up makes the account's subscription too, in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.clock import utc_now
from apps.tenancy import selectors as tenancy
from apps.tenancy.allauth_adapter import AccountAdapter
from billing.subscriptions import services

if TYPE_CHECKING:
    from apps.identity.models import User


class SubscribingAdapter(AccountAdapter):
    def welcome(self, user: User) -> None:
        super().welcome(user)
        account_id = tenancy.find_owned_account_id(user_id=user.id, account_id=None)
        if account_id is None:
            return  # they joined somebody else's by invitation
        services.apply_entitlements(account_id=account_id, now=utc_now())
