"""
Make many runs of one deployment, little by little: for past times, or for partitions.

The parts are written down at once; their runs are made by the scheduler's loop, so many at a time
that the next one always waits in line. Locks: backfill, deployment, limit, runs.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import connection, transaction

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.dispatch.enums import BackfillState, LimitKind
from apps.dispatch.errors import TooManyBackfills
from apps.dispatch.models import Backfill, BackfillPart, ConcurrencyLimit
from apps.dispatch.parts import most_open, schemas_of, value_of
from apps.dispatch.services.backfills.ending import end_backfill
from apps.dispatch.services.backfills.planning import BackfillSpec, plan_backfill
from apps.dispatch.services.backfills.recording import GOING, told
from apps.dispatch.services.pools import is_managed
from apps.dispatch.services.queues import find_lane
from apps.flows import selectors as flow_selectors
from apps.flows.parameters import merge_parameters
from apps.runs import selectors as run_selectors
from apps.runs import services as runs
from apps.runs.enums import RunSource
from apps.runs.services import CreatedBy, NewRun
from apps.tenancy import access, audit
from apps.tenancy import selectors as tenancy
from apps.tenancy import services as tenancy_services
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.flows.models import Deployment

logger = structlog.get_logger(__name__)
MOST_GOING = 100  # unfinished backfills of a workspace; each is a limit that claims look at
_NEEDING = """
    SELECT backfill.id FROM dispatch_backfill AS backfill
    JOIN flows_deployment AS deployment ON deployment.id = backfill.deployment_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM runs_run AS run
        WHERE run.backfill_id = backfill.id AND run.ended_at IS NULL) AS open
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM dispatch_backfillpart AS part
            WHERE part.backfill_id = backfill.id AND part.run_id IS NULL) AS is_left) AS rest
    WHERE backfill.state = 'RUNNING'
      AND (deployment.deleted_at IS NOT NULL
        OR CASE WHEN rest.is_left
            THEN open.count < backfill.concurrency
                + least(greatest(2 * backfill.concurrency, 20), 500)
            ELSE open.count = 0 END)
    ORDER BY backfill.created_at, backfill.id
"""
_NAME_RUNS = """
    UPDATE dispatch_backfillpart AS part SET run_id = given.run_id
    FROM unnest(%s::uuid[], %s::uuid[]) AS given(id, run_id)
    WHERE part.id = given.id AND part.run_id IS NULL
"""


@joined
def create_backfill(
    *,
    workspace_id: uuid.UUID,
    spec: BackfillSpec,
    created_by: CreatedBy,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Backfill:
    """
    Write a backfill down with all its parts, and make its first runs.

    Raises: what `plan_backfill` does, TooManyBackfills, QuotaExceeded, ObjectRestricted.
    """
    plan = plan_backfill(workspace_id=workspace_id, spec=spec, for_update=True)
    deployment = plan.deployment
    access.require(
        asker,
        Scope.RUNS_WRITE,
        *access.run_targets(deployment_id=deployment.id, pool_id=deployment.pool_id),
    )
    tenancy_services.refuse_while_held(
        workspace_id=workspace_id, managed=is_managed(deployment.pool_id)
    )
    going = Backfill.objects.for_workspace(workspace_id).filter(state__in=sorted(GOING))
    if going.count() >= MOST_GOING:
        raise TooManyBackfills(
            f"A workspace has at most {MOST_GOING} unfinished backfills.", limit=MOST_GOING
        )
    backfill = Backfill(
        workspace_id=workspace_id,
        deployment=deployment,
        name=spec.name or f"{deployment.flow.name}/{deployment.name} from {plan.keys[0]}"[:200],
        state=BackfillState.RUNNING.value,
        parameter=spec.parameter,
        parameters=plan.parameters,
        priority=spec.priority,
        concurrency=spec.concurrency,
        parts_total=len(plan.keys),
        since=spec.since if spec.partitions is None else None,
        until=spec.until if spec.partitions is None else None,
        created_by=created_by,
        created_at=now,
    )
    backfill.save(force_insert=True)
    BackfillPart.objects.bulk_create(
        [
            BackfillPart(
                workspace_id=workspace_id,
                backfill=backfill,
                position=position,
                key=key,
                created_at=now,
            )
            for position, key in enumerate(plan.keys)
        ],
        batch_size=1_000,
    )
    ConcurrencyLimit.objects.create(
        workspace_id=workspace_id,
        kind=LimitKind.BACKFILL.value,
        key=str(backfill.id),
        slots=spec.concurrency,
        created_at=now,
        updated_at=now,
    )
    audit.record_of("backfill.created", backfill, after=told(backfill))
    _make_runs(backfill, deployment, now=now)
    return backfill


def list_backfills_to_continue() -> list[uuid.UUID]:
    """Return the backfills of all workspaces that lack runs or whose last has ended. For loops."""
    with connection.cursor() as cursor:
        cursor.execute(_NEEDING)
        return [id_ for (id_,) in cursor.fetchall()]


@transaction.atomic
def continue_backfill(*, backfill_id: uuid.UUID, now: datetime) -> bool:
    """
    Make a backfill's next runs, or end it when nothing of it is left.

    Returns False when nothing is to be done, or another loop does it. A part and its run are
    written in one transaction under the backfill's lock, so that each part has exactly one run
    however many loops there are, and whenever one is killed.
    """
    backfill = (
        Backfill.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(id=backfill_id, state=BackfillState.RUNNING.value)
        .first()
    )
    if backfill is None:
        return False
    # Locked: nothing waits any more of a deployment once it was deleted.
    deployment = (
        flow_selectors.list_deployments_by_id(
            workspace_id=backfill.workspace_id, deployment_ids=[backfill.deployment_id]
        )
        .select_for_update(no_key=True)
        .get()
    )
    if deployment.deleted_at is not None:
        before = told(backfill)
        end_backfill(backfill, BackfillState.CANCELLED, now=now)
        audit.record_of("backfill.cancelled", backfill, before=before, after=told(backfill))
        return True
    return _make_runs(backfill, deployment, now=now) > 0


def _make_runs(backfill: Backfill, deployment: Deployment, *, now: datetime) -> int:
    """Make as many runs as are missing of those ahead, or end it when there are no more."""
    workspace_id = backfill.workspace_id
    limits = tenancy.get_limits(workspace_id=workspace_id)
    if limits.archived:
        return 0
    unfinished = run_selectors.count_unfinished_of_backfill(
        workspace_id=workspace_id, backfill_id=backfill.id
    )
    room = most_open(backfill.concurrency) - unfinished
    if room <= 0:
        return 0
    parts = list(backfill.parts.filter(run_id=None).order_by("position")[:room])
    if not parts:
        if unfinished:
            return 0
        end_backfill(backfill, BackfillState.COMPLETED, now=now)
        return 1
    takes = schemas_of(deployment.parameter_schema, backfill.parameter)
    queue_id = find_lane(pool_id=deployment.pool_id, wanted=[deployment.queue_id])
    made = {part.id: uuid7() for part in parts}
    runs.create_runs(
        new=[
            NewRun(
                run_id=made[part.id],
                workspace_id=workspace_id,
                flow_id=deployment.flow_id,
                deployment_id=deployment.id,
                deployment_version=deployment.version_number,
                pool_id=deployment.pool_id,
                queue_id=queue_id,
                source=RunSource.BACKFILL,
                backfill_id=backfill.id,
                scheduled_for=now,
                parameters=merge_parameters(
                    deployment.parameters,
                    backfill.parameters,
                    {backfill.parameter: value_of(part.key, takes=takes)},
                ),
                name=f"{backfill.name} {part.key}"[:200],
                tags=deployment.tags,
                priority=backfill.priority,
                created_by=backfill.created_by,
                held_reason=limits.hold_reason(managed=is_managed(deployment.pool_id)),
            )
            for part in parts
        ],
        now=now,
    )
    with connection.cursor() as cursor:
        cursor.execute(_NAME_RUNS, [list(made.keys()), list(made.values())])
    return len(parts)
