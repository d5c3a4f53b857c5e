"""Celery shells: ids in, one service call."""

import uuid

from celery import shared_task

from apps.automations import services
from apps.core.clock import utc_now


@shared_task(name="automations.perform_action")
def perform_action(*, workspace_id: str, attempt_id: str, **_ignored: object) -> None:
    services.perform_action(
        workspace_id=uuid.UUID(workspace_id), attempt_id=uuid.UUID(attempt_id), now=utc_now()
    )
