"""What a provider said once, it does not say again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction

from apps.sso.errors import AnswerReplayed
from apps.sso.models import SpentAssertion, SsoConnection


def spend(connection: SsoConnection, value: str, *, until: datetime) -> None:
    """
    Note that it was used; in account_scope. After `until` it would not be believed anyway.

    Raises: AnswerReplayed.
    """
    try:
        with transaction.atomic():
            SpentAssertion.objects.create(
                account_id=connection.account_id,
                connection=connection,
                value_hash=hashlib.sha256(value.encode()).hexdigest(),
                expires_at=until,
            )
    except IntegrityError:
        raise AnswerReplayed("This answer of the provider was used before.") from None
