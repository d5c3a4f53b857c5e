"""Who is not let in leaves a trace: in the account's log, and at the connection."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import structlog
from django.core.cache import cache

from apps.core.errors import DomainError
from apps.sso.errors import AnswerNotValid, AttemptNotValid
from apps.sso.models import SsoConnection
from apps.tenancy import audit
from apps.tenancy.isolation import account_scope

logger = structlog.get_logger(__name__)


NOTED_AN_HOUR: Final = 100  # of one connection, of answers that anybody can make up
_MADE_UP = (AttemptNotValid, AnswerNotValid)


def _is_noted(connection: SsoConnection, error: DomainError) -> bool:
    """Say whether it goes to the log: nothing is taken from it, so strangers must not fill it."""
    if not isinstance(error, _MADE_UP):
        return True
    key = f"sso:refused:{connection.pk}"
    cache.add(key, 0, 3600)
    try:
        return cache.incr(key) <= NOTED_AN_HOUR
    except ValueError:  # its hour ended between the two
        return True


def note_refusal(
    *, connection: SsoConnection, error: DomainError, email: str, is_test: bool, now: datetime
) -> None:
    """Write it down, in a transaction of its own: what was refused is rolled back by now."""
    details: dict[str, Any] = {
        name: value
        for name, value in error.details.items()
        if isinstance(value, str | int | bool) or value is None
    }
    logger.info(
        "sso.refused",
        connection_id=str(connection.pk),
        code=error.code,
        reason=details.get("reason"),
        is_test=is_test,
    )
    if not _is_noted(connection, error):
        return
    with account_scope(connection.account_id):
        # Of answers to nothing that was asked, strangers can send as many as they like.
        if not isinstance(error, AttemptNotValid):
            SsoConnection.objects.filter(pk=connection.pk).update(
                last_error=error.message[:300], last_error_at=now
            )
        audit.record(
            action="sso.refused",
            target=audit.Object(kind="sso_connection", id=connection.pk, name=connection.name),
            after={
                "code": error.code,
                "test": is_test,
                "asserted": audit.masked(email) if email else None,
                **{name: value for name, value in details.items() if name != "code"},
            },
            account_id=connection.account_id,
        )
