"""Hand work to Celery by name, with the commit: services never import tasks."""

from __future__ import annotations

from functools import partial
from threading import Lock

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = structlog.get_logger(__name__)
_LOADING = Lock()


def enqueue_on_commit(task_name: str, **ids: str | int) -> None:
    """
    Send the task when the current transaction commits (at once when there is none).

    Task names are "<app>.<verb_noun>"; a contract test checks each against the registry.
    """
    transaction.on_commit(partial(_send, task_name, ids))


def enqueue_or_leave(task_name: str, **ids: str | int) -> None:
    """
    The same for work that a sweep of the caller's hands out again: a broker that is away is logged.

    Without this a loop would stand still while its own work, evaluating, needs no broker.
    """
    transaction.on_commit(partial(_try_to_send, task_name, ids))


def _try_to_send(task_name: str, ids: dict[str, str | int]) -> None:
    try:
        _send(task_name, ids, retry=False)
    except OperationalError as error:
        logger.warning("job.not_sent", task_name=task_name, error=str(error)[:200])


def _send(task_name: str, ids: dict[str, str | int], *, retry: bool = True) -> None:
    # From the registry, not send_task(): it keeps the queue declared at the task, and eager mode.
    if task_name not in current_app.tasks:
        # Only a Celery worker imports all task modules by itself; here the first job does. The
        # lock: a second thread's first job would go on before the first one's import is done.
        with _LOADING:
            current_app.loader.import_default_modules()
    current_app.tasks[task_name].apply_async(kwargs=ids, retry=retry)
