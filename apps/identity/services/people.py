"""The person: name, addresses, and the end."""

from __future__ import annotations

import uuid
from datetime import datetime

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q

from apps.identity.models import Mail, User
from apps.identity.services.directory import end_sessions
from apps.identity.services.mails import queue_mail

logger = structlog.get_logger(__name__)


def confirm_address(*, user_id: uuid.UUID, email: str) -> None:
    """Take the address for the person's own without a mail: for those made by an operator."""
    EmailAddress.objects.update_or_create(
        user_id=user_id, email=email, defaults={"verified": True, "primary": True}
    )


def rename_person(*, user_id: uuid.UUID, name: str) -> User:
    """Change what the person is called."""
    User.objects.filter(pk=user_id).update(name=name)
    return User.objects.get(pk=user_id)


@transaction.atomic
def erase_person(*, user_id: uuid.UUID, now: datetime) -> None:
    """
    Forget who the person was, and let them in no more.

    Addresses, password, factors, connected services and sessions go, and the mails that wait for
    them. The row stays, without a name, for what others did with them refers to it. The last mail
    says that it happened.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    addresses = {user.email} | set(
        EmailAddress.objects.filter(user_id=user_id).values_list("email", flat=True)
    )
    recipients = Q()
    for address in addresses:
        recipients |= Q(recipient__iexact=address)
    Mail.objects.filter(recipients).delete()
    queue_mail(
        recipient=user.email,
        subject="Your login was deleted",
        text=(
            "Your login at Headway was deleted, with your addresses, your factors and your keys."
            " Nobody can sign in with it any more.\n\n"
            "If it was not you who did this, tell whoever runs your Headway at once."
        ),
        now=now,
    )
    end_sessions(user_id=user_id)
    Authenticator.objects.filter(user_id=user_id).delete()
    SocialAccount.objects.filter(user_id=user_id).delete()
    EmailAddress.objects.filter(user_id=user_id).delete()
    user.email = f"{user_id.hex}{User.ERASED_SUFFIX}"
    user.name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login = None
    user.set_unusable_password()
    user.save(
        update_fields=[
            *("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "password")
        ]
    )
    logger.info("user.erased", user_id=str(user_id))
