"""Celery shells: ids in, one service call."""

import uuid

from celery import shared_task

from apps.core.clock import utc_now
from apps.identity import services


@shared_task(name=services.SEND_TASK)
def send_mail(*, mail_id: str, **_ignored: object) -> None:
    services.deliver_mail(mail_id=uuid.UUID(mail_id), now=utc_now())


@shared_task(name="identity.enqueue_due_mails")
def enqueue_due_mails(**_ignored: object) -> None:
    services.enqueue_due_mails(now=utc_now())


@shared_task(name="identity.drop_ended_sessions")
def drop_ended_sessions(**_ignored: object) -> None:
    services.drop_ended_sessions(now=utc_now())
