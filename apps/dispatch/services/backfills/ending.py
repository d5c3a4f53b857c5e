"""Let a backfill be over."""

from __future__ import annotations

from datetime import datetime

import structlog

from apps.core.ids import uuid7
from apps.dispatch.enums import BackfillState, LimitKind
from apps.dispatch.models import Backfill, ConcurrencyLimit
from apps.dispatch.services.gate import lock_limits
from apps.runs import selectors as run_selectors
from apps.runs import services as runs
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Relation, Resource, object_payload

logger = structlog.get_logger(__name__)


def end_backfill(backfill: Backfill, state: BackfillState, *, now: datetime) -> None:
    """Let it be over, take its limit away, and tell it as an event."""
    backfill.state = state.value
    backfill.ended_at = now
    backfill.save(update_fields=["state", "ended_at"])
    limit = find_limit_of(backfill)
    if limit is not None:
        lock_limits([limit.id])
        limit.delete()
        runs.unpark_runs(waits_on=limit.id, most=backfill.parts_total)
    counts = run_selectors.count_by_backfill(
        workspace_id=backfill.workspace_id, backfill_ids=[backfill.id]
    )[backfill.id]
    telemetry.emit(
        workspace_id=backfill.workspace_id,
        events=[
            NewEvent(
                id=uuid7(now),
                name=f"headway.backfill.{state.value.lower()}",
                occurred_at=now,
                resource=Resource(kind="backfill", name=str(backfill.id)),
                related=[
                    Relation(role="deployment", kind="deployment", name=str(backfill.deployment_id))
                ],
                payload=object_payload(
                    {
                        "name": backfill.name,
                        "parts": backfill.parts_total,
                        "made": sum(counts.values()),
                        "counts": {kind.value: count for kind, count in counts.items()},
                    }
                ),
                source="headway",
            )
        ],
        now=now,
    )
    logger.info(
        "backfill.ended", backfill_id=str(backfill.id), state=state.value, runs=sum(counts.values())
    )


def find_limit_of(backfill: Backfill) -> ConcurrencyLimit | None:
    """Return the limit that says how many of its runs go on at once; None once it is over."""
    limits = ConcurrencyLimit.objects.for_workspace(backfill.workspace_id)
    return limits.filter(kind=LimitKind.BACKFILL.value, key=str(backfill.id)).first()
