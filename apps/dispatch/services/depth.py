"""Measure how deep all queues are, every few seconds, for charts and for automations."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime

from django.db import connection, transaction

from apps.dispatch import depth
from apps.dispatch.depth import MOST_COUNTED, SAMPLE_TIME, Sample, metric_points, slot_of
from apps.dispatch.models import DepthSample
from apps.runs import selectors as runs
from apps.runs.selectors import QueueLine
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewPoint

# Leases are found by the index of active ones: as many as run now, whatever ran before.
_DESCRIBE = """
    WITH executing AS (
        SELECT run.queue_id, count(*)::int AS count FROM dispatch_lease AS lease
        JOIN runs_run AS run ON run.id = lease.run_id
        WHERE lease.ended_at IS NULL AND run.queue_id IS NOT NULL GROUP BY run.queue_id)
    SELECT queue.workspace_id, queue.id, queue.name, pool.name, coalesce(executing.count, 0)
    FROM dispatch_queue AS queue
    JOIN dispatch_pool AS pool ON pool.id = queue.pool_id
    LEFT JOIN executing ON executing.queue_id = queue.id
    WHERE executing.count > 0 OR queue.id = ANY(%s)
"""


def sample_queues(*, now: datetime) -> int | None:
    """
    Store the depth of all queues that have something, or had at the sample before; return how many.

    A fixed number of statements however many workspaces, queues and runs there are. None: another
    replica is at it, or was. For loops.
    """
    at = slot_of(now)
    DepthSample.objects.bulk_create(
        [DepthSample(sampled_at=at - SAMPLE_TIME, queue_ids=[])], ignore_conflicts=True
    )
    with transaction.atomic():
        due = DepthSample.objects.select_for_update(skip_locked=True).filter(sampled_at__lt=at)
        before = due.first()
        if before is None:
            return None
        found = _look(before.queue_ids, now)
        points: dict[uuid.UUID, list[NewPoint]] = defaultdict(list)
        for workspace_id, sample in found:
            points[workspace_id] += metric_points(sample, at)
        telemetry.store_points_of_many(points=points, now=now)
        before.sampled_at = at
        before.queue_ids = [sample.queue_id for _, sample in found if not sample.is_empty]
        before.save(update_fields=["sampled_at", "queue_ids"])
    return len(found)


def seconds_to_next_sample(*, now: datetime) -> float:
    """Return how long until queues are to be measured again."""
    return depth.seconds_to_next_slot(now)


def _look(known: list[uuid.UUID], now: datetime) -> list[tuple[uuid.UUID, Sample]]:
    lines = runs.measure_queues(now=now, most=MOST_COUNTED)
    with connection.cursor() as cursor:
        cursor.execute(_DESCRIBE, [list({*lines, *known})])
        rows = cursor.fetchall()
    found = []
    for workspace_id, queue_id, queue, pool, executing in rows:
        line = lines.get(queue_id, QueueLine())
        waited = (now - line.oldest_at).total_seconds() if line.oldest_at else 0
        sample = Sample(
            queue_id=queue_id,
            queue=queue,
            pool=pool,
            waiting=line.waiting,
            parked=line.parked,
            running=executing,
            oldest_seconds=round(waited),
        )
        found.append((workspace_id, sample))
    return found
