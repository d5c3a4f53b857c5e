"""What a provider writes to one account happens one after the other."""

from __future__ import annotations

import uuid

from django.db import connection


def one_at_a_time(account_id: uuid.UUID) -> None:
    """
    Wait for the account's other writers; until the end of the transaction.

    Providers write one by one anyway. An advisory lock rather than the account's row: members and
    workspaces are added meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"scim:{account_id}"]
        )
