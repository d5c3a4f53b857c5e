"""Reads of people for other apps."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from apps.identity.models import User


def list_confirmed_addresses(*, user_ids: Collection[uuid.UUID]) -> set[str]:
    """Return the e-mail addresses, in lower case, that these people have shown to be theirs."""
    rows = EmailAddress.objects.filter(user_id__in=user_ids, user__is_active=True, verified=True)
    return {address.lower() for address in rows.values_list("email", flat=True)}


def list_addresses(*, user_id: uuid.UUID) -> set[str]:
    """Return all addresses of the person in lower case, confirmed or not."""
    rows = EmailAddress.objects.filter(user_id=user_id)
    return {address.lower() for address in rows.values_list("email", flat=True)}


def with_second_factor() -> QuerySet[User]:
    """Return those who confirm with more than a password, for use inside another query."""
    factors = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    return User.objects.filter(pk__in=factors.values("user_id"))


def display_names(*, user_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return what these people are called; those of whom nothing is known any more are left out."""
    people = User.objects.filter(pk__in=user_ids).exclude(email__endswith=User.ERASED_SUFFIX)
    return {person.pk: person.display_name for person in people.only("email", "name")}


def erased_people() -> QuerySet[User]:
    """Return those who had themselves deleted, for use inside another query."""
    return User.objects.filter(email__endswith=User.ERASED_SUFFIX)


def list_erased(*, user_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these people who had themselves deleted."""
    return set(erased_people().filter(pk__in=user_ids).values_list("pk", flat=True))
