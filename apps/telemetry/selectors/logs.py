"""Reads of the log lines of one run, one after the other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from apps.telemetry.acceptance import NIL
from apps.telemetry.enums import LogLevel
from apps.telemetry.items import StoredLine
from apps.telemetry.models import LogLine
from apps.telemetry.selectors.times import NEWEST_FIRST, OLDEST_FIRST, since_run


def list_logs(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    task_run_id: uuid.UUID | None = None,
    level: str | None = None,
    q: str | None = None,
) -> QuerySet[LogLine]:
    """
    Return a run's log lines, to be paged by OLDEST_FIRST or NEWEST_FIRST.

    `level` is the least one: WARNING brings errors too. `q` is looked for in the message.
    """
    lines = LogLine.objects.for_workspace(workspace_id).filter(run_id=run_id, **since_run(run_id))
    if task_run_id is not None:
        lines = lines.filter(task_run_id=task_run_id)
    if level is not None:
        lines = lines.filter(level__gte=LogLevel[level])
    if q:
        lines = lines.filter(message__icontains=q)
    return lines


def list_log_keys(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, since: datetime | None, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (occurred_at, id) of a run's first `limit` lines from `since` on, oldest first."""
    lines = list_logs(workspace_id=workspace_id, run_id=run_id)
    if since is not None:
        lines = lines.filter(occurred_at__gte=since)
    return list(lines.order_by(*OLDEST_FIRST).values_list("occurred_at", "id")[:limit])


def list_newest_log_keys(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, limit: int
) -> list[tuple[datetime, uuid.UUID]]:
    """Return (occurred_at, id) of a run's last `limit` lines, newest first."""
    lines = list_logs(workspace_id=workspace_id, run_id=run_id).order_by(*NEWEST_FIRST)
    return list(lines.values_list("occurred_at", "id")[:limit])


def get_log_lines(
    *, workspace_id: uuid.UUID, run_id: uuid.UUID, keys: Sequence[tuple[datetime, uuid.UUID]]
) -> list[LogLine]:
    """Return a run's lines of these keys, oldest first."""
    if not keys:
        return []
    times = [at for at, _ in keys]
    return list(
        LogLine.objects.for_workspace(workspace_id)
        .filter(
            run_id=run_id,
            occurred_at__gte=min(times),
            occurred_at__lte=max(times),
            id__in=[line_id for _, line_id in keys],
        )
        .order_by(*OLDEST_FIRST)
    )


def log_item(line: LogLine | StoredLine) -> dict[str, object]:
    """Render a log line as the API shows it."""
    return {
        "id": line.id,
        "occurred_at": line.occurred_at,
        "run_id": None if line.run_id == NIL else line.run_id,
        "task_run_id": line.task_run_id,
        "level": LogLevel(line.level).label,
        "logger": line.logger,
        "message": line.message,
    }
