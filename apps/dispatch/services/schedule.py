"""Make runs: when a schedule comes due, and when somebody asks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from apps.core.errors import InvalidRequest
from apps.core.transactions import joined
from apps.dispatch.services.overlap import cancel_overlapped, skip_overlapping
from apps.dispatch.services.pools import is_managed, managed_pools_of
from apps.dispatch.services.queues import default_queues, find_lane, standing_queues
from apps.flows import selectors as flow_selectors
from apps.flows import services as flows
from apps.flows.enums import Overlap
from apps.runs import selectors as run_selectors
from apps.runs import services as runs
from apps.runs.enums import RunSource, RunState
from apps.runs.errors import RunNotExecuting
from apps.runs.services import CreatedBy, NewRun
from apps.tenancy import access
from apps.tenancy import selectors as tenancy
from apps.tenancy import services as tenancy_services
from apps.tenancy.access import Asker
from apps.tenancy.scopes import Scope

if TYPE_CHECKING:
    from apps.runs.models import Run

DUE_BATCH = 200  # schedules per transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """The runs that a new one comes from."""

    parent_run_id: uuid.UUID | None = None
    parent_task_run_id: uuid.UUID | None = None
    copied_from_id: uuid.UUID | None = None


@joined
def create_due_runs(*, now: datetime, limit: int = DUE_BATCH) -> int:
    """
    Make the runs of up to `limit` schedules that came due; return how many schedules were taken.

    Run and next due time are written in one transaction, so that each due time has exactly one
    run however many schedulers there are, and whenever one is killed. For loops.
    """
    due = flows.take_due_schedules(now=now, limit=limit)
    if not due:
        return 0
    queues = default_queues({each.pool_id for each in due})
    named = standing_queues({each.queue_id for each in due if each.queue_id is not None})
    limits = tenancy.list_limits(workspace_ids=list({each.workspace_id for each in due}))
    policies = {each.deployment_id: each.overlap for each in due}
    new = [
        NewRun(
            workspace_id=each.workspace_id,
            flow_id=each.flow_id,
            deployment_id=each.deployment_id,
            deployment_version=each.version_number,
            pool_id=each.pool_id,
            queue_id=(
                each.queue_id
                if each.queue_id is not None and named.get(each.queue_id) == each.pool_id
                else queues[each.pool_id]
            ),
            source=RunSource.SCHEDULE,
            scheduled_for=each.start_at,
            parameters=each.parameters,
            tags=each.tags,
            schedule_id=each.schedule_id,
            due_at=each.due_at,
            held_reason=limits[each.workspace_id].hold_reason(managed=is_managed(each.pool_id)),
        )
        for each in due
        # Due times of an archived workspace pass without a run.
        if not limits[each.workspace_id].archived
    ]
    made = runs.create_runs(new=skip_overlapping(new=new, policies=policies, now=now), now=now)
    cancel_overlapped(made=made, policies=policies, now=now)
    return len(due)


@joined
def release_held_runs(*, now: datetime) -> int:
    """Set held runs going where runs may start again; return how many. For loops."""
    waiting = run_selectors.workspaces_with_held_runs()
    if not waiting:
        return 0
    limits = tenancy.list_limits(workspace_ids=waiting)
    free = [
        workspace_id
        for workspace_id, its in limits.items()
        if its.hold is None and not its.archived
    ]
    if not free:
        return 0
    held_pools = managed_pools_of(
        [workspace_id for workspace_id in free if limits[workspace_id].managed_hold is not None]
    )
    return runs.release_held_runs(workspace_ids=free, except_pool_ids=held_pools, now=now)


def find_next_due_at() -> datetime | None:
    """Return when the next schedule comes due, of whichever workspace. For loops."""
    return flows.find_next_due_at()


@joined
def start_deployment(
    *,
    workspace_id: uuid.UUID,
    deployment_id: uuid.UUID,
    parameters: dict[str, object],
    created_by: CreatedBy,
    now: datetime,
    name: str = "",
    tags: list[str] | None = None,
    scheduled_for: datetime | None = None,
    priority: int = 0,
    queue: str | None = None,
    lane_id: uuid.UUID | None = None,
    run_id: uuid.UUID | None = None,
    may_wait: bool = False,
    kin: Kin | None = None,
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Make a run of the deployment, for now or for later, in the `queue` of its pool that is named.

    `kin` says which run it comes from. `lane_id` is a queue that it would rather go to than to the
    deployment's; unlike `queue` it is nothing to insist on.

    With a `run_id`, the run of that id is made once; a second call returns it as it is.
    While the plan allows no new runs, one that `may_wait` is made HELD, as for schedules.
    Raises: DeploymentNotFound, BadParameters, QuotaExceeded unless it may wait, ObjectRestricted.
    """
    kin = kin or Kin()
    if kin.parent_run_id is not None:
        _refuse_parent(workspace_id, kin.parent_run_id)
    if run_id is not None:
        known = run_selectors.find_run(workspace_id=workspace_id, run_id=run_id)
        if known is not None:
            return known
    deployment = flow_selectors.get_deployment(
        workspace_id=workspace_id, deployment_id=deployment_id
    )
    access.require(
        asker,
        Scope.RUNS_WRITE,
        *access.run_targets(deployment_id=deployment.id, pool_id=deployment.pool_id),
    )
    merged = flows.check_run_parameters(deployment=deployment, given=parameters)
    held_reason = ""
    managed = is_managed(deployment.pool_id)
    if may_wait:
        limits = tenancy.get_limits(workspace_id=workspace_id)
        held_reason = limits.hold_reason(managed=managed)
    else:
        tenancy_services.refuse_while_held(workspace_id=workspace_id, managed=managed)
    starts_at = max(scheduled_for or now, now)
    new = NewRun(
        workspace_id=workspace_id,
        flow_id=deployment.flow_id,
        deployment_id=deployment.id,
        deployment_version=deployment.version_number,
        pool_id=deployment.pool_id,
        queue_id=find_lane(
            pool_id=deployment.pool_id, named=queue, wanted=[lane_id, deployment.queue_id]
        ),
        source=RunSource.SUBFLOW if kin.parent_run_id else RunSource.ADHOC,
        scheduled_for=starts_at,
        parameters=merged,
        name=name,
        tags=[*deployment.tags, *(tag for tag in tags or () if tag not in deployment.tags)],
        priority=priority,
        created_by=created_by,
        held_reason=held_reason,
        run_id=run_id,
        parent_run_id=kin.parent_run_id,
        parent_task_run_id=kin.parent_task_run_id,
        copied_from_id=kin.copied_from_id,
    )
    # What goes on when a later run starts is not known yet; the limit lets it wait then.
    overlap = Overlap(deployment.overlap) if starts_at <= now else Overlap.QUEUE
    policies = {deployment.id: overlap}
    (new,) = skip_overlapping(new=[new], policies=policies, now=now)
    run = runs.create_run(new=new, now=now)
    cancel_overlapped(made=[run], policies=policies, now=now)
    # What the caller shows of it is at hand; three queries less for each run.
    run.flow, run.deployment, run.pool = deployment.flow, deployment, deployment.pool
    return run


def _refuse_parent(workspace_id: uuid.UUID, parent_run_id: uuid.UUID) -> None:
    # Locked until the commit: a cancellation of the parent waits, and then finds the new run too.
    runs.lock_runs(workspace_id=workspace_id, run_ids={parent_run_id})
    state = run_selectors.find_run_state(workspace_id=workspace_id, run_id=parent_run_id)
    if state is None:
        raise InvalidRequest(
            "There is no such run to be its parent.",
            fields={"parent_run_id": ["There is no such run."]},
        )
    if state in runs.FINISHED or state is RunState.CANCELLING:
        raise RunNotExecuting("A run that ended or is stopping starts no others.", state=state)
