"""What a task tells of itself before its flow runs."""

from __future__ import annotations

import uuid
from datetime import datetime

from apps.compute.enums import TaskPhase
from apps.compute.models import ManagedTask
from apps.core.transactions import joined

_COLUMNS = {TaskPhase.FETCHED: "fetched_at", TaskPhase.PREPARED: "prepared_at"}


@joined
def note_phase(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    epoch: int,
    phase: TaskPhase,
    at: datetime,
    now: datetime,
) -> None:
    """Keep when the task reached the phase; the first word counts, no clock runs ahead of ours."""
    column = _COLUMNS[phase]
    tasks = ManagedTask.objects.of_run(workspace_id, run_id)
    tasks.filter(epoch=epoch, **{f"{column}__isnull": True}).update(**{column: min(at, now)})
