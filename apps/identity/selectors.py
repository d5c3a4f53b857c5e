"""Reads of people for other apps."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from allauth.account.models import EmailAddress


def list_confirmed_addresses(*, user_ids: Collection[uuid.UUID]) -> set[str]:
    """Return the e-mail addresses, in lower case, that these people have shown to be theirs."""
    rows = EmailAddress.objects.filter(user_id__in=user_ids, user__is_active=True, verified=True)
    return {address.lower() for address in rows.values_list("email", flat=True)}
