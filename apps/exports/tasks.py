"""Celery shells: ids in, one service call."""

import uuid

from celery import shared_task

from apps.exports import services

# The last step puts everything into one zip, however large; until then a task takes a minute.
ASSEMBLY_SECONDS = 4 * 3600


@shared_task(
    name=services.WORK_TASK, time_limit=ASSEMBLY_SECONDS, soft_time_limit=ASSEMBLY_SECONDS - 60
)
def work_on_export(*, account_id: str, job_id: str, **_ignored: object) -> None:
    services.work_on_export(account_id=uuid.UUID(account_id), job_id=uuid.UUID(job_id))
