"""Close the questions of runs that ended, and tell what becomes of questions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.core.clock import utc_now
from apps.core.ids import derived_uuid7
from apps.runs.enums import ApprovalState
from apps.runs.models import Approval, Run
from apps.runs.services.record import EVENT_SOURCE
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Relation, Resource, object_payload


def withdraw_approvals(*, run_ids: Collection[UUID]) -> None:
    """Close the questions of runs that ended. Belongs into the transaction that ended them."""
    open_ones = Approval.objects.filter(run_id__in=run_ids, state=ApprovalState.OPEN.value)
    closing = list(open_ones)
    if not closing:
        return
    for approval in closing:
        approval.state = ApprovalState.WITHDRAWN.value
    open_ones.update(state=ApprovalState.WITHDRAWN.value)
    tell_approvals(closing, utc_now())


def tell_approvals(approvals: Sequence[Approval], now: datetime) -> None:
    """Leave an event `headway.approval.<state>` of each."""
    ids = {approval.run_id for approval in approvals}
    runs = {run.id: run for run in Run.objects.filter(id__in=ids)}
    for workspace_id in {approval.workspace_id for approval in approvals}:
        telemetry.emit(
            workspace_id=workspace_id,
            events=[
                _event(approval, runs[approval.run_id], now)
                for approval in approvals
                if approval.workspace_id == workspace_id
            ],
            now=now,
        )


def _event(approval: Approval, run: Run, now: datetime) -> NewEvent:
    related = [Relation(role="flow", kind="flow", name=str(run.flow_id))]
    if run.deployment_id is not None:
        related.append(Relation(role="deployment", kind="deployment", name=str(run.deployment_id)))
    payload: dict[str, Any] = {
        "approval_id": str(approval.id),
        "title": approval.title,
        "run_name": run.name,
    }
    if approval.answered_by:
        payload |= {"answered_by": approval.answered_by, "comment": approval.comment}
    return NewEvent(
        id=derived_uuid7(now, str(approval.id), approval.state),
        name=f"headway.approval.{approval.state.lower()}",
        occurred_at=now,
        resource=Resource(kind="run", name=str(run.id)),
        related=related,
        payload=object_payload(payload),
        run_id=run.id,
        source=EVENT_SOURCE,
    )
