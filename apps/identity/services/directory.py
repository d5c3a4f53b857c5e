"""
What a directory of an organisation may do to people: make them, and change those that are its own.

Which people those are, callers decide: nothing here knows of accounts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction

from apps.identity.models import User

logger = structlog.get_logger(__name__)
MAX_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who has a login, as a directory sees them."""

    user_id: uuid.UUID
    email: str
    name: str
    is_active: bool
    is_staff: bool
    confirmed: bool  # the address that was asked for is theirs: they have shown it


def find_person(*, address: str) -> Person | None:
    """Return who has confirmed the address, else who signed up with it."""
    rows = EmailAddress.objects.filter(email__iexact=address, verified=True)
    confirmed = rows.values_list("user_id", flat=True).first()
    users = User.objects.filter(pk=confirmed) if confirmed else User.objects.filter(email=address)
    user = users.first()
    if user is None:
        return None
    return Person(
        user_id=user.pk,
        email=user.email,
        name=user.name,
        is_active=user.is_active,
        is_staff=user.is_staff,
        confirmed=confirmed is not None,
    )


@transaction.atomic
def create_person(*, address: str, name: str) -> uuid.UUID:
    """
    Make a login without a password; the address counts as confirmed.

    Its domain belongs to who asks for the person, who so decides whose address it is.
    """
    user = User.objects.create_user(address, None, name=name[:MAX_NAME])
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    logger.info("person.provisioned", user_id=str(user.pk))
    return user.pk


@transaction.atomic
def hand_over(*, user_id: uuid.UUID, address: str) -> None:
    """
    Give a login whose address nobody has confirmed to who owns the address.

    SECURITY: anybody can sign up with another's address. Whatever they set up to come back with
    (password, factors, services, other addresses, sessions) ends before the login gains anything.
    """
    user = User.objects.get(pk=user_id)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user_id=user_id).delete()
    SocialAccount.objects.filter(user_id=user_id).delete()
    _leave_only(user_id, address)
    end_sessions(user_id=user_id)
    logger.warning("person.handed_over", user_id=str(user_id))


@transaction.atomic
def move_person(*, user_id: uuid.UUID, address: str) -> bool:
    """
    Let the person sign in by another address instead; return False when somebody else has it.

    Sessions stay: it is the same person. All their other addresses go.
    """
    holder = find_person(address=address)
    if holder is not None and holder.user_id != user_id:
        return False
    User.objects.filter(pk=user_id).update(email=address)
    _leave_only(user_id, address)
    return True


def _leave_only(user_id: uuid.UUID, address: str) -> None:
    EmailAddress.objects.filter(user_id=user_id).delete()
    # What somebody else only claimed would stand in the way, and confirms nothing any more.
    EmailAddress.objects.filter(email__iexact=address, verified=False).delete()
    EmailAddress.objects.create(user_id=user_id, email=address, verified=True, primary=True)


@transaction.atomic
def end_sessions(
    *, user_id: uuid.UUID, those: Callable[[Mapping[str, Any]], bool] | None = None
) -> int:
    """
    End the person's sessions, in whichever browser; return how many.

    `those` is asked of what each session holds; without it, all of them end.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    mine = UserSession.objects.filter(user_id=user_id)
    keys = [
        key
        for key in mine.values_list("session_key", flat=True)
        if those is None or those(store(key).load())
    ]
    for key in keys:
        store(key).delete()
    mine.filter(session_key__in=keys).delete()
    return len(keys)
