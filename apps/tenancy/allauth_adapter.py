"""A new person starts with an account and a workspace, or with nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.internal.userkit import filter_users_by_email
from django.http import HttpRequest

from apps.core.clock import utc_now
from apps.identity.allauth_adapter import QueuedMailAdapter
from apps.tenancy import services

if TYPE_CHECKING:
    from apps.identity.models import User


class AccountAdapter(QueuedMailAdapter):
    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        # SECURITY: more is done for a known address than for an unknown one; the middleware gives
        # both answers the same time.
        super().authentication_failed(request, **credentials)
        for user in filter_users_by_email(str(credentials.get("email") or "")):
            services.record_of_person(
                action="user.sign_in_failed",
                user=user,
                after={"factor": "password"},
                by_themselves=False,
            )

    def welcome(self, user: User) -> None:
        super().welcome(user)
        services.create_account_for_new_user(
            user_id=user.id, display_name=user.display_name, now=utc_now()
        )
