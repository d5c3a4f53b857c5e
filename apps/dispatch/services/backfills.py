"""
Make many runs of one deployment, little by little: for past times, or for partitions.

The parts are written down at once; their runs are made by the scheduler's loop, so many at a time
that the next one always waits in line. Locks: backfill, deployment, limit, runs.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.db import connection, transaction

from apps.core.ids import uuid7
from apps.core.transactions import joined
from apps.dispatch.enums import BackfillState, LimitKind
from apps.dispatch.errors import BackfillNotFound, BackfillOver, BadBackfill, TooManyBackfills
from apps.dispatch.models import Backfill, BackfillPart, ConcurrencyLimit
from apps.dispatch.parts import (
    BadPartsError,
    Recurring,
    keys_of_times,
    most_open,
    schemas_of,
    seconds_for,
    times_in,
    value_of,
)
from apps.dispatch.services.gate import lock_limits
from apps.dispatch.services.pools import is_managed
from apps.dispatch.services.queues import find_lane
from apps.dispatch.services.slots import let_in
from apps.flows import selectors as flow_selectors
from apps.flows import services as flows
from apps.flows.errors import BadParameters
from apps.flows.parameters import Parameters, find_parameter_faults, merge_parameters
from apps.flows.recurrence import Cron, Interval
from apps.flows.zones import BadRecurrenceError, find_zone
from apps.runs import selectors as run_selectors
from apps.runs import services as runs
from apps.runs.enums import RunSource
from apps.runs.errors import RunNotCancellable
from apps.runs.selectors import PastRuns
from apps.runs.services import CreatedBy, NewRun
from apps.telemetry import services as telemetry
from apps.telemetry.items import NewEvent, Relation, Resource, object_payload
from apps.tenancy import access, audit
from apps.tenancy import selectors as tenancy
from apps.tenancy import services as tenancy_services
from apps.tenancy.access import Asker, Target
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.flows.models import Deployment

logger = structlog.get_logger(__name__)
MOST_GOING = 100  # unfinished backfills of a workspace; each is a limit that claims look at
DEFAULT_PRIORITY = -10  # below what is due by itself
_FAULTS_TOLD = 5
GOING = frozenset({BackfillState.RUNNING, BackfillState.PAUSED})

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillSpec:
    """
    What somebody wants filled: partitions by name, or the times of a range.

    The times are those of one of the deployment's schedules, of a cron expression, or every so
    many seconds from `since` on; `until` is not among them.
    """

    deployment_id: uuid.UUID
    parameter: str  # which one gets the part
    name: str = ""
    parameters: Parameters = field(default_factory=dict)
    concurrency: int = 1
    priority: int = DEFAULT_PRIORITY
    partitions: Sequence[str] | None = None  # None: a range
    since: datetime | None = None
    until: datetime | None = None
    schedule_id: uuid.UUID | None = None
    interval_seconds: int | None = None
    cron: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPlan:
    """What would be made of a wish, and what that takes."""

    deployment: Deployment
    keys: list[str]
    parameters: Parameters  # of all parts: the wish's over the schedule's
    past: PastRuns
    seconds_total: float | None


def plan_backfill(
    *, workspace_id: uuid.UUID, spec: BackfillSpec, for_update: bool = False
) -> BackfillPlan:
    """
    Return the parts that the wish has, all checked against the flow's schema, and an estimate.

    Raises: DeploymentNotFound, ScheduleNotFound, BadBackfill, BadParameters.
    """
    deployment = flow_selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=spec.deployment_id, for_update=for_update
    )
    try:
        keys, under = _keys(deployment, spec)
    except (BadPartsError, BadRecurrenceError) as error:
        raise BadBackfill(
            "These parts cannot be had.", fields={error.field: [error.message]}
        ) from error
    parameters = merge_parameters(under, spec.parameters)
    _check_parts(deployment, parameters, spec.parameter, keys)
    past = run_selectors.past_runs(workspace_id=workspace_id, deployment_id=deployment.id)
    return BackfillPlan(
        deployment=deployment,
        keys=keys,
        parameters=parameters,
        past=past,
        seconds_total=seconds_for(
            parts=len(keys), concurrency=spec.concurrency, seconds_each=past.seconds_each
        ),
    )


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
    _record("backfill.created", backfill, after=_told(backfill))
    _make_runs(backfill, deployment, now=now)
    return backfill


def continue_backfills(*, now: datetime) -> int:
    """
    Make the next runs of all backfills, and end those of which nothing is left; return how many.

    A part and its run are written in one transaction under the backfill's lock, so that each part
    has exactly one run however many loops there are, and whenever one is killed. For loops.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEEDING)
        needing = [id_ for (id_,) in cursor.fetchall()]
    worked = 0
    for backfill_id in needing:
        with transaction.atomic():
            worked += _continue(backfill_id, now)
    return worked


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
    before = _told(backfill)
    backfill.concurrency = concurrency
    backfill.save(update_fields=["concurrency"])
    if backfill.state == BackfillState.RUNNING:
        _set_slots(backfill, concurrency, now)
    if before != _told(backfill):
        _record("backfill.changed", backfill, before=before, after=_told(backfill))
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
    before = _told(backfill)
    backfill.state = target.value
    backfill.save(update_fields=["state"])
    _set_slots(backfill, 0 if paused else backfill.concurrency, now)
    _record(
        "backfill.paused" if paused else "backfill.resumed",
        backfill,
        before=before,
        after=_told(backfill),
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
        before = _told(backfill)
        _end(backfill, BackfillState.CANCELLED, now=now)
        _record("backfill.cancelled", backfill, before=before, after=_told(backfill))
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


def _keys(deployment: Deployment, spec: BackfillSpec) -> tuple[list[str], Parameters]:
    """Return the keys of the parts, and what a schedule says to their runs besides."""
    if spec.partitions is not None:
        return list(spec.partitions), {}
    if spec.since is None or spec.until is None:
        raise BadPartsError("since", "A range has a beginning and an end.")
    under: Parameters = {}
    timezone = spec.timezone
    recurrence: Recurring
    if spec.schedule_id is not None:
        schedule = flow_selectors.get_schedule(
            workspace_id=deployment.workspace_id, schedule_id=spec.schedule_id
        )
        if schedule.deployment_id != deployment.id:
            raise BadPartsError("schedule_id", "This is a schedule of another deployment.")
        recurrence, timezone, under = schedule.recurrence, schedule.timezone, schedule.parameters
    elif spec.cron:
        recurrence = Cron(expression=" ".join(spec.cron.split()), timezone=timezone)
    elif spec.interval_seconds is not None:
        recurrence = Interval(every=timedelta(seconds=spec.interval_seconds), anchor=spec.since)
    else:
        raise BadPartsError("schedule_id", "A range has a schedule, a cron, or an interval.")
    keys = keys_of_times(
        times_in(recurrence, since=spec.since, until=spec.until),
        zone=find_zone(timezone),
        takes=schemas_of(deployment.parameter_schema, spec.parameter),
    )
    return keys, under


def _check_parts(
    deployment: Deployment, parameters: Parameters, parameter: str, keys: Sequence[str]
) -> None:
    """
    Refuse what a run would be refused for. All of the first part, of the others the key.

    Raises: BadParameters, BadBackfill.
    """
    schema = deployment.parameter_schema
    takes = schemas_of(schema, parameter)
    first = merge_parameters(parameters, {parameter: value_of(keys[0], takes=takes)})
    flows.check_run_parameters(deployment=deployment, given=first)
    faults: list[str] = []
    alone = {**schema, "required": []}
    for key in keys[1:]:
        found = find_parameter_faults(alone, {parameter: value_of(key, takes=takes)})
        faults += [f"{key!r}: {message}" for messages in found.values() for message in messages]
        if len(faults) >= _FAULTS_TOLD:
            break
    if faults:
        raise BadParameters(
            "Some parts do not fit the flow.", fields={f"parameters.{parameter}": faults}
        )


def _continue(backfill_id: uuid.UUID, now: datetime) -> bool:
    """Make the next runs of one backfill, or end it; say whether there was anything to do."""
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
        before = _told(backfill)
        _end(backfill, BackfillState.CANCELLED, now=now)
        _record("backfill.cancelled", backfill, before=before, after=_told(backfill))
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
        _end(backfill, BackfillState.COMPLETED, now=now)
        return 1
    takes = schemas_of(deployment.parameter_schema, backfill.parameter)
    queue_id = find_lane(pool_id=deployment.pool_id, wanted=deployment.queue_id)
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


def _end(backfill: Backfill, state: BackfillState, *, now: datetime) -> None:
    """Let it be over, take its limit away, and tell it as an event."""
    backfill.state = state.value
    backfill.ended_at = now
    backfill.save(update_fields=["state", "ended_at"])
    limit = _limit(backfill)
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


def _limit(backfill: Backfill) -> ConcurrencyLimit | None:
    limits = ConcurrencyLimit.objects.for_workspace(backfill.workspace_id)
    return limits.filter(kind=LimitKind.BACKFILL.value, key=str(backfill.id)).first()


def _set_slots(backfill: Backfill, slots: int, now: datetime) -> None:
    limit = _limit(backfill)
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


def _told(backfill: Backfill) -> dict[str, object]:
    """Return what a change of it is told by in the audit log."""
    return {
        "state": backfill.state,
        "concurrency": backfill.concurrency,
        "priority": backfill.priority,
        "parts": backfill.parts_total,
        "parameters": backfill.parameters,
        "since": backfill.since,
        "until": backfill.until,
    }


def _record(
    action: str,
    backfill: Backfill,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        action=action,
        target=audit.Object(kind="backfill", id=backfill.id, name=backfill.name),
        before=before,
        after=after,
        workspace_id=backfill.workspace_id,
    )
