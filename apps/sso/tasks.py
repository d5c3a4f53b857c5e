"""Celery shells: ids in, one service call."""

import uuid

from celery import shared_task

from apps.core.clock import utc_now
from apps.sso import services


@shared_task(name=services.CHECK_TASK)
def check_domains(*, account_id: str, **_ignored: object) -> None:
    services.check_domains(account_id=uuid.UUID(account_id), now=utc_now())


@shared_task(name="sso.enqueue_due_domains")
def enqueue_due_domains(**_ignored: object) -> None:
    services.enqueue_due_domains(now=utc_now())
