"""A new person starts with an account and a workspace, or with nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.clock import utc_now
from apps.identity.allauth_adapter import QueuedMailAdapter
from apps.tenancy import services

if TYPE_CHECKING:
    from apps.identity.models import User


class AccountAdapter(QueuedMailAdapter):
    def welcome(self, user: User) -> None:
        super().welcome(user)
        services.create_account_for_new_user(
            user_id=user.id, display_name=user.display_name, now=utc_now()
        )
