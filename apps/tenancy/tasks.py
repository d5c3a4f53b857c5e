"""Celery shells: ids in, one service call."""

import uuid

from celery import shared_task

from apps.core.clock import utc_now
from apps.tenancy import services


@shared_task(name=services.SEND_AUDIT_TASK)
def send_audit_entries(*, account_id: str, **_ignored: object) -> None:
    services.send_audit_entries(account_id=uuid.UUID(account_id), clock=utc_now)
