"""Count what doors refuse, and keep a few samples of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson
from django.db import connection

from apps.core.errors import DomainError
from apps.core.http.json import wire_time
from apps.core.ids import uuid7
from apps.ingest.decode import Decoded
from apps.ingest.models import Refused
from apps.ingest.samples import KEPT, redacted, sample_of
from apps.telemetry.items import Refusal
from apps.tenancy.isolation import workspace_scope

REFUSALS_KEPT_DAYS: Final = 90
_DROP_BATCH: Final = 5_000
_MESSAGE_LENGTH: Final = 500
Sample = dict[str, str | None]

_COUNT: Final = (
    "INSERT INTO ingest_refusal AS t"
    " (id, created_at, workspace_id, door, code, day, count, last_at, samples)"
    " SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::uuid[], %s::text[], %s::text[],"
    " %s::date[], %s::bigint[], %s::timestamptz[], %s::jsonb[])"
    " ON CONFLICT (workspace_id, day, door, code) DO UPDATE SET"
    " count = t.count + excluded.count, last_at = greatest(t.last_at, excluded.last_at),"
    " samples = jsonb_path_query_array(excluded.samples || t.samples, %s::jsonpath)"
)


def count_refused_items(
    *,
    workspace_id: uuid.UUID,
    door: str,
    refusals: Sequence[Refusal],
    decoded: Decoded,
    now: datetime,
) -> None:
    """
    Count items that a door refused for good, with the last few of them as samples.

    What is over a rate limit is not counted: nothing is wrong with it. In a transaction of its own,
    after that of the items that were taken.
    """
    counts: dict[str, int] = {}
    samples: dict[str, list[Sample]] = {}
    for refusal in reversed(refusals):
        if refusal.retryable:
            continue
        counts[refusal.code] = counts.get(refusal.code, 0) + 1
        kept = samples.setdefault(refusal.code, [])
        if len(kept) < KEPT:
            item = decoded.as_sent(refusal.kind, refusal.index) if decoded.as_sent else None
            kept.append(_sample(refusal.message, refusal.field, item, now))
    _count(workspace_id, door, counts, samples, now)


def count_refused_request(
    *, workspace_id: uuid.UUID, door: str, error: DomainError, body: bytes, now: datetime
) -> None:
    """Count a request of which nothing could be read."""
    field = next(iter(error.fields), None) if error.fields else None
    sample = _sample(error.message, field, body, now)
    _count(workspace_id, door, {error.code: 1}, {error.code: [sample]}, now)


def drop_old_refusals(*, now: datetime) -> int:
    """Forget what was refused long ago; return how many rows. For loops."""
    old = Refused.objects.filter(day__lt=(now - timedelta(days=REFUSALS_KEPT_DAYS)).date())
    gone = 0
    while True:
        deleted, _ = Refused.objects.filter(pk__in=old.values("pk")[:_DROP_BATCH]).delete()
        gone += deleted
        if deleted < _DROP_BATCH:
            return gone


def _sample(message: str, field: str | None, item: bytes | None, now: datetime) -> Sample:
    return {
        "at": wire_time(now),
        "message": redacted(message)[:_MESSAGE_LENGTH].replace("\x00", "·"),
        "field": field and field[:200].replace("\x00", "·"),
        "item": None if item is None else sample_of(item),
    }


def _count(
    workspace_id: uuid.UUID,
    door: str,
    counts: dict[str, int],
    samples: dict[str, list[Sample]],
    now: datetime,
) -> None:
    if not counts:
        return
    codes = sorted(counts)  # in one order everywhere, or two requests might wait for each other
    each = len(codes)
    with workspace_scope(workspace_id), connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            [
                [uuid7() for _ in codes],
                [now] * each,
                [workspace_id] * each,
                [door] * each,
                codes,
                [now.date()] * each,
                [counts[code] for code in codes],
                [now] * each,
                [orjson.dumps(samples[code]).decode() for code in codes],
                f"$[0 to {KEPT - 1}]",
            ],
        )
