"""Change, pause and cancel a backfill that is going on."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime

from apps.core.transactions import joined
from apps.dispatch.enums import BackfillState
from apps.dispatch.errors import BackfillNotFound, BackfillOver
from apps.dispatch.models import Backfill
from apps.dispatch.services.backfills.ending import end_backfill, find_limit_of
from apps.dispatch.services.backfills.recording import GOING, told
from apps.dispatch.services.gate import lock_limits
from apps.dispatch.services.slots import let_in
from apps.runs import selectors as run_selectors
from apps.runs import services as runs
from apps.runs.errors import RunNotCancellable
from apps.tenancy import access, audit
from apps.tenancy.access import Asker, Target
from apps.tenancy.scopes import Scope


@joined
def change_backfill(
    *,
    workspace_id: uuid.UUID,
    backfill_id: uuid.UUID,
    concurrency: int,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Backfill:
    """
    Let so many of its runs go on at once; what goes on already is not stopped.

    Raises: BackfillNotFound, BackfillOver, ObjectRestricted.
    """
    backfill = _get_going(workspace_id, backfill_id, asker)
    before = told(backfill)
    backfill.concurrency = concurrency
    backfill.save(update_fields=["concurrency"])
    if backfill.state == BackfillState.RUNNING:
        _set_slots(backfill, concurrency, now)
    if before != told(backfill):
        audit.record_of("backfill.changed", backfill, before=before, after=told(backfill))
    return backfill


@joined
def pause_backfill(
    *,
    workspace_id: uuid.UUID,
    backfill_id: uuid.UUID,
    paused: bool,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Backfill:
    """
    Let none of its runs start, or go on; what is going on already ends by itself.

    Raises: BackfillNotFound, BackfillOver, ObjectRestricted.
    """
    backfill = _get_going(workspace_id, backfill_id, asker)
    target = BackfillState.PAUSED if paused else BackfillState.RUNNING
    if backfill.state == target:
        return backfill
    before = told(backfill)
    backfill.state = target.value
    backfill.save(update_fields=["state"])
    _set_slots(backfill, 0 if paused else backfill.concurrency, now)
    audit.record_of(
        "backfill.paused" if paused else "backfill.resumed",
        backfill,
        before=before,
        after=told(backfill),
    )
    return backfill


@joined
def cancel_backfill(
    *,
    workspace_id: uuid.UUID,
    backfill_id: uuid.UUID,
    running: bool,
    now: datetime,
    by: str = "",
    asker: Asker = access.HEADWAY,
) -> Backfill:
    """
    Make nothing more of it and cancel what waits; with `running`, what is going on too.

    Of one that was cancelled before, what is going on can still be cancelled.
    Raises: BackfillNotFound, BackfillOver, ObjectRestricted.
    """
    backfill = _get_locked(workspace_id, backfill_id)
    access.require(asker, Scope.RUNS_CANCEL, *targets_of(backfill))
    is_going = backfill.state in GOING
    if not is_going and not (running and backfill.state == BackfillState.CANCELLED):
        raise BackfillOver("The backfill has ended.", backfill_id=str(backfill_id))
    if is_going:
        before = told(backfill)
        end_backfill(backfill, BackfillState.CANCELLED, now=now)
        audit.record_of("backfill.cancelled", backfill, before=before, after=told(backfill))
    message = f"Cancelled with its backfill by {by}." if by else "Cancelled with its backfill."
    runs.cancel_waiting_of_backfill(
        workspace_id=workspace_id, backfill_id=backfill_id, now=now, message=message
    )
    if running:
        going = run_selectors.list_runs_of_backfill(
            workspace_id=workspace_id, backfill_id=backfill_id
        ).filter(ended_at=None)
        for run_id in going.order_by("id").values_list("id", flat=True):
            # It ended, or was stopping already.
            with suppress(RunNotCancellable):
                runs.cancel_run(workspace_id=workspace_id, run_id=run_id, now=now, by=by)
    return backfill


def targets_of(backfill: Backfill) -> tuple[Target, ...]:
    """Return whose rules the backfill stands under: those of its deployment and its pool."""
    return access.run_targets(
        deployment_id=backfill.deployment_id, pool_id=backfill.deployment.pool_id
    )


def _set_slots(backfill: Backfill, slots: int, now: datetime) -> None:
    limit = find_limit_of(backfill)
    if limit is None:
        return
    lock_limits([limit.id])
    limit.slots, limit.updated_at = slots, now
    limit.save(update_fields=["slots", "updated_at"])
    let_in([limit.id])


def _get_locked(workspace_id: uuid.UUID, backfill_id: uuid.UUID) -> Backfill:
    found = (
        Backfill.objects.for_workspace(workspace_id)
        .select_related("deployment__flow")
        .select_for_update(of=("self",))
        .filter(id=backfill_id)
        .first()
    )
    if found is None:
        raise BackfillNotFound("There is no such backfill.", backfill_id=str(backfill_id))
    return found


def _get_going(workspace_id: uuid.UUID, backfill_id: uuid.UUID, asker: Asker) -> Backfill:
    backfill = _get_locked(workspace_id, backfill_id)
    access.require(asker, Scope.RUNS_WRITE, *targets_of(backfill))
    if backfill.state not in GOING:
        raise BackfillOver("The backfill has ended.", backfill_id=str(backfill_id))
    return backfill
