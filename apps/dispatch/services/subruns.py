"""Runs that come from other runs: started by a run's own code, or a run once more."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from apps.core.transactions import joined
from apps.dispatch.services.schedule import Kin, start_deployment
from apps.flows import selectors as flows
from apps.flows.errors import DeploymentNotFound
from apps.runs import selectors as runs
from apps.runs.errors import RunNotCopyable, RunNotExecuting, RunNotFound
from apps.runs.services import EXECUTING, CreatedBy
from apps.tenancy import access
from apps.tenancy import selectors as tenancy
from apps.tenancy.access import Asker, Kind, Shut, Target
from apps.tenancy.actors import Actor
from apps.tenancy.scopes import AccountScope, Scope

if TYPE_CHECKING:
    from apps.runs.models import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the caller wants of a new run."""

    parameters: dict[str, object] | None = None
    name: str = ""
    tags: list[str] | None = None
    scheduled_for: datetime | None = None
    priority: int = 0
    queue: str | None = None


@joined
def copy_run(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    wishes: Wishes,
    created_by: CreatedBy,
    now: datetime,
    asker: Asker = access.HEADWAY,
) -> Run:
    """
    Run it once more as a new run: with its parameters and tags where the wishes name none, and
    in its queue as long as the deployment's pool has that.

    Raises: RunNotFound, RunNotCopyable, BadParameters, QuotaExceeded, ObjectRestricted.
    """
    run = runs.get_run(workspace_id=workspace_id, run_id=run_id)
    if run.deployment is None or run.deployment.deleted_at is not None:
        message = "No deployment says how to run it again."
        raise RunNotCopyable(message, run_id=str(run_id))
    return start_deployment(
        workspace_id=workspace_id,
        deployment_id=run.deployment.id,
        parameters=run.parameters if wishes.parameters is None else wishes.parameters,
        name=wishes.name,
        tags=run.tags if wishes.tags is None else wishes.tags,
        scheduled_for=wishes.scheduled_for,
        priority=run.priority,
        lane_id=run.queue_id,
        created_by=created_by,
        kin=Kin(copied_from_id=run.id),
        now=now,
        asker=asker,
    )


@dataclass(frozen=True, slots=True)
class _Executor:
    """
    A run's code, as it asks for another run.

    SECURITY: the keys of agents and runs hold no `runs:write`; having the lease of the parent is
    what lets its code start others. What rules leave to some people stays closed to it.
    """

    shut: frozenset[Shut]
    scopes: frozenset[Scope] = frozenset({Scope.RUNS_WRITE})
    account_scopes: frozenset[AccountScope] = frozenset()


@joined
def start_subrun(
    *,
    workspace_id: uuid.UUID,
    run_id: uuid.UUID,
    epoch: int,
    deployment: str,
    wishes: Wishes,
    now: datetime,
    task_run_id: uuid.UUID | None = None,
    asker: Actor,
) -> Run:
    """
    Start a deployment, named by id or as `flow/name`, for the run that is executed in `epoch`.

    Raises: RunNotFound, RunNotExecuting, DeploymentNotFound, BadParameters, QuotaExceeded,
    ObjectRestricted.
    """
    parent = get_executing(workspace_id=workspace_id, run_id=run_id, epoch=epoch)
    return start_deployment(
        workspace_id=workspace_id,
        deployment_id=_resolve(workspace_id, deployment),
        parameters=wishes.parameters or {},
        name=wishes.name,
        tags=wishes.tags,
        scheduled_for=wishes.scheduled_for,
        priority=wishes.priority,
        queue=wishes.queue,
        created_by={"kind": "run", "id": str(parent.id), "name": parent.name},
        kin=Kin(parent_run_id=run_id, parent_task_run_id=task_run_id),
        now=now,
        asker=_Executor(shut=asker.shut if asker.run is None else _shut_for_runs(workspace_id)),
    )


def _shut_for_runs(workspace_id: uuid.UUID) -> frozenset[Shut]:
    """Return what no rule opens to the key of a run: it is nobody whom a rule could name."""
    rules = tenancy.list_rules(workspace_id=workspace_id).filter(scope=Scope.RUNS_WRITE.value)
    return frozenset(
        (Target(Kind(kind), object_id), Scope.RUNS_WRITE.value)
        for kind, object_id in rules.order_by().values_list("object_kind", "object_id")
    )


def get_executing(*, workspace_id: uuid.UUID, run_id: uuid.UUID, epoch: int) -> Run:
    """
    Return the run that somebody executes in `epoch`.

    Raises: RunNotFound; RunNotExecuting when it ended, or somebody else has it.
    """
    run = runs.get_run(workspace_id=workspace_id, run_id=run_id)
    if run.epoch != epoch or run.state not in EXECUTING:
        message = "The run is not being executed under this epoch any more."
        raise RunNotExecuting(message, state=run.state, epoch=run.epoch)
    return run


def get_subrun(*, workspace_id: uuid.UUID, run_id: uuid.UUID, subrun_id: uuid.UUID) -> Run:
    """
    Return a run that this one started itself.

    Raises: RunNotFound.
    """
    subrun = runs.get_run(workspace_id=workspace_id, run_id=subrun_id)
    if subrun.parent_run_id != run_id:
        raise RunNotFound("There is no such run.", run_id=str(subrun_id))
    return subrun


def _resolve(workspace_id: uuid.UUID, deployment: str) -> uuid.UUID:
    flow_name, slash, name = deployment.rpartition("/")
    found = None
    if slash:
        found = flows.find_deployment_id(workspace_id=workspace_id, flow_name=flow_name, name=name)
    else:
        try:
            found = uuid.UUID(deployment)
        except ValueError:
            found = None
    if found is None:
        message = f"There is no deployment {deployment!r}; name it as flow/name."
        raise DeploymentNotFound(message, deployment=deployment)
    return found
