"""A new person starts with an account and a workspace, or with nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.internal.userkit import filter_users_by_email
from django.http import HttpRequest

from apps.core.clock import utc_now
from apps.identity.allauth_adapter import QueuedMailAdapter
from apps.tenancy import services
from apps.tenancy.actors import Actor
from apps.tenancy.enums import ActorKind

if TYPE_CHECKING:
    from apps.identity.models import User


INVITATION_HEADER = "X-Invitation"  # sent with a sign-up by the page of an invitation's link


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
        if self._joins_by_invitation(user):
            return  # to where they were invited, without an account of their own
        services.create_account_for_new_user(
            user_id=user.id, display_name=user.display_name, now=utc_now()
        )

    def _joins_by_invitation(self, user: User) -> bool:
        """
        Let somebody in who signs up with the link that was mailed to this very address.

        The link has shown that the address is theirs. Anything else about the header is ignored.
        """
        token = self.request.headers.get(INVITATION_HEADER, "")
        if not token:
            return False
        person = Actor(
            kind=ActorKind.USER,
            id=user.id,
            name=user.display_name,
            email=user.email,
            user_id=user.id,
        )
        if services.accept_for_new_person(token=token, person=person, now=utc_now()) is None:
            return False
        self.stash_verified_email(self.request, user.email)
        return True
